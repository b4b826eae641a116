"""`insole profile`: from a stream that nobody knows to a file that reads it, and what is said of mistakes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from firmware_bridge.clock import SystemClock
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import builtin_profiles, load_profile
from firmware_bridge.model import Side
from firmware_bridge.sources import open_source
from service.cli import app

posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")


def line(k: int) -> bytes:
    """Return what an insole of unknown make says: ms, five sensors of 12 bits, acceleration in g."""
    load = [(k * 131 + i * 700) % 4096 for i in range(5)]
    return f"{k * 10},{','.join(map(str, load))},0.02,-0.31,{0.9 + k % 3 / 10:.2f}\r\n".encode()


@contextlib.contextmanager
def talking(write: object, delay: float = 0.01) -> Iterator[None]:
    """Say lines at 100 Hz in a thread, beginning in the middle of one."""
    done = threading.Event()

    def talk() -> None:
        k = 1
        with contextlib.suppress(OSError):
            write(b"95,7,8\n")  # type: ignore[operator]
            while not done.wait(delay):
                write(line(k))  # type: ignore[operator]
                k += 1

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextlib.contextmanager
def terminal() -> Iterator[str]:
    import tty  # noqa: PLC0415

    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    try:
        with talking(lambda data: os.write(ours, data)):
            yield f"serial:{os.ttyname(theirs)}"
    finally:
        os.close(ours)
        os.close(theirs)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Serve the stream on a socket to everybody who comes."""
    listener = socket.create_server(("127.0.0.1", 0))
    guests: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                guests.append(listener.accept()[0])

    def write(data: bytes) -> None:
        for guest in guests:
            with contextlib.suppress(OSError):
                guest.sendall(data)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        with talking(write):
            yield f"serial:socket://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for guest in guests:
            guest.close()


@contextlib.contextmanager
def datagrams() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:

        def write(data: bytes) -> None:
            out.sendto(data.strip(), ("127.0.0.1", port))

        with talking(write):
            yield f"udp:127.0.0.1:{port}"


