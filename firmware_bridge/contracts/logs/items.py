"""The items that the contracts put into stores, and a model of what a log should hold of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from firmware_bridge.model import BEGINNING, END, Frames, Item, Key, Link, Side, item_key, same_row

PEOPLE = ["anna", "bo", "çelik"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A kind with a field of every type."""

    time: int
    wearer: Key[str]
    topic: Key[str]
    value: float
    count: int
    good: bool
    side: Side
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A kind that is all identity."""

    time: int
    wearer: Key[str]


@dataclass(frozen=True, slots=True)
class Stage:
    """A kind of nobody, whose rows name their partitions themselves."""

    time: int
    wearer: str
    stage: Key[str]
    partition: Key[int]
    restart: int
    done: int


EVERY_KIND: list[type] = [Reading, Mark, Link, Stage, Frames]

times = st.integers(0, 9)
wearers = st.sampled_from(PEOPLE)
sides = st.sampled_from(Side)
floats = st.floats(allow_infinity=True, allow_nan=True)
ints = st.integers(BEGINNING, END)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)

readings = st.builds(Reading, times, wearers, st.sampled_from("ab"), floats, ints, st.booleans(), sides, texts)
marks = st.builds(Mark, times, wearers)
stages = st.builds(Stage, st.just(0), st.just(""), st.sampled_from("ab"), st.integers(0, 3), ints, ints)


@st.composite
def frames(draw: st.DrawFn) -> Frames:
    n, sensors = draw(st.integers(1, 4)), draw(st.integers(1, 3))

    def array(*shape: int) -> Any:
        bits = st.integers(0, 2**32 - 1)
        size = int(np.prod(shape))
        return np.array(draw(st.lists(bits, min_size=size, max_size=size)), np.uint32).view(np.float32).reshape(shape)

    steps = draw(st.lists(st.integers(1, 5), min_size=n, max_size=n))
    return Frames(
        draw(wearers),
        draw(sides),
        draw(st.sampled_from(["d1", "d2"])),
        np.cumsum([draw(times), *steps[1:]], dtype=np.int64),
        array(n, sensors),
        force=array(n) if draw(st.booleans()) else None,
        acc=array(n, 3) if draw(st.booleans()) else None,
        gyro=array(n, 3) if draw(st.booleans()) else None,
    )


items = st.one_of(readings, marks, stages, frames())
put_lists = st.lists(st.lists(items, max_size=6), max_size=6)


def same(one: object, other: object) -> bool:
    """Tell whether items are equal: every bit of frames, and a missing number equal to itself."""
    if not isinstance(one, Frames) or not isinstance(other, Frames):
        return type(one) is type(other) and same_row(one, other)  # type: ignore[arg-type]
    arrays = all(_bits(getattr(one, n)) == _bits(getattr(other, n)) for n in ("time", "pressure", *Frames.OPTIONAL))
    return (one.wearer, one.side, one.device) == (other.wearer, other.side, other.device) and arrays


def _bits(array: Any) -> Any:
    return None if array is None else (array.shape, array.dtype, array.tobytes())


def identity(item: Item) -> tuple[Any, ...]:
    return (type(item), *item_key(item))


def started(item: Item) -> int:
    return int(item.time[0]) if isinstance(item, Frames) else item.time


class Model:
    """What a log should hold: by identity, in the order of arrival."""

    def __init__(self) -> None:
        self.held: dict[tuple[Any, ...], Item] = {}

    def put(self, wanted: Sequence[Item]) -> None:
        last = {identity(item): n for n, item in enumerate(wanted)}
        for item in (wanted[n] for n in sorted(last.values())):
            key = identity(item)
            if key in self.held and not same(self.held[key], item):
                del self.held[key]  # it arrives anew
            self.held.setdefault(key, item)

    def replace(self, kinds: Sequence[type], wearer: str, start: int, stop: int, rows: Sequence[Item]) -> None:
        self.put(rows)
        kept = {identity(row) for row in rows}
        for key, item in list(self.held.items()):
            if key not in kept and type(item) in kinds and item.wearer == wearer and start <= started(item) < stop:
                del self.held[key]

    def of(self, kind: type, wearer: str) -> list[Item]:
        """Return what is held of one kind and wearer, in the order in which it is read."""
        return sorted((i for i in self.held.values() if type(i) is kind and i.wearer == wearer), key=item_key)


def assert_same(found: Sequence[object], wanted: Sequence[object]) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert same(one, other), (one, other)


def number(i: int, wearer: str = "anna", topic: str = "a", value: float = 0.0) -> Reading:
    return Reading(i, wearer, topic, value, i, good=True, side=Side.LEFT, text="x")


def chunk(start: int, wearer: str = "anna") -> Frames:
    noise = np.random.default_rng(start % 2**32).random((10, 16), np.float32)
    return Frames(wearer, Side.LEFT, "d", start + np.arange(10), noise)
