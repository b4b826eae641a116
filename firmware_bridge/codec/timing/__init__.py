"""How the counters and stamps of a device become the time of its samples, and what is said of a clock that is wrong."""
