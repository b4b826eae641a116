"""The running bridge: open a link, decode, put, and again after a lost link."""
