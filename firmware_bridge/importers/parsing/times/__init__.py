"""The times of a file's rows: what a cell says, where a clock goes on, how rows that share a stamp are spread."""
