"""One virtual insole on one foot: samples of any stretch of a story, always the same for a seed.

A session is rendered in pieces of 20 s on a fixed grid, each a pure function of the walk's plan and its own seed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from firmware_bridge.devices.profile import Profile
from firmware_bridge.model import SECOND, STANDARD_GRAVITY, Float32s, Float64s, Int64s, Side
from firmware_bridge.virtual.gait.ground_reaction import force
from firmware_bridge.virtual.gait.motion import Swings, feel
from firmware_bridge.virtual.gait.pressure import REGION_COUNT, Placement, draw_foot, matrix, weights
from firmware_bridge.virtual.gait.scenario import Session, Story
from firmware_bridge.virtual.gait.walker import Standing, Strides, plan
from firmware_bridge.virtual.insole.sensors import Chain, Fault, draw_hardware, ideal_hardware

PIECE_S = 20.0
_LEAD_S = 1.0  # rendered before a piece and thrown away: what a stance that is under way remembers
KEEP_S = 4.0  # how long a stride still matters


class Readout(NamedTuple):
    """Consecutive samples of one insole.

    `time` is true UTC ns, `ticks` the device's own count of ns since it was switched on.
    """

    time: Int64s
    ticks: Int64s
    pressure: Float32s  # (n, sensors) in the profile's unit
    acc: Float32s  # (n, 3) g
    gyro: Float32s  # (n, 3) deg/s

    def between(self, start: int, stop: int) -> Readout:
        """Return the samples with `start <= time < stop`, sharing memory."""
        first, last = np.searchsorted(self.time, [start, stop])
        return self.part(slice(int(first), int(last)))

    def part(self, part: slice) -> Readout:
        """Return some of the samples, sharing memory."""
        return Readout(self.time[part], self.ticks[part], self.pressure[part], self.acc[part], self.gyro[part])

    @staticmethod
    def join(parts: Sequence[Readout]) -> Readout:
        """Return the samples of several (at least one) pieces that follow each other."""
        time, ticks, pressure, acc, gyro = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return Readout(time, ticks, pressure, acc, gyro)


class VirtualFoot:
    """An insole of any layout on one foot of a story's person. Memory is bounded however long the story is."""

    def __init__(self, profile: Profile, side: Side, story: Story, faults: Sequence[Fault] = ()) -> None:
        self.profile = profile
        self.side = side
        self.story = story
        self._faults = tuple(faults)
        self._rendering: _Rendering | None = None
        self._pieces: deque[tuple[int, int, Readout]] = deque(maxlen=2)

    def samples(self, start: int, stop: int) -> Readout:
        """Return the samples with `start <= time < stop` (UTC ns): none where nobody walks or stands.

        Going on from where the last call ended is quick; going back begins the session anew.
        """
        parts = []
        for number, session in enumerate(self.story.sessions):
            if session.start >= stop or (session.stop is not None and session.stop <= start):
                continue
            beat = _Beat.of(self.story, number, self.side, self.profile.rate_hz)
            first, last = (beat.piece((t - session.start) / SECOND) for t in (start, stop))
            for k in range(max(0, first), last + 1):
                piece = self._piece(number, k)
                if piece is None:
                    break
                parts.append(piece.between(start, stop))
        if not parts:
            return self._nothing()
        return Readout.join(parts)

    def pieces(self, number: int) -> Iterator[Readout]:
        """Yield session `number` piece by piece."""
        k = 0
        while (piece := self._piece(number, k)) is not None:
            yield piece
            k += 1

    def _piece(self, number: int, k: int) -> Readout | None:
        for n, j, piece in self._pieces:
            if (n, j) == (number, k):
                return piece
        rendering = self._rendering
        if rendering is None or rendering.number != number or rendering.at > k:
            rendering = _Rendering(self.profile, self.side, self.story, number, self._faults)
            self._rendering = rendering
        made = rendering.piece(k)
        if made is not None:
            self._pieces.append((number, k, made))
        return made

    def _nothing(self) -> Readout:
        none, three = np.empty(0, np.int64), np.empty((0, 3), np.float32)
        return Readout(none, none, np.empty((0, self.profile.sensors.count), np.float32), three, three)


