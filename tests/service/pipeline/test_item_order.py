"""Items in order of time, whatever the order in which they arrived."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import BEGINNING, SECOND, Frames, Item, Link, Log, open_log
from service.diary.corrections import analyze_again
from service.pipeline import item_order as module
from service.pipeline.analysis import analyze_all
from service.pipeline.item_order import _ended, arrivals, by_time
from service.records.rows import DERIVED
from tests.service.pipeline.test_analysis import DAY, described, worn
from tests.walkers.walks import START


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with closing(open_log(f"sqlite:///{tmp_path / 'log.sqlite'}")) as opened:
        yield opened


def measured(items: tuple[Item, ...]) -> list[Frames | Link]:
    return [item for item in items if isinstance(item, Frames | Link)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("apart", [3, 5000])
def test_every_item_comes_once_in_order_of_its_end(
    seed: int, apart: int, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "APART", apart)
    items = measured(worn())
    rng = np.random.default_rng(seed)
    for at in rng.permutation(len(items)).tolist():
        log.put([items[at]])
    log.put(worn("bea"))
    arrived = list(arrivals(log, (Frames, Link), "ada", 0))
    number = {(type(i), _ended(i), i.side): n for n, i in arrived if isinstance(i, Frames | Link)}
    found = list(by_time(log, "ada", 0, log.head(), BEGINNING))
    ends = [_ended(item) for _, item in found]
    assert ends == sorted(ends)
    keys = [(type(item), _ended(item), item.side) for _, item in found]
    assert sorted(map(repr, keys)) == sorted(map(repr, number))
    assert [lowest for lowest, _ in found] == [min(number[key] for key in keys[k:]) for k in range(len(keys))]


def test_only_what_is_asked_for_comes(log: Log) -> None:
    items = measured(worn())
    log.put(items)
    since = START + 30 * SECOND
    found = [item for _, item in by_time(log, "ada", 10, 300, since)]
    assert found
    assert {_ended(item) for item in found} == {_ended(item) for item in items[10:300] if _ended(item) >= since}
    assert list(by_time(log, "ada", 10, 10, BEGINNING)) == []
    assert list(by_time(log, "nobody", 0, log.head(), BEGINNING)) == []


def test_a_recording_that_came_while_a_later_bout_was_open_is_found_again(log: Log, tmp_path: Path) -> None:
    early, late = worn("ada", 0), worn("ada", DAY, rest_s=0)
    log.put([*described("ada"), *late])
    log.put(early)
    analyze_all(log)
    analyze_again(log, "ada")
    with closing(open_log(f"sqlite:///{tmp_path / 'other.sqlite'}")) as other:
        other.put([*described("ada"), *early, *late])
        analyze_all(other)
        for kind in DERIVED:
            assert list(map(repr, log.read(kind, "ada"))) == list(map(repr, other.read(kind, "ada")))
        log.put(worn("ada", 2 * DAY))
        other.put(worn("ada", 2 * DAY))
        for each in (log, other):
            analyze_all(each)
        for kind in DERIVED:
            assert list(map(repr, log.read(kind, "ada"))) == list(map(repr, other.read(kind, "ada")))
