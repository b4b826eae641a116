"""Barefoot footfalls on a pressure plate with the walking speed of each (Pataky 2008): contact time, foot type.

Each footfall is one recording of one foot at 500 Hz, whole on the plate: its first and last loaded frame are known. The
plate is made an insole: its pixels, two by two, are sensors, their places those within the footprint. The footfalls of
a person follow each other as a walk of one foot with an unloaded foot in between, on the ground for 62 % of each stride
as in ordinary walking: so the product's own analysis sees gait, and does with it what it does with an insole's frames.
The pauses are made up (exact zeros, which no shoe gives), and so nothing about them is judged, nor any stride.

Nobody in the set is labelled as flat-footed or pronated. What can be checked is which of three persons has more of
what; plain masks and thresholds on their whole footprints gave that order, no paper.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import SECOND, ConfigError, CorruptData, Frames, Insole, Profile, Side, parse_profile
from service.gait import Analyzer
from service.records.rows import Step
from service.validate.report import Metric, Report, Subject, Tick

_Floats = NDArray[np.float64]

_SOURCE = "SpeedPP2DS of jiku-data (Pataky 2008, J Biomech 41:1987)"
PLATE = (63, 33)  # pixels, row 0 at the heel, column 0 medial
RATE_HZ = 500
PIXEL_MM = 5.0  # not stated with the recordings; with it feet are as long as feet are
JOINED = 2  # pixels each way that make a sensor: about 1 cm, as the finest insoles have
OFTEN = 0.1  # share of the footfalls in which a sensor is loaded that belongs to the footprint (choice)
DUTY = 0.62
_LEAD_S = 1.0
USUAL_SPEED = 2  # of the conditions: slow, usual, fast
LEAST_R, MOST_ERROR_MS, SLOPE = -0.95, 15.0, 0.10
FOOT_TYPES = (  # a measure of a step, its name and unit, and persons by rising measure
    ("cpei", "center of pressure excursion", "% of width", ("subj008", "subj001", "subj000")),
    ("medial_lateral_index", "medial-lateral index", "%", ("subj000", "subj008")),
    ("medial_lateral_index", "medial-lateral index", "%", ("subj001", "subj008")),
    ("midfoot_share", "midfoot share", "of load", ("subj001", "subj000")),
    ("midfoot_share", "midfoot share", "of load", ("subj001", "subj008")),
)
_MISSED = "not found as one stance"

_NAME = re.compile(r"(subj\d\d\d)\.h5")


def recompute(folder: Path, tick: Tick) -> Report:
    """Recompute contact time and foot type of the persons in a folder, `speeds.csv` and `conditions.csv` beside them.

    Raises:
        ConfigError: there are none, or what reads HDF5 is not installed.
        CorruptData: a file cannot be read.
    """
    found = sorted((path, match[1]) for path in folder.glob("subj*.h5") if (match := _NAME.fullmatch(path.name)))
    if not found:
        raise ConfigError(
            f"{folder}: holds no footfalls such as subj000.h5; they are to be had at github.com/jiku-pro/jiku-data, "
            "folder jikudata/datasets/SpeedPP2DS"
        )
    speeds, conditions = (_columns(folder / name) for name in ("speeds.csv", "conditions.csv"))
    subjects, counted, missed = [], 0, 0
    for done, (path, name) in enumerate(found):
        tick(done, len(found))
        if not len(speeds.get(name, ())) == len(conditions.get(name, ())) > 0:
            raise CorruptData(f"{folder}: speeds.csv and conditions.csv do not have the same trials of {name}")
        person = _person(path, len(speeds[name]))
        counted += len(person.found)
        missed += sum(step is None for step in person.found)
        subjects.append(Subject(name, "adults", _values(person, speeds[name], conditions[name] == USUAL_SPEED)))
    tick(len(found), len(found))
    return Report(
        name="speedpp2ds",
        source=_SOURCE,
        metrics=(*_contact_metrics(subjects), *_type_metrics({s.name: s.values for s in subjects})),
        subjects=tuple(subjects),
        counted=counted,
        unit="footfalls",
        excluded=Counter({_MISSED: missed}),
    )


@dataclass(frozen=True, eq=False)
class _Person:
    exact: _Floats  # s from the first to the last loaded frame, a frame's time included
    found: Sequence[Step | None]  # the product's step of each footfall


def _columns(path: Path) -> dict[str, _Floats]:
    """Return a table's columns by name.

    Raises:
        ConfigError: it cannot be read.
        CorruptData: it is not a table of numbers.
    """
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return {name: np.array([float(row[name]) for row in rows]) for name in (rows[0] if rows else ())}
    except (TypeError, ValueError) as error:
        raise CorruptData(f"{path}: is not a table of numbers: {error}") from error


def _images(path: Path, count: int) -> Iterator[NDArray[np.uint32]]:
    """Yield the footfalls of a file as sensors feel them, (rows, columns, frames), cut to the frames that are loaded.

    Raises:
        ConfigError: what reads HDF5 is not installed.
        CorruptData: the file is none of this set.
    """
    try:
        import h5py  # type: ignore[import-untyped] # noqa: PLC0415 - nothing else needs it
    except ImportError as error:
        raise ConfigError("reading this set needs h5py: pip install h5py") from error
    try:
        with h5py.File(path) as file:
            for k in range(count):
                image = np.asarray(file[f"img{k:03d}"])
                loaded = np.flatnonzero(image.any(axis=(0, 1)))
                if image.shape[:2] != PLATE or not loaded.size:
                    raise CorruptData(f"{path}: img{k:03d} is no footfall on a plate of {PLATE[0]} x {PLATE[1]} pixels")
                yield _joined(image[:, :, loaded[0] : loaded[-1] + 1])
    except (OSError, KeyError) as error:
        raise CorruptData(f"{path}: cannot be read as HDF5 of this set: {error}") from error


def _joined(image: NDArray[np.uint16]) -> NDArray[np.uint32]:
    """Return the sums of squares of pixels, the last row and column being by themselves."""
    rows, columns = (np.arange(0, size, JOINED) for size in PLATE)
    return np.add.reduceat(np.add.reduceat(image, rows, axis=0, dtype=np.uint32), columns, axis=1)


def _person(path: Path, count: int) -> _Person:
    """Let the product analyze a person's footfalls."""
    images = list(_images(path, count))
    sensors = np.nonzero(np.any([image.any(axis=2) for image in images], axis=0))
    insole = Insole("walker", Side.RIGHT, _insole_of(images, sensors), f"file:{path.name}")
    analyzer = Analyzer("walker")
    rows, now, bounds = analyzer.feed(insole.device_row(0)), 0, []

    def tread(pressure: NDArray[np.float32]) -> tuple[int, int]:
        nonlocal now, rows
        time = now + np.arange(len(pressure), dtype=np.int64) * (SECOND // RATE_HZ)
        before, now = now, now + len(pressure) * (SECOND // RATE_HZ)
        rows += analyzer.feed(Frames("walker", Side.RIGHT, insole.device, time, pressure))
        return before, now

    def lift(seconds: float) -> None:
        tread(np.zeros((round(seconds * RATE_HZ), len(sensors[0])), np.float32))

    lift(_LEAD_S)
    for image in images:
        bounds.append(tread(np.ascontiguousarray(image[sensors].T, np.float32)))
        lift(image.shape[2] / RATE_HZ * (1 - DUTY) / DUTY)
    lift(_LEAD_S)
    steps = [row for row in (*rows, *analyzer.close()) if isinstance(row, Step)]
    exact = np.array([stop - start for start, stop in bounds]) / SECOND
    return _Person(exact, [_only(start, stop, steps) for start, stop in bounds])


def _only(start: int, stop: int, steps: Iterable[Step]) -> Step | None:
    """Return the one step that lies in a footfall at least in part, None where there are none or several."""
    within = [step for step in steps if step.time < stop and step.foot_off > start]
    return within[0] if len(within) == 1 else None


def _insole_of(images: Sequence[NDArray[np.uint32]], sensors: tuple[NDArray[np.intp], ...]) -> Profile:
    """Return the profile of an insole whose sensors are squares of the plate's pixels.

    The footprint is the box of the sensors that are loaded often; the few beyond it count to its rim. Forces are in no
    stated unit: newtons stand for it, since readings in newtons add up as they are.
    """
    often = np.nonzero(np.mean([image.any(axis=2) for image in images], axis=0) >= OFTEN)
    (top, bottom), (medial, lateral) = ((axis.min(), axis.max()) for axis in often)
    ap = np.clip((sensors[0] - top) / (bottom - top), 0, 1)
    ml = np.clip((lateral - sensors[1]) / (lateral - medial), 0, 1)
    places = ", ".join(f"[{a:.4f}, {b:.4f}]" for a, b in zip(ml, ap, strict=True))
    text = f"""
[device]
id = "plate"
name = "pressure plate under a bare foot"
evidence = "documented"
rate_hz = {RATE_HZ}
unit = "N"
[sensors]
length_mm = {JOINED * PIXEL_MM * (bottom - top + 1)}
width_mm = {JOINED * PIXEL_MM * (lateral - medial + 1)}
positions = [{places}]
"""
    return parse_profile(text, "plate")


def _values(person: _Person, speed: _Floats, usual: NDArray[np.bool_]) -> dict[str, float]:
    steps = [(k, step) for k, step in enumerate(person.found) if step is not None]
    at = [k for k, _ in steps]
    ours = np.array([step.contact_time_s for _, step in steps])
    types = {t[0]: _middle([getattr(step, t[0]) for k, step in steps if usual[k]]) for t in FOOT_TYPES}
    if len(steps) < 3:
        return dict.fromkeys(("r", "error_ms", "bias_ms", "slope", "slope_ratio"), math.nan) | types
    slope, exact = (float(np.polyfit(x, y, 1)[0]) for x, y in ((speed[at], ours), (speed, person.exact)))
    return {
        "r": float(np.corrcoef(speed[at], ours)[0, 1]),
        "error_ms": 1000 * float(np.abs(ours - person.exact[at]).mean()),
        "bias_ms": 1000 * float((ours - person.exact[at]).mean()),
        "slope": slope,
        "slope_ratio": slope / exact,
        **types,
    }


def _middle(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return float(np.median(known)) if known else math.nan


def _contact_metrics(subjects: Sequence[Subject]) -> Iterable[Metric]:
    """Yield how well contact time agrees with speed, and with the plate, for the person with whom it does worst."""

    def of(key: str) -> list[float]:
        values = [s.values[key] for s in subjects]
        return [math.nan] if any(math.isnan(value) for value in values) else values

    yield Metric("contact time against speed, worst person", "r", max(of("r")), "", -1.0, LEAST_R)
    yield Metric(
        "contact time against the plate, mean error, worst person", "ms", max(of("error_ms")), "", 0, MOST_ERROR_MS
    )
    yield Metric("contact time against the plate, mean difference", "ms", fmean(of("bias_ms")))
    for name, edge in (("lowest", min), ("highest", max)):
        ratio = edge(of("slope_ratio"))
        yield Metric(
            f"slope against speed, ours over the plate's, {name}", "", ratio, "1 (plate)", 1 - SLOPE, 1 + SLOPE
        )


def _type_metrics(persons: Mapping[str, Mapping[str, float]]) -> Iterable[Metric]:
    """Yield by how much at least the persons differ in the order that their footprints have."""
    for key, name, unit, order in FOOT_TYPES:
        if persons.keys() >= set(order):
            rise = [persons[b][key] - persons[a][key] for a, b in pairwise(order)]
            least = math.nan if any(math.isnan(x) for x in rise) else min(rise)
            yield Metric(f"{name}, least rise {' < '.join(order)}", unit, least, "", 0.0)
