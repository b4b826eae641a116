"""What is read for the pages after the run: mean stances, the difference foot, and why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import SECOND, Frames, Log, Side
from service.records.rows import Block, Note
from service.review.read_model import Review, Reviews, points, read_wearer
from service.review.stance_curves import MOST, POINTS, evenly_spread
from tests.walkers.sole_rows import DAY, FIRST, LATERAL, MEDIAL, pattern, put_bout, put_runs, steps_of
from tests.walkers.web_rows import PROFILE, WEARER, a_log

LATER = FIRST + 40 * DAY


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    yield log
    log.close()


def _latest(log: Log, now: int = LATER) -> Review:
    wearer = read_wearer(log, WEARER)
    bout = wearer.bout(None)
    assert bout is not None
    return Reviews(log).review(wearer, bout, now)


def test_the_mean_stance_is_that_of_the_frames(log: Log) -> None:
    put_bout(log, FIRST, seed=1)
    run = _latest(log)
    for side in Side:
        seen, peak = run.soles[side], pattern(2 + (side is Side.RIGHT))
        expected = peak * PROFILE.sensors.area_mm2
        np.testing.assert_allclose(seen.loads, expected / expected.sum(), rtol=1e-3)
        assert seen.force.shape == (POINTS,)
        assert seen.force.max() == pytest.approx(expected.sum() * 1e-3, rel=0.01)
        assert abs(int(seen.force.argmax()) - 50) <= 2
        assert seen.force[0] < 0.1 * seen.force.max()


def test_a_planted_shift_is_seen_in_the_right_cells(log: Log) -> None:
    put_runs(log, medial=0.25)
    found = _latest(log).difference
    assert found is not None
    assert found.bouts == (1, 5)
    for z, told in zip(found.z, found.told, strict=True):
        assert (z[MEDIAL & told] > 0).all()
        assert (z[LATERAL & told] < 0).all()
        assert told[MEDIAL].all()
        assert told[LATERAL].all()


def test_the_same_again_is_gray(log: Log) -> None:
    put_runs(log, medial=0.0)
    found = _latest(log).difference
    assert found is not None
    assert not any(told.any() for told in found.told)


def test_runs_in_other_shoes_are_not_the_usual(log: Log) -> None:
    last = put_runs(log)[-1]
    log.put([Note(last, WEARER, "shoes", "new")])
    run = _latest(log)
    assert run.difference is None
    assert run.without == "Your usual is not known yet: 0 comparable earlier bouts of 3."


def test_forgotten_samples_are_said_to_be_forgotten(log: Log) -> None:
    last = put_runs(log)[-1]
    log.replace([Frames], WEARER, FIRST - DAY, last - DAY // 2, [])
    run = _latest(log)
    assert len(run.soles) == 2
    assert run.difference is None
    assert "samples of 5 of them are not kept any more" in run.without
    log.replace([Frames], WEARER, FIRST - DAY, last + DAY, [])
    run = _latest(log)
    assert dict(run.soles) == {}
    assert run.without.startswith("The samples of this bout are not kept any more")


def test_one_foot_has_no_difference_foot(log: Log) -> None:
    put_bout(log, FIRST, seed=1, sides=(Side.LEFT,))
    run = _latest(log)
    assert (list(run.soles), run.without) == ([Side.LEFT], "Only one foot was heard.")


def test_a_run_is_under_way_until_it_is_ended(log: Log) -> None:
    put_bout(log, FIRST, seed=1, frames=False)
    stop = read_wearer(log, WEARER).bouts[-1].stop
    assert _latest(log, stop + 5 * SECOND).under_way
    assert not _latest(log, stop + 3600 * SECOND).under_way
    log.put([Note(stop + SECOND, WEARER, "stop", "yes")])
    assert not _latest(log, stop + 5 * SECOND).under_way


def test_the_trend_knows_what_was_normal_then(log: Log) -> None:
    bouts = put_runs(log)
    log.put([Note(bouts[2] + SECOND, WEARER, "pain", "low back 3"), Note(bouts[1], WEARER, "delete", "yes")])
    found = points(read_wearer(log, WEARER))
    assert [point.time for point in found] == [bouts[0], *bouts[2:]]
    assert [np.isfinite(point.normal) for point in found] == [False, False, False, True, True]
    assert all(point.low < point.value < point.high for point in found)
    assert found[1].pain == "low back 3"


def test_steps_are_chosen_evenly() -> None:
    steps = steps_of(FIRST, 1000)
    some = evenly_spread(steps)
    assert len(some) == MOST
    assert (some[0], some[-1]) == (steps[0], steps[-1])
    assert evenly_spread(steps[:5]) == steps[:5]


def test_a_bout_that_only_began_is_there_with_its_steps(log: Log) -> None:
    put_bout(log, FIRST, seed=1, frames=False)
    known = read_wearer(log, WEARER).bouts[-1]
    log.put(steps_of(FIRST + DAY, 5))
    fresh = read_wearer(log, WEARER).bouts
    assert [(bout.time, bout.steps) for bout in fresh] == [(FIRST, known.steps), (FIRST + DAY, 10)]
    run = _latest(log)
    assert (run.quality.grade, run.blocks, run.bout.verdicts) == ("D", (), ())


def test_feet_that_were_exchanged_are_seen_exchanged_by_a_page_that_was_open_before(log: Log) -> None:
    put_bout(log, FIRST, seed=1)
    wearer, reviews = read_wearer(log, WEARER), Reviews(log)
    before = reviews.soles(wearer, wearer.bouts[-1])
    put_bout(log, FIRST, seed=2)
    log.put(
        replace(block, contact_time_left_s=block.contact_time_right_s, contact_time_right_s=block.contact_time_left_s)
        for block in log.read(Block, WEARER)
    )
    wearer = read_wearer(log, WEARER)
    after = reviews.soles(wearer, wearer.bouts[-1])
    assert not np.allclose(before[Side.LEFT].loads, after[Side.LEFT].loads)
