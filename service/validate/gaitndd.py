"""PhysioNet "Gait in Neurodegenerative Disease": our contacts beside the annotation that comes with the recordings.

One force-sensitive signal under each foot at 300 Hz, five minutes of walking along a corridor. The annotation (`.ts`)
has a row for each stride of the left foot, the first 20 s and most turns left out: column 1 is the contact that ends
it, 2 and 3 are the strides of the left and the right foot, 4 and 5 their swing, 8 and 9 their stance, in seconds. The
right foot's stride is the one that ends just before column 1. It was made by its authors' own program from the same
signals (Hausdorff 2000, J Appl Physiol 88:2045): a reference, not a second instrument.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware_bridge import (
    Bools,
    ConfigError,
    CorruptData,
    Device,
    Float64s,
    Frames,
    Insole,
    Side,
    parse_profile,
    read_recording,
)
from service.validate.contacts import Contacts, bias_ms, contacts_of, lags, mae_ms, nearest
from service.validate.report import Metric, Report, Subject, Tick

_SOURCE = "PhysioNet gaitndd 1.0.0, doi:10.13026/C27G6C; annotation: Hausdorff 2000, J Appl Physiol 88:2045"
_MATCH_S = 0.250  # a contact further away is another one
CLOSE_S = 0.050
EXTRA_S = 0.150  # a contact further than this within a stride is none of its ends
_OUTLIER_MADS = 3 * 1.4826
THINNED = 3  # samples that one of 100 Hz is the mean of

_MISSED = "without a contact of ours within 250 ms"
ODD = "outlying (turns), in which extra contacts are not counted"

_BARS = {  # group: quantity: least or most
    "controls": {
        "within": 99.5, "extra": 0.3, "contact": 4, "foot_off": 7, "stance": 9, "right_stride": 4, "right_stance": 14,
        "si": 1.0, "contact_100_hz": 5, "foot_off_100_hz": 9, "stance_100_hz": 10, "regular_counts": 95,
    },
    "patients": {
        "within": 97.5, "extra": 0.3, "contact": 6, "foot_off": 11, "stance": 13, "right_stride": 6, "right_stance": 18,
        "si": 1.8, "contact_100_hz": 7, "foot_off_100_hz": 13, "stance_100_hz": 14,
    },
}  # fmt: skip
EVERY_RECORD = 80.0
BIAS_MS = 3.0

_NAME = re.compile(r"(als|control|hunt|park)\d+")


def recompute(folder: Path, tick: Tick) -> Report:
    """Compare the contacts in a folder's records with the annotation beside them.

    Raises:
        ConfigError: there are none.
        CorruptData: one cannot be read.
    """
    headers = [
        path for path in folder.glob("*.hea") if _NAME.fullmatch(path.stem) and path.with_suffix(".ts").is_file()
    ]
    if not headers:
        raise ConfigError(
            f"{folder}: holds no record such as control1.hea with its annotation control1.ts; "
            "they are to be had at physionet.org/content/gaitndd/1.0.0"
        )
    records = []
    for done, path in enumerate(sorted(headers)):
        tick(done, len(headers))
        records.append(_compared(path))
    tick(len(headers), len(headers))
    left_out = {
        _MISSED: sum(int(record.missed.sum()) for record in records),
        ODD: sum(int((record.odd & ~record.missed).sum()) for record in records),
    }
    groups = {group: [record for record in records if record.group == group] for group in _BARS}
    return Report(
        name="gaitndd",
        source=_SOURCE,
        metrics=tuple(metric for group, some in groups.items() if some for metric in _metrics(group, some)),
        subjects=tuple(Subject(record.name, record.group, record.values) for record in records),
        counted=sum(len(record.close) for record in records),
        unit="annotated strides",
        excluded=Counter(left_out),
    )


@dataclass(frozen=True, eq=False)
class _Record:
    """What was found in one record; arrays have a value for each annotated stride, `errors` one for each found."""

    name: str
    close: Bools  # there is a contact of ours within 50 ms
    missed: Bools  # there is none within 250 ms
    odd: Bools
    counts: Bools  # our step at its end is valid
    extra: int  # contacts within strides that are not odd
    errors: Mapping[str, Float64s]  # s
    si_pct: float  # symmetry index of stance
    si_annotated_pct: float

    @property
    def group(self) -> str:
        return "controls" if self.name.startswith("control") else "patients"

    @property
    def si_error(self) -> float:
        return abs(self.si_pct - self.si_annotated_pct)

    @property
    def values(self) -> dict[str, float]:
        out = {
            "strides": float(len(self.close)),
            "within_50_ms_pct": 100 * float(self.close.mean()),
            "extra": float(self.extra),
            "stance_si_pct": self.si_pct,
            "stance_si_annotated_pct": self.si_annotated_pct,
        }
        for name, error in self.errors.items():
            out |= {f"{name}_mae_ms": mae_ms(error), f"{name}_bias_ms": bias_ms(error)}
        return out


def _compared(path: Path) -> _Record:
    table = _annotation(path.with_suffix(".ts"))
    items = list(read_recording(path, path.stem, form="gaitndd"))
    left = [item for item in items if isinstance(item, Device | Frames) and item.side is Side.LEFT]
    start = next(int(item.time[0]) for item in left if isinstance(item, Frames))
    feet = contacts_of(items, start)
    ours = feet[Side.LEFT]
    errors, stance, matched = _left(table, ours)
    errors |= {
        f"{name}_100_hz": e for name, e in _left(table, contacts_of(_thinned(left), start)[Side.LEFT])[0].items()
    }
    right_errors, right_stance, right_matched = _right(table, feet[Side.RIGHT])
    contact, odd, distance = table[:, 0], _outlying(table[:, 1]), np.abs(lags(table[:, 0], ours.on))
    both = matched & right_matched
    return _Record(
        name=path.stem,
        close=distance <= CLOSE_S,
        missed=~(distance <= _MATCH_S),
        odd=odd,
        counts=np.append(ours.valid, False)[nearest(contact, ours.on)] & (distance <= _MATCH_S),
        extra=_extra(contact[~odd] - table[~odd, 1], contact[~odd], ours.on),
        errors=errors | right_errors,
        si_pct=_symmetry_index(stance[both], right_stance[both]),
        si_annotated_pct=_symmetry_index(table[both, 7], table[both, 8]),
    )


def _annotation(path: Path) -> Float64s:
    """Return the annotation, a row for each stride.

    Raises:
        CorruptData: it is not one.
    """
    try:
        lines = path.read_text().splitlines()
        table = np.loadtxt(lines, ndmin=2) if any(lines) else np.empty((0, 0))
    except ValueError as error:
        raise CorruptData(f"{path}: is no annotation of strides: {error}") from error
    if table.shape[1] != 13 or not np.isfinite(table).all():
        raise CorruptData(f"{path}: is no annotation of strides: its rows must have 13 numbers")
    return table


def _thinned(items: Sequence[Device | Frames]) -> Iterator[Device | Frames]:
    """Yield one foot at 100 Hz: the means of three samples."""
    frames = Frames.concatenate([item for item in items if isinstance(item, Frames)])
    text = next(item.profile for item in items if isinstance(item, Device)).replace("rate_hz = 300", "rate_hz = 100")
    insole = Insole(frames.wearer, frames.side, parse_profile(text, "100 Hz"), "")
    n = len(frames) // THINNED
    time = frames.time[: n * THINNED].reshape(n, THINNED).mean(axis=1)
    pressure = frames.pressure[: n * THINNED].reshape(n, THINNED).mean(axis=1, dtype=np.float64)
    yield insole.device_row(int(frames.time[0]))
    yield Frames(
        frames.wearer, frames.side, insole.device, np.round(time).astype(np.int64), pressure[:, None].astype(np.float32)
    )


def _left(table: Float64s, ours: Contacts) -> tuple[dict[str, Float64s], Float64s, Bools]:
    """Return the left foot's errors; of every annotated stride our stance, and whether both its ends were found."""
    on, off, begin = table[:, 0], table[:, 0] - table[:, 3], table[:, 0] - table[:, 1]
    error, off_error, begin_error = lags(on, ours.on), lags(off, ours.off), lags(begin, ours.on)
    whole = (np.abs(off_error) <= _MATCH_S) & (np.abs(begin_error) <= _MATCH_S)
    stance = table[:, 7] + off_error - begin_error
    return (
        {
            "contact": error[np.abs(error) <= _MATCH_S],
            "foot_off": off_error[np.abs(off_error) <= _MATCH_S],
            "stance": (stance - table[:, 7])[whole],
        },
        stance,
        whole,
    )


