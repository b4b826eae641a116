"""Raw samples go when they are old or room is short; what was found in them stays, and nobody misses them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import (
    SECOND,
    EmbeddedLog,
    Frames,
    Item,
    Link,
    Row,
    Side,
    Unavailable,
    Usage,
    open_embedded_log,
    partition_of,
)
from service.cli.actions.recordings import check_replay, compare_steps
from service.contracts.ordinary_blocks import block
from service.pipeline.analysis import analyze_all
from service.pipeline.retention import _EVERY_S, PAUSE_S, Keep, Retention, describe, excess, forecast, kept_from, room
from service.records.rows import Block, Flag, Note, Progress, Replaced, Step, Verdict
from tests.service.pipeline.test_analysis import described, worn
from tests.walkers.gait_rows import step
from tests.walkers.gait_walks import evenly, merged
from tests.walkers.two_walkers import days as days_told

DAY = 86_400 * SECOND
NOW = 20_000 * DAY
FOUND: tuple[type[Row], ...] = (Step, Block, Flag, Verdict, Note)
PLENTY = Keep(frames_days=400, budget_gb=1000, free_gb=0)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with closing(open_embedded_log(f"sqlite:///{tmp_path / 'log.sqlite'}")) as opened:
        yield opened


def chunk(time: int, wearer: str = "ada", sensors: int = 16) -> Frames:
    noise = np.random.default_rng(time // DAY).random((50, sensors), np.float32)
    return Frames(wearer, Side.LEFT, "d", time + np.arange(50) * SECOND // 100, noise)


def told(time: int, wearer: str, received: int) -> Link:
    return Link(time, wearer, Side.LEFT, "d", received > 0, received, 0, 0, 0, 0, 0, 90.0, clock_rate=1.0)


def day(number: float, wearer: str = "ada", count: int = 4) -> list[Item]:  # 0 is today
    start = NOW + round(number * DAY)
    times = range(start, start + count * SECOND, SECOND)
    return [item for time in times for item in (chunk(time, wearer), told(time, wearer, 50))]


def analyzed(log: EmbeddedLog, *wearers: str) -> None:
    """Say that the analysis is past everything."""
    head = log.head()
    put = [Progress(0, "", f"analysis {name}", partition_of(name), head, head, NOW + DAY) for name in wearers]
    log.put([*put, Progress(0, "", "analysis", 0, head, head)])


def retained(log: EmbeddedLog, keep: Keep = PLENTY, mirrors: Sequence[str] = ()) -> list[float]:
    """Run one round; return the pauses."""
    retention = Retention(log, keep, mirrors, now=lambda: NOW + DAY)
    pauses: list[float] = []
    while not pauses or pauses[-1] != _EVERY_S:
        pauses.append(retention.step())
    return pauses


def days(log: EmbeddedLog, wearer: str = "ada", kind: type[Row | Frames] = Frames) -> list[int]:
    """Return of which days there are samples, 0 being today."""
    stored: Iterable[Frames | Row] = log.read(kind, wearer)
    times = [int(item.time[0]) if isinstance(item, Frames) else item.time for item in stored]
    return sorted({round((time - NOW) / DAY) for time in times})


def test_old_samples_go_in_small_pieces_and_everything_else_stays(log: EmbeddedLog) -> None:
    log.put([*described("ada"), Note(NOW - 500 * DAY, "ada", "shoes", "blue"), block(NOW - 500 * DAY)])
    for number in (-500, -401, -399, 0):
        log.put(day(number, count=700))
    analyzed(log, "ada")
    kept = [repr(row) for kind in FOUND for row in log.read(kind, "ada")]
    pauses = retained(log)
    assert days(log) == days(log, kind=Link) == [-399, 0]
    assert [repr(row) for kind in FOUND for row in log.read(kind, "ada")] == kept
    assert pauses[:-1] == [PAUSE_S] * len(pauses[:-1])
    assert len(pauses) > 3, "700 of each kind and day are several transactions"
    assert log.usage().reusable == 0
    assert retained(log) == [_EVERY_S]


def test_what_nobody_has_analyzed_stays(log: EmbeddedLog) -> None:
    log.put([*day(-500), *day(0)])
    retained(log)
    assert days(log) == [-500, 0]
    (line,) = describe(log, PLENTY, ())
    assert line.endswith("are older than 400 days and wait for the analysis")
    analyzed(log, "ada")
    log.put(day(-450))  # imported since
    (line,) = describe(log, PLENTY, ())
    assert line == "samples of ada before 2023-08-31 are older than 400 days and go next"
    retained(log)
    assert days(log) == [-450, 0]


def test_what_a_fresh_analyzer_would_be_fed_again_stays(log: EmbeddedLog) -> None:
    log.put([*day(-500), *day(-450), *day(0)])
    log.put([Progress(0, "", "analysis", 0, restart=24, done=24)])
    log.put([Progress(0, "", "analysis ada", 5, restart=4, done=24, since=NOW - 600 * DAY)])
    retained(log)
    assert days(log) == [-500, -450, 0]
    assert len(log.read(Frames, "ada")) == 10, "of the first day the half that arrived first"
    log.put([Progress(0, "", "analysis ada", 5, restart=4, done=24, since=NOW - 300 * DAY)])
    retained(log)
    assert days(log) == [0]


MIRROR = "influx://nowhere:1/insole"


def test_a_mirror_of_the_settings_has_it_first(log: EmbeddedLog) -> None:
    log.put([*day(-500), *day(0)])
    analyzed(log, "ada")
    retained(log, mirrors=[MIRROR])
    assert days(log) == [-500, 0]
    (line,) = describe(log, PLENTY, [MIRROR])
    assert line.endswith(f"and wait for the mirror {MIRROR}")
    log.put([Progress(0, "", f"mirror {MIRROR}", 0, restart=4, done=4)])
    retained(log, mirrors=[MIRROR])
    assert days(log) == [-500, 0], "half of a day was mirrored, and went"
    assert len(log.read(Frames, "ada")) == 6
    log.put([Progress(0, "", f"mirror {MIRROR}", 0, restart=99, done=99)])
    retained(log, mirrors=[MIRROR])
    assert days(log) == [0]


def test_nothing_goes_while_a_replacement_has_not_been_followed(log: EmbeddedLog) -> None:
    log.put([*day(-500), *day(0)])
    analyzed(log, "ada")
    log.put([Progress(0, "", f"mirror {MIRROR}", 0, restart=99, done=log.head() + 1)])
    log.put([Replaced(0, "ada", "step", NOW, restart=0, done=0, since=0, head=log.head())])
    retained(log, mirrors=[MIRROR])
    assert days(log) == [-500, 0]
    analyzed(log, "ada")
    log.put([Progress(0, "", f"mirror {MIRROR}", 0, restart=99, done=log.head())])
    retained(log, mirrors=[MIRROR])
    assert days(log) == [0]


def test_who_rests_loses_nothing_and_a_clock_gone_wrong_takes_nothing(log: EmbeddedLog) -> None:
    log.put([*day(-900, "bo"), *day(-800, "bo"), *day(-100), *day(0), *day(5000)])
    analyzed(log, "ada", "bo")
    retained(log)
    assert days(log, "bo") == [-900, -800]
    assert days(log) == [-100, 0, 5000]


def test_no_bout_is_cut_in_two(log: EmbeddedLog) -> None:
    cut = NOW - 400 * DAY
    first = cut - 1800 * SECOND
    for k in range(0, 3600, 60):
        log.put(day((first + k * SECOND - NOW) / DAY))
    log.put(day(0))
    log.put([replace(block(first + 40 * SECOND, k), bout=first + 40 * SECOND) for k in range(60)])
    analyzed(log, "ada")
    retained(log)
    left = min(int(frames.time[0]) for frames in log.read(Frames, "ada"))
    assert first <= left <= first + 60 * SECOND
    assert kept_from(log, "ada") == first // (30 * SECOND) * 30 * SECOND + 30 * SECOND


def test_a_bout_without_a_block_is_not_cut_either(log: EmbeddedLog) -> None:
    cut = NOW - 400 * DAY
    steps = [replace(step(0), time=cut + k * SECOND, bout=cut - 50 * SECOND) for k in range(-50, 50)]
    log.put([*steps, *day(-400 - 90 / 86400, count=120), *day(-401), *day(0)])
    analyzed(log, "ada")
    retained(log)
    assert kept_from(log, "ada") <= cut - 50 * SECOND
    assert len(log.read(Frames, "ada")) == 4 + 120 - 30


def test_the_oldest_days_of_anybody_make_room(log: EmbeddedLog) -> None:
    for number in range(-6, 1):
        log.put(day(number, "bo" if number % 2 else "ada", count=300))
    analyzed(log, "ada", "bo")
    used = log.usage().used
    retained(log, Keep(frames_days=400, budget_gb=used * 0.75 / 1e9, free_gb=0))
    assert days(log, "bo") + days(log, "ada") in ([-3, -1, -4, -2, 0], [-3, -1, -2, 0])
    assert log.usage().used <= used * 0.75
    assert days(log, kind=Link) == days(log)


def test_the_newest_day_stays_and_that_is_told(log: EmbeddedLog, caplog: pytest.LogCaptureFixture) -> None:
    log.put([*day(-2), *day(-0.5), *day(0)])
    analyzed(log, "ada")
    with caplog.at_level(logging.WARNING):
        retained(log, Keep(frames_days=400, budget_gb=1e-9, free_gb=0))
    assert min(int(f.time[0]) for f in log.read(Frames, "ada")) == NOW - DAY // 2
    assert "there is nothing to forget" in caplog.text


def test_a_store_that_nobody_analyzes_grows_beyond_its_budget_and_says_so(log: EmbeddedLog) -> None:
    """As where only a bridge runs: what nobody has seen is worth more than the budget."""
    for number in range(-6, 1):
        log.put(day(number))
    small = Keep(budget_gb=1e-9, free_gb=0)
    retained(log, small)
    assert days(log) == [*range(-6, 1)]
    (line,) = describe(log, small, ())
    assert line.endswith("too many; there is nothing to forget: the newest day is kept, and what no analysis or mirror "
                         "has seen")  # fmt: skip
    analyzed(log, "ada")
    (line,) = describe(log, small, ())
    assert line.endswith("too many; the oldest days go until there is room, first ada's of 2024-09-28")
    retained(log, small)
    assert days(log) == [-1, 0]


def test_the_same_trouble_is_told_once_while_the_store_is_away(
    log: EmbeddedLog, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that is full: there is no room even for giving some back, and the round begins again and again."""

    class Full:
        full = True

        def give_back(self) -> int:
            if self.full:
                raise Unavailable("has no room left")
            return log.give_back()

        def __getattr__(self, name: str) -> object:
            return getattr(log, name)

    log.put(day(0))
    full = Full()
    retention = Retention(full, Keep(budget_gb=1e-9, free_gb=0), now=lambda: NOW)  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            with pytest.raises(Unavailable):
                retention.step()
        assert caplog.text.count("there is nothing to forget") == 1
        full.full = False
        for _ in range(2):
            while retention.step() != _EVERY_S:
                pass
    assert caplog.text.count("there is nothing to forget") == 2, "and then every hour"


