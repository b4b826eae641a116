"""Serial insoles, through pyserial: on a pseudo-terminal (with unplugging) and over a socket."""

from __future__ import annotations

import asyncio
import errno
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import serial  # type: ignore[import-untyped]
from serial import SerialException
from serial.tools.list_ports_common import ListPortInfo  # type: ignore[import-untyped]

from firmware_bridge.clock import SystemClock
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.devices.profile import load_profile, parse_profile
from firmware_bridge.errors import ConfigError, InsoleError, Unavailable
from firmware_bridge.model import Packet, Side
from firmware_bridge.sources import open_source
from firmware_bridge.sources.serial import _group, _lasting_names, scan_ports
from firmware_bridge.virtual.insole.firmware import Firmware
from firmware_bridge.virtual.links.fault_control import command
from firmware_bridge.virtual.links.serial import SerialInsole, serve_serial
from tests.walkers.steady import SteadyFoot, insole

PICO = parse_profile(
    load_profile("demo-16").text.replace("baud = 115200", 'baud = 115200\nusb = ["2e8a:0005"]'), "mine.toml"
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")


@asynccontextmanager
async def streaming(link: Path | None = None) -> AsyncIterator[SerialInsole]:
    device = SerialInsole(Firmware(SteadyFoot(), "serial", SystemClock()), link)
    await device.plug()
    task = asyncio.create_task(device.run())
    try:
        yield device
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _take(url: str, until: Callable[[list[Packet]], bool]) -> list[Packet]:
    got: list[Packet] = []
    async with asyncio.timeout(10), open_source(url, insole(), SystemClock()) as packets:
        async for packet in packets:
            got.append(packet)
            if until(got):
                break
    return got


async def _drain(packets: AsyncIterator[Packet]) -> None:
    async for _ in packets:
        pass


def _bytes(packets: list[Packet]) -> int:
    return sum(len(packet.data) for packet in packets)


@posix
async def test_an_insole_on_a_port_streams_without_loss(tmp_path: Path) -> None:
    async with streaming(tmp_path / "left") as device:
        got = await _take(f"serial:{tmp_path / 'left'}", lambda got: _bytes(got) > 187 * 12)
        assert device.dropped == 0
    decoder = Decoder(insole(), "serial")
    frames = decoder.whole(got)
    assert frames is not None
    assert len(frames) >= 40
    assert (decoder.counts.lost, decoder.counts.corrupt) == (0, 0)
    assert all(a.time <= b.time for a, b in pairwise(got))


async def test_an_insole_behind_a_socket_streams_in_whole_pieces() -> None:
    async with streaming() as device, device.served() as port:
        got = await _take(f"serial:socket://127.0.0.1:{port}", lambda got: _bytes(got) > 187 * 8)
    decoder = Decoder(insole(), "serial")
    assert decoder.whole(got) is not None
    assert (decoder.counts.lost, decoder.counts.corrupt) == (0, 0)
    assert len([packet for packet in got if packet.data]) <= 2 * 9  # not byte by byte


@posix
async def test_a_frame_that_comes_in_pieces_is_one_frame(tmp_path: Path) -> None:
    device = SerialInsole(Firmware(SteadyFoot(), "serial", SystemClock()), tmp_path / "left")
    await device.plug()
    felt = SteadyFoot().samples(10**18, 10**18 + 40 * 10_000_000)
    encoder = Encoder(SteadyFoot().profile, Side.LEFT, "serial")
    whole = b"".join(encoder.packets(felt.ticks, felt.pressure, felt.acc, felt.gyro))
    pieces = [whole[i : i + 50] for i in range(30, len(whole), 50)]  # begins in the middle of a frame

    async def send() -> None:
        for piece in pieces:
            await asyncio.sleep(0.001)
            device.send(piece)

    async with asyncio.timeout(10), open_source(f"serial:{tmp_path / 'left'}", insole(), SystemClock()) as packets:
        task = asyncio.create_task(send())
        got = [await anext(packets)]
        while _bytes(got) < len(whole) - 30:
            got.append(await anext(packets))
        await task
    await device.unplug()
    frames = Decoder(insole(), "serial").whole(got)
    assert frames is not None
    assert len(frames) == 36  # ten frames of four samples, but for the one that was under way


@posix
async def test_unplugged_is_unavailable_and_plugged_in_again_is_found_at_the_same_path(tmp_path: Path) -> None:
    url = f"serial:{tmp_path / 'left'}"
    async with streaming(tmp_path / "left") as device:
        async with asyncio.timeout(10), open_source(url, insole(), SystemClock()) as packets:
            while not (await anext(packets)).data:
                pass
            await device.unplug()
            with pytest.raises(Unavailable, match="left was lost"):
                await _drain(packets)
        with pytest.raises(Unavailable, match=r"left is not there \(is it plugged in\? There are: "):
            await _take(url, bool)
        await device.plug()
        assert _bytes(await _take(url, lambda got: _bytes(got) > 200)) > 200


@posix
async def test_silence_is_heard_and_a_stall_is_a_loss_where_it_is_asked_for(tmp_path: Path) -> None:
    async with streaming(tmp_path / "left") as device:
        device.hang()
        got = await _take(f"serial:{tmp_path / 'left'}", lambda got: len(got) >= 2)
        assert _bytes(got) == 0
        with pytest.raises(Unavailable, match=r"no data for 0\.3 s"):
            await _take(f"serial:{tmp_path / 'left'}?stall=0.3", lambda _: False)


@posix
async def test_a_port_in_use_is_unavailable(tmp_path: Path) -> None:
    url = f"serial:{tmp_path / 'left'}"
    async with streaming(tmp_path / "left"), open_source(url, insole(), SystemClock()):
        with pytest.raises(Unavailable, match="in use"):
            await _take(url, bool)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (SerialException(errno.EACCES, "could not open port"), "no permission .*dialout"),
        (SerialException(errno.EBUSY, "could not open port"), "in use"),
        (SerialException("could not open port 'COM9': FileNotFoundError(2, ...)"), "COM9 is not there"),
        (SerialException("could not open port 'COM9': PermissionError(13, ...)"), "COM9 is in use"),
        (OSError(errno.EIO, "Input/output error"), "COM9 was lost"),
    ],
)
async def test_each_failure_says_what_to_look_at(monkeypatch: pytest.MonkeyPatch, error: OSError, message: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(serial, "serial_for_url", fail)
    with pytest.raises(Unavailable, match=message):
        await _take("serial:COM9", bool)


@posix
async def test_what_is_no_serial_port_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in ("/dev/null", tmp_path / "file", tmp_path):
        with pytest.raises(ConfigError, match=f"{place} is not a serial port; there are: "):
            await _take(f"serial:{place}", bool)


@posix
async def test_a_port_that_vanishes_while_it_is_opened_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    termios = pytest.importorskip("termios")

    def fail(*_: object, **__: object) -> None:
        raise termios.error(errno.EIO, "Input/output error")

    monkeypatch.setattr(serial, "serial_for_url", fail)
    with pytest.raises(Unavailable, match="COM9 was lost"):
        await _take("serial:COM9", bool)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_bug_in_the_reading_thread_is_raised_where_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(serial, "serial_for_url", fail)
    with pytest.raises(ZeroDivisionError):
        await _take("serial:COM9", bool)


async def test_a_port_that_fits_the_profile_is_marked_but_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [ListPortInfo("/dev/ttyUSB1"), ListPortInfo("/dev/ttyACM0")]
    found[1].vid, found[1].pid = 0x2E8A, 5
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)
    worn = replace(insole(), profile=PICO)
    for url in ("serial:", "serial:/dev/none"):
        with pytest.raises(InsoleError, match=r"here are: /dev/ttyACM0 \(fits the profile\), /dev/ttyUSB1"):
            async with open_source(url, worn, SystemClock()):
                pass


