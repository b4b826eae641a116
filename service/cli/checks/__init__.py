"""`insole check` and `insole doctor`."""
