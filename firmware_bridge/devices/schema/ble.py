"""The language of a Bluetooth link: how a device is found, told left from right, started and read, but not its packets.

The part of a profile's keys (see `firmware_bridge.devices.schema.profile`) that the source `ble:` and the virtual
insoles act on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from firmware_bridge.devices.schema.values import Table

_SideName = Literal["left", "right"]

PACKED = re.compile(r"(u8|u16|u32|u64)(le|be)?:(?:(\d+)|([a-z_]+)(?:([-+*/])(\d+))?)")
"""One number of `pack`: type, byte order (else little), and a constant or a field with one sum."""
CLOCK_FIELDS = ("year", "month", "day", "hour", "minute", "second", "ms", "epoch_s", "epoch_ms")


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


def _packed(value: str) -> str:
    found = PACKED.fullmatch(value)
    if not found or (found[4] and found[4] not in CLOCK_FIELDS):
        fields = ", ".join(CLOCK_FIELDS)
        raise ValueError(f'must be like "u8:month", "u16be:ms" or "u8:year-2000", with one of {fields}')
    if found[5] == "/" and int(found[6]) == 0:
        raise ValueError("divides by 0")
    return value


Uuid = Annotated[str, AfterValidator(_uuid)]
Hex = Annotated[str, AfterValidator(_hexadecimal)]
Regex = Annotated[str, AfterValidator(_regex)]
Packed = Annotated[str, AfterValidator(_packed)]
Byte = Annotated[int, Field(ge=0, le=511)]


class StepTable(Table):
    """One step of `start` or `stop`: exactly one of read, subscribe, write (with hex, text or pack), wait_s."""

    read: str | None = None  # a key of `chars`; what it says is used by `side` and `battery`, or by nobody
    subscribe: str | None = None  # a key of `chars`
    write: str | None = None  # a key of `chars`
    hex: Hex | None = None
    text: str | None = None  # `%Y/%m/%d %H:%M:%S` and the like become the host's local time; a percent sign is `%%`
    pack: Annotated[tuple[Packed, ...], Field(min_length=1)] | None = None  # the host's local time, as numbers
    wait_s: Annotated[float, Field(gt=0, le=60)] | None = None

    @property
    def characteristic(self) -> str | None:
        """The key of `chars` that the step names."""
        return self.read or self.subscribe or self.write

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if sum(x is not None for x in (self.read, self.subscribe, self.write, self.wait_s)) != 1:
            raise ValueError("a step has exactly one of read, subscribe, write, wait_s")
        contents = sum(x is not None for x in (self.hex, self.text, self.pack))
        if (self.write is not None) != (contents > 0):
            raise ValueError("write needs hex or text or pack, and only write has them")
        if contents > 1:
            raise ValueError("write has one of hex, text and pack")
        return self


class SideTable(Table):
    """`[transport.ble.side]`: where the device itself tells its foot.

    A characteristic that is read, or a request (`ask` with `hex`) that is answered by a notification which begins
    with `head`.
    """

    read: str | None = None  # a key of `chars`
    ask: str | None = None  # a key of `chars`, to which `hex` is written
    hex: Hex | None = None
    answer: str | None = None  # a key of `chars`, which notifies
    head: Hex = ""
    at: Byte
    bit: Annotated[int, Field(ge=0, le=7)] | None = None  # else the whole byte
    map: Annotated[dict[int, _SideName], Field(min_length=2)]

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        asked = (self.ask, self.hex, self.answer)
        if (self.read is None) == (self.ask is None) or any((x is None) != (self.ask is None) for x in asked):
            raise ValueError("side has read, or ask with hex and answer")
        if {"left", "right"} - set(self.map.values()):
            raise ValueError("side.map needs left and right")
        if bad := [key for key in self.map if not 0 <= key <= (255 if self.bit is None else 1)]:
            raise ValueError(f"side.map has {bad[0]}, which a {'byte' if self.bit is None else 'bit'} cannot be")
        return self


class BatteryTable(Table):
    """`[transport.ble.battery]`: a byte of percent; without it the standard Battery Service is read."""

    read: str  # a key of `chars`
    at: Byte = 0


class ManufacturerTable(Table):
    """`manufacturer`: what an advertisement's manufacturer data hold; without `equals` the company is enough."""

    company: Annotated[int, Field(ge=0, le=0xFFFF)]
    at: Byte = 0  # counted behind the company
    equals: Annotated[int, Field(ge=0, le=255)] | None = None


class BleAccess(Table):
    """All of `[transport.ble]` but `frame`."""

    name_prefix: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    name_regex: Regex | None = None  # a group named `side` tells left (l...) from right (r...)
    service: Uuid | None = None  # advertised
    manufacturer: ManufacturerTable | None = None  # advertised
    chars: dict[str, Uuid]  # characteristics by a name for use below; `data` is the one that notifies
    side: SideTable | None = None
    battery: BatteryTable | None = None
    mtu: Annotated[int, Field(ge=23, le=517)] | None = None  # what the longest notification needs, 3 bytes over it
    start: tuple[StepTable, ...] = ()
    stop: tuple[StepTable, ...] = ()
    stall_s: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = 2.0  # silence after which to reconnect

    @model_validator(mode="after")
    def _findable(self) -> Self:
        if "data" not in self.chars:
            raise ValueError("chars has no `data`, the characteristic that notifies")
        if not (self.name_prefix or self.name_regex or self.service or self.manufacturer):
            raise ValueError("needs name_prefix, name_regex, service or manufacturer to find the device by")
        for what, name in self._named():
            if name not in self.chars:
                raise ValueError(f"{what} names the characteristic {name!r}, which chars does not have")
        return self

    def _named(self) -> Iterator[tuple[str, str]]:
        """Give every mention of a characteristic, and where it stands."""
        yield from (("a step", name) for step in (*self.start, *self.stop) if (name := step.characteristic))
        if self.side is not None:
            yield from (("side", name) for name in (self.side.read, self.side.ask, self.side.answer) if name)
        if self.battery is not None:
            yield "battery", self.battery.read
