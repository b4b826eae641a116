"""What both feet did until each had its strides, as one row: symmetry, medial loading, gains, with intervals."""
