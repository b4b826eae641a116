"""What is in a packet, read and written: binary layouts, text lines, rows of typed messages."""
