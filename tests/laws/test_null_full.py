"""Bouts on which nothing changes, rendered in full and analyzed as if they were real (`make null`: two thousand).

NULLS says how many are judged (8 where it is not set, one person's). SKIP says how many people are left out at first,
so that several machines can share them.
"""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest

from service.gait import Analyzer
from service.records.rows import Block, Flag
from tests.laws.test_null import ACTIVITIES, MOST
from tests.walkers.null_days import quiet_days
from tests.walkers.walks import devices

NULLS = int(os.environ.get("NULLS", "8"))
SKIP = int(os.environ.get("SKIP", "0"))
EARLIER, EACH = 5, 8  # days of a person before the first one that counts, and days that count


@pytest.mark.slow
def test_quiet_bouts_are_not_flagged() -> None:
    """Runs and walks in turns; the days that count are 15 to 50 min long, so that rule W has something to look at."""
    said, bouts, minutes = Counter[tuple[str, str, str]](), 0, 0.0
    for seed in range(SKIP, SKIP + -(-NULLS // EACH)):
        rng = np.random.default_rng([seed, 75])
        seconds = [*rng.uniform(700, 1000, EARLIER).tolist(), *rng.uniform(900, 3000, EACH).tolist()]
        analyzer = Analyzer("ada")
        for device in devices():
            analyzer.feed(device)
        for number, frames in enumerate(quiet_days(2000 + seed, ACTIVITIES[seed % 2], seconds)):
            rows = [row for piece in frames for row in analyzer.feed(piece)] + analyzer.close()
            assert sum(isinstance(row, Block) and not row.void for row in rows) > 5
            if number < EARLIER:
                continue
            said.update((row.topic, row.measure, row.rule) for row in rows if isinstance(row, Flag) and row.raised)
            bouts, minutes = bouts + 1, minutes + seconds[number] / 60
        print(f"{bouts} bouts, {minutes / 60:.0f} h: {dict(said)}", flush=True)
    variables = Counter[str]()
    for (topic, measure, _), count in said.items():
        if topic != "insole":  # gains do drift on these days
            variables[measure] += count
    allowed = MOST if bouts >= 2000 else 1 + bouts // 50
    assert max(variables.values(), default=0) <= allowed, said
