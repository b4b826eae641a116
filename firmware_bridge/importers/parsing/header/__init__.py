"""What stands above a file's numbers: keys, names of columns, units, and a map to begin with."""
