"""A mirror follows what is replaced in the log: nothing stays in the archive that is not true any more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge import SECOND, Archive, ConfigError, Frames, Item, Link, Log, open_archive, open_log, row_key
from service.diary.corrections import analyze_again, tell
from service.diary.transfer import move
from service.pipeline.analysis import analyze_all
from service.pipeline.mirror import mirror
from service.pipeline.mirror_selection import MirrorTarget
from service.records.bouts import spans
from service.records.notes import parse_note
from service.records.rows import DERIVED, Note, Step
from tests.service.pipeline.test_analysis import described, worn
from tests.stand_ins.servers.influx_front import TOKEN, running_influx
from tests.walkers.walks import START

KINDS: tuple[Any, ...] = (*DERIVED, Note, Link)


class Memory:
    """An archive in memory, as a database without order or transactions would be."""

    def __init__(self, *, keeps: bool = False) -> None:
        self.items: dict[tuple[Any, ...], Item] = {}
        self.keeps = keeps

    def put(self, items: Iterable[Item]) -> None:
        for item in items:
            self.items[_key(item)] = item

    def replace(self, kinds: Sequence[type], wearer: str, start: int, stop: int, rows: Iterable[Item]) -> None:
        if self.keeps:
            raise ConfigError("this archive cannot delete")
        gone = [k for k, i in self.items.items() if k[0] in kinds and i.wearer == wearer and start <= k[1] < stop]
        for key in gone:
            del self.items[key]
        self.put(rows)

    def check(self) -> str:
        return "here"

    def setup(self, keep_days: float | None = None) -> str:
        return "here"

    def close(self) -> None:
        pass


def _key(item: Item) -> tuple[Any, ...]:
    if isinstance(item, Frames):
        return Frames, int(item.time[0]), item.wearer, item.side
    return type(item), *row_key(item)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with closing(open_log(f"sqlite:///{tmp_path / 'log.sqlite'}")) as opened:
        opened.put([*described("ada"), *worn()])
        analyze_all(opened)
        yield opened


def held(log: Log) -> dict[tuple[Any, ...], str]:
    return {_key(i): _text(i) for w in log.wearers() for kind in (*KINDS, Frames) for i in log.read(kind, w)}


def _text(item: Item) -> str:
    return item.pressure.tobytes().hex() if isinstance(item, Frames) else repr(item)


def correct(log: Log) -> None:
    """Part the bout, which takes its block and verdict away, and give another one to somebody else."""
    tell(log, parse_note(START + 20 * SECOND, "ada", "stop"))
    analyze_again(log, "ada")
    move(log, "ada", spans(log, "ada")[-1], "eve")


@pytest.mark.parametrize("meanwhile", [False, True])
def test_what_is_analyzed_again_or_moved_is_replaced_in_the_archive(meanwhile: bool, log: Log) -> None:
    archive = Memory()
    if meanwhile:
        asyncio.run(mirror(log, MirrorTarget("memory:"), archive, follow=False))
    correct(log)
    asyncio.run(mirror(log, MirrorTarget("memory:"), archive, follow=False))
    own = {key: _text(item) for key, item in archive.items.items() if key[0] in (*KINDS, Frames)}
    assert own == held(log)
    assert {key[2] for key in own} == {"ada", "eve"}
    assert "Replaced" not in {key[0].__name__ for key in archive.items}


def test_an_archive_that_cannot_delete_gets_what_is_true_now(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    archive = Memory(keeps=True)
    asyncio.run(mirror(log, MirrorTarget("memory:"), archive, follow=False))
    correct(log)
    asyncio.run(mirror(log, MirrorTarget("memory:"), archive, follow=False))
    assert held(log).items() < {key: _text(item) for key, item in archive.items.items()}.items()
    assert "cannot delete" in caplog.text


def test_influxdb_follows(log: Log, tmp_path: Path) -> None:
    """One wearer alone: InfluxDB 1.6 loses sight of what came after a deletion when another series loses some."""
    with running_influx(tmp_path) as server:
        reader: Any = open_archive(server.url, TOKEN)
        for again in (False, True):
            if again:
                tell(log, parse_note(START + 20 * SECOND, "ada", "stop"))
                analyze_again(log, "ada", START + 10 * SECOND)
            archive: Archive = open_archive(server.url, TOKEN)
            asyncio.run(mirror(log, MirrorTarget(server.url), archive, follow=False))
            for kind in KINDS:
                stored, mirrored = log.read(kind, "ada"), reader.read(kind, "ada")
                assert sorted(map(repr, mirrored)) == sorted(map(repr, stored))
        assert len({step.bout for step in reader.read(Step, "ada")}) == 2
        reader.close()
