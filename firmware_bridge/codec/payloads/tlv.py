"""Typed messages: a profile's `[messages]`, read and written. What a device says of itself is heard on the way."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.codec.payloads.binary import NUMPY, ORDER, field_view, sent_numbers, unpacked, write_field
from firmware_bridge.codec.payloads.foot_filter import OwnFoot
from firmware_bridge.codec.payloads.payload import Readings
from firmware_bridge.codec.refusals import Refusals
from firmware_bridge.devices.conversion import to_readings
from firmware_bridge.devices.schema.binary import SIZES
from firmware_bridge.devices.schema.profile import ProfileTable
from firmware_bridge.devices.schema.tlv import STATEMENTS, MessageField, MessagesTable, RowTable
from firmware_bridge.devices.schema.values import NANOSECONDS, SAMPLE_ROLES, Endian
from firmware_bridge.errors import CorruptData
from firmware_bridge.model import Float32s, Float64s, Int64s, Side

STATE_EVERY = 50
"""Packets between two times that the virtual insole says what it is: a second at 50 Hz."""

_log = logging.getLogger(__name__)

Path = tuple[int, ...]


class _Message(NamedTuple):
    """The content of a message, and the types that lead to it."""

    path: Path
    content: bytes


@dataclass
class _Rows:
    """The packets found so far: which notification each came with, its messages, and the scales that held then."""

    packet: list[int] = field(default_factory=list)
    messages: list[dict[Path, bytes]] = field(default_factory=list)
    scales: list[tuple[float, ...]] = field(default_factory=list)
    ours: list[bool] = field(default_factory=list)


class MessagesPayload:
    """The content of notifications that are rows of messages, for one foot (see `Payload`)."""

    samples = 1

    def __init__(self, table: MessagesTable, side: Side, profile: ProfileTable) -> None:
        self.refused = Refusals()
        self.unknown: Counter[Path] = Counter()  # messages that the profile says nothing of, by path
        self.positions: Float64s | None = None  # (s, 2) as the device told them
        self._table, self._side, self._profile = table, side, profile
        self._tables = table.tables
        self._paths = {one.path for one in table.fields} | set(self._tables)
        self._said = [one for one in table.fields if one.role in STATEMENTS]
        self._scaled = [one for one in table.fields if one.scale_of is not None]
        self._sampled = [one for one in table.fields if one.role in SAMPLE_ROLES]
        self._time = next((one for one in table.fields if one.role in NANOSECONDS), None)
        self._sequence = next((one for one in table.fields if one.role == "sequence"), None)
        self._battery = next((one for one in table.fields if one.role == "battery"), None)
        self._tick_ns = NANOSECONDS[self._time.role] if self._time else 1
        self.sequence_modulus = self._sequence.modulus if self._sequence else None
        self.tick_modulus = self._time.modulus * self._tick_ns if self._time else None
        self._foot = OwnFoot(side)
        self._written = 0
        self.reset()

    @property
    def trouble(self) -> str:
        """See `Payload.trouble`."""
        if not self._foot.trouble and self._unscaled:
            return "the insole has not said the scales of its sensors, without which its numbers mean nothing"
        return self._foot.trouble

    def reset(self) -> None:
        """See `Payload.reset`."""
        self._foot.forget()
        self._scales: dict[int, float] = {}
        self._unscaled = False

    def read(self, packets: list[bytes]) -> Readings:
        """See `Payload.read`: a notification that breaks the rules is counted and left out as a whole."""
        rows = _Rows()
        for number, packet in enumerate(packets):
            try:
                messages = list(_messages(self._table, packet, (), self._profile.device.endian))
                self._check(messages)
            except CorruptData as error:
                self.refused.add(str(error))
                continue
            for messages_of_one in self._packets(messages):
                self._take(rows, number, messages_of_one)
        return self._readings(rows).chosen(np.flatnonzero(np.array(rows.ours, np.bool_)))

    def write(self, sequence: Int64s, tick: Int64s, battery: float, values: Mapping[str, Float64s]) -> list[bytes]:
        """See `Payload.write`: what it is before the first packet, and every second."""
        n = len(sequence)
        contents: dict[Path, NDArray[np.uint8]] = {}
        given: dict[str, Float64s] = {
            **{role: array.reshape(n, -1) for role, array in values.items()},
            "sequence": (sequence % (self.sequence_modulus or 1))[:, None].astype(np.float64),
            "battery": np.full((n, 1), battery),
        }
        if self._time is not None:
            given[self._time.role] = (tick // self._tick_ns % self._time.modulus)[:, None].astype(np.float64)
        written: set[str] = set()
        for one in self._table.fields:
            if one.role in STATEMENTS or one.role in written:
                continue
            written.add(one.role)
            rows = contents.setdefault(one.path, np.zeros((n, self._length(one.path)), np.uint8))
            nothing = np.full((n, one.count), np.nan)
            numbers = np.zeros((n, one.sent))
            numbers[:, one.kept] = sent_numbers(given.get(one.role, nothing), one.nominal)
            write_field(self._view(rows, one), one, numbers)
        return [self._notification({path: rows[i].tobytes() for path, rows in contents.items()}) for i in range(n)]

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check(self, messages: list[_Message]) -> None:
        """Check that every field lies within its message; a message of numbers is exactly as long as they are."""
        lengths = [(message.path, len(message.content)) for message in messages]
        for one in self._table.fields:
            exact = one.role in SAMPLE_ROLES and one.path not in self._tables
            for path, length in lengths:
                fits = length == one.end if exact else length >= one.end or one.role in STATEMENTS
                if path == one.path and not fits:
                    raise CorruptData(f"{one.role} needs {one.end} bytes, message {list(path)} has {length}")

    def _packets(self, messages: list[_Message]) -> Iterator[dict[Path, bytes]]:
        """Hear what the device says of itself; give the messages of each packet that has a pressure."""
        depth, packet = len(self._table.packet), dict[Path, bytes]()
        pressures = {one.path for one in self._table.fields if one.role == "pressure"}
        for path, content in messages:
            if path == self._table.packet or path[:depth] != self._table.packet:  # the packet before ends here
                if pressures & packet.keys():
                    yield packet
                packet = {}
            if path[:depth] == self._table.packet:
                packet[path] = content
            for one in self._said:
                if one.path == path:
                    self._hear(one, content)
            if path not in self._paths:
                self._note(path)
        if pressures & packet.keys():
            yield packet

    def _take(self, rows: _Rows, number: int, messages: dict[Path, bytes]) -> None:
        scales = tuple(self._scales.get(one.scale_of or 0, np.nan) for one in self._scaled)
        self._unscaled = any(
            np.isnan(scale) and one.role == "pressure" for scale, one in zip(scales, self._scaled, strict=True)
        )
        rows.packet.append(number)
        rows.messages.append(messages)
        rows.scales.append(scales)
        rows.ours.append(bool(self._foot.own(1)[0]) and not self._unscaled)

    def _hear(self, one: MessageField, content: bytes) -> None:
        """Take a statement: whose foot, which scales, where the sensors lie."""
        size = SIZES[one.type]
        kind = np.dtype(ORDER[one.endian or self._profile.device.endian] + NUMPY[one.type])
        if one.role == "side" and len(content) >= one.end:
            side = one.map.get(int(np.frombuffer(content, kind, 1, one.at)[0]))
            if side is not None:
                self._foot.hear(Side(side))
        elif one.role == "scales":
            for at in range(0, len(content) - one.at - size + 1, one.at + size):
                value = float(np.frombuffer(content, kind, 1, at + one.at)[0])
                if np.isfinite(value) and value != 0:
                    self._scales[content[at]] = value
        elif one.role == "positions":
            count = (len(content) - one.at) // (2 * size)
            numbers = np.frombuffer(content, kind, 2 * count, one.at).astype(np.float64)
            told = numbers.reshape(count, 2) * np.asarray(one.scale) + one.offset
            if self.positions is None or not np.array_equal(told, self.positions):
                _log.info("the insole says that its sensors lie at %s", np.round(told, 3).tolist())
            self.positions = told

    def _note(self, path: Path) -> None:
        if path not in self.unknown:
            _log.info("messages of type %s are skipped: the profile says nothing of them", list(path))
        self.unknown[path] += 1

    def _readings(self, rows: _Rows) -> Readings:
        """Turn the bytes of all packets into readings, field by field."""
        n = len(rows.packet)
        scales = np.array(rows.scales, np.float64).reshape(n, len(self._scaled))
        values: dict[str, Float32s] = {
            one.role: np.full((n, 1, one.count), np.nan, np.float32) for one in self._sampled
        }
        for one in self._sampled:
            has, sent = self._numbers(rows, one)
            factor = scales[has, self._scaled.index(one)] if one in self._scaled else np.ones(len(has))
            with np.errstate(over="ignore", invalid="ignore"):
                values[one.role][has, 0] = to_readings(sent, one) * factor[:, None]
        return Readings(
            packet=np.array(rows.packet, np.int64),
            sequence=self._counter(rows, self._sequence),
            tick=self._counter(rows, self._time) * self._tick_ns,
            battery=self._percent(rows),
            values=values,
        )

    def _numbers(self, rows: _Rows, one: MessageField) -> tuple[NDArray[np.intp], NDArray[Any]]:
        """Return which packets have the field, and what was sent there (n, count)."""
        has = np.array([i for i, messages in enumerate(rows.messages) if one.path in messages], np.intp)
        joined = b"".join(rows.messages[i][one.path][: one.end] for i in has)
        data = np.frombuffer(joined, np.uint8).reshape(len(has), one.end)
        if not len(has):
            return has, np.zeros((0, one.count))
        return has, unpacked(self._view(data, one)[:, 0], one)[:, one.kept]

    def _counter(self, rows: _Rows, one: MessageField | None) -> Int64s:
        counter = np.zeros(len(rows.packet), np.int64)
        if one is not None:
            has, sent = self._numbers(rows, one)
            counter[has] = sent[:, 0].astype(np.int64)
        return counter

    def _percent(self, rows: _Rows) -> Float64s:
        percent = np.full(len(rows.packet), np.nan)
        if self._battery is not None:
            has, sent = self._numbers(rows, self._battery)
            percent[has] = to_readings(sent, self._battery)[:, 0]
        return percent

    def _view(self, rows: NDArray[np.uint8], one: MessageField) -> NDArray[Any]:
        return field_view(rows, one, self._profile.device.endian, 0, 1, 0)

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _length(self, path: Path) -> int:
        """Return the bytes of a message's own numbers, what is nested in it not counted."""
        return max(one.end for one in self._table.fields if one.path == path)

    def _notification(self, contents: dict[Path, bytes]) -> bytes:
        """Return a notification with these messages, what the device says of itself before them where it is due."""
        if self._written % STATE_EVERY == 0:
            contents = {**self._statements(), **contents}
        self._written += 1
        return self._row((), contents)

    def _row(self, path: Path, contents: dict[Path, bytes]) -> bytes:
        """Return a message's content: its own bytes, then the messages in it."""
        own = contents.get(path, b"")
        table = self._tables.get(path)
        if table is None:
            return own
        inside = dict.fromkeys(other[: len(path) + 1] for other in contents if other[: len(path)] == path != other)
        messages = [self._framed(table, one, self._row(one, contents)) for one in inside]
        return own.ljust(table.at, b"\0") + b"".join(messages)

    def _framed(self, table: RowTable, path: Path, content: bytes) -> bytes:
        if table.length is None:
            return bytes([path[-1]]) + content
        return bytes([path[-1]]) + len(content).to_bytes(SIZES[table.length], self._profile.device.endian) + content

    def _statements(self) -> dict[Path, bytes]:
        """Return what the virtual insole says of itself: its foot, its profile's positions and scales."""
        return {one.path: self._statement(one) for one in self._said}

    def _statement(self, one: MessageField) -> bytes:
        number: np.dtype[Any] = np.dtype(ORDER[one.endian or self._profile.device.endian] + NUMPY[one.type])
        if one.role == "side":
            foot = next(k for k, side in one.map.items() if side == self._side)
            return bytes(one.at) + np.full(1, foot, number).tobytes()
        if one.role == "positions":
            places = np.array(self._profile.sensors.positions) / np.asarray(one.scale)
            told: NDArray[Any] = np.clip(np.round(places), 0, 255).astype(number)
            return bytes(one.at) + told.tobytes()
        scales = {scaled.scale_of or 0: scaled.told for scaled in self._scaled}
        return b"".join(bytes([k]).ljust(one.at, b"\0") + np.array(v, number).tobytes() for k, v in scales.items())


def _messages(table: RowTable, content: bytes, path: Path, endian: Endian) -> Iterator[_Message]:
    """Give a message and all that is nested in it, in their order.

    Raises:
        CorruptData: a message ends behind the bytes that there are, or its length is not known.
    """
    if len(content) < table.at:
        raise CorruptData(f"message {list(path)} has {len(content)} bytes, fewer than its header")
    yield _Message(path, content)
    at, width = table.at, SIZES[table.length] if table.length else 0
    while at < len(content):
        kind = content[at]
        start = at + 1 + width
        size = int.from_bytes(content[at + 1 : start], endian) if width else table.sizes.get(kind, -1)
        if size < 0 or start + size > len(content):
            raise CorruptData(f"message {[*path, kind]} does not end within the {len(content)} bytes that came")
        inner, below = content[start : start + size], (*path, kind)
        if kind in table.nested:
            yield from _messages(table.nested[kind], inner, below, endian)
        else:
            yield _Message(below, inner)
        at = start + size
