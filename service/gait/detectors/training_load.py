"""Training load: is this run much longer than any of the last month?

Of 5205 runners those whose run was more than 10 % longer than their longest one in the 30 days before had more overuse
injuries; ratios of weeks told nothing (Frandsen 2025, Br J Sports Med 59:1203). It is an observation, not a cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from service.gait import thresholds as p
from service.gait.detectors.baseline import Baseline, StepCount, run_steps
from service.gait.detectors.change import AGAINST_NORMAL
from service.records.rows import ANALYSIS, Block, Flag
from service.records.topics import TRAINING_LOAD

LONGEST_RUN = "longest_run"


class Longest(NamedTuple):
    """The longest run of the last 30 days."""

    steps: int
    runs: int  # within the 30 days


def longest(earlier: Sequence[StepCount], bout: int) -> Longest | None:
    """Return the longest run of the 30 days before a bout; None where they are not known, or runs are few.

    Args:
        earlier: every bout before it, walks among them, in order of time.
        bout: its start (UTC ns).
    """
    since = bout - p.SPIKE_NS
    runs = [run.steps for run in earlier if run.time >= since and run.steps]
    known = bool(earlier) and earlier[0].time <= since
    return Longest(max(runs), len(runs)) if known and len(runs) >= p.SPIKE_RUNS else None


def spike(steps: int, before: Longest) -> float:
    """Return by how much a run is longer: steps over those of the longest one, less 1 (Frandsen 2025)."""
    return (steps - before.steps) / before.steps


class LongestRun:
    """Say when a run becomes longer than any of the last 30 days: by more than 10, 30 and 100 %, each once.

    Steps stand for distance: no insole measures that, and steps do not run on while the wearer rests.
    """

    topic = TRAINING_LOAD.name

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline
        self._blocks: list[Block] = []
        self._passed = 0

    def update(self, block: Block) -> Iterator[Flag]:
        """Take a block, good or not; yield the highest of the levels that the run passes with it."""
        self._blocks.append(block)
        before = longest(self._baseline.runs, block.bout)
        steps = run_steps(self._blocks)
        passed = 0 if before is None else sum(spike(steps, before) > level for level in p.SPIKES)
        if before is None or passed <= self._passed:
            return
        self._passed = passed
        value = 100 * spike(steps, before)
        yield Flag(
            time=block.stop,
            wearer=block.wearer,
            topic=self.topic,
            measure=LONGEST_RUN,
            raised=True,
            bout=block.bout,
            activity=block.activity,
            since=self._blocks[0].time,
            value=value,
            low=value,
            high=value,
            normal=0.0,
            normal_low=-100.0,
            normal_high=100 * p.SPIKES[passed - 1],
            bouts=before.runs,
            strides=steps // 2,
            analysis=ANALYSIS,
            rule=AGAINST_NORMAL,
        )
