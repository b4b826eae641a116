"""How the counters and clocks of a device become the time of its samples."""
