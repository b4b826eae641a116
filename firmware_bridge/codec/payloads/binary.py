"""Binary packets: a profile's `[layout]`, read and written as views of many packets' bytes at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.codec.checksum import sealed
from firmware_bridge.codec.framing import split_prefix
from firmware_bridge.codec.payloads.foot_filter import OwnFoot
from firmware_bridge.codec.payloads.payload import Readings
from firmware_bridge.codec.refusals import Refusals
from firmware_bridge.devices.conversion import to_readings, to_sent
from firmware_bridge.devices.schema.binary import SIZES, BinaryField, LayoutTable, PacketField
from firmware_bridge.devices.schema.profile import NotificationFrame, ProfileTable, StreamFrame
from firmware_bridge.devices.schema.values import NANOSECONDS, SECONDS, Endian
from firmware_bridge.model import SECOND, Bools, Float64s, Int64s, Side

Bytes = NDArray[np.uint8]

NUMPY = {kind: f"{kind[0]}{size}" for kind, size in SIZES.items()}
ORDER = {"little": "<", "big": ">"}
_DAY = 86_400 * SECOND
UNEVEN = 8
"""By which factor the time between two samples of a packet may be longer than declared before it is no time."""
LEARNED = "a55a"
"""What a virtual insole begins its packets with where the profile leaves the head open."""

_GOOD, _NO_LAYOUT, _NO_TIME, _NO_SIDE = range(4)
_REFUSED = {
    _NO_LAYOUT: "it is of no layout: no `when` fits it",
    _NO_TIME: "its time is none that can be",
    _NO_SIDE: "its side is no number that the map has",
}


class BinaryPayload:
    """The content of binary packets in one framing, for one foot (see `Payload`)."""

    def __init__(self, table: ProfileTable, frame: NotificationFrame | StreamFrame, side: Side) -> None:
        self.refused = Refusals()
        self._frame, self._side = frame, side
        self._layouts = [PacketLayout(layout, frame.payload, table) for layout in table.layout]
        self.samples = self._layouts[0].samples
        self.sequence_modulus = self._layouts[0].sequence_modulus
        self.tick_modulus = self._layouts[0].tick_modulus
        self._most = max(layout.samples for layout in self._layouts)
        self._counts = {field.role: field.count for one in table.layout for field in one.fields}
        self._prefix = frame.prefix if isinstance(frame, NotificationFrame) else None
        self._foot = OwnFoot(side)

    @property
    def trouble(self) -> str:
        """See `Payload.trouble`."""
        return self._foot.trouble

    def read(self, packets: list[bytes]) -> Readings:
        """See `Payload.read`: the packets of each layout at once."""
        n = len(packets)
        rows, ours = self._rows(packets)
        found = Readings(
            packet=np.arange(n),
            sequence=np.zeros(n, np.int64),
            tick=np.zeros(n, np.int64),
            battery=np.full(n, np.nan),
            values={
                role: np.full((n, self._most, count), np.nan, np.float32)
                for role, count in self._counts.items()
                if role not in NANOSECONDS
            },
            spread=np.zeros(n, np.bool_),
            since=np.full((n, self._most), -1, np.int64),
        )
        why = np.full(n, _NO_LAYOUT)
        for layout in self._layouts:
            chosen = np.flatnonzero(layout.matches(rows) & (why != _GOOD))
            if len(chosen):
                possible = layout.read(rows[chosen], found, chosen)
                ours[chosen] &= layout.of_side(rows[chosen], self._side)
                known = layout.knows_side(rows[chosen])
                why[chosen] = np.where(possible, np.where(known, _GOOD, _NO_SIDE), _NO_TIME)
        good = why == _GOOD
        for code, words in _REFUSED.items():
            self.refused.add(words, int((why == code).sum()))
        self._foot.take(ours[good])
        return found.chosen(np.flatnonzero(good & ours))

    def write(self, sequence: Int64s, tick: Int64s, battery: float, values: Mapping[str, Float64s]) -> list[bytes]:
        """See `Payload.write`: in the first of several layouts."""
        if not len(sequence):
            return []
        rows = np.zeros((len(sequence), self._frame.length), np.uint8)
        if isinstance(self._frame, StreamFrame):
            tail = bytes.fromhex(self._frame.tail)
            rows[:, rows.shape[1] - len(tail) :] = np.frombuffer(tail, np.uint8)
        head = bytes.fromhex(self._frame.head or (LEARNED if isinstance(self._frame, StreamFrame) else ""))
        rows[:, : len(head)] = np.frombuffer(head, np.uint8)
        self._layouts[0].write(rows, self._side, sequence, tick, battery, values)
        prefix = self._prefix.written(self._side).encode() if self._prefix else b""
        return [prefix + sealed(row.tobytes(), self._frame.checksum) for row in rows]

    def reset(self) -> None:
        """See `Payload.reset`."""
        self._foot.forget()

    def _rows(self, packets: list[bytes]) -> tuple[Bytes, Bools]:
        """Return the packets' bytes (n, length), and which of them are of this foot by their prefix."""
        ours = np.ones(len(packets), np.bool_)
        if self._prefix is not None:
            parted = [split_prefix(packet, self._prefix) or ("", packet) for packet in packets]
            packets = [rest for _, rest in parted]
            ours[:] = [self._prefix.side_of(prefix) in (None, self._side) for prefix, _ in parted]
        return np.frombuffer(b"".join(packets), np.uint8).reshape(len(packets), self._frame.length), ours


