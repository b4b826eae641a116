"""How a device is found and started over Bluetooth, as a profile says it: data that the source `ble:` acts on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from firmware_bridge.devices.schema.ble import PACKED, BatteryTable, ManufacturerTable, SideTable, StepTable
from firmware_bridge.devices.schema.profile import BleTable
from firmware_bridge.model import Side


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Turn on the notifications of a characteristic (its UUID)."""

    characteristic: str


@dataclass(frozen=True, slots=True)
class Read:
    """Read a characteristic (its UUID), since the device waits for that."""

    characteristic: str


@dataclass(frozen=True, slots=True)
class Write:
    """Write bytes to a characteristic (its UUID)."""

    characteristic: str
    data: bytes


@dataclass(frozen=True, slots=True)
class WriteClock:
    """Write the host's local time to a characteristic (its UUID): as text, or packed into numbers."""

    characteristic: str
    text: str  # of `strftime`
    pack: tuple[str, ...]

    def data(self, now: datetime) -> bytes:
        """Return the bytes that say this time."""
        return b"".join(_packed(item, now) for item in self.pack) if self.pack else now.strftime(self.text).encode()


@dataclass(frozen=True, slots=True)
class Wait:
    """Give the device time."""

    seconds: float


LinkStep = Subscribe | Read | Write | WriteClock | Wait


@dataclass(frozen=True, slots=True)
class SideByte:
    """Where in its answer a device tells its foot."""

    characteristic: str  # UUID that is read, or that notifies the answer to `ask`
    ask: Write | None
    head: bytes  # how the answer begins
    at: int
    bit: int | None  # None: the whole byte
    sides: Mapping[int, Side]

    def side(self, answer: bytes) -> Side | None:
        """Return the foot that an answer tells, None where it tells none."""
        if len(answer) <= self.at or not answer.startswith(self.head):
            return None
        byte = answer[self.at]
        return self.sides.get(byte if self.bit is None else byte >> self.bit & 1)


@dataclass(frozen=True, slots=True)
class BatteryByte:
    """Where a device tells its battery's percent: the characteristic's UUID, and the byte of what is read there."""

    characteristic: str
    at: int


@dataclass(frozen=True, slots=True)
class Maker:
    """What an advertisement's manufacturer data hold; `equals` None: any."""

    company: int
    at: int
    equals: int | None

    def matches(self, data: Mapping[int, bytes]) -> bool:
        """Tell whether manufacturer data (by company) are of this kind."""
        found = data.get(self.company)
        return found is not None and (self.equals is None or (len(found) > self.at and found[self.at] == self.equals))


@dataclass(frozen=True, slots=True)
class BleLink:
    """Bluetooth: what to look for, which characteristic notifies, what to do first and last."""

    name_prefix: tuple[str, ...]
    name_regex: str | None
    service: str | None  # UUID in the advertisement
    maker: Maker | None
    data: str  # UUID of the characteristic that carries the packets
    characteristics: tuple[str, ...]  # UUIDs, `data` among them
    side: SideByte | None  # None: only the name may tell left from right
    battery: BatteryByte | None  # None: the standard Battery Service, where there is one
    mtu: int | None  # what the packets need
    start: tuple[LinkStep, ...]  # ends up subscribed to `data`
    stop: tuple[LinkStep, ...]
    stall_s: float  # silence after which the link counts as lost

    @property
    def side_in_name(self) -> bool:
        """Whether names tell left from right."""
        return "(?P<side>" in (self.name_regex or "")

    def matches(
        self, name: str | None, services: tuple[str, ...] = (), makers: Mapping[int, bytes] | None = None
    ) -> bool:
        """Tell whether an advertisement is of such a device.

        Its name fits; without a rule for names its manufacturer data do, and without a rule for those its service.
        """
        if self.name_prefix or self.name_regex:
            if not name or not (name.startswith(self.name_prefix or ("\0",)) or self._match(name) is not None):
                return False
            return self.maker is None or not makers or self.maker.company not in makers or self.maker.matches(makers)
        if self.maker is not None:
            return self.maker.matches(makers or {})
        return self.service in services

    def side_of(self, name: str | None) -> Side | None:
        """Return the foot that the name tells (the `side` group of `name_regex`), None where it does not."""
        match = self._match(name or "")
        word = (match.groupdict().get("side") or "").lower() if match else ""
        return {"l": Side.LEFT, "r": Side.RIGHT}.get(word[:1])

    def _match(self, name: str) -> re.Match[str] | None:
        return re.search(self.name_regex, name) if self.name_regex else None


def ble_link(table: BleTable) -> BleLink:
    """Compile `[transport.ble]`: names of characteristics become UUIDs, texts become bytes.

    A profile without any `subscribe` step subscribes to `data` first.
    """
    start = tuple(_step(step, table.chars) for step in table.start)
    if not any(isinstance(step, Subscribe) for step in start):
        start = (Subscribe(table.chars["data"]), *start)
    return BleLink(
        name_prefix=table.name_prefix,
        name_regex=table.name_regex,
        service=table.service,
        maker=_maker(table.manufacturer),
        data=table.chars["data"],
        characteristics=tuple(dict.fromkeys(table.chars.values())),
        side=_side(table.side, table.chars),
        battery=_battery(table.battery, table.chars),
        mtu=table.mtu,
        start=start,
        stop=tuple(_step(step, table.chars) for step in table.stop),
        stall_s=table.stall_s,
    )


def _step(step: StepTable, chars: dict[str, str]) -> LinkStep:
    if step.wait_s is not None:
        return Wait(step.wait_s)
    if step.subscribe is not None:
        return Subscribe(chars[step.subscribe])
    if step.read is not None:
        return Read(chars[step.read])
    uuid = chars[step.write or "data"]
    if step.hex is not None:
        return Write(uuid, bytes.fromhex(step.hex))
    if step.pack is not None or "%" in (step.text or ""):
        return WriteClock(uuid, step.text or "", step.pack or ())
    return Write(uuid, (step.text or "").encode())


def _side(table: SideTable | None, chars: dict[str, str]) -> SideByte | None:
    if table is None:
        return None
    ask = Write(chars[table.ask], bytes.fromhex(table.hex or "")) if table.ask else None
    sides = {value: Side(name) for value, name in table.map.items()}
    place = table.read or table.answer or "data"
    return SideByte(chars[place], ask, bytes.fromhex(table.head), table.at, table.bit, sides)


def _battery(table: BatteryTable | None, chars: dict[str, str]) -> BatteryByte | None:
    return None if table is None else BatteryByte(chars[table.read], table.at)


def _maker(table: ManufacturerTable | None) -> Maker | None:
    return None if table is None else Maker(table.company, table.at, table.equals)


_SUMS = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__, "/": int.__floordiv__}


def _packed(item: str, now: datetime) -> bytes:
    """Return one number of `pack`, in the bits that it has."""
    found = PACKED.fullmatch(item)
    assert found is not None  # checked with the profile
    kind, order, constant, field, sign, operand = found.groups()
    value = int(constant) if constant else _clock_field(field, now)
    if sign:
        value = _SUMS[sign](value, int(operand))
    size = int(kind[1:]) // 8
    return (value % (1 << 8 * size)).to_bytes(size, "big" if order == "be" else "little")


def _clock_field(field: str, now: datetime) -> int:
    if field == "ms":
        return now.microsecond // 1000
    if field.startswith("epoch"):
        return int(now.timestamp() * (1000 if field == "epoch_ms" else 1))
    return int(getattr(now, field))
