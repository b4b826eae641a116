"""What of a log an archive gets a copy of: all of it, its samples thinned, or what was found alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from firmware_bridge import SECOND, Device, Frames, Item, Link, Pace, kind_name
from service.records.rows import Alert, Block, Flag, Note, Second, Step, Verdict

COPIED: tuple[type, ...] = (Device, Frames, Link, Pace, Step, Second, Block, Flag, Verdict, Alert, Note)
KIND_OF = {kind_name(kind): kind for kind in COPIED}
PACE = 0.5

Sampling = Literal["full", "thinned", "none"]


@dataclass(frozen=True, slots=True)
class MirrorTarget:
    """One archive, what it gets, and how much of the time is spent on it."""

    url: str
    token: str = field(default="", repr=False)
    frames: Sampling = "full"
    thin_hz: float = 10.0  # what "thinned" keeps
    pace: float = PACE  # share of the time, 0 to 1, in which one that lags behind is brought on

    @property
    def stage(self) -> str:
        """The name under which it is remembered how far it has come."""
        return f"mirror {self.url}"

    @property
    def kinds(self) -> tuple[type, ...]:
        """The kinds that it gets."""
        return tuple(kind for kind in COPIED if kind is not Frames or self.frames != "none")

    def of(self, items: Iterable[Item]) -> Iterator[Item]:
        """Give what it gets of items."""
        for item in items:
            if not isinstance(item, Frames) or self.frames == "full":
                yield item
            elif self.frames == "thinned" and (few := thinned(item, self.thin_hz)) is not None:
                yield few


def thinned(frames: Frames, hz: float) -> Frames | None:
    """Return the first sample of each 1/`hz` of UTC, or None where the chunk has none.

    Nothing is averaged: what is kept was measured. A chunk that begins within such a slot has the first one of it only
    if no sample fits before it, so the same samples are kept (but for jitter) however they are cut into chunks.
    """
    slot_ns = round(SECOND / hz)
    slot = frames.time // slot_ns
    first = np.diff(slot, prepend=slot[0]) != 0
    period = int(np.median(np.diff(frames.time))) if len(frames) > 1 else slot_ns
    first[0] = int(frames.time[0]) - int(slot[0]) * slot_ns < period
    if not first.any():
        return None
    optional = {name: None if (x := getattr(frames, name)) is None else x[first] for name in Frames.OPTIONAL}
    return Frames(frames.wearer, frames.side, frames.device, frames.time[first], frames.pressure[first], **optional)
