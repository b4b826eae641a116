"""PhysioNet "Gait in Parkinson's Disease": stride and swing as published, and the force of both feet as body weight.

Eight force sensors under each foot at 100 Hz, two minutes of usual walking (the files `*_01`). The published numbers
are those of the walks `Si*` (Frenkel-Toledo 2005, J Neuroeng Rehabil 2:23, table 2, comfortable walking on ground). For
the force nothing was published, but mechanics say what it has to be. Figures in brackets are no published ones: they
were read off all 162 walks once, with a fixed threshold, and have no bar.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np

from firmware_bridge import (
    SECOND,
    STANDARD_GRAVITY,
    ConfigError,
    CorruptData,
    Device,
    Frames,
    Link,
    Side,
    read_recording,
)
from service.gait import Analyzer
from service.gait.blocks.gains import Stride, StrideBalance, stride_balance, whole_strides
from service.records.rows import Step
from service.validate.report import Metric, Report, Subject, Tick
from service.validate.strides import by_events, by_level, cv, swing_percent, trimmed

_SOURCE = "PhysioNet gaitpdb 1.0.0, doi:10.13026/C24H3N; Frenkel-Toledo 2005, J Neuroeng Rehabil 2:23, table 2"
_PUBLISHED = {  # mean and standard deviation over persons; the number of persons
    "controls": (
        {"stride_s": (1.08, 0.09), "stride_cv": (1.94, 0.36), "swing": (35.27, 1.97), "swing_cv": (2.80, 1.99)},
        30,
    ),
    "patients": (
        {"stride_s": (1.12, 0.07), "stride_cv": (2.24, 0.74), "swing": (34.45, 2.60), "swing_cv": (3.27, 1.25)},
        36,
    ),
}
WHOLE_SET = {  # as above, in brackets
    ("swing_ga", "controls"): "(3.2 +- 4.7, median 1.5)",
    ("swing_ga", "patients"): "(6.5 +- 4.9, median 6.7)",
    ("load_si", "controls"): "(4.7, median 4.0)",
    ("load_si", "patients"): "(6.8, median 5.3)",
    ("medial_recorded", "controls"): "(44.2 +- 6.9)",
}
_FIRST_S, LAST_S = 20.0, 5.0  # left out by the paper: starting, stopping
_FIRST_STRIDES, _BLOCK_STRIDES = 30, 10
_MEDIAL, BESIDE = [2, 4, 6], slice(1, 7)  # sensors 3, 5, 7; all but heel and toe
SWING_POINTS = 3.0  # how far the product's own events may be off the paper's (choice)

_TOO_FEW = f"in walks of {_FIRST_STRIDES} strides or fewer"
NOT_WHOLE = "without exactly one step of each foot"

_NAME = re.compile(r"((Ga|Ju|Si)(Co|Pt)\d\d)_01\.txt(\.gz)?")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_ODD_NAMES = {"Juc010": "JuCo10"}


def recompute(folder: Path, tick: Tick) -> Report:
    """Recompute the table from the walks in a folder, `demographics.txt` beside them.

    Raises:
        ConfigError: there are none.
        CorruptData: one cannot be read.
    """
    found = sorted((path, match) for path in folder.glob("*_01.txt*") if (match := _NAME.fullmatch(path.name)))
    if not found:
        raise ConfigError(
            f"{folder}: holds no walk such as SiCo01_01.txt; they are to be had at physionet.org/content/gaitpdb/1.0.0"
        )
    weights = _weights(folder / "demographics.txt")
    subjects, counted, left_out = [], 0, Counter[str]()
    for done, (path, match) in enumerate(found):
        tick(done, len(found))
        walk, group = _read(path), "controls" if match[3] == "Co" else "patients"
        strides = list(whole_strides(walk.steps))
        hidden = _hidden(walk, strides)
        counted += len(strides) + hidden
        if len(strides) <= _FIRST_STRIDES:
            left_out[_TOO_FEW] += len(strides) + hidden
            subjects.append(Subject(match[1], group, {}, _TOO_FEW))
            continue
        left_out[NOT_WHOLE] += hidden
        values = {**_timing(walk), **_force(walk, strides, weights.get(match[1], math.nan)), **_sides(walk, strides)}
        subjects.append(Subject(match[1], group, values))
    tick(len(found), len(found))
    judged = [subject for subject in subjects if not subject.excluded]
    return Report(
        name="gaitpdb",
        source=_SOURCE,
        metrics=(*_published_metrics(judged), *_force_metrics(judged), *_side_metrics(judged)),
        subjects=tuple(subjects),
        counted=counted,
        unit="strides",
        excluded=left_out,
    )


@dataclass(frozen=True, eq=False)
class _Walk:
    frames: Mapping[Side, Frames]
    steps: Sequence[Step]  # of both feet, in order of time

    def of(self, side: Side) -> list[Step]:
        return [step for step in self.steps if step.side is side]


def _read(path: Path) -> _Walk:
    """Take a walk the way that every recording goes."""
    analyzer = Analyzer("walker")
    rows, frames = [], {side: list[Frames]() for side in Side}
    for item in read_recording(path, "walker", form="gaitpdb"):
        assert isinstance(item, Device | Frames | Link)
        rows += analyzer.feed(item)
        if isinstance(item, Frames):
            frames[item.side].append(item)
    rows += analyzer.close()
    steps = sorted((row for row in rows if isinstance(row, Step)), key=lambda step: step.time)
    return _Walk({side: Frames.concatenate(pieces) for side, pieces in frames.items()}, steps)


def _hidden(walk: _Walk, strides: Sequence[Stride]) -> int:
    """Return how many strides between the first and the last step are not among the whole ones, by their rhythm."""
    if not strides:
        return 0
    times = [stride.stride_time_s for stride in strides]
    lasted = (walk.steps[-1].time - walk.steps[0].time) / SECOND
    return max(round((lasted - math.fsum(times)) / median(times)), 0)


def _weights(path: Path) -> dict[str, float]:
    """Return each person's weight in newtons, of those whose weight is written down."""
    if not path.is_file():
        return {}
    header, *lines = (line.split("\t") for line in path.read_text(encoding="latin-1").splitlines())
    if not {"ID", "Weight"} <= set(header):
        raise CorruptData(f"{path}: its first line names no columns ID and Weight")
    who, kilograms = header.index("ID"), header.index("Weight")
    told = [(line[who].strip(), line[kilograms].strip()) for line in lines if len(line) > kilograms]
    return {
        _ODD_NAMES.get(name, name): STANDARD_GRAVITY * float(text) for name, text in told if _NUMBER.fullmatch(text)
    }


