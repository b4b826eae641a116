"""WFDB records as PhysioNet keeps them: a text header (`.hea`), and signals of 12 bits packed by format 212.

Two samples lie in three bytes: s0 = b0 + 256 (b1 & 15), s1 = b2 + 16 (b1 & 240), each in two's complement; -2048 is a
missing sample. A signal's checksum is the sum of all its samples, in 16 bits. Source: G. B. Moody, WFDB Applications
Guide, header(5) and signal(5), physionet.org/physiotools/wag.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.importers.parsing.files import unreadable
from firmware_bridge.model import SECOND, Float32s

FORMATS = (8, 16, 24, 32, 61, 80, 160, 212, 310, 311, 508, 516, 524)  # that exist; only 212 is read here
_MISSING = -2048
DEFAULT_RATE_HZ = 250.0
DEFAULT_GAIN = 200.0
_RATES_HZ = (1.0, 20_000.0)
SMALLEST_GAIN = 1e-9
LONGEST_HEADER = 65536

_RECORD = re.compile(
    r"(?P<name>[\w-]+)(?P<segments>/\d+)?\s+(?P<signals>\d{1,3})"
    r"(?:\s+(?P<rate>\d[\d.eE+-]*)(?:/\S+)?(?:\s+(?P<samples>\d{1,15})(?:\s+(?P<time>\S+)(?:\s+(?P<date>\S+))?)?)?)?",
    re.ASCII,
)
_SIGNAL = re.compile(
    r"(?P<file>\S+)\s+(?P<format>\d{1,4})(?P<more>[x:+]\S*)?"
    r"(?:\s+(?P<gain>-?[\d.eE+-]+)(?:\((?P<baseline>-?\d{1,9})\))?(?:/\S+)?(?:\s+\d+(?:\s+(?P<zero>-?\d{1,9})"
    r"(?:\s+-?\d+(?:\s+(?P<checksum>-?\d{1,9})(?:\s+\d+(?:\s+(?P<description>.*))?)?)?)?)?)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal of a record."""

    file: str  # beside the header
    gain: float  # (sample - baseline) / gain is the value in the header's unit
    baseline: int
    checksum: int | None
    description: str


@dataclass(frozen=True, slots=True)
class Record:
    """What a `.hea` says."""

    rate_hz: float
    samples: int | None  # of each signal; None: as many as there are
    date: int | None  # UTC ns of the first sample; the header has no zone, so its clock is taken for UTC
    signals: tuple[Signal, ...]


def is_header(head: bytes) -> bool:
    """Tell whether a file begins as a record's header does."""
    lines = [line for line in _lines(head) if line]
    if len(lines) < 2 or not _RECORD.fullmatch(lines[0]):
        return False
    first = _SIGNAL.fullmatch(lines[1])
    return first is not None and int(first["format"]) in FORMATS and re.search("[A-Za-z~]", first["file"]) is not None


def read_header(path: Path) -> Record:
    """Return what a header file says.

    Raises:
        ConfigError: it cannot be read, or names what is not read here.
        CorruptData: it breaks the rules of a header.
    """
    try:
        with path.open("rb") as file:
            lines = [line for line in _lines(file.read(LONGEST_HEADER)) if line]
    except OSError as error:
        raise unreadable(path, error) from error
    record = _RECORD.fullmatch(lines[0]) if lines else None
    if record is None:
        raise CorruptData(f"{path}: is no header of a WFDB record")
    if record["segments"]:
        raise ConfigError(f"{path}: a record of several segments; import the header of each segment")
    count = int(record["signals"])
    if count == 0 or len(lines) <= count:
        raise CorruptData(f"{path}: says {count} signals, but describes {len(lines) - 1}")
    rate = _number(record["rate"], DEFAULT_RATE_HZ)
    if not _RATES_HZ[0] <= rate <= _RATES_HZ[1]:
        raise CorruptData(f"{path}: {record['rate']} is no sampling rate")
    signals = tuple(_signal(path, line) for line in lines[1 : count + 1])
    samples = int(record["samples"] or 0) or None
    return Record(rate, samples, _date(record["time"], record["date"]), signals)


def _lines(head: bytes) -> list[str]:
    lines = head.decode("latin-1").splitlines()
    return [line.strip() for line in lines if not line.startswith("#")]


