"""A bench for Bluetooth: two virtual insoles in the air, and a program that keeps listening to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile
from firmware_bridge.errors import Unavailable
from firmware_bridge.model import Item, Link, Packet, Side
from firmware_bridge.sources import open_source
from firmware_bridge.virtual.insole.firmware import Firmware, WornInsole
from firmware_bridge.virtual.links.ble import bumble_backend
from firmware_bridge.virtual.links.ble.air import AirLink, LocalTransport
from firmware_bridge.virtual.links.ble.insole import BleInsole
from tests.stand_ins.timewarp import LoopClock, warped
from tests.walkers.steady import PROFILES, SteadyFoot

URL = "ble:?backend=bumble:test"
LEFT, RIGHT = Side.LEFT, Side.RIGHT


@dataclass
class Bench:
    """Two virtual insoles in the air, and the program's ears."""

    air: AirLink
    clock: LoopClock
    insoles: dict[Side, BleInsole]
    group: asyncio.TaskGroup
    profile: Profile
    heard: dict[Side, list[Packet]] = field(default_factory=lambda: {LEFT: [], RIGHT: []})
    losses: dict[Side, list[str]] = field(default_factory=lambda: {LEFT: [], RIGHT: []})
    sessions: dict[Side, int] = field(default_factory=lambda: {LEFT: 0, RIGHT: 0})

    def fault(self, verb: str, side: Side) -> None:
        self.insoles[side].faults[verb]()

    def insole(self, side: Side, url: str = URL) -> Insole:
        return Insole("anna", side, self.profile, url)

    def connected(self, side: Side) -> bool:
        return bool(self.insoles[side]._device.connections)

    def listen(self, *sides: Side, url: str = URL) -> None:
        for side in sides:
            self.group.create_task(self._keep_open(side, url))

    async def _keep_open(self, side: Side, url: str) -> None:
        """Open again after a loss, as the bridge does."""
        while True:
            try:
                async with open_source(url, self.insole(side), self.clock) as packets:
                    self.sessions[side] += 1
                    async for packet in packets:
                        self.heard[side].append(packet)
            except Unavailable as error:
                self.losses[side].append(str(error))
                await self.clock.sleep(0.5)

    async def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - on a warped clock
                await asyncio.sleep(0.05)

    def data(self, side: Side) -> list[Packet]:
        return [packet for packet in self.heard[side] if packet.data]


class Kept:
    """A log that keeps what is put."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def put(self, items: list[Item]) -> None:
        self.items += items

    @property
    def links(self) -> list[Link]:
        return [item for item in self.items if isinstance(item, Link)]


def without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a bridge call its log in the loop, since the loop's time is warped."""

    async def here(action: Callable[..., Any], *arguments: Any) -> Any:
        return action(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", here)


class _Done(Exception):
    pass


@asynccontextmanager
async def ended(group: asyncio.TaskGroup) -> AsyncIterator[asyncio.TaskGroup]:
    """Cancel what is still running at the end of the block."""

    async def end() -> None:
        raise _Done

    try:
        async with group:
            yield group
            await end()
    except* _Done:
        pass


def run_on_bench(
    monkeypatch: pytest.MonkeyPatch,
    story: Callable[[Bench], Awaitable[None]],
    *,
    profile: Profile = PROFILES["demo-16"],
    foot: Callable[[Side, Profile], WornInsole] = SteadyFoot,
    devices: Mapping[Side, Mapping[str, Any]] | None = None,
    **air_options: Any,
) -> None:
    """Run a story on a bench, on a warped clock; `devices` are options of `BleInsole`, `air_options` of `AirLink`."""

    async def main() -> None:
        air = AirLink(**air_options)

        async def local(_: str) -> LocalTransport:
            return LocalTransport(air)

        monkeypatch.setattr(bumble_backend, "open_transport", local)
        clock = LoopClock()
        insoles = {
            side: BleInsole(air, Firmware(foot(side, profile), "ble", clock), **(devices or {}).get(side, {}))
            for side in Side
        }
        async with ended(asyncio.TaskGroup()) as group:
            for device in insoles.values():
                group.create_task(device.run())
            async with asyncio.timeout(1200):
                await story(Bench(air, clock, insoles, group, profile))

    warped(main)
