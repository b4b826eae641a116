"""One link that several insoles listen to: a dongle or a program that brings both feet, and maybe several people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

Place = TypeVar("Place", bound=Hashable)
Ear_contra = TypeVar("Ear_contra", contravariant=True)


class Station(Protocol[Ear_contra]):
    """What is open at a place and brings everything to everybody who listens."""

    @property
    def lost(self) -> bool:
        """Whether nothing more will come."""
        ...

    def add(self, ear: Ear_contra) -> None:
        """Let somebody listen."""
        ...

    def remove(self, ear: Ear_contra) -> bool:
        """Let somebody go; return whether anybody still listens."""
        ...

    async def close(self) -> None:
        """Close it; another one can be opened at its place when this returns."""
        ...


AnyStation = TypeVar("AnyStation", bound=Station[Any])


class Stations(Generic[Place, AnyStation]):
    """The stations of each event loop: opened by the first who listens, closed behind the last one."""

    def __init__(self, opened: Callable[[Place], Awaitable[AnyStation]]) -> None:
        self._opened = opened
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[asyncio.Lock, dict[Place, AnyStation]]] = (
            WeakKeyDictionary()
        )

    async def join(self, place: Place, ear: Any) -> AnyStation:
        """Listen at a place; what its opening raises comes out."""
        lock, stations = self._here()
        async with lock:
            station = stations.get(place)
            if station is None or station.lost:
                station = stations[place] = await self._opened(place)
            station.add(ear)
            return station

    async def leave(self, place: Place, station: AnyStation, ear: Any) -> None:
        """Listen no more."""
        lock, stations = self._here()
        async with lock:
            if station.remove(ear):
                return
            if stations.get(place) is station:
                del stations[place]
            await station.close()

    def _here(self) -> tuple[asyncio.Lock, dict[Place, AnyStation]]:
        return self._loops.setdefault(asyncio.get_running_loop(), (asyncio.Lock(), {}))
