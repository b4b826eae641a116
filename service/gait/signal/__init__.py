"""Readings to load, the tier of a layout, stances with their edges."""
