"""The language of a profile: every key that a device's TOML file may have, and what it means.

These tables check one file; `firmware_bridge.devices.profile` turns them into what the program works with. An unknown
key is an error, so a typing mistake never passes as a default. Numbers carry their unit in the key.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from firmware_bridge.devices.schema.binary import BinaryField, LayoutTable
from firmware_bridge.devices.schema.ble import BleAccess, Hex
from firmware_bridge.devices.schema.golden import GoldenTable
from firmware_bridge.devices.schema.text import TICKS_NS, TextTable, counts
from firmware_bridge.devices.schema.tlv import MessagesTable
from firmware_bridge.devices.schema.values import UNITS, Endian, Positive, RateHz, SideName, Table, ValueTable

ChecksumType = Literal["sum8", "sum16", "crc16-modbus", "crc16-ccitt"]

LEARNED_BYTES = 2
"""How many bytes of an unknown head have to repeat."""
CHECKSUM_SIZES: dict[str, int] = {"sum8": 1, "sum16": 2, "crc16-modbus": 2, "crc16-ccitt": 2}


def _position(value: tuple[float, float]) -> tuple[float, float]:
    for name, number, meaning in zip(("ml", "ap"), value, ("0 lateral, 1 medial", "0 heel, 1 toe"), strict=True):
        if not 0 <= number <= 1:
            raise ValueError(f"{name} must be between 0 and 1 ({meaning}), not {number:g}")
    return value


def _listed(value: object) -> object:
    """Let a single table stand for a list of one."""
    return [value] if isinstance(value, dict) else value


_Position = Annotated[tuple[float, float], AfterValidator(_position)]


class DeviceTable(Table):
    """`[device]`: what it is."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]  # the name in settings and on the command line
    name: str  # the name for people
    evidence: Literal["virtual", "checked against the vendor's parser", "documented", "unconfirmed on hardware"]
    source: str = ""  # where the facts were read
    rate_hz: RateHz  # samples a second of each sensor
    unit: Literal["kPa", "N", "raw"]  # of a pressure reading after `scale`; raw counts are not force
    endian: Endian = "little"  # byte order of binary fields that do not say their own


class SensorsTable(Table):
    """`[sensors]`: where they lie, equal on both feet, in the order of the readings."""

    positions: Annotated[tuple[_Position, ...], Field(min_length=1)]  # [ml, ap]: 0 lateral..1 medial, 0 heel..1 toe
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


class PrefixTable(Table):
    """`prefix`: text of any length before each packet, such as the device's name."""

    end: Annotated[str, Field(min_length=1)]
    max_length: Annotated[int, Field(ge=0, le=64)] = 32
    side: dict[str, SideName] = Field(default_factory=dict)  # how the text of each foot ends

    def side_of(self, text: str) -> str | None:
        """Return the foot that the text tells, None where it tells none."""
        return next((side for ending, side in self.side.items() if text.endswith(ending)), None)

    def written(self, side: str) -> str:
        """Return such a text."""
        return next((ending for ending, named in self.side.items() if named == side), "") + self.end


class ChecksumTable(Table):
    """`checksum`: over the frame's bytes [first, behind the last], stored at `at`."""

    type: ChecksumType
    over: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
    at: Annotated[int, Field(ge=0)]
    endian: Endian = "little"

    def check(self, length: int) -> None:
        """Check that it lies within a frame of this length."""
        start, stop = self.over
        if not start < stop <= length:
            raise ValueError(f"checksum.over = [{start}, {stop}] is not a part of the frame")
        if self.at + CHECKSUM_SIZES[self.type] > length:
            raise ValueError(f"checksum.at = {self.at} is outside of the frame")


class NotificationFrame(Table):
    """One notification, datagram or record is one packet of fixed length."""

    kind: Literal["notification"]
    length: Annotated[int, Field(ge=1, le=4096)]  # without the prefix
    head: Hex = ""  # the bytes that it begins with; others are not ours
    payload: Annotated[int, Field(ge=0)] = 0  # where the payload begins
    records: bool = False  # whether several packets may come in one notification
    prefix: PrefixTable | None = None
    checksum: ChecksumTable | None = None  # of each packet, without the prefix

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.prefix is not None and (self.records or self.head):
            raise ValueError("a prefix goes with neither records nor head")
        if self.checksum is not None:
            self.checksum.check(self.length)
        return self


