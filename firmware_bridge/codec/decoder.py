"""From packets to frames: whole packets are read, put in order, and placed in time.

A decoder never raises on what a device sent: it counts and goes on. Its result depends on the packets alone, not on
how they were batched, and the time of its samples always increases.

The first second of each connection is held back: a host that is busy connecting delivers late, and only what comes
after tells how late. Nothing of it is lost, it comes a second later.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import NamedTuple

import numpy as np

from firmware_bridge.codec.framing import open_framer
from firmware_bridge.codec.payloads.payload import Readings
from firmware_bridge.codec.timing.packet_times import PacketStamps, PacketTimes, Placed
from firmware_bridge.codec.unloaded_silence import UnloadedSilence
from firmware_bridge.codec.wire import frame_of, open_payload, sample_spacing
from firmware_bridge.devices.insole import Insole
from firmware_bridge.model import SECOND, ClockState, Frames, Int64s, Packet

HOLD = SECOND
"""So much of a connection is held back: it took up to 0.75 s until packets came as soon as they were sent."""
HOLD_IN_DOUBT = 3 * SECOND
"""The same where the device's time does not seem to pass as fast as the host's; long enough to tell by how much."""
MOST_HELD = 65_536
"""Packets that are held back at most: a recording may have lost the times of its arrivals (choice; 3 s at 20 kHz)."""


class Counts(NamedTuple):
    """What a decoder saw since it was made."""

    received: int = 0  # samples
    lost: int = 0  # samples missing by the counters
    corrupt: int = 0  # packets, or lines
    duplicate: int = 0  # samples that came again, or too late
    restarts: int = 0  # times that the device's counter or clock began anew


class ClockSeen(NamedTuple):
    """What a device's clock is, as far as it was seen."""

    state: ClockState
    rate: float  # seconds of it per second of arrival; NaN where it is taken for 1, or not known


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
        self._spacing = sample_spacing(profile)
        self._times = PacketTimes(
            profile.table.clock.source,
            self._payload.sequence_modulus,
            self._payload.tick_modulus,
            self._payload.samples * self._spacing,
        )
        after = profile.table.clock.unloaded_after_ms
        self._silence = UnloadedSilence(round(after * 1e6), self._spacing) if after else None
        self._last_time = -(1 << 62)
        self._received = self._lost = self._duplicate = self._restarts = 0
        self._raw: list[tuple[bytes, int]] = []  # whole packets that are held back, and when each came
        self._held: list[_Read] = []
        self._hold: int | None = HOLD  # how much of the connection is held back; None: nothing any more
        self._began: int | None = None  # when the connection's first packet came
        self._last_packet = b""
        self.battery_pct = math.nan

    @property
    def counts(self) -> Counts:
        """What was seen so far."""
        corrupt = self._framer.refused.total + self._payload.refused.total
        return Counts(self._received, self._lost, corrupt, self._duplicate, self._restarts)

    @property
    def refusals(self) -> list[str]:
        """Why packets were refused since it was made, in words, the most frequent reason first."""
        reasons = self._framer.refused.reasons + self._payload.refused.reasons
        return [why for why, _ in reasons.most_common()]

    @property
    def trouble(self) -> str:
        """Why nothing of what comes is believed, in words for the log; "" where all is well."""
        return self._payload.trouble

    @property
    def holds(self) -> bool:
        """Tell whether something is held back, so that what was received is not counted yet."""
        return bool(self._raw or self._held)

    @property
    def clock(self) -> ClockSeen:
        """What the device's clock is."""
        state = ClockState.SETTLING if self._hold is not None else self._times.state
        return ClockSeen(state, self._times.rate)

    def reset(self) -> Frames | None:
        """Note that the link was lost; return the samples that were held back, None where there are none.

        What is half here is dropped; the counters go on, so the gap is counted.
        """
        frames = self.finish()
        self._framer.reset()
        self._payload.reset()
        self._times.relink()
        if self._silence:
            self._silence.reset()
        self._hold, self._began = HOLD, None
        return frames

    def finish(self) -> Frames | None:
        """Return the samples that are held back, None where there are none: no packet will come any more."""
        return _joined(self._release()) if self._hold is not None else None

    def whole(self, packets: Sequence[Packet]) -> Frames | None:
        """Return the samples of packets behind which none will come, None where there are none."""
        return _joined([self.feed(packets), self.finish()])

    def feed(self, packets: Sequence[Packet]) -> Frames | None:
        """Return the samples that the packets complete, None where there are none.

        An empty packet only says that time has passed.
        """
        found: list[Frames | None] = []
        for time, data in packets:
            if self._hold is not None and self._began is not None and time >= self._began + self._hold:
                found += self._end_hold()
            elif self._hold is not None and len(self._raw) >= MOST_HELD:
                found += self._release()
            whole = self._framer.feed(data)
            if whole and self._began is None:
                self._began = time
            self._raw += [(packet, time) for packet in whole]
        if self._hold is None:
            found += self._live()
        return _joined(found)

    def _end_hold(self) -> list[Frames | None]:
        """Look at what was held back; release it, unless it should be looked at for longer."""
        self._held += self._read()
        if not self._held:  # as yet it told about itself only
            self._began = None
            return []
        if self._hold == HOLD and self._times.is_doubtful(_stamps(self._held)):
            self._hold = HOLD_IN_DOUBT
            return []
        return self._release()

    def _release(self) -> list[Frames | None]:
        held, self._held = [*self._held, *self._read()], []
        self._hold = None
        return self._frames(held, self._times.place_first(_stamps(held))) if held else []

    def _live(self) -> list[Frames | None]:
        read = self._read()
        return self._frames(read, self._times.place(_stamps(read))) if read else []

    def _read(self) -> list[_Read]:
        """Read the whole packets that are here."""
        raw, self._raw = self._raw, []
        if not raw:
            return []
        readings = self._payload.read([packet for packet, _ in raw])
        if not len(readings.packet):
            return []
        return [self._dated(readings, raw)]

    def _dated(self, readings: Readings, raw: list[tuple[bytes, int]]) -> _Read:
        since = self._since(readings)
        counts = (since >= 0).sum(axis=1)
        ahead = since.max(axis=1)
        packets = [raw[i][0] for i in readings.packet.tolist()]
        before = [self._last_packet, *packets[:-1]]
        self._last_packet = packets[-1]
        stamps = PacketStamps(
            readings.sequence,
            readings.tick,
            # of the oldest sample, whose time always increases: packets of several lengths may overlap
            np.array([raw[i][1] for i in readings.packet.tolist()], np.int64) - ahead,
            np.where(counts > 1, ahead * counts // np.maximum(counts - 1, 1), self._spacing),
            np.array([packet == last for packet, last in zip(packets, before, strict=True)], np.bool_),
            np.zeros(len(packets), np.bool_) if readings.spread is None else readings.spread,
        )
        return _Read(readings, since, stamps)

    def _frames(self, read: list[_Read], placed: list[Placed]) -> list[Frames | None]:
        frames, first = [], 0
        for one in read:
            frames.append(self._framed(one, placed[first : first + len(one.since)]))
            first += len(one.since)
        return frames

    def _framed(self, read: _Read, placed: list[Placed]) -> Frames | None:
        readings = read.readings
        counts = (read.since >= 0).sum(axis=1).tolist()
        self._lost += sum(one.lost * count for one, count in zip(placed, counts, strict=True))
        self._duplicate += sum(count for one, count in zip(placed, counts, strict=True) if one.time is None)
        self._restarts += sum(one.restarted for one in placed)
        kept = [i for i, one in enumerate(placed) if one.time is not None]
        if not kept:
            return None
        percent = readings.battery[kept]
        known = percent[~np.isnan(percent)]
        if len(known):
            self.battery_pct = float(known[-1])
        there = read.since[kept] >= 0
        stretch = np.array([placed[i].stretch for i in kept])
        since = np.round(read.since[kept] * stretch[:, None]).astype(np.int64)
        times = np.array([one.time for one in placed if one.time is not None], np.int64)
        time = self._increasing((times[:, None] + since)[there])
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

    def _increasing(self, time: Int64s) -> Int64s:
        """Move samples that do not lie behind their predecessor to just behind it."""
        steps = np.arange(1, len(time) + 1)
        result: Int64s = np.maximum(np.maximum.accumulate(time - steps), self._last_time) + steps
        self._last_time = int(result[-1])
        return result


class _Read(NamedTuple):
    """What some packets say."""

    readings: Readings
    since: Int64s  # (n, m) ns since the packet's oldest sample, -1 where there is no sample
    stamps: PacketStamps


def _stamps(read: list[_Read]) -> PacketStamps:
    return PacketStamps(*(np.concatenate([getattr(one.stamps, x.name) for one in read]) for x in fields(PacketStamps)))


def _joined(parts: Sequence[Frames | None]) -> Frames | None:
    found = [part for part in parts if part is not None]
    return Frames.concatenate(found) if found else None
