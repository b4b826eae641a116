"""Datagrams: two feet of one sender, who may send, and what is said where nobody can listen."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.bridge.insole import bridge_insole
from firmware_bridge.clock import SystemClock
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.errors import ConfigError, Unavailable
from firmware_bridge.model import Frames, Link, Packet, Side
from firmware_bridge.sources import link_of, open_source
from firmware_bridge.stores import open_log
from firmware_bridge.virtual.links.udp import UdpSender, address_of, joined, serve_udp
from tests.walkers.steady import PROFILES, SteadyFoot, insole

MOTICON = PROFILES["moticon-udp"]


@pytest.fixture
def port() -> int:
    """Give a port of this computer that is free at the moment."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def sending(port: int, *sides: Side) -> AsyncIterator[UdpSender]:
    sender = UdpSender([SteadyFoot(side, MOTICON) for side in sides or Side], SystemClock())
    task = asyncio.create_task(sender.run("127.0.0.1", port))
    try:
        yield sender
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def both(url: str) -> AsyncIterator[list[AsyncIterator[Packet]]]:
    async with AsyncExitStack() as stack:
        feet = [insole(side, url, "moticon-udp") for side in Side]
        yield [await stack.enter_async_context(open_source(url, foot, SystemClock())) for foot in feet]


async def _take(packets: AsyncIterator[Packet], until: Callable[[list[Packet]], bool]) -> list[Packet]:
    got: list[Packet] = []
    while not until(got):
        got.append(await anext(packets))
    return got


def _datagrams(packets: list[Packet]) -> list[bytes]:
    return [packet.data for packet in packets if packet.data]


async def _send(port: int, *datagrams: bytes) -> None:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("127.0.0.1", port)
    )
    for datagram in datagrams:
        transport.sendto(datagram)
    await asyncio.sleep(0)
    transport.close()


async def test_both_feet_of_one_sender_share_a_port(port: int) -> None:
    assert link_of(f"udp:{port}") == "udp"
    async with asyncio.timeout(20), sending(port), both(f"udp:127.0.0.1:{port}") as links:
        heard = await asyncio.gather(*(_take(link, lambda got: len(_datagrams(got)) >= 20) for link in links))
    assert _datagrams(heard[0])[:20] == _datagrams(heard[1])[:20]
    for side, packets in zip(Side, heard, strict=True):
        decoder = Decoder(insole(side, profile="moticon-udp"), "udp")
        frames = decoder.whole(packets)
        assert frames is not None
        assert len(frames) == len(_datagrams(packets))
        assert (decoder.counts.lost, decoder.counts.corrupt) == (0, 0)
        assert (np.diff(frames.pressure[:, 0]) % 1000 == 1).all()


async def test_two_bridges_on_one_port_fill_the_log_end_to_end(port: int, tmp_path: Path) -> None:
    log = await asyncio.to_thread(open_log, f"sqlite:///{tmp_path / 'log.sqlite'}")

    def stored() -> list[Frames]:
        return log.read(Frames, "anna")

    async with asyncio.timeout(30), sending(port):
        tasks = [asyncio.create_task(bridge_insole(insole(side, f"udp:{port}", "moticon-udp"), log)) for side in Side]
        while {frames.side for frames in await asyncio.to_thread(stored)} != set(Side):  # noqa: ASYNC110 - another thread
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    links = await asyncio.to_thread(log.read, Link, "anna")
    await asyncio.to_thread(log.close)
    assert {row.side for row in links if row.connected} == set(Side)
    assert sum(row.corrupt for row in links) == 0


async def test_a_foot_that_is_blank_costs_the_other_one_nothing(port: int) -> None:
    async with asyncio.timeout(20), both(f"udp:{port}") as links, sending(port, Side.RIGHT):
        heard = await asyncio.gather(*(_take(link, lambda got: len(_datagrams(got)) >= 5) for link in links))
    left, right = (Decoder(insole(side, profile="moticon-udp"), "udp") for side in Side)
    assert left.whole(heard[0]) is None
    assert right.whole(heard[1]) is not None
    assert left.counts == (0, 0, 0, 0, 0)


