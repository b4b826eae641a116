"""Virtual walkers, whose every step is known: events, the symmetry of the feet, and the latent pronation.

Two walkers that share no force curve, running and walking, on the built-in 16-sensor insole. The symmetry index that is
found is compared with the one that the same strides really had, so that no person's habit enters.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import SECOND, Frames, KnownWalk, Side, known_walk, load_profile
from service.gait import Analyzer
from service.gait.blocks.gains import ballistic_ratio, whole_strides
from service.records.rows import Step
from service.validate.report import Metric, Report, Subject, Tick

_SOURCE = "insole's own walkers: two families of force curves, 16 sensors at 100 Hz"
_WALKERS = ("bells running", "drawn running", "humps walking", "drawn walking")
SI_PCT = (-6.0, -2.0, 0.0, 3.0, 8.0)
STRIDES = 200
_SECONDS = {"running": 170.0, "walking": 245.0}
PRONATION = (-2.0, -1.0, 0.0, 1.0, 2.0)
PRONATION_S = 30.0
NEAR_NS = SECOND // 20
_MEASURES = ("contact_time", "impulse", "peak")
RMSE = {"contact_time": 0.5, "impulse": 1.0, "peak": 1.5}  # %, the bars (choice)
BIAS = 0.2
CHUNK = 500  # samples; both feet are fed in turn, as they come from a bridge

_MISSED, NOT_VALID = "were not found", "found, but not valid"

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Feet:
    """The valid steps of one walk that were matched with real ones: (n,) of both, for each foot."""

    found: tuple[dict[str, _Floats], dict[str, _Floats]]
    real: tuple[dict[str, _Floats], dict[str, _Floats]]
    contact_ms: _Floats  # found minus real
    off_ms: _Floats


def recompute(folder: Path, tick: Tick) -> Report:  # noqa: ARG001 - as the other sets
    """Walk, analyze and compare; no folder is needed."""
    profile, left_out = load_profile("demo-16"), Counter[str]()
    subjects, counted, done = [], 0, 0
    total = len(_WALKERS) * (2 * len(SI_PCT) + len(PRONATION))
    for faults in (False, True):
        for walker in _WALKERS:
            for seed, si in enumerate(SI_PCT):
                tick(done, total)
                walk = known_walk(
                    walker, profile, seconds=_SECONDS[_activity(walker)], seed=seed, si_pct=si, faults=faults
                )
                steps = _analyzed(walk)
                feet = _matched(walk, steps, left_out)
                counted += sum(len(own.contact) for own in walk.steps)
                subjects.append(_compared(f"{walker} {si:+g} %", faults, feet, steps))
                done += 1
    for walker in _WALKERS:
        subjects.append(_leaning(walker, tick, done, total))
        done += len(PRONATION)
    metrics = (*_symmetry(subjects), *_events(subjects), *_pronation(subjects))
    return Report("virtual", _SOURCE, metrics, tuple(subjects), counted, "steps", left_out)


def _activity(walker: str) -> str:
    return walker.split()[1]


def _analyzed(walk: KnownWalk) -> list[Step]:
    analyzer = Analyzer(walk.frames[0].wearer)
    rows = [row for device in walk.devices for row in analyzer.feed(device)]
    for piece in _in_turn(walk.frames):
        rows += analyzer.feed(piece)
    rows += analyzer.close()
    return sorted((row for row in rows if isinstance(row, Step)), key=lambda step: step.time)


def _in_turn(feet: Sequence[Frames]) -> Iterable[Frames]:
    for start in range(0, max(len(foot) for foot in feet), CHUNK):
        for foot in feet:
            if start < len(foot):
                yield foot[start : start + CHUNK]


def _matched(walk: KnownWalk, steps: Sequence[Step], left_out: Counter[str]) -> _Feet:
    """Pair what was found with what was real; at the ends of a walk, steps are cut off and count for nobody."""
    found: list[dict[str, _Floats]] = []
    real: list[dict[str, _Floats]] = []
    contact, off = [], []
    for side, known in zip(Side, walk.steps, strict=True):
        own = [step for step in steps if step.side is side]
        times = np.array([step.time for step in own], np.int64)
        at = np.searchsorted(times, known.contact - NEAR_NS)
        hit = np.array([k < len(times) and times[k] <= c + NEAR_NS for k, c in zip(at, known.contact, strict=True)])
        left_out[_MISSED] += int((~hit[1:-1]).sum())
        pairs = [(own[k], i) for i, k in enumerate(at) if hit[i]]
        left_out[NOT_VALID] += sum(not step.valid and step.reason != "start" for step, _ in pairs)
        kept = [(step, i) for step, i in pairs if step.valid][:STRIDES]
        index = [i for _, i in kept]
        contact += [(step.time - int(known.contact[i])) / 1e6 for step, i in kept]
        off += [(step.foot_off - int(known.off[i])) / 1e6 for step, i in kept]
        found.append(
            {
                "contact_time": np.array([step.contact_time_s for step, _ in kept]),
                "impulse": np.array([step.impulse for step, _ in kept]),
                "peak": np.array([step.peak for step, _ in kept]),
            }
        )
        real.append({name: np.asarray(getattr(known, name), np.float64)[index] for name in _MEASURES})
    return _Feet((found[0], found[1]), (real[0], real[1]), np.array(contact), np.array(off))


def _compared(name: str, faults: bool, feet: _Feet, steps: Sequence[Step]) -> Subject:
    values = {
        f"{measure}_si_error_pct": _index(*(foot[measure] for foot in feet.found))
        - _index(*(foot[measure] for foot in feet.real))
        for measure in _MEASURES
    }
    ratio = ballistic_ratio(*_strides(steps)) if "running" in name else None
    if ratio is not None:
        values["gained_impulse_si_error_pct"] = values["impulse_si_error_pct"] + 100 * math.log(ratio.value)
    values["contact_mae_ms"] = float(np.abs(feet.contact_ms).mean())
    values["foot_off_mae_ms"] = float(np.abs(feet.off_ms).mean())
    return Subject(name, "ordinary sensors" if faults else "ideal sensors", values)


def _strides(steps: Sequence[Step]) -> tuple[_Floats, ...]:
    strides = whole_strides([step for step in steps if step.valid])
    return tuple(
        np.array(
            [
                (s.left.impulse, s.left.contact_time_s, s.right.impulse, s.right.contact_time_s, s.stride_time_s)
                for s in strides
            ]
        ).T
    )


def _index(left: _Floats, right: _Floats) -> float:
    """Return the symmetry index of the geometric means, in percent (Robinson 1987, on the log ratio)."""
    return 200 * math.tanh((float(np.log(right).mean()) - float(np.log(left).mean())) / 2)


def _leaning(walker: str, tick: Tick, done: int, total: int) -> Subject:
    """Return how closely one person's medial-lateral index follows the pronation that is told to the foot."""
    profile, found = load_profile("demo-16"), []
    for k, latent in enumerate(PRONATION):
        tick(done + k, total)
        walk = known_walk(walker, profile, seconds=PRONATION_S, seed=40, pronation=latent)
        found.append(fmean(step.medial_lateral_index for step in _analyzed(walk) if step.side is Side.LEFT))
    r = float(np.corrcoef(PRONATION, found)[0, 1])
    return Subject(walker, "pronation", {"r": r, "points_per_latent": (found[-1] - found[0]) / 4})


