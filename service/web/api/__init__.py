"""The JSON API: rows by time, notes in, and what other services bring."""
