"""Walks that are known in full, whole runs, and rows for tests: what stands in for a person."""
