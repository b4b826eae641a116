"""What a Bluetooth link says when it cannot work: in the user's words, with what to look at."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable

import pytest
from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakError,
)

from firmware_bridge.clock import SystemClock
from firmware_bridge.errors import ConfigError, Unavailable
from firmware_bridge.sources import open_source
from tests.walkers.steady import insole

URL = "ble:?backend=bumble:test"

_REASON = BleakBluetoothNotAvailableReason


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (BleakBluetoothNotAvailableError("off", _REASON.POWERED_OFF), "switch it on"),
        (BleakBluetoothNotAvailableError("denied", _REASON.DENIED_BY_USER), "allow Bluetooth"),
        (BleakBluetoothNotAvailableError("none", _REASON.NO_BLUETOOTH), "is there a Bluetooth adapter"),
        (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", []), "group bluetooth"),
        (BleakDBusError("org.bluez.Error.InProgress", ["in progress"]), "another program"),
        (FileNotFoundError(2, "No such file"), "service cannot be reached: No such file.*BlueZ, behind D-Bus"),
        (OSError(5, "radio"), "cannot be looked for: radio .is the Bluetooth service running"),
        (BleakError("whatever"), "whatever"),
        (TimeoutError(), "no answer"),
        (EOFError(), "EOFError"),
        (AttributeError("'NoneType' object"), "NoneType"),
        (KeyError("path"), "path"),
    ],
)
async def test_whatever_bleak_raises_is_unavailable_with_advice(
    monkeypatch: pytest.MonkeyPatch, error: Exception, advice: str
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(BleakScanner, "find_device_by_filter", fail)
    with pytest.raises(Unavailable, match=advice):
        async with open_source("ble:", insole(), SystemClock()):
            pass


@pytest.mark.parametrize(
    ("url", "profile", "message"),
    [
        ("ble:?adress=1", "demo-16", "unknown option 'adress'; there are: adapter, address"),
        ("ble:?stall=never", "demo-16", "stall=never has to be a number"),
        ("ble:?stall=0", "demo-16", "stall=0 has to be a number from 0.2 on"),
        ("ble:?backend=winrt", "demo-16", "has to be bumble:TRANSPORT"),
        ("ble:Insole demo R", "demo-16", "is a right insole by its name, but it is set as the left one"),
        ("ble:", "gaitpdb-8", "gaitpdb-8 has no Bluetooth link"),
    ],
)
async def test_a_wrong_url_is_told(url: str, profile: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        async with open_source(url, insole(profile=profile), SystemClock()):
            pass


async def test_without_bumble_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib.import_module("firmware_bridge.sources.ble.source"), "import_module", missing)
    with pytest.raises(ConfigError, match=r"pip install 'insole\[sim\]'"):
        async with open_source(URL, insole(), SystemClock()):
            pass


async def test_a_controller_that_is_away_is_unavailable() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(Unavailable, match=r"no Bluetooth controller at tcp-client.*are the virtual insoles running"):
        async with open_source(f"ble:?backend=bumble:tcp-client:127.0.0.1:{port}", insole(), SystemClock()):
            pass


@pytest.mark.parametrize("transport", ["pigeon:1", "tcp-client:nowhere"])
async def test_a_transport_that_does_not_exist_is_told(transport: str) -> None:
    with pytest.raises(ConfigError, match=f"{transport} is no transport of bumble's: "):
        async with open_source(f"ble:?backend=bumble:{transport}", insole(), SystemClock()):
            pass


async def test_whatever_a_transport_raises_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: str) -> None:
        raise Exception("LIBUSB_ERROR_OTHER")  # noqa: TRY002 - as bumble's transports do

    monkeypatch.setattr("firmware_bridge.virtual.links.ble.bumble_backend.open_transport", fail)
    with pytest.raises(Unavailable, match=r"no Bluetooth controller at usb:0: LIBUSB_ERROR_OTHER \(is it plugged in"):
        async with open_source("ble:?backend=bumble:usb:0", insole(), SystemClock()):
            pass


async def test_what_was_heard_instead_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hear(matches: Callable[[BLEDevice, AdvertisementData], bool], *_: object, **__: object) -> None:
        for address, name in (("AA:01", "Insole demo R"), ("AA:02", "Polar"), ("AA:03", None)):
            data = AdvertisementData(name, {}, {}, [], None, -60, ())
            assert not matches(BLEDevice(address, name, None), data)

    monkeypatch.setattr(BleakScanner, "find_device_by_filter", hear)
    with pytest.raises(Unavailable, match=r"the left insole was not found .*Heard: AA:03, Insole demo R, Polar\)"):
        async with open_source("ble:", insole(), SystemClock()):
            pass
