"""Days on which nothing about a wearer has changed, although everything around is as bad as it commonly is.

Rendered in full: two insoles with ordinary errors, their radio, and what is not in the demo's story. And fitted: how
blocks of such days scatter, so that thousands of bouts can be drawn without rendering them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import SECOND, Frames, Side
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.virtual.gait.scenario import _DAY_S, Session, Story, demo_story
from firmware_bridge.virtual.gait.walker import Locomotion, Ramp
from firmware_bridge.virtual.insole.foot import VirtualFoot
from firmware_bridge.virtual.insole.radio import Radio
from firmware_bridge.virtual.insole.sensors import Fault
from firmware_bridge.virtual.insole.transmission import transmit
from service.contracts.ordinary_blocks import block
from service.gait.detectors.baseline import usable, warm
from service.gait.detectors.measures import COMPARED, GAIN
from service.gait.thresholds import WARM_UP_NS
from service.records.quantities import numbers
from service.records.rows import Block
from tests.walkers.walks import START, insole

Float64s = NDArray[np.float64]

AIR = Radio()
CAMBER_DEG, DRIFT, CLOCK_MS, PACE = 1.0, 0.03, 10.0, 0.05
"""Standard deviations from day to day: cross-slope, gain that one insole wins or loses, clocks' offset, speed."""


def quiet_days(seed: int, activity: Locomotion, seconds: Sequence[float]) -> Iterator[list[Frames]]:
    """Yield the frames of a person's days, one session of so many seconds each, both feet in order of time."""
    story = _told(seed, activity, seconds)
    for number, session in enumerate(story.sessions):
        rng = np.random.default_rng([seed, 71, number])
        drift = Fault("gain", -1, float(np.exp(DRIFT * rng.standard_normal())), 0, 600)
        drifting = (Side.LEFT, Side.RIGHT)[int(rng.integers(2))]
        offset = round(CLOCK_MS * 1e6 * float(rng.standard_normal()))
        frames: list[Frames] = []
        for side in Side:
            worn = insole(side)
            foot = VirtualFoot(worn.profile, side, story, [drift] if side is drifting else [])
            decoder = Decoder(worn)
            packets = transmit(foot, AIR, number)
            for bundle in packets:
                pieces = (decoder.feed(bundle[k : k + 500]) for k in range(0, len(bundle), 500))
                frames += [_late(piece, offset if side is Side.RIGHT else 0) for piece in pieces if piece is not None]
        assert session.stop is not None
        yield sorted(frames, key=lambda piece: int(piece.time[0]))


def _late(frames: Frames, by: int) -> Frames:
    return replace(frames, time=frames.time + by)


def _told(seed: int, activity: Locomotion, seconds: Sequence[float]) -> Story:
    """Return the demo's person on more days, with cambers and speeds of their own."""
    told = demo_story("normal", seed, START, activity)
    days = []
    for number, length in enumerate(seconds):
        rng = np.random.default_rng([seed, 72, number])
        like = told.sessions[number % len(told.sessions)]
        pace = like.gait.pace * float(np.exp(PACE * rng.standard_normal()))
        si = like.gait.si.start + float(rng.normal(0, 0.3))
        camber = Ramp.constant(CAMBER_DEG * float(rng.standard_normal()))
        gait = replace(like.gait, seconds=length, speed=pace, camber=camber, si=Ramp.constant(si))
        moved = rng.normal(0, [0.5, 0.7], (2, 2)).tolist()
        lies = [
            replace(p, medial=p.medial + m, forward=p.forward + f)
            for p, (m, f) in zip(like.placements, moved, strict=True)
        ]
        days.append(Session(START + number * _DAY_S * SECOND, gait, (lies[0], lies[1])))
    return Story(seed, tuple(days))


# ── fitted ──────────────────────────────────────────────────────────────────────────────────────────────────────────

NAMES = tuple(measure.field for measure in COMPARED if not measure.field.startswith("cop_bow"))
Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Scatter:
    """How the `NAMES` scatter, in the unit of each: from block to block of a bout, from bout to bout of a person."""

    blocks: tuple[float, ...]  # standard deviations
    lag: tuple[float, ...]  # correlation of a block with the next one
    strides: tuple[float, ...]  # standard error by the strides within a block, root mean square
    bouts: tuple[float, ...]
    within: Matrix  # correlations
    between: Matrix
    pace: float  # standard deviation of the logarithm of contact time from bout to bout


