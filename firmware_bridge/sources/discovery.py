"""What could be an insole here: everything that advertises, and every serial port, with the URL that settings take."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from firmware_bridge.devices.profile import Profile, builtin_profiles, load_profile
from firmware_bridge.devices.running_speed_cadence import SERVICE as POD_SERVICE
from firmware_bridge.errors import Unavailable
from firmware_bridge.model import Side

_BY_ID = Path("/dev/serial/by-id")
"""Where Linux names serial ports by their device, so that a name stays when the number changes."""


@dataclass(frozen=True, slots=True)
class Found:
    """A device, and how it is written in settings."""

    link: str  # "ble" or "serial"
    url: str
    name: str
    profiles: tuple[str, ...]  # the built-in profiles that fit
    side: Side | None  # as far as the name tells
    rssi_dbm: int | None  # of a radio
    battery_pct: int | None  # where it is advertised
    pod: bool  # whether it tells pace, as a foot pod or a watch


async def find_devices(backend: str = "", seconds: float = 5.0) -> list[Found | Unavailable]:
    """Return the serial ports, then what advertises: what fits a profile or is a foot pod, and the strongest, first.

    A kind of link that cannot be looked at is there as its `Unavailable`; the others are listed all the same.

    Args:
        backend: `bumble:TRANSPORT` in place of the system's Bluetooth.
        seconds: how long to listen.

    Raises:
        ConfigError: the backend is wrong.
    """
    found: list[Found | Unavailable] = []
    profiles = await asyncio.to_thread(lambda: [load_profile(name) for name in builtin_profiles()])
    try:
        found += await asyncio.to_thread(_ports, profiles)
    except ModuleNotFoundError as error:
        found.append(Unavailable(f"serial ports need {error.name!r}, which is not installed"))
    try:
        found += await _advertising(profiles, backend, seconds)
    except Unavailable as error:
        found.append(error)
    return found


def _ports(profiles: list[Profile]) -> list[Found]:
    serial: Any = import_module("firmware_bridge.sources.serial")
    names = _names_by_id()
    found = []
    for port in serial.scan_ports():
        fits = [profile.id for profile in profiles if profile.serial and port.usb in profile.serial.usb]
        place = names.get(os.path.realpath(port.name), port.name)
        name = "" if port.description == "n/a" else port.description
        found.append(Found("serial", f"serial:{_place(place)}", name, tuple(fits), None, None, None, pod=False))
    return found


def _names_by_id() -> dict[str, str]:
    """Return the lasting names of ports, by what they point at now."""
    try:
        return {os.path.realpath(name): str(name) for name in sorted(_BY_ID.iterdir())}
    except OSError:
        return {}


async def _advertising(profiles: list[Profile], backend: str, seconds: float) -> list[Found]:
    try:
        ble: Any = await asyncio.to_thread(import_module, "firmware_bridge.sources.ble.source")
    except ModuleNotFoundError as error:
        raise Unavailable(f"Bluetooth needs {error.name!r}, which is not installed") from error
    option = f"backend={quote(backend, safe='/:+,.')}" if backend else ""
    found = [_device(seen, profiles, option) for seen in await ble.scan_air(f"ble:?{option}", seconds)]
    return sorted(found, key=lambda one: not (one.profiles or one.pod))  # stable: the strongest stay first


def _device(seen: Any, profiles: list[Profile], option: str) -> Found:
    fits = {p.id: p.ble for p in profiles if p.ble and p.ble.matches(seen.name, seen.services, seen.makers)}
    # A name may fit several; the service that is advertised beside it settles that.
    fits = {name: link for name, link in fits.items() if link.service in seen.services} or fits
    side = next((told for link in fits.values() if (told := link.side_of(seen.name))), None)
    tells = side is not None or any(link.side for link in fits.values())
    place = _place(seen.name) if side else ""  # one that tells its foot when it is asked is found by its profile
    query = "&".join(filter(None, [option] if tells else [f"address={seen.address}", option]))
    url = f"ble:{place}" + (f"?{query}" if query else "")
    pod = POD_SERVICE in seen.services
    return Found("ble", url, seen.name, tuple(fits), side, seen.rssi_dbm, seen.battery_pct, pod)


def _place(name: str) -> str:
    """Return a name as it is written in a URL in settings: what has a meaning there, or cannot be seen, is quoted."""
    return "".join(c if c.isprintable() and c not in '%?"\\' else quote(c) for c in name)
