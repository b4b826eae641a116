"""Running on a force-measuring treadmill: our contacts beside the force itself.

One runner, 31 trials of 5 s at 2.5 to 4.17 m/s and slopes of -10 to 10 degrees, vertical force in body weights at
500 Hz with both feet in one signal (Alcantara 2022, PeerJ 10:e12752). A contact is what lies between two crossings of
40 N, on lines between the samples, as in Blades 2023, Sensors 23:2736; contacts that a trial begins or ends in are left
out. The product sees samples of the same lines at lower rates, and is told that it sees both feet.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware_bridge import (
    SECOND,
    STANDARD_GRAVITY,
    ConfigError,
    CorruptData,
    Device,
    Float64s,
    Frames,
    Insole,
    Side,
    parse_profile,
)
from service.validate.contacts import bias_ms, contacts_of, lags, mae_ms, nearest
from service.validate.report import Metric, Report, Subject, Tick

_SOURCE = "Alcantara 2022, PeerJ 10:e12752, github.com/alcantarar/Recurrent_GRF_Prediction; 40 N as Blades 2023"
_FORCE, _PERSON = "GRF_one_sub.csv", "Sub_Info_one_sub.csv"
RECORDED_HZ = 500
_RATES_HZ = (200, 100)
_LEVEL_N = 40.0
SHORTEST_S = 0.100  # shorter crossings are the belt's
_MATCH_S = 0.050
_BARS = {200: (1.0, 3.0), 100: (2.0, 3.5)}  # mean absolute errors of contact and foot-off, ms
MOST_EXTRA = 2
_PUBLISHED = ("1.0 (insole, best of 7)", "5.2 (insole, best of 7)")  # Blades 2023

_MISSED = "without a contact of ours within 50 ms"

_PROFILE = """
[device]
id = "treadmill-force"
name = "Force-measuring treadmill"
evidence = "documented"
source = "R. S. Alcantara and others, PeerJ 10:e12752 (2022)"
rate_hz = {rate}
unit = "N"

