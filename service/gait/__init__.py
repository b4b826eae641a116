"""Pure analysis: frames in, rows out. No clock, no chance, no input or output."""

from service.gait.analyzer import Analyzer, Result

__all__ = ["Analyzer", "Result"]
