"""What is measured against what is true, on walks known in full and on real recordings."""
