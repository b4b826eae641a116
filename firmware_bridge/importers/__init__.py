"""Other people's recordings → the items of the log, the same as a bridge would have put.

An importer is a `Format`: it recognizes a file by its first bytes and reads it as samples. It knows nothing of
wearers, stores or links.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from firmware_bridge.accounting import LinkAccount
from firmware_bridge.codec import Counts
from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.model import SECOND, Float32s, Frames, Int64s, Item, Side
from firmware_bridge.plugins import IMPORTERS
from firmware_bridge.profile import Insole, Profile

HEAD_BYTES = 4096


class Samples(NamedTuple):
    """Consecutive samples of one foot; a file gives them in the order of time, the feet in turn."""

    side: Side
    profile: Profile
    time: Int64s  # (n,) UTC ns
    pressure: Float32s  # (n, sensors) in the profile's unit, NaN where missing
    skipped: int = 0  # rows before or among these that broke the format's rules


@dataclass(frozen=True, slots=True)
class Format:
    """One file format.

    `recognizes(head)` tells by the first bytes (unpacked) whether a file is of this format; `read(path, start)`
    yields its samples, `start` being the UTC ns of the first one where the file has no date of its own.
    """

    name: str
    recognizes: Callable[[bytes], bool]
    read: Callable[[Path, int], Iterator[Samples]]


def wearer_of(path: Path) -> str:
    """Return the wearer that a file's name stands for: the name without its endings."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", path.name.split(".")[0]) or "wearer"


def read_recording(path: Path, wearer: str, *, start: int = 0, form: str | None = None) -> Iterator[Item]:
    """Read a file as the items that belong in the log: devices, frames and one link row a second.

    Args:
        path: the file, gzip'ed or not.
        wearer: whose recording it is.
        start: UTC ns of the first sample, for a file that does not know its date.
        form: the format's name; found from the file's content where it is not given.

    Raises:
        ConfigError: the file cannot be read, or no format fits.
        CorruptData: the file breaks its format's rules from the first row on.
    """
    known = find_format(path, form)
    feet: dict[Side, _Foot] = {}
    for samples in known.read(path, start):
        foot = feet.get(samples.side)
        if foot is None:
            insole = Insole(wearer=wearer, side=samples.side, profile=samples.profile, url=f"file:{path.name}")
            foot = feet[samples.side] = _Foot(insole)
            yield insole.device_row(int(samples.time[0]))
        yield from foot.items(samples)
    if not feet:
        raise CorruptData(f"{path}: no sample in it; is it cut off, or not a {known.name} file?")
    for foot in feet.values():
        yield from foot.end()


def find_format(path: Path, form: str | None = None) -> Format:
    """Return the named format, or the first that recognizes the file.

    Raises:
        ConfigError: the file cannot be read, or no format fits; the message lists those that exist.
    """
    if form is not None:
        named: Format = IMPORTERS.load(form)
        return named
    try:
        with open_file(path) as file:
            head = file.read(HEAD_BYTES)
    except (OSError, EOFError) as error:
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not head:
        raise ConfigError(f"{path}: the file is empty")
    for name in IMPORTERS.names():
        known: Format = IMPORTERS.load(name)
        if known.recognizes(head):
            return known
    raise ConfigError(f"{path}: of no format that is known here ({', '.join(IMPORTERS.names())}); name one by --format")


def open_file(path: Path) -> gzip.GzipFile:
    """Open a file for reading bytes, unpacking it where it is gzip'ed."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


class _Foot:
    """Turns one foot's samples into frames, and accounts for each second as a bridge does."""

    def __init__(self, insole: Insole) -> None:
        self._insole = insole
        self._device = insole.device
        self._account = LinkAccount(insole)
        self._account.open()
        self._received = self._corrupt = 0

    def items(self, samples: Samples) -> Iterator[Item]:
        seconds = samples.time // SECOND
        edges = [0, *(np.flatnonzero(np.diff(seconds)) + 1).tolist(), len(seconds)]
        frames = Frames(self._insole.wearer, self._insole.side, self._device, samples.time, samples.pressure)
        self._corrupt += samples.skipped
        for first, last in pairwise(edges):
            yield from self._account.advance(int(samples.time[first]), self._counts(), float("nan"), connected=True)
            self._received += last - first
            yield frames[first:last]

    def end(self) -> Iterator[Item]:
        yield from self._account.end(self._counts(), float("nan"))

    def _counts(self) -> Counts:
        return Counts(received=self._received, corrupt=self._corrupt)