@pytest.mark.parametrize(
    "sender", [pytest.param(terminal, marks=posix), server, datagrams], ids=["terminal", "socket", "udp"]
)
def test_what_is_drafted_reads_the_stream_that_it_was_drafted_from(sender: object, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    with sender() as url:  # type: ignore[operator]
        done = CliRunner().invoke(app, ["profile", "new", url, "--seconds", "1.5", "--out", str(path)])
        assert done.exit_code == 0, done.output
        assert "positions of the sensors are a stand-in" in done.stderr
        assert "column 7 to 9: acc" in done.stderr
        checked = CliRunner().invoke(app, ["profile", "check", str(path)])
        assert checked.exit_code == 0, checked.output
        received, corrupt, acc = asyncio.run(_read(path, url))
    assert received >= 30
    assert corrupt == 0
    assert acc == pytest.approx(1, abs=0.2)
    profile = load_profile(str(path))
    assert profile.id == "mine"
    assert profile.sensors.count == 5
    assert profile.full_scale == 4095
    assert profile.rate_hz == pytest.approx(100, rel=0.05)
    assert profile.table.clock.source == "device"
    assert len(path.read_text().splitlines()) <= 40


async def _read(path: Path, url: str) -> tuple[int, int, float]:
    profile = await asyncio.to_thread(load_profile, str(path))
    insole = Insole("anna", Side.LEFT, profile, url)
    decoder = Decoder(insole, "udp" if url.startswith("udp") else "serial")
    acc = 0.0
    async with asyncio.timeout(20), open_source(url, insole, SystemClock()) as packets:
        async for packet in packets:
            frames = decoder.feed([packet])
            if frames is not None and frames.acc is not None:
                acc = float((frames.acc[-1] ** 2).sum() ** 0.5)
            if decoder.counts.received >= 30:
                break
    return decoder.counts.received, decoder.counts.corrupt, acc


def test_a_file_of_lines_is_drafted_to_stdout_alone(tmp_path: Path) -> None:
    (tmp_path / "My Log.txt").write_bytes(b"".join(map(line, range(100))))
    done = CliRunner().invoke(app, ["profile", "new", "--from", str(tmp_path / "My Log.txt"), "--rate", "80"])
    assert done.exit_code == 0
    drafted = tomllib.loads(done.stdout)
    assert drafted["device"]["id"] == "my-log"
    assert drafted["device"]["rate_hz"] == 80
    assert "to be checked by you:" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["new"], 2, "give either a link, such as serial:/dev/ttyACM0, or --from FILE"),
        (["new", "ble:", "--out", "x.toml"], 2, "listening goes over serial, udp, file"),
        (["new", "--from", "gone.txt"], 2, "gone.txt: cannot be read"),
        (["new", "--from", "empty.txt"], 1, "no lines of numbers are in it"),
        (["new", "--from", "empty.txt", "--out", "empty.txt"], 2, "is there already"),
        (["check", "gone.toml"], 2, "gone.toml: cannot be read"),
        (["check", "demo-61"], 2, "no profile is named 'demo-61'"),
    ],
)
def test_wrong_usage_is_one_clear_line(
    words: list[str], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").write_text("")
    done = CliRunner().invoke(app, ["profile", *words])
    assert done.exit_code == code
    assert message in done.stderr
    assert done.stdout == ""


def test_a_check_names_every_mistake(tmp_path: Path) -> None:
    text = load_profile("generic-lines").text
    for was, becomes in (("rate_hz", "rate"), ('unit = "raw"', 'unit = "bar"'), ("baud", "bud"), ("[0.35", "[7.35")):
        text = text.replace(was, becomes, 1)
    (tmp_path / "wrong.toml").write_text(text)
    done = CliRunner().invoke(app, ["profile", "check", str(tmp_path / "wrong.toml")])
    assert done.exit_code == 1
    for key in ("device.rate_hz", "device.rate:", "device.unit", "transport.serial.bud", "sensors.positions[0]"):
        assert key in done.stdout
    assert done.stdout.count("fails") == 5
    (tmp_path / "broken.toml").write_text("[device\n")
    done = CliRunner().invoke(app, ["profile", "check", str(tmp_path / "broken.toml")])
    assert done.exit_code == 1
    assert "is not valid TOML" in done.stdout


def test_a_rate_at_which_a_stance_has_few_samples_is_warned_of(tmp_path: Path) -> None:
    text = load_profile("generic-lines").text.replace("rate_hz = 50", "rate_hz = 10")
    (tmp_path / "slow.toml").write_text(text)
    done = CliRunner().invoke(app, ["profile", "check", str(tmp_path / "slow.toml")])
    assert done.exit_code == 0
    assert "warns device.rate_hz = 10: a running stance has less than a dozen samples" in done.stdout
    assert "warns" not in CliRunner().invoke(app, ["profile", "check", "generic-lines"]).stdout


def test_golden_bytes_are_decoded_and_a_wrong_one_fails(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["profile", "check", "generic-lines"])
    assert done.exit_code == 0
    assert "golden[0], sample 0: pressure 0 12 455 1023 87 3 0 41" in done.stdout
    text = load_profile("generic-lines").text
    assert "[[0, 12, 455," in text
    (tmp_path / "mine.toml").write_text(text.replace("[[0, 12, 455,", "[[0, 13, 455,"))
    done = CliRunner().invoke(app, ["profile", "check", str(tmp_path / "mine.toml")])
    assert done.exit_code == 1
    assert "fails golden[0]: pressure of sample 0 reads" in done.stdout


def test_a_profile_that_does_not_read_its_own_packets_fails_and_says_why(tmp_path: Path) -> None:
    frame = 'kind = "stream"\nlength = 184\nhead = ""\nchecksum = { type = "crc16-ccitt", over = [0, 182], at = 182 }'
    text = load_profile("demo-16").text.replace("at = 0 }, ", "at = 176 }, ", 1)
    text = re.sub(r"\[transport.serial.frame\].*?\n\n", f"[transport.serial.frame]\n{frame}\n\n", text, flags=re.DOTALL)
    header = re.search(r"header = \[.*?\n\]\n", text, re.DOTALL)
    assert header
    moved = 'header = [{ role = "time.ms", type = "u32", at = 176 }]\n'
    text = text.replace(header[0], moved).replace("at = 6, count = 4", "at = 0, count = 4")
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["profile", "check", str(path)])
    assert done.exit_code == 1
    why = "no two packets in a row are valid and begin with the same 2 bytes"
    assert done.stdout.splitlines() == [
        "ok    Virtual insole, 16 cells and motion sensor: 16 sensors in kPa, 100 Hz; ble, serial; virtual",
        f"fails serial, left foot: 300 of 300 packets that the profile writes itself are not read: {why}",
        f"fails serial, right foot: 300 of 300 packets that the profile writes itself are not read: {why}",
    ]


def test_the_list_names_every_profile_with_links_and_evidence() -> None:
    done = CliRunner().invoke(app, ["profile", "list"])
    assert done.exit_code == 0
    lines = {text.split()[0]: text for text in done.stdout.splitlines()}
    assert sorted(lines) == builtin_profiles()
    assert lines["moticon-udp"].endswith("16 sensors in kPa, 100 Hz; udp; unconfirmed on hardware")
    assert "recordings only; documented" in lines["gaitpdb-8"]
