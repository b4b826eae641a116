"""Servers on this computer that stand in for those of others, or stand before real ones."""
