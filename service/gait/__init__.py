"""Pure analysis: frames in, steps, blocks, flags and verdicts out."""

from service.gait.analyzer import Analyzer, Result
from service.gait.detectors.baseline import Baseline, History
from service.gait.detectors.verdict import verdicts

__all__ = ["Analyzer", "Baseline", "History", "Result", "verdicts"]