def _right(table: Float64s, ours: Contacts) -> tuple[dict[str, Float64s], Float64s, Bools]:
    """Return the same of the right foot: its stride that ends just before column 1."""
    end = np.searchsorted(ours.on, table[:, 0]) - 1
    known = end >= 1
    at = np.where(known, end, 0)
    on, off = (np.append(times, np.nan) for times in (ours.on, ours.off))  # the last stands for none
    stride, stance = on[at] - on[at - 1], off[at - 1] - on[at - 1]
    matched = known & (np.abs(stride - table[:, 2]) <= _MATCH_S)
    errors = {"right_stride": (stride - table[:, 2])[matched], "right_stance": (stance - table[:, 8])[matched]}
    return errors, stance, matched


def _outlying(stride: Float64s) -> Bools:
    """Tell which strides are outliers, as the papers do."""
    distance = np.abs(stride - np.median(stride))
    odd: Bools = distance > _OUTLIER_MADS * np.median(distance)
    return odd


def _extra(begin: Float64s, end: Float64s, found: Float64s) -> int:
    """Count the contacts within strides that are none of their ends."""
    return int((np.searchsorted(found, end - EXTRA_S) - np.searchsorted(found, begin + EXTRA_S)).clip(0).sum())


def _symmetry_index(left: Float64s, right: Float64s) -> float:
    """Return the symmetry index of the means in percent, positive where the right foot has more."""
    if not len(left):
        return float("nan")
    return 200 * float((right.mean() - left.mean()) / (right.mean() + left.mean()))