def _timing(walk: _Walk) -> dict[str, float]:
    """Return stride and swing as the paper has them: the mean of both feet, each series without its outliers."""
    first, last = (edge(int(f.time[i]) for f in walk.frames.values()) for edge, i in ((min, 0), (max, -1)))
    span = _FIRST_S, (last - first) / SECOND - LAST_S
    found = [by_events(walk.of(side), first).within(*span) for side in Side]
    level = [by_level(walk.frames[side], first).within(*span) for side in Side]
    kept = [trimmed(foot.stride) for foot in found]
    left, right = (float(trimmed(foot.swing).mean()) for foot in found)
    return {
        "stride_s": fmean(float(stride.mean()) for stride in kept),
        "stride_cv": fmean(cv(stride) for stride in kept),
        "swing": fmean(swing_percent(foot) for foot in found),
        "swing_cv": fmean(cv(trimmed(foot.swing)) for foot in found),
        "swing_level": fmean(swing_percent(foot) for foot in level),
        "swing_ga": 100 * abs(math.log(left / right)),
        "outliers": 100 * (1 - sum(len(stride) for stride in kept) / sum(len(foot.stride) for foot in found)),
    }


def _force(walk: _Walk, strides: Sequence[Stride], weight: float) -> dict[str, float]:
    """Return the force of both feet in body weights, by gains that were learned before.

    Whole strides as the product measures them, turns included: impulses without the unloaded level. `rest_recorded`
    is the same of the recorded totals, sample by sample, whatever was found in them.
    """
    columns = [
        [s.left.impulse for s in strides],
        [s.right.impulse for s in strides],
        [s.stride_time_s for s in strides],
    ]
    first = stride_balance(*(column[:_FIRST_STRIDES] for column in columns))
    rest = stride_balance(*(column[_FIRST_STRIDES:] for column in columns))
    balance = StrideBalance()
    said = np.array([balance.update(*stride) for stride in zip(*columns, strict=True)])
    time = np.array(columns[2])[np.isfinite(said)]
    said = said[np.isfinite(said)]
    whole = len(said) // _BLOCK_STRIDES * _BLOCK_STRIDES
    blocks = np.average(
        said[:whole].reshape(-1, _BLOCK_STRIDES), axis=1, weights=time[:whole].reshape(-1, _BLOCK_STRIDES)
    )
    start, middle, stop = strides[0].time, strides[_FIRST_STRIDES].time, strides[-1].time
    return {
        "force_as_recorded": _total(walk, start, stop) / weight,
        "rest": first / rest,
        "rest_recorded": _total(walk, middle, stop) / _total(walk, start, middle),
        "streamed": float(np.average(said, weights=time)),
        "blocks": float(len(blocks)),
        "blocks_within": float((np.abs(blocks - 1) <= 0.05).sum()),
    }


