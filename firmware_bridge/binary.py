"""Binary packets: a profile's `[layout]` compiled once to a numpy structured type, read and written as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.framing import sealed
from firmware_bridge.model import Float32s, Int64s
from firmware_bridge.payload_schema import NANOSECONDS, SIZES, BinaryField, Endian, LayoutTable, PacketField
from firmware_bridge.profile_schema import NotificationFrame, StreamFrame
from firmware_bridge.readings import Floats, Readings, to_readings, to_sent

_NUMPY = {"u8": "u1", "i8": "i1", "u16": "u2", "i16": "i2", "u32": "u4", "i32": "i4", "f32": "f4"}
_ORDER = {"little": "<", "big": ">"}
_SAMPLES = "samples"


class BinaryPayload:
    """The content of binary packets in one framing (see `Payload`); what passed the framing is always understood."""

    corrupt = 0
    trouble = ""

    def __init__(self, layout: LayoutTable, frame: NotificationFrame | StreamFrame, endian: Endian) -> None:
        self.samples = layout.repeat.count if layout.repeat else 1
        self._newest_first = layout.repeat is not None and layout.repeat.order == "newest_first"
        self._frame = frame
        header: dict[str, PacketField] = {field.role: field for field in layout.header}
        self._sequence = header.get("sequence")
        self._time = header.get("time.ms") or header.get("time.us")
        self._battery = header.get("battery")
        self._fields = layout.fields
        self._dtype = _packet_type(layout, frame, endian)
        self.sequence_modulus = _modulus(self._sequence) if self._sequence else None
        self._tick_ns = NANOSECONDS[self._time.role] if self._time else 1
        self.tick_modulus = _modulus(self._time) * self._tick_ns if self._time else None

    def read(self, packets: list[bytes]) -> Readings:
        """See `Payload.read`: one conversion for all of them."""
        data = np.frombuffer(b"".join(packets), self._dtype)
        n = len(data)
        samples = data[_SAMPLES][:, ::-1] if self._newest_first else data[_SAMPLES]
        values: dict[str, Float32s] = {
            field.role: to_readings(_unpacked(samples[field.role], field), field).reshape(n, self.samples, field.count)
            for field in self._fields
        }
        return Readings(
            packet=np.arange(n),
            sequence=_counter(data, self._sequence),
            tick=_counter(data, self._time) * self._tick_ns,
            battery=np.full(n, np.nan)
            if self._battery is None
            else to_readings(_unpacked(data["battery"], self._battery), self._battery).astype(np.float64),
            values=values,
        )

    def write(self, sequence: Int64s, tick: Int64s, battery: float, values: Mapping[str, Floats]) -> list[bytes]:
        """See `Payload.write`."""
        n = len(sequence)
        data = np.zeros(n, self._dtype)
        if self._sequence is not None:
            _pack(data, self._sequence, sequence % _modulus(self._sequence))
        if self._time is not None:
            _pack(data, self._time, tick // self._tick_ns % _modulus(self._time))
        if self._battery is not None:
            _pack(data, self._battery, _sent(np.full(n, battery), self._battery))
        samples = data[_SAMPLES][:, ::-1] if self._newest_first else data[_SAMPLES]
        for field in self._fields:
            shape = samples[field.role].shape
            given = values.get(field.role, np.full(shape, np.nan))
            _pack(samples, field, _sent(given, field).reshape(shape))
        head = bytes.fromhex(self._frame.head)
        checksum = self._frame.checksum if isinstance(self._frame, StreamFrame) else None
        return [sealed(head + row.tobytes()[len(head) :], checksum) for row in data]

    def reset(self) -> None:
        """See `Payload.reset`: binary packets say nothing about their device."""


def _struct(names: list[str], formats: list[Any], offsets: list[int], size: int) -> np.dtype[Any]:
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})


def _packet_type(layout: LayoutTable, frame: NotificationFrame | StreamFrame, endian: Endian) -> np.dtype[Any]:
    """Return the numpy type of one packet in its frame; fields may overlap, gaps are skipped."""
    repeat = layout.repeat
    start = frame.payload + (repeat.at if repeat else 0)
    sample = _struct(
        [field.role for field in layout.fields],
        [_number_type(field, endian) for field in layout.fields],
        [field.at for field in layout.fields],
        repeat.stride if repeat else frame.length - start,
    )
    return _struct(
        [*(field.role for field in layout.header), _SAMPLES],
        [*(_number_type(field, endian) for field in layout.header), (sample, (repeat.count if repeat else 1,))],
        [*(frame.payload + field.at for field in layout.header), start],
        frame.length,
    )


def _number_type(field: BinaryField, endian: Endian) -> np.dtype[Any]:
    number = np.dtype(_ORDER[field.endian or endian] + _NUMPY[field.type])
    return number if field.count == 1 else np.dtype((number, (field.count,)))


def _modulus(field: BinaryField) -> int:
    """Return where a counter wraps."""
    return 1 << (field.bits[1] if field.bits else 8 * SIZES[field.type])


def _counter(data: NDArray[Any], field: PacketField | None) -> Int64s:
    return np.zeros(len(data), np.int64) if field is None else _unpacked(data[field.role], field).astype(np.int64)


def _unpacked(sent: NDArray[Any], field: BinaryField) -> NDArray[Any]:
    """Return the field's own bits."""
    if field.bits is None:
        return sent
    first, width = field.bits
    return (sent.astype(np.uint32) >> np.uint32(first)) & np.uint32((1 << width) - 1)


def _pack(data: NDArray[Any], field: BinaryField, sent: NDArray[Any]) -> None:
    """Write numbers into the field's bytes, leaving the bits that it shares with others as they are."""
    target = data[field.role]
    if field.bits is None:
        target[...] = sent
    else:
        target[...] = target | (sent.astype(np.uint32) << np.uint32(field.bits[0]))


def _sent(readings: Floats, field: BinaryField) -> Floats:
    """Return the numbers to send, within the type's range; NaN without a sentinel is sent as an integer's 0."""
    if field.type == "f32":
        return to_sent(readings, field, -np.inf, np.inf, None)
    signed, bits = field.type[0] == "i", field.bits[1] if field.bits else 8 * SIZES[field.type]
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return np.nan_to_num(to_sent(readings, field, low, high), nan=0.0)