def _symmetry(subjects: Sequence[Subject]) -> Iterable[Metric]:
    for measure in _MEASURES:
        said = f"symmetry index, {measure.replace('_', ' ')}"
        errors = np.array(_values(subjects, "ideal sensors", f"{measure}_si_error_pct"))
        yield Metric(f"{said}, bias", "%", float(errors.mean()), least=-BIAS, most=BIAS)
        yield Metric(f"{said}, RMSE", "%", _rms(errors), most=RMSE[measure])
        errors = np.array(_values(subjects, "ordinary sensors", f"{measure}_si_error_pct"))
        bar = RMSE[measure] if measure == "contact_time" else math.inf  # force waits for the gain
        yield Metric(f"{said}, ordinary sensors, RMSE", "%", _rms(errors), most=bar)
    errors = np.array(_values(subjects, "ordinary sensors", "gained_impulse_si_error_pct"))
    yield Metric("the same of impulse, running, gain ratio known, RMSE", "%", _rms(errors), most=RMSE["impulse"])


def _events(subjects: Sequence[Subject]) -> Iterable[Metric]:
    for key, said, most in (("contact_mae_ms", "contact", 2.0), ("foot_off_mae_ms", "foot-off", 6.0)):
        worst = max(_values(subjects, "ordinary sensors", key))
        yield Metric(f"{said}, mean absolute error, worst walk", "ms", worst, "1.0 / 5.2 (Blades 2023)", most=most)


def _pronation(subjects: Sequence[Subject]) -> Iterable[Metric]:
    worst = min(_values(subjects, "pronation", "r"))
    yield Metric("index against latent pronation within a person, worst walker", "r", worst, least=0.95)


def _values(subjects: Sequence[Subject], group: str, key: str) -> list[float]:
    return [subject.values[key] for subject in subjects if subject.group == group and key in subject.values]


def _rms(values: _Floats) -> float:
    return float(np.sqrt((values**2).mean()))
