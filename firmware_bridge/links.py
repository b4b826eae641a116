"""How a device is found and started on its link, as a profile says it: data that the link's source acts on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware_bridge.model import Side
from firmware_bridge.profile_schema import BleTable, SerialTable, StepTable


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Turn on the notifications of a characteristic (its UUID)."""

    characteristic: str


@dataclass(frozen=True, slots=True)
class Write:
    """Write bytes to a characteristic (its UUID)."""

    characteristic: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Give the device time."""

    seconds: float


LinkStep = Subscribe | Write | Wait


@dataclass(frozen=True, slots=True)
class BleLink:
    """Bluetooth: what to look for, which characteristic notifies, what to do first and last."""

    name_prefix: tuple[str, ...]
    name_regex: str | None
    service: str | None  # UUID in the advertisement
    data: str  # UUID of the characteristic that carries the packets
    start: tuple[LinkStep, ...]  # ends up subscribed to `data`
    stop: tuple[LinkStep, ...]
    stall_s: float  # silence after which the link counts as lost

    def matches(self, name: str | None, services: tuple[str, ...] = ()) -> bool:
        """Tell whether an advertisement is of such a device: its name fits, or it has no rule but the service."""
        if self.name_prefix or self.name_regex:
            if not name:
                return False
            return name.startswith(self.name_prefix or ("\0",)) or self._match(name) is not None
        return self.service in services

    def side_of(self, name: str | None) -> Side | None:
        """Return the foot that the name tells (the `side` group of `name_regex`), None where it does not."""
        match = self._match(name or "")
        word = (match.groupdict().get("side") or "").lower() if match else ""
        return {"l": Side.LEFT, "r": Side.RIGHT}.get(word[:1])

    def _match(self, name: str) -> re.Match[str] | None:
        return re.search(self.name_regex, name) if self.name_regex else None


@dataclass(frozen=True, slots=True)
class SerialLink:
    """A serial port: its speed, and the USB ids (vendor, product) that such a device has."""

    baud: int
    usb: tuple[tuple[int, int], ...] = ()


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
        data=table.chars["data"],
        start=start,
        stop=tuple(_step(step, table.chars) for step in table.stop),
        stall_s=table.stall_s,
    )


def serial_link(table: SerialTable) -> SerialLink:
    """Compile `[transport.serial]`."""
    ids = [pair.split(":") for pair in table.usb]
    return SerialLink(baud=table.baud, usb=tuple((int(vendor, 16), int(product, 16)) for vendor, product in ids))


def _step(step: StepTable, chars: dict[str, str]) -> LinkStep:
    if step.wait_s is not None:
        return Wait(step.wait_s)
    if step.subscribe is not None:
        return Subscribe(chars[step.subscribe])
    data = bytes.fromhex(step.hex) if step.hex is not None else (step.text or "").encode()
    return Write(chars[step.write or "data"], data)
