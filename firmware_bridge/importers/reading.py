"""Which format a file is of, and its samples as the items of the log: devices, frames, the account of each second."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from firmware_bridge.codec.decoder import Counts
from firmware_bridge.codec.link_account import LinkAccount, LinkSeen
from firmware_bridge.devices.insole import Insole
from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.importers.format import Format, Recording, Samples, columns_beside, unsaid, untold
from firmware_bridge.importers.parsing.files import head_of
from firmware_bridge.importers.row_report import NO_REPORT, REFUSED_SHARE, TOLD_SHARE, RowReport
from firmware_bridge.model import SECOND, Frames, Item, Side
from firmware_bridge.plugins import IMPORTERS

MAPPED = "csv"
"""The format of a file that comes with a map of its columns."""
OTHERS = {
    b"\x1f\x8b": "is packed twice; unpack it once",
    b"PK\x03\x04": "is a zip archive or a spreadsheet; unpack it, or save it as CSV",
    b"SQLite format 3\0": "is a database; if it is a store, it needs no import: name it by --store",
}
"""How files begin that are no recordings, and what to do with them."""


def wearer_of(path: Path) -> str:
    """Return the wearer that a file's name stands for: the name without its endings."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", path.name.split(".")[0]) or "wearer"


def read_recording(
    path: Path,
    wearer: str,
    *,
    start: int | None = None,
    form: str | None = None,
    columns: Path | None = None,
    progress: Callable[[int, int], None] = untold,
    notice: Callable[[str], None] = unsaid,
    skip_bad_rows: bool = False,
) -> Iterator[Item]:
    """Read a file as the items that belong in the log: devices, frames and one link row a second.

    The same file gives the same items, however often; some seconds of it are in memory at a time.

    Args:
        path: the file, gzip'ed or not.
        wearer: whose recording it is.
        start: UTC ns of the first sample; the file's own date, or 1970, where it is not given.
        form: the format's name; found from the file's content where it is not given.
        columns: the map of a file of format csv; the one beside it where it is not given.
        progress: is told the bytes read so far, and the bytes in all.
        notice: is told, in a sentence with the file's name, what a person should know of how it is read.
        skip_bad_rows: read it though more than a fifth of its rows are none.

    Raises:
        ConfigError: the file cannot be read, no format fits, or it lacks what only a person can tell.
        CorruptData: the file breaks its format's rules from the first row on, or in more than a fifth of its rows.
    """
    known = find_format(path, form, columns)
    feet: dict[Side, _Foot] = {}
    waiting = dict.fromkeys(Side, NO_REPORT)
    reports = dict.fromkeys(Side, NO_REPORT)

    def of_file(text: str) -> None:
        notice(f"{path.name}: {text}")

    for samples in known.read(Recording(path, start, columns, progress, of_file)):
        foot = feet.get(samples.side)
        reports[samples.side] += samples.report
        waiting[samples.side] += samples.report
        if not len(samples.time):
            continue
        if foot is None:
            insole = Insole(wearer=wearer, side=samples.side, profile=samples.profile, url=f"file:{path.name}")
            foot = feet[samples.side] = _Foot(insole)
            yield insole.device_row(int(samples.time[0]))
        yield from foot.items(samples._replace(report=waiting[samples.side]))
        waiting[samples.side] = NO_REPORT
    if not feet:
        raise CorruptData(f"{path}: no sample in it; is it cut off, or not a {known.name} file?")
    _judge(path, reports, of_file, skip_bad_rows=skip_bad_rows)
    for side, foot in feet.items():
        yield from foot.end(waiting[side])


def _judge(
    path: Path, reports: Mapping[Side, RowReport], notice: Callable[[str], None], *, skip_bad_rows: bool
) -> None:
    """Tell what was made of the rows of a file.

    Raises:
        CorruptData: too many of them are none.
    """
    worst = max(reports.values(), key=lambda report: report.share)
    if worst.share > REFUSED_SHARE and not skip_bad_rows:
        raise CorruptData(
            f"{path}: {worst.bad_rows}; correct the file, or the map of its columns, "
            "or import the other rows with --skip-bad-rows"
        )
    for remark in dict.fromkeys(remark for report in reports.values() for remark in report.remarks):
        notice(remark)
    if worst.share > TOLD_SHARE:
        notice(f"skipped {worst.bad_rows}")


def find_format(path: Path, form: str | None = None, columns: Path | None = None) -> Format:
    """Return the named format, or the one that recognizes the file.

    Raises:
        ConfigError: the file cannot be read, or not exactly one format fits; the message lists those that exist.
    """
    head = head_of(path)
    if form is None and (columns or columns_beside(path)):
        form = MAPPED
    if form is not None:
        named: Format = IMPORTERS.load(form)
        return named
    formats: list[Format] = [IMPORTERS.load(name) for name in IMPORTERS.names()]
    fitting = [known for known in formats if known.recognizes(head)]
    if len(fitting) > 1:  # a maker's CSV file is of the maker's format first
        fitting = [known for known in fitting if known.name != MAPPED]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(known.name for known in fitting)
        raise ConfigError(f"{path}: could be of the formats {names}; name one of them by --format")
    others = (text for start, text in OTHERS.items() if head.startswith(start))
    advice = next(chain(others, (text for known in formats if (text := known.advice(path)))), "")
    if advice:
        raise ConfigError(f"{path}: {advice}")
    names = ", ".join(known.name for known in formats)
    raise ConfigError(f"{path}: of no format that is known here ({names}); name one by --format")


class _Foot:
    """Turns one foot's samples into frames of a whole second, and accounts for each second as a bridge does."""

    def __init__(self, insole: Insole) -> None:
        self._insole = insole
        self._device = insole.device
        self._account = LinkAccount(insole)
        self._account.open()
        self._received = self._corrupt = self._duplicate = 0
        self._open: Frames | None = None  # of the second that is not over yet

    def items(self, samples: Samples) -> Iterator[Item]:
        """Take samples; yield the seconds that are over."""
        channels = {name: getattr(samples, name) for name in Frames.OPTIONAL}
        frames = Frames(
            self._insole.wearer, self._insole.side, self._device, samples.time, samples.pressure, **channels
        )
        if self._open is not None:
            frames = Frames.concatenate([self._open, frames])
        seconds = frames.time // SECOND
        edges = np.flatnonzero(np.diff(seconds)) + 1
        first = 0
        for last in edges.tolist():
            yield from self._second(frames[first:last])
            first = last
        rest = frames[first:]
        # a copy, lest the second holds on to the whole portion
        own = ("time", "pressure", *(name for name in Frames.OPTIONAL if getattr(rest, name) is not None))
        self._open = replace(rest, **{name: getattr(rest, name).copy() for name in own})
        self._note(samples.report)

    def end(self, report: RowReport) -> Iterator[Item]:
        """Yield what is left; the report is of rows after the last sample."""
        if self._open is not None:
            yield from self._second(self._open)
        self._note(report)
        yield from self._account.end(self._seen())

    def _second(self, frames: Frames) -> Iterator[Item]:
        yield from self._account.advance(int(frames.time[0]), self._seen(), connected=True)
        self._received += len(frames)
        yield frames

    def _seen(self) -> LinkSeen:
        return LinkSeen(Counts(received=self._received, corrupt=self._corrupt, duplicate=self._duplicate))

    def _note(self, report: RowReport) -> None:
        self._corrupt += report.skipped
        self._duplicate += report.doubles