class PacketLayout:
    """One `[layout]`, compiled: where each field's numbers lie in a packet whose payload begins at byte `start`."""

    def __init__(self, layout: LayoutTable, start: int, table: ProfileTable) -> None:
        self._layout, self._start, self._endian = layout, start, table.device.endian
        self._first = start + (layout.repeat.at if layout.repeat else 0)
        self.samples = layout.samples
        self._newest_first = layout.repeat is not None and layout.repeat.order == "newest_first"
        self._stamped_newest = layout.repeat is not None and layout.repeat.stamped == "newest"
        dt_ms = layout.repeat.dt_ms if layout.repeat else None
        self._dt = round(SECOND / table.device.rate_hz if dt_ms is None else dt_ms * 1e6)
        self._header: dict[str, PacketField] = {field.role: field for field in layout.header}
        self._fields = {field.role: field for field in layout.fields if field.role not in NANOSECONDS}
        self._stamp = next((field for field in layout.fields if field.role in NANOSECONDS), None)
        fine = next((field for field in (*layout.header, *layout.fields) if field.role in NANOSECONDS), None)
        self._fine = fine
        self._coarse = next((field for field in layout.header if field.role in SECONDS), None)
        self._unit = NANOSECONDS[fine.role] if fine else 1
        sequence = self._header.get("sequence")
        self.sequence_modulus = sequence.modulus if sequence else None
        self.tick_modulus = fine.modulus * self._unit if fine else None
        if self._coarse is not None:
            self.tick_modulus = _DAY if self._coarse.role == "time.hms" else self._coarse.modulus * SECOND

    def matches(self, rows: Bytes) -> Bools:
        """Return which packets are of this layout."""
        when = self._layout.when
        return np.ones(len(rows), np.bool_) if when is None else rows[:, self._start + when.at] == when.equals

    def knows_side(self, rows: Bytes) -> Bools:
        """Return which packets name a foot that the profile knows, where they name one."""
        field = self._header.get("side")
        return np.ones(len(rows), np.bool_) if field is None else np.isin(self._number(rows, field), list(field.map))

    def of_side(self, rows: Bytes, side: Side) -> Bools:
        """Return which packets are of this foot, or name none."""
        field = self._header.get("side")
        if field is None:
            return np.ones(len(rows), np.bool_)
        return np.isin(self._number(rows, field), [number for number, name in field.map.items() if name == side])

    def read(self, rows: Bytes, found: Readings, at: NDArray[np.intp]) -> Bools:
        """Put what packets say into their places `at`; return which of them tell a possible time."""
        if "sequence" in self._header:
            found.sequence[at] = self._number(rows, self._header["sequence"])
        if "battery" in self._header:
            field = self._header["battery"]
            found.battery[at] = to_readings(self._number(rows, field)[:, None], field)[:, 0]
        for role, sample in self._fields.items():
            sent = unpacked(self._samples(rows, sample), sample)[..., sample.kept]
            found.values[role][at, : self.samples] = self._ordered(to_readings(sent, sample))
        tick, since, possible = self._stamped_times(rows) if self._stamp is not None else self._times(rows)
        found.tick[at] = tick
        assert found.since is not None
        assert found.spread is not None
        found.since[at, : self.samples] = since
        if self._stamp is not None:
            found.spread[at] = ~possible
            return np.ones(len(rows), np.bool_)
        return possible

    def _stamped_times(self, rows: Bytes) -> tuple[Int64s, Int64s, Bools]:
        """Return the oldest sample's tick (n,), ns of all samples since it (n, m), and where stamps are their clock.

        Else the samples are spread, and the stamps together tell the packet's time: one that is garbled is outvoted.
        """
        assert self._stamp is not None
        assert self.tick_modulus is not None
        turn = self.tick_modulus
        since = np.tile(np.arange(self.samples) * self._dt, (len(rows), 1))
        ticks = self._ordered(unpacked(self._samples(rows, self._stamp), self._stamp))[..., 0].astype(np.int64)
        steps = np.diff(ticks, axis=1) * self._unit % turn
        even = np.all((steps > 0) & (steps <= UNEVEN * self._dt), axis=1)
        ahead = np.insert(np.cumsum(steps, axis=1), 0, 0, axis=1)
        told = np.median((ahead - since + turn // 2) % turn - turn // 2, axis=1).astype(np.int64)
        first = (ticks[:, 0] * self._unit + np.where(even, 0, told)) % turn
        return first, np.where(even[:, None], ahead, since), even

    def _times(self, rows: Bytes) -> tuple[Int64s, Int64s, Bools]:
        """Return the oldest sample's tick (n,), ns of all samples since it (n, m), and which are possible."""
        since = np.tile(np.arange(self.samples) * self._dt, (len(rows), 1))
        possible = np.ones(len(rows), np.bool_)
        if self._fine is None or self.tick_modulus is None:
            return np.zeros(len(rows), np.int64), since, possible
        tick = self._number(rows, self._fine) * self._unit
        if self._coarse is not None:
            possible = tick < SECOND
            coarse = self._seconds(rows, self._coarse)
            possible &= coarse * SECOND < self.tick_modulus
            tick = tick + coarse * SECOND
        if self._stamped_newest:
            tick = (tick - since[:, -1]) % self.tick_modulus
        return tick, since, possible

    def _seconds(self, rows: Bytes, field: PacketField) -> Int64s:
        """Return whole seconds; where h:m:s is no time of day, more than a day has."""
        if field.role == "time.s":
            return self._number(rows, field)
        parts = self._packet_view(rows, field)[:, 0].astype(np.int64)
        valid = np.all(parts < (24, 60, 60), axis=1)
        return np.where(valid, parts @ np.array([3600, 60, 1]), _DAY // SECOND)

    def write(
        self, rows: Bytes, side: Side, sequence: Int64s, tick: Int64s, battery: float, values: Mapping[str, Float64s]
    ) -> None:
        """Write packets' fields into their bytes."""
        if self._layout.when is not None:
            rows[:, self._start + self._layout.when.at] = self._layout.when.equals
        header = self._header
        if "side" in header:
            number = next(number for number, name in header["side"].map.items() if name == side)
            write_field(self._packet_view(rows, header["side"]), header["side"], np.full(len(rows), number))
        if "sequence" in header:
            numbers = sequence % header["sequence"].modulus
            write_field(self._packet_view(rows, header["sequence"]), header["sequence"], numbers)
        if "battery" in header:
            field = header["battery"]
            write_field(
                self._packet_view(rows, field), field, sent_numbers(np.full((len(rows), 1), battery), field)[:, 0]
            )
        self._write_times(rows, tick)
        for role, sample in self._fields.items():
            target = self._samples(rows, sample)
            given = values.get(role, np.full((*target.shape[:2], sample.count), np.nan))
            numbers_sent = np.zeros(target.shape)
            numbers_sent[..., sample.kept] = sent_numbers(given, sample)
            write_field(target, sample, self._ordered(numbers_sent))

    def _write_times(self, rows: Bytes, tick: Int64s) -> None:
        if self._fine is None or self.tick_modulus is None:
            return
        if self._stamp is not None:
            ticks = tick[:, None] + np.arange(self.samples) * self._dt
            numbers = ticks // self._unit % self._stamp.modulus
            write_field(self._samples(rows, self._stamp), self._stamp, self._ordered(numbers)[..., None])
            return
        if self._stamped_newest:
            tick = tick + (self.samples - 1) * self._dt
        fine = self._packet_view(rows, self._fine)
        if self._coarse is None:
            write_field(fine, self._fine, (tick // self._unit % self._fine.modulus)[:, None, None])
            return
        write_field(fine, self._fine, (tick % SECOND // self._unit)[:, None, None])
        seconds = tick % self.tick_modulus // SECOND
        parts = [seconds] if self._coarse.role == "time.s" else [seconds // 3600, seconds // 60 % 60, seconds % 60]
        write_field(self._packet_view(rows, self._coarse), self._coarse, np.stack(parts, axis=-1)[:, None])

    def _ordered(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return samples (n, m, …) from the order of the packet to that of time, or back."""
        return samples[:, ::-1] if self._newest_first else samples

    def _samples(self, rows: Bytes, field: BinaryField) -> NDArray[Any]:
        step = next((self._layout.step(own) for own in self._layout.fields if own is field), 0)
        return field_view(rows, field, self._endian, self._first, self.samples, step)

    def _packet_view(self, rows: Bytes, field: BinaryField) -> NDArray[Any]:
        return field_view(rows, field, self._endian, self._start, 1, 0)

    def _number(self, rows: Bytes, field: BinaryField) -> Int64s:
        return unpacked(self._packet_view(rows, field), field)[:, 0, 0].astype(np.int64)


def field_view(rows: Bytes, field: BinaryField, endian: Endian, start: int, samples: int, step: int) -> NDArray[Any]:
    """Return a field's numbers (n, samples, sent) as they lie in packets (n, bytes), contiguous; no copy."""
    number = np.dtype(ORDER[field.endian or endian] + NUMPY[field.type])
    shape, strides = (len(rows), samples, field.sent), (rows.shape[1], step, number.itemsize)
    return np.ndarray(shape, number, rows.data, start + field.at, strides)


def unpacked(sent: NDArray[Any], field: BinaryField) -> NDArray[Any]:
    """Return the field's own bits."""
    if field.bits is None:
        return sent
    first, width = field.bits
    return (sent.astype(np.uint64) >> np.uint64(first)) & np.uint64((1 << width) - 1)


def write_field(target: NDArray[Any], field: BinaryField, sent: NDArray[Any]) -> None:
    """Write numbers into the field's bytes, leaving the bits that it shares with others as they are."""
    numbers = sent.reshape(target.shape)
    if field.bits is not None:
        numbers = target | (numbers.astype(np.uint64) << np.uint64(field.bits[0]))
    target[...] = numbers.astype(target.dtype)


def sent_numbers(readings: Float64s, field: BinaryField) -> Float64s:
    """Return the numbers to send, within the type's range; NaN without a sentinel is sent as an integer's 0."""
    if field.type[0] == "f":
        return to_sent(readings, field, -np.inf, np.inf, None)
    signed, bits = field.type[0] == "i", field.bits[1] if field.bits else min(8 * SIZES[field.type], 53)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return np.nan_to_num(to_sent(readings, field, low, high), nan=0.0)