class StreamFrame(Table):
    """Packets of fixed length in a stream of bytes, found by head and checksum; the head may occur inside data."""

    kind: Literal["stream"]
    length: Annotated[int, Field(ge=2, le=4096)]
    head: Hex  # "": not known, learned from two packets in a row with a right checksum
    tail: Hex = ""  # the bytes that it ends with
    checksum: ChecksumTable | None = None
    payload: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.head and self.checksum is None:
            raise ValueError("head must be of at least one byte, or there must be a checksum by which to find it")
        if len(self.head + self.tail) // 2 >= self.length:
            raise ValueError("head and tail must be shorter than the frame")
        if self.checksum is not None:
            self.checksum.check(self.length)
        return self


class MessagesFrame(Table):
    """One notification is a row of typed messages; `[messages]` says what is in them."""

    kind: Literal["messages"]


class LinesFrame(Table):
    """Text lines, cut anywhere by the link; `[text]` says what is in them."""

    kind: Literal["lines"]
    max_length: Annotated[int, Field(ge=16, le=65536)] = 1024  # a longer line is noise
    cut: bool = True  # false: what arrives together is whole lines, as it always is over UDP


FrameTable = Annotated[NotificationFrame | StreamFrame | LinesFrame | MessagesFrame, Field(discriminator="kind")]


class LinkTable(Table):
    """`[transport.NAME]`: how a link cuts its bytes into packets; all of it where a link has no keys of its own."""

    frame: FrameTable


class BleTable(BleAccess, LinkTable):
    """`[transport.ble]`: how to find it, start it and read it over Bluetooth."""


class SerialTable(LinkTable):
    """`[transport.serial]`: a serial port, or a Bluetooth device that looks like one."""

    baud: Annotated[int, Field(ge=50, le=4_000_000)] = 115200
    # vendor:product; marks the ports that messages list, chooses none: the two feet have the same
    usb: tuple[Annotated[str, Field(pattern=r"^[0-9a-fA-F]{4}:[0-9a-fA-F]{4}$")], ...] = ()

    @property
    def usb_ids(self) -> tuple[tuple[int, int], ...]:
        """Vendor and product of each of `usb`."""
        pairs = [pair.split(":") for pair in self.usb]
        return tuple((int(vendor, 16), int(product, 16)) for vendor, product in pairs)


class UdpTable(LinkTable):
    """`[transport.udp]`: datagrams that somebody sends to this computer; each one is a packet, or whole lines."""

    listen: Annotated[str, Field(pattern=r"^(\d+(\.\d+){3}|\[[0-9a-fA-F:]+\]|[A-Za-z][\w.-]*):\d{1,5}$")]  # HOST:PORT
    stall_s: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = 5.0  # silence after which nobody is there
    frame: Annotated[NotificationFrame | LinesFrame, Field(discriminator="kind")]

    @field_validator("frame")
    @classmethod
    def _whole(cls, value: NotificationFrame | LinesFrame) -> NotificationFrame | LinesFrame:
        return value.model_copy(update={"cut": False}) if isinstance(value, LinesFrame) else value


