"""What is stored and said: rows, notes, bouts, moments as text."""
