"""From counters and stamps to the time of samples."""