def _total(walk: _Walk, start: int, stop: int) -> float:
    """Return the mean of the recorded force of both feet."""
    inside = (slice(*np.searchsorted(f.time, [start, stop])) for f in walk.frames.values())
    pieces = zip(walk.frames.values(), inside, strict=True)
    return sum(float(frames.pressure[part].sum(axis=1, dtype=np.float64).mean()) for frames, part in pieces)


def _sides(walk: _Walk, strides: Sequence[Stride]) -> dict[str, float]:
    left, right = (sum(getattr(stride, side).impulse for stride in strides) for side in Side)
    index = np.array([step.medial_lateral_index for step in walk.steps])
    recorded = [frames.pressure.sum(axis=0, dtype=np.float64) for frames in walk.frames.values()]
    return {
        "load_si": 200 * abs(left - right) / (left + right),
        "medial_share": 50 + float(np.nanmean(index)) / 2,
        "medial_recorded": fmean(100 * float(foot[_MEDIAL].sum() / foot[BESIDE].sum()) for foot in recorded),
    }


def _published_metrics(subjects: Sequence[Subject]) -> Iterable[Metric]:
    """Yield ours beside the paper's: within two standard errors of a difference of means.

    The error is that of two independent samples with the paper's spread, sd · sqrt(1/n + 1/N), n persons here and N
    in the paper. Ours are some of the paper's own, whose mean would be allowed sd · sqrt(1/n - 1/N) only. That is
    nothing at all for all of them, while the paper's instrument and its way to find events were others.
    """
    for group, (published, number) in _PUBLISHED.items():
        ours = [s.values for s in subjects if s.group == group and s.name.startswith("Si")]
        for key, quantity, unit in (
            ("stride_s", "stride time", "s"),
            ("stride_cv", "stride time CV", "%"),
            ("swing_level", "swing by 20 N", "% of stride"),
            ("swing", "swing by the product's events", "% of stride"),
            ("swing_cv", "swing time CV", "%"),
        ):
            mean, sd = published[key.removesuffix("_level")]
            half = 2 * sd * math.sqrt(1 / len(ours) + 1 / number) if ours else math.nan
            half = SWING_POINTS if key == "swing" else half
            value = fmean(values[key] for values in ours) if ours else math.nan
            yield Metric(
                f"{quantity}, {group}", unit, value, f"{mean:g} +- {sd:g}", round(mean - half, 4), round(mean + half, 4)
            )
        yield from _plain(f"strides beyond the paper's limit, {group}", "%", [v["outliers"] for v in ours], fmean)


def _force_metrics(subjects: Sequence[Subject]) -> Iterable[Metric]:
    """Yield how near the force of both feet is to body weight, which it has to be."""
    for key, quantity, half in (
        ("rest", "force after the gain's first 30 strides", 0.05),
        ("rest_recorded", "the same of the recorded totals", 0.05),
        ("streamed", "force by the streamed gain", 0.03),
    ):
        values = [s.values[key] for s in subjects] or [math.nan]
        for name, edge in (("lowest", min), ("highest", max)):
            yield Metric(f"{quantity}, {name} walk", "body weights", edge(values), "1 (mechanics)", 1 - half, 1 + half)
    blocks, within = (sum(s.values[key] for s in subjects) for key in ("blocks", "blocks_within"))
    yield Metric(
        "blocks of 10 strides within 0.05 by the streamed gain", "%", 100 * within / (blocks or math.nan), "", 97.0
    )
    recorded = [s.values["force_as_recorded"] for s in subjects if not math.isnan(s.values["force_as_recorded"])]
    yield from _plain("force as recorded, by the written weight", "body weights", recorded, fmean, "(1.28 +- 0.16)")


def _side_metrics(subjects: Sequence[Subject]) -> Iterable[Metric]:
    """Yield left against right, and medial against lateral."""
    for key, quantity, unit in (
        ("swing_ga", "swing asymmetry, 100 |ln(L/R)|", "%"),
        ("load_si", "load asymmetry, 200 |L - R| / (L + R)", "%"),
        ("medial_share", "medial share of the load by the index", "%"),
        ("medial_recorded", "medial share as recorded, sensors 3 5 7 of 2 to 7", "%"),
    ):
        for group in _PUBLISHED:
            whole = [s.values[key] for s in subjects if s.group == group and (key != "swing_ga" or s.name[:2] == "Si")]
            said = WHOLE_SET.get((key, group), "")
            yield from _plain(f"{quantity}, {group}", unit, whole, fmean, said)
            if not key.startswith("medial"):
                yield from _plain(f"{quantity}, {group}, median", unit, whole, median)


def _plain(
    quantity: str, unit: str, values: Sequence[float], middle: Callable[[Sequence[float]], float], said: str = ""
) -> Iterable[Metric]:
    """Yield a line without a bar, where there is anything to say."""
    if values:
        yield Metric(quantity, unit, middle(values), said)