async def test_a_path_that_is_taken_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "left").write_text("mine")
    with pytest.raises(ConfigError, match="left is taken by another file"):
        await serve_serial([SteadyFoot()], tmp_path)
    assert (tmp_path / "left").read_text() == "mine"


def test_a_scan_lists_ports_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [ListPortInfo("/dev/ttyUSB1"), ListPortInfo("/dev/ttyACM0")]
    found[1].vid, found[1].pid, found[1].description = 0x2E8A, 5, "Pico"
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)
    assert [(port.name, port.usb) for port in scan_ports()] == [("/dev/ttyACM0", (0x2E8A, 5)), ("/dev/ttyUSB1", None)]


@posix
def test_a_port_is_listed_by_the_name_that_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ttyUSB1").write_text("")
    (tmp_path / "by-id").mkdir()
    lasting = tmp_path / "by-id" / "usb-Maker_Insole_L-if00"
    lasting.symlink_to(Path("..") / "ttyUSB1")
    names = _lasting_names(str(tmp_path / "by-id"))
    monkeypatch.setattr("firmware_bridge.sources.serial._lasting_names", lambda: names)
    found = [ListPortInfo(str(tmp_path / "ttyUSB1")), ListPortInfo("/dev/ttyS0")]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)
    assert [port.name for port in scan_ports()] == sorted(["/dev/ttyS0", str(lasting)])
    assert _lasting_names(str(tmp_path / "gone")) == {}


