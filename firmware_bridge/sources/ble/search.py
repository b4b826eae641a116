"""Finding the insole of one foot: by its name, or by asking whatever might be it, never by the order of connection."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from firmware_bridge.devices.link_setup import BleLink, SideByte
from firmware_bridge.errors import Unavailable
from firmware_bridge.model import Side
from firmware_bridge.sources.ble.errors import FOREIGN, NOT_FOUND, as_unavailable

SPARE_S = 5.0
"""What scanning and hanging up may take longer than they should."""
_ANSWER_S = 3.0
"""What a device may take to tell its foot."""
REMEMBERED_S = 120.0
"""For so long an insole of the other foot is not asked again."""
_HEARD = 8  # names that are listed where the wanted one is not among them


@dataclass
class Feet:
    """What the devices of one adapter have told of themselves, by address; shared by everybody who looks for one."""

    described: set[str] = field(default_factory=set)  # whose device information is on record
    _told: dict[str, tuple[Side, float]] = field(default_factory=dict)

    def tell(self, address: str, side: Side, until: float = math.inf) -> None:
        """Note the foot of a device, until a time of the loop."""
        self._told[address] = side, until

    def forget(self, address: str) -> None:
        """Let what a device told grow old: it is connected no more."""
        if address in self._told:
            self.tell(address, self._told[address][0], _now() + REMEMBERED_S)

    def side(self, address: str) -> Side | None:
        """Return the foot that a device told, None where it did not or that is long ago."""
        side, until = self._told.get(address, (None, math.inf))
        return side if until > _now() else None

    def claiming(self, side: Side) -> list[str]:
        """Return the addresses of those that say to be of a foot, sorted."""
        return sorted(address for address in self._told if self.side(address) is side)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which device is the insole, or the foot pod."""

    link: BleLink
    side: Side | None  # None: a pod, which is of no foot
    name: str
    address: str

    @property
    def named(self) -> bool:
        """Whether the user has said which one it is."""
        return bool(self.name or self.address)

    def matches(self, device: BLEDevice, advertisement: AdvertisementData) -> bool:
        """Tell whether an advertisement may be the insole's."""
        name = advertisement.local_name or device.name
        if self.address:
            return device.address.lower() == self.address.lower()
        if self.name:
            return name == self.name
        if not self.link.matches(name, tuple(advertisement.service_uuids), advertisement.manufacturer_data):
            return False
        told = self.link.side_of(name)
        return told is self.side or (told is None and self.link.side is not None)

    def __str__(self) -> str:
        return self.name or self.address or (f"the {self.side} insole" if self.side else "the foot pod")


Dial = Callable[[BLEDevice], Awaitable[BleakClient]]


@dataclass
class Search:
    """One attempt to find and connect an insole; its scans together take `timeout_s` at most."""

    wanted: Wanted
    feet: Feet
    timeout_s: float
    options: dict[str, Any]  # of bleak's scanner

    def __post_init__(self) -> None:
        self._heard: dict[str, str] = {}
        self._passed: set[str] = set()  # asked in vain
        self._trouble: Unavailable | None = None

    async def connected(self, dial: Dial) -> BleakClient:
        """Return the connection to the insole, made by `dial`; those of the other foot are hung up again.

        Raises:
            Unavailable: it was not found, or not connected; both insoles of a pair say to be of one foot.
        """
        left = self.timeout_s
        while True:
            began = _now()
            device = await self._found(max(left, 0.1))
            left -= _now() - began
            if device is None:
                raise self._trouble or self._missing()
            try:
                client = await dial(device)
            except Unavailable as error:
                if self.wanted.named or self.wanted.link.side is None:
                    raise
                self._pass(device.address, error)
                continue
            try:
                if await self._is_wanted(client):
                    return client
            except BaseException:
                await hang_up(client)
                raise
            await hang_up(client)

    async def _found(self, timeout_s: float) -> BLEDevice | None:
        # Scanned anew for each attempt: addresses change, and systems forget devices that they do not hear.
        def matches(device: BLEDevice, advertisement: AdvertisementData) -> bool:
            self._heard[device.address] = advertisement.local_name or device.name or device.address
            if not self.wanted.matches(device, advertisement):
                return False
            if self.wanted.named:
                return True
            return device.address not in self._passed and self.feet.side(device.address) in (None, self.wanted.side)

        with as_unavailable(f"{self.wanted} cannot be looked for"):
            async with asyncio.timeout(timeout_s + SPARE_S):
                return await BleakScanner.find_device_by_filter(matches, timeout_s, **self.options)

    async def _is_wanted(self, client: BleakClient) -> bool:
        """Ask a device for its foot, where it can tell; the user, who has named it, knows better."""
        wanted, address = self.wanted, client.address
        if wanted.link.side is None:
            return True
        try:
            with as_unavailable(f"{self._heard.get(address, address)} does not tell its foot"):
                side = await _asked(client, wanted.link.side)
        except Unavailable as error:
            if not wanted.named:
                self._pass(address, error)
            return wanted.named
        if side is wanted.side or wanted.named:
            if side is not None:
                self.feet.tell(address, side)
            return True
        if side is None:
            self._pass(address, Unavailable(f"{address} does not tell whether it is left or right"))
        else:
            self.feet.tell(address, side, _now() + REMEMBERED_S)
        return False

    def _pass(self, address: str, error: Unavailable) -> None:
        self._passed.add(address)
        self._trouble = error

    def _missing(self) -> Unavailable:
        wanted, other = self.wanted, self.wanted.side and self.wanted.side.other
        told = [] if wanted.named or other is None else self.feet.claiming(other)
        if len(told) > 1:
            return Unavailable(
                f"{wanted} was not found: {' and '.join(told)} all say that they are the {other} one",
                f"set the {wanted.side} one with its maker's app, or name each by address: ble:?address={told[0]}",
            )
        others = ", ".join(sorted(set(self._heard.values()))[:_HEARD]) or "nothing"
        return Unavailable(f"{wanted} was not found in {self.timeout_s:g} s", f"{NOT_FOUND} Heard: {others}")


async def _asked(client: BleakClient, place: SideByte) -> Side | None:
    """Return the foot that a connected device tells, None where its answer is none that the profile knows.

    Raises:
        TimeoutError, BleakError: it does not answer.
    """
    async with asyncio.timeout(_ANSWER_S):
        if place.ask is None:
            return place.side(bytes(await client.read_gatt_char(place.characteristic)))
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def notified(_: object, data: bytearray) -> None:
            if data.startswith(place.head) and not answer.done():
                answer.set_result(bytes(data))

        await client.start_notify(place.characteristic, notified)
        await client.write_gatt_char(place.ask.characteristic, place.ask.data)
        said = await answer
        await client.stop_notify(place.characteristic)  # the steps of the start may subscribe again
        return place.side(said)


async def hang_up(client: BleakClient) -> None:
    """Disconnect, even if the device is gone: bleak tidies up behind it."""
    with suppress(*FOREIGN):
        async with asyncio.timeout(SPARE_S):
            await client.disconnect()


def _now() -> float:
    return asyncio.get_running_loop().time()
