"""Two virtual insoles for another process: over pseudo terminals, or over a virtual radio."""

from __future__ import annotations

import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from firmware_bridge.clock import SystemClock
from firmware_bridge.devices.profile import Profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Side
from firmware_bridge.virtual.gait.scenario import TELLINGS, Story, plain_story, told_gait
from firmware_bridge.virtual.insole.foot import VirtualFoot
from firmware_bridge.virtual.insole.foot_pod import WalkersPace

_LINKS = ("ble", "serial", "udp")


async def play_virtual(
    link: str, profile: Profile, gait: str, seed: int, *, port: int = 0, control_port: int = 0, pod: bool = False
) -> None:
    """Play a pair of insoles from now on until cancelled; says on stdout by which URLs they are reached.

    Args:
        link: "ble", "serial" or "udp".
        profile: the device model.
        gait: "normal", "limping" or "pronated", reached within 90 s.
        seed: of the person, the insoles and all chance.
        port: for "ble", the TCP port of the virtual radio, 0 for any that is free; for "udp", where to send to on
            this computer, 0 for where the profile listens.
        control_port: the TCP port that takes faults; 0 for any that is free.
        pod: whether there is a foot pod too, for "ble".

    Raises:
        ConfigError: no such link or gait, the profile does not speak the link, or bumble is not installed.
    """
    if pod and link != "ble":
        raise ConfigError(f"{link!r}: a foot pod is heard over Bluetooth: insole virtual ble --pod")
    story = _story(gait, seed)
    feet = [VirtualFoot(profile, side, story) for side in Side]
    if link == "serial":
        with tempfile.TemporaryDirectory(prefix="insole-") as folder:
            await _load("serial", "serve_serial")(feet, Path(folder), control_port=control_port)
    elif link == "ble":
        pace = WalkersPace(story, SystemClock()) if pod else None
        await _load("ble.insole", "serve_ble")(feet, port=port, control_port=control_port, pace=pace)
    elif link == "udp":
        await _load("udp", "serve_udp")(feet, port=port)
    else:
        raise ConfigError(f"{link!r}: the virtual insoles speak {' or '.join(_LINKS)}")


def _story(gait: str, seed: int) -> Story:
    for telling in TELLINGS:
        if gait == telling:
            return plain_story(told_gait(telling, "running", seed), time.time_ns(), seed, faults=True)
    raise ConfigError(f"--gait {gait}: there are {', '.join(TELLINGS)}")


def _load(module: str, name: str) -> Any:
    """Import late: pseudo terminals are not on every system, and the radio is an extra."""
    try:
        return getattr(import_module(f"firmware_bridge.virtual.links.{module}"), name)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"virtual insoles need {error.name!r}, which is not here; for Bluetooth: pip install 'insole[sim]'"
        ) from error