class _Beat(NamedTuple):
    """When an insole samples: seconds of its session, and its own idea of them."""

    size: int  # samples of a piece
    tick: float  # s between samples by the device
    step: float  # s between samples, truly
    offset: float  # s of the first sample
    boot: int  # ns since it was switched on

    @classmethod
    def of(cls, story: Story, number: int, side: Side, rate_hz: float) -> _Beat:
        rng = np.random.default_rng([story.seed, number, 42, _column(side)])
        ppm, part, boot = float(rng.normal(0, 30)), float(rng.random()), round(float(rng.uniform(2, 60)) * 1000)
        tick = 1 / rate_hz
        if not story.faults:
            ppm = part = 0.0
        return cls(round(PIECE_S * rate_hz), tick, tick * (1 + ppm * 1e-6), part * tick, boot * (SECOND // 1000))

    def piece(self, t: float) -> int:
        return int((t - self.offset + 1e-6) / self.step // self.size)


def _column(side: Side) -> int:
    return 0 if side is Side.LEFT else 1


class _Rendering:
    """One session on one foot, going forward."""

    def __init__(self, profile: Profile, side: Side, story: Story, number: int, faults: tuple[Fault, ...]) -> None:
        self.number = number
        self.at = 0
        self._session: Session = story.sessions[number]
        self._foot = _column(side)
        self._seed = (story.seed, number)
        self._plan = plan(self._session.gait, (*self._seed, 41))
        self._window: deque[Strides | Standing] = deque()
        self._planned = 0.0
        anatomy = draw_foot(story.seed, self._foot)
        self._amplitude = anatomy.amplitude
        count = profile.sensors.count
        placement = self._session.placements[self._foot] if story.faults else Placement()
        hardware = draw_hardware(count, story.seed, self._foot) if story.faults else ideal_hardware(count)
        self._chain = Chain(hardware, profile, faults)
        self._matrix = matrix(profile, anatomy, placement)
        self._beat = _Beat.of(story, number, side, profile.rate_hz)

    def piece(self, k: int) -> Readout | None:
        """Return the samples of piece `k`, None beyond the end."""
        self.at = k
        beat = self._beat
        lead = round(_LEAD_S / beat.tick)
        index = np.arange(k * beat.size - lead, (k + 1) * beat.size)
        every = beat.offset + index * beat.step
        t: Float64s = np.asarray(every[every < self._session.gait.seconds], np.float64)
        if len(t) <= lead:
            return None
        index = index[: len(t)]
        self._advance(t[0], t[-1])
        source, stance = self._load(t)
        kpa = source @ self._matrix
        reading = self._chain.read(kpa, stance, np.maximum(t, 0))
        index, t, reading = index[lead:], t[lead:], reading[lead:]
        rng = np.random.default_rng([*self._seed, 43, self._foot, k])
        acc, gyro = self._motion(t)
        return Readout(
            time=self._session.start + np.round(t * SECOND).astype(np.int64),
            ticks=beat.boot + np.round(index * beat.tick * SECOND).astype(np.int64),
            pressure=self._chain.convert(reading, t, rng),
            acc=acc,
            gyro=gyro,
        )

    def _advance(self, start: float, stop: float) -> None:
        """Plan until `stop`, forget what ended well before `start`."""
        while self._planned <= stop + KEEP_S:
            item = next(self._plan, None)
            if item is None:
                self._planned = float("inf")
                break
            self._planned = item.stop
            if item.stop >= start - KEEP_S:
                self._window.append(item)
        while self._window and self._window[0].stop < start - KEEP_S:
            self._window.popleft()

    def _load(self, t: Float64s) -> tuple[Float64s, Int64s]:
        """Return the force on each source (n, 9) in N and the number of the latest contact."""
        source, starts = np.zeros((len(t), REGION_COUNT)), np.zeros(len(t), np.int64)
        for item in self._window:
            if isinstance(item, Standing):
                self._stand(t, item, source)
            else:
                self._stride(t, item, source, starts)
        return source, np.cumsum(starts)

    def _stride(self, t: Float64s, strides: Strides, source: Float64s, starts: Int64s) -> None:
        begin, support = strides.begin[:, self._foot], strides.stances.support[:, self._foot]
        rows = np.flatnonzero((begin < t[-1]) & (begin + support > t[0]))
        if rows.size == 0:
            return
        first = np.ceil((begin[rows] - t[0]) / self._beat.step).astype(np.int64)
        width = int(support[rows].max() / self._beat.step) + 2
        place = first[:, None] + np.arange(width)
        since = t[0] + place * self._beat.step - begin[rows, None]
        newtons = force(since, strides.stances.take(rows, self._foot))
        share = weights(
            since / support[rows, None],
            strides.pronation[rows, self._foot, None],
            strides.running,
            forefoot=strides.forefoot,
            factor=(strides.regional[rows, self._foot] * self._amplitude)[:, None, :],
        )
        keep = (newtons > 0) & (place >= 0) & (place < len(t))
        source[place[keep]] = newtons[keep][:, None] * share[keep]
        starts[first[(first >= 0) & (first < len(t))]] = 1

    def _stand(self, t: Float64s, standing: Standing, source: Float64s) -> None:
        here = np.flatnonzero((t >= standing.start) & (t < standing.stop))
        if here.size == 0:
            return
        at, (slow, quick, forth, back) = t[here], standing.phase
        sway = 0.05 * np.sin(1.3 * at + slow) + 0.02 * np.sin(3.1 * at + quick)
        half = standing.mass * STANDARD_GRAVITY * (0.5 + (sway if self._foot else -sway))
        since = at - standing.start if standing.start else np.full(len(at), np.inf)
        edge = np.clip(np.minimum(since, standing.stop - at) / 0.2, 0, 1)
        rest = weights(np.array([0.3]), standing.pronation[self._foot : self._foot + 1], running=False)
        tilt = 1 + (0.1 * np.sin(0.9 * at + forth) + 0.05 * np.sin(2.2 * at + back))[:, None] * _HEEL_AGAINST_TOE
        share = rest * self._amplitude * tilt
        source[here] = (half * edge)[:, None] * share / share.sum(axis=1, keepdims=True)

    def _motion(self, t: Float64s) -> tuple[Float32s, Float32s]:
        foot = self._foot
        blocks = [item for item in self._window if isinstance(item, Strides)]
        none = [np.empty(0)]
        swings = Swings(
            begin=np.concatenate([b.begin[:, foot] for b in blocks] or none),
            support=np.concatenate([b.stances.support[:, foot] for b in blocks] or none),
            stride_time=np.concatenate([b.stride_time for b in blocks] or none),
            pronation=np.concatenate([b.pronation[:, foot] for b in blocks] or none),
        )
        return feel(t, swings)


_HEEL_AGAINST_TOE = np.array([1, 1, 0, 0, -1, -1, -1, -1, -1], float)
