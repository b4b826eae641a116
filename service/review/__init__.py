"""A run after it, and the weeks: read, compared, drawn, printed."""