async def test_one_foot_that_leaves_takes_nothing_from_the_other(port: int) -> None:
    url = f"udp:{port}"
    async with asyncio.timeout(20), sending(port), AsyncExitStack() as stack:
        stays = await stack.enter_async_context(open_source(url, insole(url=url), SystemClock()))
        for _ in range(3):
            async with open_source(url, insole(Side.RIGHT, url), SystemClock()) as packets:
                await _take(packets, lambda got: len(_datagrams(got)) > 2)
        await _take(stays, lambda got: len(_datagrams(got)) > 10)
    async with open_source(url, insole(url=url), SystemClock()):
        pass  # the port was let go of


async def test_datagrams_of_strangers_are_left_out_and_told_once(port: int, caplog: pytest.LogCaptureFixture) -> None:
    async with asyncio.timeout(20):
        url = f"udp:{port}?from=127.0.0.9&stall=0.5"
        async with open_source(url, insole(url=url), SystemClock()) as packets:
            await _send(port, b"1", b"2")
            with pytest.raises(Unavailable, match=r"no data for 0\.5 s .*does it send to 127\.0\.0\.1"):
                await _take(packets, lambda got: bool(_datagrams(got)))
        url = f"udp:{port}?from=127.0.0.1"
        async with open_source(url, insole(url=url), SystemClock()) as packets:
            await _send(port, b"1", b"2")
            assert _datagrams(await _take(packets, lambda got: len(_datagrams(got)) == 2)) == [b"1", b"2"]
    told = [record for record in caplog.records if "datagrams of 127.0.0.1 are left out" in record.getMessage()]
    assert len(told) == 1


async def test_a_datagram_that_is_too_large_is_one_corrupt_packet(port: int, caplog: pytest.LogCaptureFixture) -> None:
    line = b"1 " * 25 + b"\n"
    async with asyncio.timeout(20), open_source(f"udp:{port}", insole(), SystemClock()) as packets:
        await _send(port, line * 400, b"", line)
        got = await _take(packets, lambda got: len(_datagrams(got)) == 2)
    decoder = Decoder(insole(profile="moticon-udp"), "udp")
    assert decoder.whole(got) is None
    assert decoder.counts.corrupt == 2
    assert "a datagram of 20400 bytes is no insole's" in caplog.text


async def test_a_port_in_use_is_unavailable(port: int) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
        other.bind(("127.0.0.1", port))
        with pytest.raises(Unavailable, match=r"is in use \(another program"):
            async with open_source(f"udp:{port}", insole(), SystemClock()):
                pass


async def test_an_address_of_another_computer_is_told() -> None:
    with pytest.raises(Unavailable, match="is no address of this computer"):
        async with open_source("udp:192.0.2.1:8888?from=any", insole(), SystemClock()):
            pass


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("udp:", "names no port, as udp:127.0.0.1:8888 does"),
        ("udp:here", "'here' is not HOST:PORT"),
        ("udp:0", "'0' is not HOST:PORT"),
        ("udp:127.0.0.1:99999", "is not HOST:PORT"),
        ("udp:8888?from=sister", "neither an IP address nor 'any'"),
        ("udp:0.0.0.0:8888", "anybody who reaches 0.0.0.0 could send samples"),
        ("udp:8888?baud=1", "unknown option 'baud'; there are: from, pace, record, stall"),
        ("udp:8888?stall=0", "stall=0 has to be a number"),
    ],
)
async def test_a_wrong_url_is_told(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        async with open_source(url, insole(), SystemClock()):
            pass


async def test_without_a_place_the_profile_says_where(port: int) -> None:
    assert address_of(MOTICON) == ("127.0.0.1", 8888)
    said: list[str] = []
    task = asyncio.create_task(serve_udp([SteadyFoot(side, MOTICON) for side in Side], port=port, say=said.append))
    async with asyncio.timeout(20), open_source(f"udp:127.0.0.1:{port}", insole(), SystemClock()) as packets:
        await _take(packets, lambda got: len(_datagrams(got)) > 2)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert said == [f"udp:127.0.0.1:{port}"]
    with pytest.raises(ConfigError, match="demo-16 has no udp link"):
        UdpSender([SteadyFoot()], SystemClock())


def test_two_lines_are_joined_cell_by_cell() -> None:
    text = MOTICON.table.text
    assert text is not None
    assert joined(text, [b"0.1 nan 2\n", b"0.1 5 nan\n"]) == b"0.1 5 2\n"
    assert joined(text, [b"0.1 nan\n"]) == b"0.1 nan\n"