@posix
def test_a_port_that_is_not_permitted_names_its_group(tmp_path: Path) -> None:
    import grp  # noqa: PLC0415

    (tmp_path / "port").write_text("")
    assert _group(str(tmp_path / "port")) == grp.getgrgid((tmp_path / "port").stat().st_gid).gr_name
    assert _group("COM9") == "dialout"


async def test_a_server_that_is_away_is_unavailable() -> None:
    async with streaming() as device, device.served() as port:
        pass
    with pytest.raises(Unavailable, match="is the other end running"):
        await _take(f"serial:socket://127.0.0.1:{port}", bool)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("serial:", "names no port"),
        ("serial:/dev/x?bod=9600", "unknown option 'bod'; there are: baud, pace, record, stall"),
        ("serial:/dev/x?baud=fast", "baud=fast has to be a number"),
        ("serial:nonsense://x", "nonsense"),
    ],
)
async def test_a_wrong_url_is_told(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        await _take(url, bool)


async def test_a_profile_without_a_serial_link_needs_a_baud_rate() -> None:
    with pytest.raises(ConfigError, match=r"add \?baud="):
        async with open_source("serial:/dev/x", insole(profile="gaitpdb-8"), SystemClock()):
            pass


@posix
async def test_served_insoles_are_reached_by_the_urls_that_are_said_and_fail_when_told_to(tmp_path: Path) -> None:
    said: list[str] = []
    ready = asyncio.Event()

    def say(line: str) -> None:
        said.append(line)
        if line.startswith("control"):
            ready.set()

    task = asyncio.create_task(serve_serial([SteadyFoot()], tmp_path, say=say))
    try:
        async with asyncio.timeout(10):
            await ready.wait()
            assert said[0] == f"serial:{tmp_path / 'left'}"
            host, _, port = said[1].removeprefix("control: ").partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))

            async def tell(line: str) -> str:
                writer.write(f"{line}\n".encode())
                return (await reader.readline()).decode().strip()

            async with open_source(said[0], insole(), SystemClock()) as packets:
                while not (await anext(packets)).data:
                    pass
                assert await tell("out left") == "ok"
                with pytest.raises(Unavailable):
                    await _drain(packets)
            assert await tell("back left") == "ok"
            assert _bytes(await _take(said[0], lambda got: _bytes(got) > 0)) > 0
            assert (
                await tell("out right")
                == "error: 'out right' is not one of back, hang, out, reboot, resume and a side (left)"
            )
            writer.close()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert not (tmp_path / "left").is_symlink()


async def test_the_control_protocol_has_one_verb_and_one_side() -> None:
    done: list[str] = []
    insoles = {insole().side: {"out": lambda: done.append("out")}}
    assert await command("out left\n", insoles) == "ok"
    assert done == ["out"]
    assert await command("help", insoles) == "out  left"
    for wrong in ("", "out", "left out", "out left left", "out LEFT", "\x00"):
        assert (await command(wrong, insoles)).startswith("error: ")
    assert done == ["out"]