[sensors]
positions = [[0.5, 0.5]]
feet = "both"
"""


def recompute(folder: Path, tick: Tick) -> Report:
    """Compare the contacts in the trials of a folder with the force.

    Raises:
        ConfigError: they are not there.
        CorruptData: they cannot be read.
    """
    force, names = _trials(folder)
    trials = []
    for done, (row, name) in enumerate(zip(force, names, strict=True)):
        tick(done, len(names))
        trials.append(_compared(name, row))
    tick(len(names), len(names))
    missed = max(sum(trial.at[rate].missed for trial in trials) for rate in _RATES_HZ)
    return Report(
        name="running-grf",
        source=_SOURCE,
        metrics=tuple(metric for rate in _RATES_HZ for metric in _metrics(rate, [trial.at[rate] for trial in trials])),
        subjects=tuple(Subject(trial.name, "runner", trial.values) for trial in trials),
        counted=sum(trial.contacts for trial in trials),
        unit="contacts of 100 ms and longer, seen whole",
        excluded={_MISSED: missed},
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """What the product said of one trial at one rate; errors in s."""

    contact: Float64s
    off: Float64s
    missed: int
    extra: int


@dataclass(frozen=True, eq=False)
class _Trial:
    name: str
    contacts: int
    shorter: int  # crossings of 40 N that are no contacts
    at: Mapping[int, _Found]

    @property
    def values(self) -> dict[str, float]:
        out = {"contacts": float(self.contacts), "shorter": float(self.shorter)}
        for rate, found in self.at.items():
            out |= {f"missed_{rate}_hz": float(found.missed), f"extra_{rate}_hz": float(found.extra)}
            for name, error in (("contact", found.contact), ("foot_off", found.off)):
                out |= {f"{name}_{rate}_hz_mae_ms": mae_ms(error), f"{name}_{rate}_hz_bias_ms": bias_ms(error)}
        return out


def _trials(folder: Path) -> tuple[Float64s, list[str]]:
    """Return the force of every trial in newtons, and what it was."""
    paths = [path for path in (folder / _FORCE, folder / f"{_FORCE}.gz") if path.is_file()]
    if not paths or not (folder / _PERSON).is_file():
        raise ConfigError(
            f"{folder}: holds no {_FORCE} (gzip'ed or not) with {_PERSON} beside it; they are to be had in the folder "
            "data of github.com/alcantarar/Recurrent_GRF_Prediction, or at zenodo.org/record/5224624"
        )
    try:
        with gzip.open(paths[0], "rt") if paths[0].suffix == ".gz" else paths[0].open() as file:
            lines = file.read().splitlines()
        force = np.loadtxt(lines, delimiter=",", ndmin=2) if any(lines) else np.empty((0, 0))
        with (folder / _PERSON).open(newline="") as file:
            person = [(float(row["Mass"]), row["Speed"], row["Slope"]) for row in csv.DictReader(file)]
    except (ValueError, KeyError, EOFError, gzip.BadGzipFile) as error:
        raise CorruptData(f"{folder}: {paths[0].name} or {_PERSON} is not what it was published as: {error}") from error
    if not len(force) or len(person) != len(force) or not np.isfinite(force).all():
        raise CorruptData(f"{folder}: {paths[0].name} has {len(force)} trials, and {_PERSON} tells of {len(person)}")
    mass = np.array([mass for mass, _, _ in person])
    names = [f"{k} ({speed} m/s, {slope} deg)" for k, (_, speed, slope) in enumerate(person, 1)]
    return force * STANDARD_GRAVITY * mass[:, None], names


def _compared(name: str, force: Float64s) -> _Trial:
    seconds = np.arange(len(force)) / RECORDED_HZ
    on, off = _contacts(seconds, force)
    long = off - on >= SHORTEST_S
    on, off = on[long], off[long]
    found = {rate: _found(rate, seconds, force, on, off) for rate in _RATES_HZ}
    return _Trial(name, len(on), int((~long).sum()), found)


def _contacts(seconds: Float64s, force: Float64s) -> tuple[Float64s, Float64s]:
    """Return when the force rises over 40 N and when it falls below again, of the contacts that are seen whole."""
    loaded = force >= _LEVEL_N
    before = np.flatnonzero(loaded[1:] != loaded[:-1])
    part = (_LEVEL_N - force[before]) / (force[before + 1] - force[before])
    crossed = (seconds[before] + part * (seconds[before + 1] - seconds[before]))[int(loaded[0]) :]
    on, off = crossed[: len(crossed) // 2 * 2].reshape(-1, 2).T
    return on, off


def _found(rate: int, seconds: Float64s, force: Float64s, on: Float64s, off: Float64s) -> _Found:
    """Show the product the force at a lower rate, and compare."""
    ours = contacts_of(_items(rate, seconds, force), 0)[Side.LEFT]
    error = lags(on, ours.on)
    matched = np.abs(error) <= _MATCH_S
    taken = nearest(on, ours.on)[matched]
    return _Found(
        contact=error[matched],
        off=ours.off[taken] - off[matched],
        missed=int((~matched).sum()),
        extra=len(ours.on) - len(set(taken.tolist())),
    )


def _items(rate: int, seconds: Float64s, force: Float64s) -> Iterator[Device | Frames]:
    """Yield the force as if one insole had measured it: the side is no foot's."""
    insole = Insole("runner", Side.LEFT, parse_profile(_PROFILE.format(rate=rate), "treadmill-force"), "")
    at = np.arange(0.0, math.nextafter(seconds[-1], math.inf), 1 / rate)
    newtons = np.interp(at, seconds, force).astype(np.float32)
    yield insole.device_row(0)
    yield Frames("runner", Side.LEFT, insole.device, np.round(at * SECOND).astype(np.int64), newtons[:, None])


def _metrics(rate: int, trials: Sequence[_Found]) -> Iterator[Metric]:
    contact, off = (np.concatenate([getattr(trial, name) for trial in trials]) for name in ("contact", "off"))
    for name, error, most, published in zip(
        ("contact", "foot-off"), (contact, off), _BARS[rate], _PUBLISHED, strict=True
    ):
        yield Metric(f"{name} at {rate} Hz, mean absolute error", "ms", mae_ms(error), published, most=most)
        yield Metric(f"{name} at {rate} Hz, bias", "ms", bias_ms(error))
    yield Metric(f"contacts missed at {rate} Hz", "", sum(trial.missed for trial in trials), most=0)
    yield Metric(f"extra contacts at {rate} Hz", "", sum(trial.extra for trial in trials), most=MOST_EXTRA)
