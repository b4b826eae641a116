"""How a device's counters and stamps become the time of samples, and what is said of a clock that is wrong."""
