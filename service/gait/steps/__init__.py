"""Stances to valid steps of both feet, in bouts."""
