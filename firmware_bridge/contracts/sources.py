"""What every source keeps to, whatever its link. Derive a test class from the suite that fits, and give it a `rig`.

class TestCarrierPigeon(LiveSourceContract):
    @pytest.fixture
    def rig(self) -> AbstractAsyncContextManager[Rig]:
        return loft()
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge import sources
from firmware_bridge.clock import SystemClock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.errors import ConfigError, Unavailable
from firmware_bridge.model import Packet
from firmware_bridge.plugins import SOURCES
from firmware_bridge.sources import link_of, open_source
from firmware_bridge.sources.source import Source
from firmware_bridge.sources.stream.packet_stream import PacketStream

PATIENCE_S = 20.0
"""A suite that waits for longer has failed."""


@dataclass
class Rig:
    """A device that sends, and the URL at which it is reached; what happens to it is None where it cannot happen."""

    url: str
    insole: Insole
    link: str = "ble"  # which framing its packets have
    hang: Callable[[], object] | None = None  # it falls silent
    lose: Callable[[], object] | None = None  # the link breaks
    come_back: Callable[[], object] | None = None

    def open(self, option: str = "") -> AbstractAsyncContextManager[PacketStream]:
        """Open the link, with one more option."""
        url = self.url + (("&" if "?" in self.url else "?") + option if option else "")
        return open_source(url, self.insole, SystemClock())


Rigged = AbstractAsyncContextManager[Rig]


class SourceContract:
    """Every source, a recording too. The fixture `rig` gives an asynchronous context manager that yields a `Rig`."""

    def test_packets_come_in_order_of_time(self, rig: Rigged) -> None:
        async def law(rig: Rig) -> None:
            assert await asyncio.to_thread(link_of, rig.url) == rig.link
            async with rig.open() as packets:
                got = await taken(packets, 12)
                assert packets.dropped == 0
            assert all(type(packet) is Packet and type(packet.time) is int for packet in got)
            assert all(type(packet.data) is bytes for packet in got)
            assert any(packet.data for packet in got)
            times = [packet.time for packet in got]
            assert times == sorted(times)

        held(law, rig)

    def test_an_unknown_option_is_named(self, rig: Rigged) -> None:
        async def law(rig: Rig) -> None:
            with pytest.raises(ConfigError, match="'bad'"):
                async with rig.open("bad=1"):
                    pass

        held(law, rig)

    def test_what_is_recorded_is_what_came(self, rig: Rigged, tmp_path: Path) -> None:
        tape = tmp_path / "copy.packets"

        async def law(rig: Rig) -> None:
            async with rig.open(f"record={tape}") as packets:
                came = [packet for packet in await taken(packets, 20) if packet.data]
            assert await asyncio.to_thread(link_of, f"file:{tape}") == rig.link
            async with open_source(f"file:{tape}", rig.insole, SystemClock()) as again:
                assert [packet async for packet in again] == came

        held(law, rig)

    def test_closing_leaves_nothing_behind(self, rig: Rigged) -> None:
        async def law(rig: Rig) -> None:
            await asyncio.sleep(0)
            tasks, threads = asyncio.all_tasks(), _own_threads()
            for _ in range(2):  # which works only if the first one let go of the device
                async with rig.open() as packets:
                    await taken(packets, 2)
            assert _own_threads() == threads
            own = await asyncio.to_thread(_places, rig.url)
            assert {task for task in asyncio.all_tasks() - tasks if _runs_in(task, own)} == set()

        held(law, rig)


class LiveSourceContract(SourceContract):
    """Every source behind which there is a device, now: `hang` is to be given."""

    def test_cancelling_ends_a_wait_for_packets(self, rig: Rigged) -> None:
        async def law(rig: Rig) -> None:
            opened = asyncio.Event()

            async def listen() -> None:
                async with rig.open() as packets:
                    opened.set()
                    await _drained(packets)

            task = asyncio.create_task(listen())
            await opened.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        held(law, rig)

    def test_silence_is_heard(self, rig: Rigged) -> None:
        async def law(rig: Rig) -> None:
            async with rig.open() as packets:
                while not (await anext(packets)).data:
                    pass
                await _called(rig.hang)
                got = await taken(packets, 12)
            assert [packet.data for packet in got[-5:]] == [b""] * 5
            assert all(0 < b.time - a.time < 10**9 for a, b in zip(got[-5:-1], got[-4:], strict=True))

        held(law, rig)


class LosableSourceContract(LiveSourceContract):
    """Every source whose link can break so that it is noticed: `lose` and `come_back` are to be given."""

    def test_a_loss_is_unavailable_and_opening_again_works(self, rig: Rigged) -> None:
        async def law(rig: Rig) -> None:
            async with rig.open() as packets:
                await taken(packets, 3)
                await _called(rig.lose)
                with pytest.raises(Unavailable) as loss:
                    await _drained(packets)
                assert loss.value.advice
            with pytest.raises(Unavailable):
                async with rig.open():
                    pass
            await _called(rig.come_back)
            async with rig.open() as packets:
                while not (await anext(packets)).data:
                    pass

        held(law, rig)


def held(law: Callable[[Rig], Awaitable[None]], rig: Rigged) -> None:
    """Set the rig up, and see whether the law holds of it."""

    async def main() -> None:
        async with asyncio.timeout(PATIENCE_S), rig as device:
            await law(device)

    asyncio.run(main())


async def taken(packets: AsyncIterator[Packet] | PacketStream, n: int) -> list[Packet]:
    """Return the next packets."""
    return [await anext(packets) for _ in range(n)]


async def _drained(packets: PacketStream) -> None:
    async for _ in packets:
        pass


async def _called(fault: Callable[[], object] | None) -> None:
    assert fault is not None
    done = fault()
    if isinstance(done, Awaitable):
        await done


def _places(url: str) -> tuple[Path, Path]:
    """Return the file of the link that a URL names, and the folder of the built-in ones with all that links share."""
    source: Source = SOURCES.load(url.partition(":")[0])
    return Path(inspect.getfile(inspect.unwrap(source.open))), Path(sources.__file__).parent


def _runs_in(task: asyncio.Task[Any], places: tuple[Path, Path]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    if code is None:
        return False
    place, (file, folder) = Path(code.co_filename), places
    return place == file or folder in place.parents


def _own_threads() -> set[str]:
    """Return the threads that are no pool's: those of a pool wait for the next call."""
    return {thread.name for thread in threading.enumerate() if not thread.name.startswith(("asyncio_", "ThreadPool"))}