def fit(people: Sequence[Sequence[Block]]) -> Scatter:
    """Return how good, warm blocks scatter, given all blocks of each person.

    Within bouts by those of 25 blocks and more, which drift; between them by those of ten and more.
    """
    covariance, lags, errors, between, paces = ([] for _ in range(5))
    for blocks in people:
        means, pace = [], []
        for _, own in groupby((b for b in blocks if warm(b) and usable(b)), key=lambda b: b.bout):
            good = list(own)
            if len(good) < 10:
                continue
            values = np.array([measure.values(good) for measure in _MEASURED])
            off = values - values.mean(axis=1, keepdims=True)
            if len(good) >= 25:
                with np.errstate(invalid="ignore"):
                    lags.append((len(good), (off[:, 1:] * off[:, :-1]).sum(axis=1) / (off**2).sum(axis=1)))
                covariance.append((len(good), np.cov(values)))
            errors.append(np.array([np.mean([m.error(b) ** 2 for b in good]) for m in _MEASURED]))
            means.append(values.mean(axis=1))
            pace.append(np.log(np.mean([b.contact_time_left_s + b.contact_time_right_s for b in good])))
        if len(means) > 2:
            between.append(np.cov(np.array(means).T))
            paces.append(np.var(pace, ddof=1))
    within = _weighted(covariance)
    apart = np.mean(between, axis=0) if between else np.zeros_like(within)
    return Scatter(
        blocks=_tuple(np.sqrt(np.diag(within))),
        lag=_tuple(_weighted(lags)),
        strides=_tuple(np.sqrt(np.mean(errors, axis=0))),
        bouts=_tuple(np.sqrt(np.diag(apart))),
        within=_correlations(within),
        between=_correlations(apart),
        pace=round(float(np.sqrt(np.mean(paces))), 4) if paces else 0.0,
    )


_MEASURED = [measure for measure in COMPARED if measure.field in NAMES]


def _weighted(found: Sequence[tuple[int, Float64s]]) -> Float64s:
    weights = [n for n, _ in found]
    return np.asarray(np.average([x for _, x in found], axis=0, weights=weights), np.float64)


def _correlations(covariance: Float64s) -> Matrix:
    sd = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        return tuple(_tuple(row) for row in covariance / np.outer(sd, sd))


def _tuple(values: Float64s) -> tuple[float, ...]:
    return tuple(float(f"{v:.3g}") if np.isfinite(v) else 0.0 for v in values)


# ── drawn ───────────────────────────────────────────────────────────────────────────────────────────────────────────

BLOCK_S = {"running": 37, "walking": 55}
CONTACT_S = {"running": 0.27, "walking": 0.66}


class Drawn:
    """Bouts of one person whose blocks scatter like those of rendered days; nothing ever changes."""

    def __init__(self, scatter: Scatter, activity: Locomotion, seed: int) -> None:
        self.activity = activity
        self._scatter, self._rng = scatter, np.random.default_rng([seed, 73])
        self.mean = self._own = np.array([0.0, 0.0, 0.0, 0.0, -10.0, -12.0])
        self._between = _root(np.array(scatter.between) * np.outer(scatter.bouts, scatter.bouts))
        lag, sd = np.maximum(scatter.lag, PERSISTENT), np.array(scatter.blocks)
        self._lag = lag
        within = np.array(scatter.within) * np.outer(sd, sd)
        self._start, self._step = _root(within), _root(within * (1 - np.outer(lag, lag)))

    def bout(self, start: int, count: int, shift: Mapping[str, Float64s] | None = None) -> list[Block]:
        """Return a bout of so many warm blocks (the cold ones are left out); `shift` is added block by block."""
        self.mean = self._own + self._between @ self._rng.standard_normal(len(NAMES))
        values = self.mean + self._wander(count)
        for name, by in (shift or {}).items():
            values[:, NAMES.index(name)] += by
        contact = CONTACT_S[self.activity] * float(np.exp(self._scatter.pace * self._rng.standard_normal()))
        errors = np.array(self._scatter.strides) * np.sqrt(self._rng.chisquare(9, values.shape) / 9)
        return [self._block(start, k, values[k], errors[k], contact) for k in range(count)]

    def _wander(self, count: int) -> Float64s:
        lag = self._lag
        noise = self._rng.standard_normal((count, len(NAMES)))
        out = np.empty_like(noise)
        out[0] = self._start @ noise[0]
        for k in range(1, count):
            out[k] = lag * out[k - 1] + self._step @ noise[k]
        return out

    def _block(self, start: int, number: int, values: Float64s, errors: Float64s, contact: float) -> Block:
        known = dict(zip(NAMES, values.tolist(), strict=True))
        error = dict(zip(NAMES, errors.tolist(), strict=True))
        told: dict[str, object] = {name: known[name] for name in NAMES}
        for name in NAMES:
            held = numbers(Block)[name]
            if held.error:
                told[held.error] = error[name]
            elif name != GAIN.field:
                half = T9 * error[name]
                told |= held.columns((known[name], known[name] - half, known[name] + half))
        if self.activity == "running":
            gain = float(np.exp(known[GAIN.field]))
            told |= numbers(Block)[GAIN.field].columns((gain, gain * 0.992, gain * 1.008))
        else:
            told["gain_ratio"] = float("nan")
        time = start + WARM_UP_NS + number * BLOCK_S[self.activity] * SECOND
        return replace(
            block(start),
            time=time,
            stop=time + (BLOCK_S[self.activity] - 1) * SECOND,
            number=number + 6,
            activity=self.activity,
            contact_time_left_s=contact,
            contact_time_right_s=contact,
            **told,  # type: ignore[arg-type]
        )


T9 = 2.262
PERSISTENT = 0.1
"""Least correlation of a block with the next one: people's strides are persistent (Dingwell 2010, Gait Posture 32:348),
those of the virtual walkers are not."""


def _root(covariance: Float64s) -> Float64s:
    """Return a matrix square root; what rounding has made impossible is left out."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)), np.float64)
