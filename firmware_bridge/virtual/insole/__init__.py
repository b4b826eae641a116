"""The hardware that a walker wears: sensors, firmware, radio."""
