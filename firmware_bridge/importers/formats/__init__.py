"""One file for each format of recordings made by other programs."""
