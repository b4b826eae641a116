"""Separate programs, as users run them."""