def _signal(path: Path, line: str) -> Signal:
    found = _SIGNAL.fullmatch(line)
    if found is None:
        raise CorruptData(f"{path}: {line[:80]!r} does not describe a signal")
    if found["format"] != "212" or found["more"]:
        raise ConfigError(
            f"{path}: {found['file']} is of format {found['format']}{found['more'] or ''}; only plain 212 is read here"
        )
    if Path(found["file"]).name != found["file"] or not found["file"].isprintable():
        raise CorruptData(f"{path}: {found['file']!r} is not the name of a file beside it")
    gain = _number(found["gain"], DEFAULT_GAIN) or DEFAULT_GAIN
    if not SMALLEST_GAIN <= abs(gain) < math.inf:
        raise CorruptData(f"{path}: {found['gain']} is no gain")
    baseline = int(found["baseline"] or found["zero"] or 0)
    checksum = None if found["checksum"] is None else int(found["checksum"])
    return Signal(found["file"], gain, baseline, checksum, found["description"] or "")


def _number(text: str | None, default: float) -> float:
    try:
        number = default if text is None else float(text)
    except ValueError:
        return math.nan
    return number


def _date(time: str | None, date: str | None) -> int | None:
    """Return the UTC ns of `HH:MM:SS[.fff]` and `DD/MM/YYYY`, None where it is not said."""
    for form in ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S.%f"):
        try:
            moment = datetime.strptime(f"{date} {time}", form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * SECOND
    return None


class Signals:
    """The signals of a record, read a portion at a time."""

    def __init__(self, path: Path, header: Record) -> None:
        """Find the files; `path` is the header's.

        Raises:
            ConfigError: a signal's file is not beside the header.
            CorruptData: a file is shorter than the header says.
        """
        self._path = path
        self._header = header
        names = list(dict.fromkeys(signal.file for signal in header.signals))
        # which signals take turns in each file
        self._files = {name: [i for i, s in enumerate(header.signals) if s.file == name] for name in names}
        self.sizes = {name: self._size(name) for name in names}
        there = min(self.sizes[name] * 2 // (3 * len(turn)) for name, turn in self._files.items())
        self.count = there if header.samples is None else header.samples
        if there < self.count:
            raise CorruptData(
                f"{path}: its signals are cut off: {there} samples of {self.count} are there; fetch the files again"
            )

    def _size(self, name: str) -> int:
        try:
            return (self._path.parent / name).stat().st_size
        except OSError as error:
            raise ConfigError(f"{self._path}: its signal {name} is not beside it ({error.strerror})") from error

    def check(self) -> None:
        """Compare all samples with the header's checksums.

        Raises:
            CorruptData: a signal is not the one that the header was written for.
        """
        sums = np.zeros(len(self._header.signals), np.int64)
        for portion in self._portions(1 << 18):
            sums += portion.sum(axis=0, dtype=np.int64)
        for signal, found in zip(self._header.signals, sums.tolist(), strict=True):
            if signal.checksum is not None and (found - signal.checksum) % 65536:
                raise CorruptData(
                    f"{self._path}: {signal.file} does not have the header's checksum; it is damaged, fetch it again"
                )

    def values(self, n: int) -> Iterator[Float32s]:
        """Yield portions of up to `n` samples (n, signals) in the header's unit, NaN where missing."""
        gain = np.array([signal.gain for signal in self._header.signals])
        baseline = np.array([signal.baseline for signal in self._header.signals])
        for portion in self._portions(n):
            yield np.where(portion == _MISSING, np.nan, (portion - baseline) / gain).astype(np.float32)

    def _portions(self, n: int) -> Iterator[NDArray[np.int32]]:
        """Yield portions of `n` samples (an even number) of all signals, as they were sent."""
        with ExitStack() as stack:
            files: list[tuple[IO[bytes], list[int]]] = []
            for name, turn in self._files.items():
                try:
                    files.append((stack.enter_context((self._path.parent / name).open("rb")), turn))
                except OSError as error:
                    raise unreadable(self._path.parent / name, error) from error
            for first in range(0, self.count, n):
                portion = np.empty((min(n, self.count - first), len(self._header.signals)), np.int32)
                for file, turn in files:
                    portion[:, turn] = _unpack(file.read(n * len(turn) * 3 // 2), len(portion), len(turn))
                yield portion


def _unpack(data: bytes, n: int, signals: int) -> NDArray[np.int32]:
    """Return `n` samples of each of the signals that take turns in bytes of format 212."""
    padded = np.frombuffer(data + bytes(-len(data) % 3), np.uint8).reshape(-1, 3).astype(np.int32)
    low, middle, high = padded.T
    samples = np.stack([low + ((middle & 15) << 8), high + ((middle & 240) << 4)], axis=1).reshape(-1)
    samples[samples > 2047] -= 4096
    return samples[: n * signals].reshape(n, signals)