def _metrics(group: str, records: Sequence[_Record]) -> Iterator[Metric]:
    bars = _BARS[group]
    shares = [100 * float(record.close.mean()) for record in records]
    regular = sum(int((~record.odd).sum()) for record in records)
    extra = 100 * sum(record.extra for record in records) / regular
    yield Metric(f"contacts within 50 ms, {group}", "%", _share(records, lambda r: r.close), "", bars["within"])
    yield Metric(f"the same, worst record, {group}", "%", min(shares), "", EVERY_RECORD)
    yield Metric(f"extra contacts, {group}", "% of strides", extra, most=bars["extra"])
    contact = np.concatenate([record.errors["contact"] for record in records])
    yield Metric(f"contact, bias, {group}", "ms", bias_ms(contact), "", -BIAS_MS, BIAS_MS)
    for key in (key for key in records[0].errors if key in bars):
        name = key.replace("_100_hz", " at 100 Hz").replace("_", " ").replace("foot off", "foot-off")
        errors = np.concatenate([record.errors[key] for record in records])
        yield Metric(f"{name}, mean absolute error, {group}", "ms", mae_ms(errors), most=bars[key])
    differences = [record.si_error for record in records]
    yield Metric(f"symmetry index of stance, mean error, {group}", "%", float(np.mean(differences)), most=bars["si"])
    yield Metric(f"the same, worst record's, {group}", "%", max(differences))
    for name, odd in (("regular", False), ("outlying", True)):
        counts = [record.counts[record.odd == odd] for record in records]
        least = bars.get(f"{name}_counts", -math.inf)
        yield Metric(f"{name} strides that count, {group}", "%", 100 * float(np.concatenate(counts).mean()), "", least)


def _share(records: Sequence[_Record], of: Callable[[_Record], Bools]) -> float:
    return 100 * float(np.concatenate([of(record) for record in records]).mean())
