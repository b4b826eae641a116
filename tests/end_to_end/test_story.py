"""The demo's story: for every seed the right flag and not the other, through the same way as any insole.

SEEDS says how many seeds are told (2 where it is not set; the claim in the README is made with 20).
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from firmware_bridge import SECOND, open_log
from service.records.rows import Block, Flag, Verdict
from tests.walkers.stories import NOW, told_and_analyzed

SEEDS = range(1, 1 + int(os.environ.get("SEEDS", "2")))
FLAGGED = {"limping": ["imbalance"], "pronated": ["over_pronation"], "normal": []}
FRESH_S = 15 * 60  # an older flag would not reach anybody


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("gait", FLAGGED)
def test_the_right_flag_and_not_the_other(gait: str, seed: int, tmp_path: Path) -> None:
    with closing(open_log(told_and_analyzed(tmp_path, gait, seed))) as log:
        flags = log.read(Flag, "demo")
        verdicts = log.read(Verdict, "demo")
        blocks = log.read(Block, "demo")
    today = max(verdict.time for verdict in verdicts)
    assert [flag.topic for flag in flags if flag.raised] == FLAGGED[gait]
    assert all(flag.bout == today and NOW - flag.time < FRESH_S * SECOND for flag in flags)
    answers = {verdict.topic: verdict.answer for verdict in verdicts if verdict.time == today}
    assert answers == {
        topic: "differs" if topic in FLAGGED[gait] else "normal" for topic in ("imbalance", "over_pronation")
    }
    assert len({block.bout for block in blocks}) == 6
    if gait == "limping":
        last = next(verdict for verdict in verdicts if verdict.time == today and verdict.topic == "imbalance")
        assert abs(abs(last.value - last.normal) - 8) < 2  # the truth: 8 % more than on an ordinary day
