"""Stages on the log: tail, then analyze, mirror, forget or import, then put."""
