"""Two virtual insoles for another process: over pseudo terminals, over a virtual radio, as datagrams."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from firmware_bridge.clock import SystemClock
from firmware_bridge.devices.profile import Profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Pace, Side
from firmware_bridge.plugins import OTHER_ENDS, PODS
from firmware_bridge.virtual.gait.scenario import TELLINGS, Story, plain_story, told_gait
from firmware_bridge.virtual.insole.firmware import WornInsole
from firmware_bridge.virtual.insole.foot import VirtualFoot
from firmware_bridge.virtual.insole.foot_pod import WalkersPace


@dataclass(frozen=True, slots=True)
class Played:
    """What the other end of a link plays, until it is cancelled."""

    feet: Sequence[WornInsole]
    port: int  # the TCP port of a virtual radio, or where to send datagrams to; 0: any, or where the profile listens
    control_port: int  # the TCP port that takes faults, 0 for any that is free
    pace: Callable[[], Pace | None] | None  # of a foot pod beside them, None for none
    seed: int = 0  # of what happens on the link


OtherEnd = Callable[[Played], Awaitable[None]]


async def play_virtual(
    link: str, profile: Profile, gait: str, seed: int, *, port: int = 0, control_port: int = 0, pod: bool = False
) -> None:
    """Play a pair of insoles from now on until cancelled; says on stdout by which URLs they are reached.

    Args:
        link: the scheme of these URLs.
        profile: the device model.
        gait: "normal", "limping" or "pronated", reached within 90 s.
        seed: of the person, the insoles and all chance.
        port: see `Played`.
        control_port: see `Played`.
        pod: whether there is a foot pod too, where the link has such.

    Raises:
        ConfigError: no such link or gait, the profile does not speak the link, or bumble is not installed.
    """
    story = _story(gait, seed)
    other_end = await asyncio.to_thread(_other_end, link, pod=pod)
    feet = [VirtualFoot(profile, side, story) for side in Side]
    pace = WalkersPace(story, SystemClock()) if pod else None
    await other_end(Played(feet, port, control_port, pace, seed))


def _story(gait: str, seed: int) -> Story:
    for telling in TELLINGS:
        if gait == telling:
            return plain_story(told_gait(telling, "running", seed), time.time_ns(), seed, faults=True)
    raise ConfigError(f"--gait {gait}: there are {', '.join(TELLINGS)}")


def _other_end(link: str, *, pod: bool) -> OtherEnd:
    """Import late: pseudo terminals are not on every system, and the radio is an extra."""
    if pod and link not in PODS.names():
        raise ConfigError(f"{link!r}: a foot pod is heard over Bluetooth: insole virtual ble --pod")
    if link not in OTHER_ENDS.names():
        raise ConfigError(f"{link!r}: the virtual insoles speak {' or '.join(OTHER_ENDS.names())}")
    try:
        end: OtherEnd = OTHER_ENDS.load(link)
    except ConfigError as error:
        if not isinstance(missing := error.__cause__, ModuleNotFoundError):
            raise
        raise ConfigError(
            f"virtual insoles need {missing.name!r}, which is not here; for Bluetooth: pip install 'insole[sim]'"
        ) from error
    return end
