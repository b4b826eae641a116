"""What the air does to packets: a busy start, connection events, jitter, loss, duplicates, order, silence.

Loss is that of Gilbert (1960) and Elliott (1963): a good and a bad state, in the bad one nearly all is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.model import SECOND, Int64s


@dataclass(frozen=True, slots=True)
class Radio:
    """How one link behaves. Default: an ordinary one in a shoe, some 1.5 % lost."""

    interval_ms: float = 22.5  # between connection events
    loss: float = 0.003  # of single packets
    to_bad: float = 0.0008  # a packet, Gilbert-Elliott
    to_good: float = 0.1
    bad_loss: float = 0.9
    duplicate: float = 0.0005
    reorder: float = 0.0005  # comes up to 3 packets late
    jitter_ms: float = 5.0  # scale of a Gamma(2) delay of the host
    disconnects_per_h: float = 6.0
    disconnect_s: tuple[float, float] = (2.0, 8.0)
    start_up_s: tuple[float, float] = (0.05, 0.75)  # for which the host is busy connecting: what comes then waits

    @classmethod
    def perfect(cls) -> Radio:
        """Return a link that loses nothing and delivers at the next connection event."""
        return cls(22.5, 0, 0, 1, 0, 0, 0, 0, 0, start_up_s=(0.0, 0.0))


class StartUp:
    """How long a host is busy after each connection that it makes; deterministic from the seed.

    Args:
        bounds_s: least and most seconds.
        seed: of these delays alone.
    """

    def __init__(self, bounds_s: tuple[float, float], seed: tuple[int, ...]) -> None:
        self._bounds_s = bounds_s
        self._rng = np.random.default_rng([*seed, 63])

    def draw(self) -> int:
        """Return the delay of the next connection (ns)."""
        return round(self._rng.uniform(*self._bounds_s) * SECOND)


class Arrivals(NamedTuple):
    """What arrives, in order of time: when (UTC ns), and the index of the packet that was sent."""

    time: Int64s
    packet: NDArray[np.intp]


class Air:
    """The way of one link's packets through one session; deterministic from the seed."""

    def __init__(self, radio: Radio, start: int, seed: tuple[int, ...], connected: int | None = None) -> None:
        """Begin.

        Args:
            radio: how the link behaves.
            start: of the session (UTC ns).
            seed: of all chance.
            connected: when the link was made, where that was after the session's start.
        """
        made = start if connected is None else max(start, connected)
        self._radio = radio
        self._start_up = StartUp(radio.start_up_s, (*seed, (made - start) // SECOND))
        self._busy = [(made, made + self._start_up.draw())]
        self._rng = np.random.default_rng([*seed, 61])
        self._silences = np.random.default_rng([*seed, 62])
        self._bad = False
        self._last = 0
        self._interval = round(radio.interval_ms * SECOND / 1000)
        self._phase = start + int(self._rng.integers(self._interval))
        self._silence = (0, 0)
        self._next_silence(start)

    def send(self, ready: Int64s) -> Arrivals:
        """Return what arrives of packets that are `ready` at these times (UTC ns, ascending); call in order of time."""
        n, radio, rng = len(ready), self._radio, self._rng
        silent = self._silent(ready)
        event = -(-(ready - self._phase) // self._interval) * self._interval + self._phase
        jitter = np.round(rng.gamma(2, max(radio.jitter_ms, 1e-9), n) * SECOND / 1000).astype(np.int64)
        arrival = np.maximum.accumulate(np.maximum(self._held(ready, event + jitter), self._last))
        self._last = int(arrival[-1]) if n else self._last
        kept = np.flatnonzero(~(self._lost(n) | silent))
        late = kept[rng.random(len(kept)) < radio.reorder]
        arrival[late] = arrival[np.minimum(late + rng.integers(1, 4, len(late)), n - 1)] + 1
        again = kept[rng.random(len(kept)) < radio.duplicate]
        packet = np.concatenate([kept, again])
        time = np.concatenate([arrival[kept], arrival[again] + self._interval])
        order = np.argsort(time, kind="stable")
        return Arrivals(time[order], packet[order])

    def _held(self, ready: Int64s, arrival: Int64s) -> Int64s:
        """Let what is ready while the host is busy connecting arrive together, when it no longer is."""
        self._busy = [(made, until) for made, until in self._busy if len(ready) and until > ready[0]]
        for made, until in self._busy:
            arrival = np.where((ready >= made) & (ready < until), np.maximum(arrival, until), arrival)
        return arrival

    def _lost(self, n: int) -> NDArray[np.bool_]:
        radio = self._radio
        lost: NDArray[np.bool_] = self._rng.random(n) < radio.loss
        turn, drop = self._rng.random(n), self._rng.random(n)
        k = 0
        while k < n:
            chance = radio.to_good if self._bad else radio.to_bad
            ahead = np.flatnonzero(turn[k:] < chance)
            until = k + int(ahead[0]) + 1 if ahead.size else n
            if self._bad:
                lost[k:until] |= drop[k:until] < radio.bad_loss
            self._bad = self._bad != bool(ahead.size)
            k = until
        return lost

    def _silent(self, ready: Int64s) -> NDArray[np.bool_]:
        silent = np.zeros(len(ready), np.bool_)
        while len(ready) and self._silence[0] <= ready[-1]:
            silent |= (ready >= self._silence[0]) & (ready < self._silence[1])
            if self._silence[1] > ready[-1]:
                break
            self._busy.append((self._silence[1], self._silence[1] + self._start_up.draw()))
            self._next_silence(self._silence[1])
        return silent

    def _next_silence(self, after: int) -> None:
        """Draw when the link is lost the next time, and for how long."""
        if self._radio.disconnects_per_h <= 0:
            self._silence = (1 << 62, 1 << 62)
            return
        begin = after + round(self._silences.exponential(3600 / self._radio.disconnects_per_h) * SECOND)
        self._silence = (begin, begin + round(self._silences.uniform(*self._radio.disconnect_s) * SECOND))
