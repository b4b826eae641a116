"""The embedded log: tables, file, worker lock, vacuum, recovery."""
