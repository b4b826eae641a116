"""What verbs do and print on a terminal."""
