"""From packets to frames: whole packets are read, put in order, and placed in time.

A decoder never raises on what a device sent: it counts and goes on. Its result depends on the packets alone, not on
how they were batched, and the time of its samples always increases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from firmware_bridge.codec.clock_recovery import ArrivalClock, DeviceClock
from firmware_bridge.codec.framing import open_framer
from firmware_bridge.codec.payloads.payload import Readings
from firmware_bridge.codec.sequence import Continuity
from firmware_bridge.codec.unloaded_silence import UnloadedSilence
from firmware_bridge.codec.wire import frame_of, open_payload, sample_spacing
from firmware_bridge.devices.insole import Insole
from firmware_bridge.model import Frames, Int64s, Packet

COUNTED_DRIFT = 0.05
"""How far a device's true rate may be from its declared one, where only its packets are counted."""


class Counts(NamedTuple):
    """What a decoder saw since it was made."""

    received: int = 0  # samples
    lost: int = 0  # samples missing by the counters
    corrupt: int = 0  # packets, or lines
    duplicate: int = 0  # samples that came again, or too late


class Decoder:
    """Turns the packets of one insole into frames.

    Raises:
        ConfigError: the profile does not speak this link.
    """

    def __init__(self, insole: Insole, link: str = "ble") -> None:
        profile = insole.profile
        frame = frame_of(profile, link)
        text = profile.table.text
        self._insole, self._device = insole, insole.device
        self._framer = open_framer(frame, text.comment.encode() if text else b"#")
        self._payload = open_payload(profile, frame, insole.side)
        spacing = sample_spacing(profile)
        samples = self._payload.samples
        self._spacing = spacing
        source = profile.table.clock.source
        self._continuity = Continuity(
            self._payload.sequence_modulus,
            self._payload.tick_modulus if source == "device" else None,
            samples * spacing,
        )
        self._clock = _clock(source, samples * spacing)
        after = profile.table.clock.unloaded_after_ms
        self._silence = UnloadedSilence(round(after * 1e6), spacing) if after else None
        self._last_time = -(1 << 62)
        self._received = self._lost = self._duplicate = 0
        self.battery_pct = math.nan

    @property
    def counts(self) -> Counts:
        """What was seen so far."""
        corrupt = self._framer.refused.total + self._payload.refused.total
        return Counts(self._received, self._lost, corrupt, self._duplicate)

    @property
    def refusals(self) -> list[str]:
        """Why packets were refused since it was made, in words, the most frequent reason first."""
        reasons = self._framer.refused.reasons + self._payload.refused.reasons
        return [why for why, _ in reasons.most_common()]

    @property
    def trouble(self) -> str:
        """Why nothing of what comes is believed, in words for the log; "" where all is well."""
        return self._payload.trouble

    def reset(self) -> None:
        """Note that the link was lost: what is half here is dropped; the counters go on, so the gap is counted."""
        self._framer.reset()
        self._payload.reset()
        self._continuity.relink()
        if self._silence:
            self._silence.reset()

    def feed(self, packets: Sequence[Packet]) -> Frames | None:
        """Return the samples that the packets complete, None where there are none."""
        whole: list[bytes] = []
        arrivals: list[int] = []
        for time, data in packets:
            for packet in self._framer.feed(data):
                whole.append(packet)
                arrivals.append(time)
        return self._frames(self._payload.read(whole), arrivals) if whole else None

    def _frames(self, readings: Readings, arrivals: list[int]) -> Frames | None:
        if not len(readings.packet):
            return None
        since = self._since(readings)
        kept, times = self._place(readings, since, arrivals)
        if not kept:
            return None
        percent = readings.battery[kept]
        known = percent[~np.isnan(percent)]
        if len(known):
            self.battery_pct = float(known[-1])
        since = since[kept]
        there = since >= 0
        time = self._increasing((np.array(times)[:, None] + since - since.max(axis=1)[:, None])[there])
        self._received += len(time)
        values = {role: array[kept][there] for role, array in readings.values.items()}
        if self._silence:
            time, values = self._silence.fill(time, values)
        force = values.get("force")
        return Frames(
            wearer=self._insole.wearer,
            side=self._insole.side,
            device=self._device,
            time=time,
            pressure=values["pressure"],
            force=None if force is None else force[:, 0],
            acc=values.get("acc"),
            gyro=values.get("gyro"),
        )

    def _since(self, readings: Readings) -> Int64s:
        """Return the time of each sample since the oldest one of its packet, -1 where a packet has no such one."""
        if readings.since is not None:
            return readings.since
        samples = next(iter(readings.values.values())).shape[1]
        return np.tile(np.arange(samples) * self._spacing, (len(readings.packet), 1))

    def _place(self, readings: Readings, since: Int64s, arrivals: list[int]) -> tuple[list[int], list[int]]:
        """Return which packets follow in order, and the UTC ns of the newest sample of each."""
        kept, times = [], []
        counts = (since >= 0).sum(axis=1)
        ahead = since.max(axis=1)
        periods = np.where(counts > 1, ahead * counts // np.maximum(counts - 1, 1), self._spacing)
        columns = (readings.packet, readings.sequence, readings.tick, counts, ahead, periods)
        for i, (packet, sequence, tick, samples, before, period) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            arrival = arrivals[packet]
            follows = self._continuity.follow(sequence, tick, arrival, period)
            if follows is None:
                self._duplicate += samples
                continue
            self._lost += follows.lost * samples
            if follows.restarted:
                self._clock.restart()
            kept.append(i)
            # by the oldest sample, whose time always increases: packets of several lengths may overlap
            times.append(self._clock.place(follows.tick, arrival - before) + before)
        return kept, times

    def _increasing(self, time: Int64s) -> Int64s:
        """Move samples that do not lie behind their predecessor to just behind it."""
        steps = np.arange(1, len(time) + 1)
        result: Int64s = np.maximum(np.maximum.accumulate(time - steps), self._last_time) + steps
        self._last_time = int(result[-1])
        return result


def _clock(source: str, period: int) -> DeviceClock | ArrivalClock:
    if source == "arrival":
        return ArrivalClock(period)
    return DeviceClock() if source == "device" else DeviceClock(COUNTED_DRIFT)
