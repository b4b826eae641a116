"""The running bridge: open a link, decode, put into the log, and again after a lost link."""
