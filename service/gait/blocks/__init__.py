"""Fifty strides of both feet as one row: symmetry, medial loading, gains, each with its interval."""
