"""The language of a profile: every key that a device's TOML file may have, and what it means.

These tables check one file; `firmware_bridge.profile` turns them into what the program works with. An unknown key is
an error, so a typing mistake never passes as a default. Numbers carry their unit in the key.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from firmware_bridge.payload_schema import Endian, LayoutTable, Positive, Table, TextTable

ChecksumType = Literal["sum8", "sum16", "crc16-modbus", "crc16-ccitt"]

CHECKSUM_SIZES: dict[str, int] = {"sum8": 1, "sum16": 2, "crc16-modbus": 2, "crc16-ccitt": 2}


def _uuid(value: str) -> str:
    text = value.lower()
    if re.fullmatch(r"[0-9a-f]{4}", text):
        return f"0000{text}-0000-1000-8000-00805f9b34fb"
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        raise ValueError("must be a UUID, of 4 hexadecimal digits or in the long form with dashes")
    return text


def _hexadecimal(value: str) -> str:
    try:
        return bytes.fromhex(value).hex()
    except ValueError:
        raise ValueError('must be bytes as hexadecimal digits, such as "a55a"') from None


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return value


def _position(value: tuple[float, float]) -> tuple[float, float]:
    for name, number, meaning in zip(("ml", "ap"), value, ("0 lateral, 1 medial", "0 heel, 1 toe"), strict=True):
        if not 0 <= number <= 1:
            raise ValueError(f"{name} must be between 0 and 1 ({meaning}), not {number:g}")
    return value


Uuid = Annotated[str, AfterValidator(_uuid)]
Hex = Annotated[str, AfterValidator(_hexadecimal)]
Regex = Annotated[str, AfterValidator(_regex)]
Position = Annotated[tuple[float, float], AfterValidator(_position)]


class DeviceTable(Table):
    """`[device]`: what it is."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]  # the name in settings and on the command line
    name: str  # the name for people
    evidence: Literal["virtual", "checked against the vendor's parser", "documented", "unconfirmed on hardware"]
    source: str = ""  # where the facts were read
    rate_hz: Positive  # samples a second of each sensor
    unit: Literal["kPa", "N", "raw"]  # of a pressure reading after `scale`; raw counts are not force
    endian: Endian = "little"  # byte order of binary fields that do not say their own


class SensorsTable(Table):
    """`[sensors]`: where they lie, equal on both feet, in the order of the readings."""

    positions: Annotated[tuple[Position, ...], Field(min_length=1)]  # [ml, ap]: 0 lateral..1 medial, 0 heel..1 toe
    areas_mm2: tuple[Positive, ...] | None = None  # the part of the sole each one speaks for; else equal shares
    length_mm: Positive = 265.0  # the insole's size: turns positions into millimetres
    width_mm: Positive = 96.0
    # whose load the readings are: one foot's, or both feet's in one signal, as the force of a treadmill; nobody knows
    # then which foot a step was of
    feet: Literal["one", "both"] = "one"

    @model_validator(mode="after")
    def _areas_fit(self) -> Self:
        if self.areas_mm2 is not None and len(self.areas_mm2) != len(self.positions):
            raise ValueError(f"areas_mm2 has {len(self.areas_mm2)} values for {len(self.positions)} positions")
        return self


class NotificationFrame(Table):
    """One notification, datagram or record is one packet of fixed length."""

    kind: Literal["notification"]
    length: Annotated[int, Field(ge=1, le=4096)]
    head: Hex = ""  # the bytes that it begins with; others are not ours
    payload: Annotated[int, Field(ge=0)] = 0  # where the payload begins


class ChecksumTable(Table):
    """`checksum`: over the frame's bytes [first, behind the last], stored at `at`."""

    type: ChecksumType
    over: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
    at: Annotated[int, Field(ge=0)]
    endian: Endian = "little"


class StreamFrame(Table):
    """Packets of fixed length in a stream of bytes, found by head and checksum; the head may occur inside data."""

    kind: Literal["stream"]
    length: Annotated[int, Field(ge=2, le=4096)]
    head: Hex
    checksum: ChecksumTable | None = None
    payload: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not 0 < len(self.head) // 2 < self.length:
            raise ValueError("head must be of at least one byte, and shorter than the frame")
        if self.checksum is not None:
            start, stop = self.checksum.over
            if not start < stop <= self.length:
                raise ValueError(f"checksum.over = [{start}, {stop}] is not a part of the frame")
            if self.checksum.at + CHECKSUM_SIZES[self.checksum.type] > self.length:
                raise ValueError(f"checksum.at = {self.checksum.at} is outside of the frame")
        return self


class LinesFrame(Table):
    """Text lines, cut anywhere by the link; `[text]` says what is in them."""

    kind: Literal["lines"]
    max_length: Annotated[int, Field(ge=16, le=65536)] = 1024  # a longer line is noise


FrameTable = Annotated[NotificationFrame | StreamFrame | LinesFrame, Field(discriminator="kind")]


