"""A walker whose every step is known."""