def test_an_insole_that_is_switched_off_leaves_no_account_for_ever(log: EmbeddedLog) -> None:
    log.put(off := [told(NOW + k * DAY, "ada", 0) for k in range(-500, 1)])
    analyzed(log, "ada")
    retained(log)
    assert [row.time for row in log.read(Link, "ada")] == [row.time for row in off if row.time >= NOW - 400 * DAY]


def test_what_is_too_much() -> None:
    keep = Keep(budget_gb=20, free_gb=1)
    assert excess(Usage(10**9, 0, 50 * 10**9, shrinks=True, share=""), keep) == 0
    assert excess(Usage(21 * 10**9, 0, 50 * 10**9, shrinks=True, share=""), keep) == 10**9
    assert excess(Usage(10**9, 0, 10**9 // 4, shrinks=True, share=""), keep) == 750_000_000
    assert excess(Usage(10**9, 10**9, 10**9 // 4, shrinks=False, share=""), keep) == 0
    assert room(Usage(10**9, 0, 5 * 10**9, shrinks=True, share=""), keep) == 4 * 10**9
    assert room(Usage(18 * 10**9, 0, 50 * 10**9, shrinks=True, share=""), keep) == 2 * 10**9
    assert room(Usage(18 * 10**9, 0, 0, shrinks=True, share=""), keep) == 0


def test_how_long_the_room_lasts(log: EmbeddedLog) -> None:
    log.put(day(0))
    assert forecast(log.holdings(), log.usage(), PLENTY) is None, "a day is needed to tell"
    for number in range(-9, 0):
        log.put(day(number, count=100))
    held, usage = log.holdings(), log.usage()
    raw = sum(holding.bytes for holding in held)
    lasts = forecast(held, replace(usage, free=10**12), Keep(budget_gb=(usage.used + raw) / 1e9))
    assert lasts == pytest.approx(9, rel=0.05)


class Away:
    """A log that is away at one call."""

    def __init__(self, log: EmbeddedLog, at: int) -> None:
        self._log, self._left = log, at

    def forget(self, *args: object) -> int:
        self._left -= 1
        if not self._left:
            raise Unavailable("is locked")
        forget: Callable[..., int] = self._log.forget
        return forget(*args)

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)


def test_a_store_that_is_away_for_a_moment_only_delays_it(log: EmbeddedLog) -> None:
    log.put([*day(-500, count=700), *day(0)])
    analyzed(log, "ada")
    retention = Retention(Away(log, 2), PLENTY, now=lambda: NOW)  # type: ignore[arg-type]
    assert retention.step() == PAUSE_S
    assert kept_from(log, "ada") == NOW - 400 * DAY, "told before it is done"
    with pytest.raises(Unavailable):
        retention.step()
    while retention.step() != _EVERY_S:
        pass
    assert days(log) == [0]


def found(log: EmbeddedLog, since: int) -> list[str]:
    return [repr(row) for kind in (Step, Block, Flag, Verdict) for row in log.read(kind, "ada", since)]


def test_the_analysis_goes_on_as_if_nothing_had_been_forgotten(log: EmbeddedLog, tmp_path: Path) -> None:
    """Forgetting right up to the walk of today, between every two walks, against a log that keeps all."""
    with closing(open_embedded_log(f"sqlite:///{tmp_path / 'whole.sqlite'}")) as whole:
        for number in range(4):
            for store in (log, whole):
                store.put([*(described("ada") if not number else ()), *worn("ada", number * 2 * DAY)])
                analyze_all(store)
            retention = Retention(log, Keep(frames_days=0.5, budget_gb=100, free_gb=0))
            while retention.step() != _EVERY_S:
                pass
        assert found(log, 0) == found(whole, 0)
        assert len(log.read(Step, "ada")) > 4 * 50
        assert len(log.read(Frames, "ada")) < 0.3 * len(whole.read(Frames, "ada"))


def test_a_replay_of_what_is_kept_finds_the_same(log: EmbeddedLog, tmp_path: Path) -> None:
    log.put(described("ada"))
    for both in days_told("first running"):
        log.put(merged(*(evenly(foot, 1000) for foot in both)))
    analyze_all(log)
    (flag,) = log.read(Flag, "ada")
    retention = Retention(log, replace(PLENTY, frames_days=1.5))
    while retention.step() != _EVERY_S:
        pass
    assert log.read(Step, "ada")[0].time < kept_from(log, "ada") < flag.time
    store = f"sqlite:///{tmp_path / 'log.sqlite'}"
    assert compare_steps(store, "ada", json=False)
    assert check_replay(store, "ada")