class TransportTable(Table):
    """`[transport]`: the links it speaks, each with its own framing of the same payload. None: a file format.

    A link that has no keys of its own here needs no line here.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, LinkTable]

    ble: BleTable | None = None
    serial: SerialTable | None = None
    udp: UdpTable | None = None

    @property
    def spoken(self) -> dict[str, LinkTable]:
        """The links by their names."""
        return {name: link for name, link in self if link is not None}


class ClockTable(Table):
    """`[clock]`: what tells when a sample was taken, as far as the device lets us know."""

    source: Literal["device", "sequence", "arrival"]  # its time stamps; its counter and rate_hz; when it came
    # Silence beyond this, on a link that lives, says that the foot is unloaded, nothing was lost; None: it does not.
    unloaded_after_ms: Annotated[float, Field(ge=1, le=2000)] | None = None


class ProfileTable(Table):
    """The whole file."""

    device: DeviceTable
    sensors: SensorsTable
    transport: TransportTable = TransportTable()
    layout: Annotated[tuple[LayoutTable, ...], BeforeValidator(_listed)] = ()  # one, or several with `when`
    messages: MessagesTable | None = None
    text: TextTable | None = None
    clock: ClockTable = ClockTable(source="arrival")
    golden: tuple[GoldenTable, ...] = ()  # for `insole profile check`; nothing else depends on them

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        for link in self.transport.spoken.values():
            self._frame_agrees(link.frame)
        self._layouts_agree()
        self._readings_agree()
        return self

    def _readings_agree(self) -> None:
        """Check that there are as many readings as sensors, in the profile's unit."""
        count = len(self.sensors.positions)
        binary: list[tuple[str, BinaryField]]
        binary = [("layout.fields", field) for layout in self.layout for field in layout.fields]
        binary += [("messages.fields", field) for field in (self.messages.fields if self.messages else ())]
        spoken = [(where, field.role, field.count) for where, field in binary]
        lines = [counts(self.text.of(side)) for side in self.text.sides] if self.text else []
        spoken += [("text.columns", role, sent) for line in lines for role, sent in line.items()]
        for where, role, sent in spoken:
            wanted = {"pressure": count, "acc": 3, "gyro": 3, "force": 1, "battery": 1}.get(role, sent)
            if sent != wanted:
                raise ValueError(f"{where}: {role} has count = {sent}, but it must be {wanted}")
        values: list[ValueTable] = [field for _, field in binary]
        for value in (*values, *(self.text.columns if self.text else ())):
            if value.role == "pressure" and value.unit and UNITS[value.unit].becomes != self.device.unit:
                becomes = UNITS[value.unit].becomes
                raise ValueError(f"pressure in {value.unit} becomes {becomes}, but device.unit is {self.device.unit!r}")

    def _layouts_agree(self) -> None:
        """Check that one glance tells several layouts apart, and that their counters wrap alike."""
        whens = [layout.when for layout in self.layout]
        if len(whens) > 1 and None in whens:
            raise ValueError("of several layouts each one needs a `when`")
        if len({(when.at, when.equals) for when in whens if when}) < len(whens) - whens.count(None):
            raise ValueError("two layouts have the same `when`")
        wraps = [{(one.role, one.modulus) for one in layout.header if one.role != "battery"} for layout in self.layout]
        if any(one != wraps[0] for one in wraps):
            raise ValueError("all layouts must have the same sequence, time and side in their headers")
        for role in ("pressure", "acc", "gyro", "force"):
            if len({role in layout.roles for layout in self.layout}) > 1:
                raise ValueError(f"all layouts must have a {role} field, or none")

    def _frame_agrees(self, frame: FrameTable) -> None:
        roles: set[str]
        if isinstance(frame, LinesFrame):
            if self.text is None:
                raise ValueError("a link sends lines, but there is no [text]")
            roles = {column.role for column in self.text.columns if not column.optional}
        elif isinstance(frame, MessagesFrame):
            if self.messages is None:
                raise ValueError("a link sends messages, but there is no [messages]")
            roles = self.messages.roles
        else:
            if not self.layout:
                raise ValueError("a link sends binary packets, but there is no [layout]")
            for layout in self.layout:
                _fits(frame, layout, self.device.endian)
            roles = set.intersection(*(layout.roles for layout in self.layout))
        needed = {"device": tuple(TICKS_NS), "sequence": ("sequence",)}.get(self.clock.source, ())
        if needed and roles.isdisjoint(needed):
            raise ValueError(f"clock.source = {self.clock.source!r} needs a field with role = {needed[0]!r}")


def _fits(frame: NotificationFrame | StreamFrame, layout: LayoutTable, endian: Endian) -> None:
    """Check that a layout lies within its frame, and that no two of its parts lie on the same bits."""
    if frame.payload + layout.length > frame.length:
        raise ValueError(
            f"the layout needs {layout.length} bytes from byte {frame.payload}, "
            f"but the {frame.kind} frame has length = {frame.length}"
        )
    _apart(frame, layout, endian)
    if isinstance(frame, StreamFrame) and not frame.head:
        _begins_alike(frame, layout, endian)


def _begins_alike(frame: StreamFrame, layout: LayoutTable, endian: Endian) -> None:
    """Check that no counter lies where a head is learned: no two packets would begin alike, and none be read."""
    for role, bit in layout.places(frame.payload, endian):
        if bit < 8 * LEARNED_BYTES and (role == "sequence" or role.startswith("time.")):
            raise ValueError(
                f"a stream without a head is found by the {LEARNED_BYTES} bytes that all packets begin with, but "
                f"{role} counts in byte {bit // 8}; on a link that keeps packets whole, such as Bluetooth, write "
                'kind = "notification" with the checksum'
            )


def _apart(frame: NotificationFrame | StreamFrame, layout: LayoutTable, endian: Endian) -> None:
    """Check that no two parts of a packet lie on the same bits: a wrong offset would pass as data."""
    taken = dict.fromkeys(range(4 * len(frame.head)), "the head")  # two digits a byte
    if frame.checksum is not None:
        start = 8 * frame.checksum.at
        taken |= dict.fromkeys(range(start, start + 8 * CHECKSUM_SIZES[frame.checksum.type]), "the checksum")
    if isinstance(frame, StreamFrame):
        end = 8 * frame.length
        taken |= dict.fromkeys(range(end - 4 * len(frame.tail), end), "the tail")
    for role, bit in layout.places(frame.payload, endian):
        if bit in taken:
            raise ValueError(f"{role} lies on {taken[bit]} in byte {bit // 8} of the {frame.kind} frame")
        taken[bit] = role