class StepTable(Table):
    """One step of `start` or `stop`: exactly one of subscribe, write (with hex or text), wait_s."""

    subscribe: str | None = None  # a key of `chars`
    write: str | None = None  # a key of `chars`
    hex: Hex | None = None
    text: str | None = None
    wait_s: Annotated[float, Field(gt=0, le=60)] | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if sum(x is not None for x in (self.subscribe, self.write, self.wait_s)) != 1:
            raise ValueError("a step has exactly one of subscribe, write, wait_s")
        if (self.write is not None) != (self.hex is not None or self.text is not None):
            raise ValueError("write needs hex or text, and only write has them")
        if self.hex is not None and self.text is not None:
            raise ValueError("write has hex or text, not both")
        return self


class BleTable(Table):
    """`[transport.ble]`: how to find it, start it and read it over Bluetooth."""

    name_prefix: tuple[str, ...] = ()
    name_regex: Regex | None = None  # a group named `side` tells left (l...) from right (r...)
    service: Uuid | None = None  # advertised
    chars: dict[str, Uuid]  # characteristics by a name for use below; `data` is the one that notifies
    start: tuple[StepTable, ...] = ()
    stop: tuple[StepTable, ...] = ()
    stall_s: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = 2.0  # silence after which to reconnect
    frame: FrameTable

    @model_validator(mode="after")
    def _findable(self) -> Self:
        if "data" not in self.chars:
            raise ValueError("chars has no `data`, the characteristic that notifies")
        if not (self.name_prefix or self.name_regex or self.service):
            raise ValueError("needs name_prefix, name_regex or service to find the device by")
        for step in (*self.start, *self.stop):
            name = step.subscribe or step.write
            if name is not None and name not in self.chars:
                raise ValueError(f"a step names the characteristic {name!r}, which chars does not have")
        return self


class SerialTable(Table):
    """`[transport.serial]`: a serial port, or a Bluetooth device that looks like one."""

    baud: Annotated[int, Field(ge=50, le=4_000_000)] = 115200
    # vendor:product; marks the ports that messages list, chooses none: the two feet have the same
    usb: tuple[Annotated[str, Field(pattern=r"^[0-9a-fA-F]{4}:[0-9a-fA-F]{4}$")], ...] = ()
    frame: FrameTable


class TransportTable(Table):
    """`[transport]`: the links it speaks, each with its own framing of the same payload. None: a file format."""

    ble: BleTable | None = None
    serial: SerialTable | None = None


class ClockTable(Table):
    """`[clock]`: what tells when a sample was taken, as far as the device lets us know."""

    source: Literal["device", "sequence", "arrival"]  # its time stamps; its counter and rate_hz; when it came


class ProfileTable(Table):
    """The whole file."""

    device: DeviceTable
    sensors: SensorsTable
    transport: TransportTable = TransportTable()
    layout: LayoutTable | None = None
    text: TextTable | None = None
    clock: ClockTable = ClockTable(source="arrival")

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        for link in (self.transport.ble, self.transport.serial):
            if link is not None:
                self._frame_agrees(link.frame)
        count = len(self.sensors.positions)
        for where, fields in (
            ("layout.fields", self.layout.fields if self.layout else ()),
            ("text.columns", self.text.columns if self.text else ()),
        ):
            for field in fields:
                wanted = {"pressure": count, "acc": 3, "gyro": 3}.get(field.role, 1)
                if field.count != wanted:
                    raise ValueError(f"{where}: {field.role} has count = {field.count}, but it must be {wanted}")
        return self

    def _frame_agrees(self, frame: NotificationFrame | StreamFrame | LinesFrame) -> None:
        roles: set[str]
        if isinstance(frame, LinesFrame):
            if self.text is None:
                raise ValueError("a link sends lines, but there is no [text]")
            roles = {column.role for column in self.text.columns if not column.optional}
        else:
            if self.layout is None:
                raise ValueError("a link sends binary packets, but there is no [layout]")
            if frame.payload + self.layout.length > frame.length:
                raise ValueError(
                    f"the layout needs {self.layout.length} bytes from byte {frame.payload}, "
                    f"but the {frame.kind} frame has length = {frame.length}"
                )
            _apart(frame, self.layout, self.device.endian)
            roles = {field.role for field in self.layout.header}
        needed = {"device": ("time.ms", "time.us"), "sequence": ("sequence",)}.get(self.clock.source, ())
        if needed and roles.isdisjoint(needed):
            raise ValueError(f"clock.source = {self.clock.source!r} needs a field with role = {needed[0]!r}")


def _apart(frame: NotificationFrame | StreamFrame, layout: LayoutTable, endian: Endian) -> None:
    """Check that no two parts of a packet lie on the same bits: a wrong offset would pass as data."""
    taken = dict.fromkeys(range(4 * len(frame.head)), "the head")  # two digits a byte
    if isinstance(frame, StreamFrame) and frame.checksum is not None:
        start = 8 * frame.checksum.at
        taken |= dict.fromkeys(range(start, start + 8 * CHECKSUM_SIZES[frame.checksum.type]), "the checksum")
    for role, bit in layout.places(frame.payload, endian):
        if bit in taken:
            raise ValueError(f"{role} lies on {taken[bit]} in byte {bit // 8} of the {frame.kind} frame")
        taken[bit] = role
