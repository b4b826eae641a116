"""kill -9 of bridge and service at random points under load, all faults on, against a run that was never stopped.

The two virtual insoles tell the same past again whenever the bridge is started, as a device with a memory would: what
is there already is put a second time, and must stand there once. CRASHES says how many times a program is
killed (6 where it is not set; the figure in the README is of 100).
"""

from __future__ import annotations

import os
import random
import time
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import SECOND, Frames, Link, Row, Side, open_log, row_key, same_row
from service.analysis import analyze_all
from service.rows import Block, Flag, Step, Verdict
from service.when import iso
from tests.programs import eventually, free_port, running
from tests.test_end_to_end import settings

CRASHES = int(os.environ.get("CRASHES", "6"))
PAST_S = 900
DERIVED: tuple[type[Row], ...] = (Step, Block, Flag, Verdict)


@pytest.mark.slow
def test_whenever_it_is_killed_everything_is_there_once_and_in_order(tmp_path: Path) -> None:
    rng = random.Random(20_26)
    start = time.time_ns() - PAST_S * SECOND
    url = f"virtual:?gait=limping&seed=5&faults=on&start={iso(start)}"
    (tmp_path / "cut").mkdir()
    (tmp_path / "whole").mkdir()
    cut = settings(tmp_path / "cut", dict.fromkeys(Side, url))
    until = start + (PAST_S - 60) * SECOND
    left = CRASHES
    while left > 0:
        with ExitStack() as stack:
            bridge = stack.enter_context(running(tmp_path / "cut", "bridge"))
            service = stack.enter_context(running(tmp_path / "cut", "serve", "--port", str(free_port())))
            time.sleep(rng.uniform(0.3, 3.0))
            for program in rng.choice([[bridge], [service], [bridge, service]]):
                program.kill()
                left -= 1
            time.sleep(rng.uniform(0.0, 0.5))
    with running(tmp_path / "cut", "bridge") as bridge:
        eventually("it runs", lambda: "connected" in bridge.printed)
        eventually("the past is told", lambda: _heard(cut, until), 60)
        assert bridge.stop() == 0

    whole = settings(tmp_path / "whole", dict.fromkeys(Side, url))
    with running(tmp_path / "whole", "bridge") as bridge:
        eventually("the past is told", lambda: _heard(whole, until), 60)
        assert bridge.stop() == 0
    with closing(open_log(cut)) as ours, closing(open_log(whole)) as theirs:
        analyze_all(ours)
        analyze_all(theirs)
        for side in Side:
            one, other = (
                np.concatenate([f.time for f in log.read(Frames, "ann", 0, until) if f.side is side])
                for log in (ours, theirs)
            )
            assert (np.diff(one) > 0).all()
            one, other = one[one < until], other[other < until]
            assert len(one) == len(other)
            assert np.array_equal(one, other), np.flatnonzero(one != other)[[0, -1]]
            received = [row.received for row in ours.read(Link, "ann", 0, until) if row.side is side]
            assert received == [row.received for row in theirs.read(Link, "ann", 0, until) if row.side is side]
        settled = until - 240 * SECOND  # what lies further back is final in both
        for kind in DERIVED:
            mine = {row_key(row): row for row in ours.read(kind, "ann", 0, settled)}
            yours = {row_key(row): row for row in theirs.read(kind, "ann", 0, settled)}
            assert mine.keys() == yours.keys()
            if kind is not Verdict:  # a verdict is of everything so far, and the two runs ended at different moments
                assert all(same_row(mine[key], yours[key]) for key in mine), kind
        again = {row_key(row): row for row in ours.read(Step, "ann")}
    assert len(again) > 1000


def _heard(store: str, until: int) -> bool:
    with closing(open_log(store)) as log:
        newest = {link.side: link.time for link in log.read(Link, "ann", until)}
    return len(newest) == len(Side)
