"""`virtual:?gait=limping&seed=3`: a walker who does not exist, worn by the insole that is set up, over a radio.

What lies in the past comes flat out, then packets come when they arrive. Two insoles of one wearer with the same
options that are opened within 10 s of each other are on the feet of one person; in separate programs give `start`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar, get_args

from firmware_bridge.clock import Clock
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import SECOND, Packet, Side
from firmware_bridge.sources.address import Address
from firmware_bridge.sources.source import Source
from firmware_bridge.sources.stream.inbox import HEARTBEAT_S
from firmware_bridge.sources.stream.packet_stream import Lossless, PacketStream
from firmware_bridge.virtual.gait.scenario import TELLINGS, Session, Story, demo_story, told_gait
from firmware_bridge.virtual.gait.walker import Locomotion, Ramp
from firmware_bridge.virtual.insole.foot import VirtualFoot
from firmware_bridge.virtual.insole.pair import SharedWalk, join
from firmware_bridge.virtual.insole.radio import Radio
from firmware_bridge.virtual.insole.transmission import transmit

_T = TypeVar("_T", bound=str)

_LINK = "ble"
YIELD_EVERY = 16  # packets told flat out between two chances for other tasks
_OPTIONS = ("gait", "activity", "seed", "mass", "speed", "start", "story", "faults", "si", "pronation")
_RANGES = {"mass": (20, 250), "speed": (0.3, 8), "si": (-40, 40), "pronation": (-4, 4)}


@asynccontextmanager
async def open_virtual(address: Address, insole: Insole, clock: Clock) -> AsyncIterator[PacketStream]:
    """Open a virtual insole on `insole.side`; lost links are silence, the iterator ends with the story.

    Options: gait=normal|limping|pronated, activity=running|walking, seed, mass (kg), speed (m/s), start (ISO time or
    ns, default now), story=none|demo, faults=on|off, si (%), pronation (latent: 0 neutral, 2 strongly pronated).

    Raises:
        ConfigError: an option is unknown or out of range (named, with what there is), or the profile is not of a
            device that sends notifications.
    """
    _check(address)
    Encoder(insole.profile, insole.side, _LINK)
    given = address.options.get("start")
    walk = (insole.wearer, tuple(sorted(address.options.items())))
    now = clock.now()
    pair = join(walk, now) if given is None else join(walk, _time(address.url, given))
    story = story_of(address, pair.start)
    radio = Radio() if story.faults else Radio.perfect()
    late = given is None and address.options.get("story", "none") == "none"
    packets = _heard(VirtualFoot(insole.profile, insole.side, story), radio, since=now if late else 0)
    try:
        async with aclosing(_tell(packets, insole.side, pair, clock)) as told:
            yield Lossless(told)
    finally:
        pair.leave(insole.side)


SOURCE = Source(open_virtual, link=_LINK, options=_OPTIONS)


def story_of(address: Address, now: int) -> Story:
    """Return the story that a URL's options describe, `now` (UTC ns) being the present or, without story, its start.

    Raises:
        ConfigError: an option is unknown or out of range.
    """
    _check(address)
    telling = _choice(address, "gait", TELLINGS)
    activity: Locomotion = "walking" if _choice(address, "activity", get_args(Locomotion)) == "walking" else "running"
    faults = _choice(address, "faults", ("on", "off")) == "on"
    seed = _seed(address)
    if _choice(address, "story", ("none", "demo")) == "demo":
        story = demo_story(telling, seed, now, activity, faults=faults)
    else:
        story = Story(seed, (Session(now, told_gait(telling, activity, seed)),), faults)
    return _changed(story, address)


def _changed(story: Story, address: Address) -> Story:
    """Apply the numbers of a URL: mass and speed to all sessions, symmetry and pronation to the last."""
    numbers = {
        key: address.number(key, math.nan, least=low, most=high)
        for key, (low, high) in _RANGES.items()
        if key in address.options
    }
    sessions = []
    for session in story.sessions:
        gait = session.gait
        gait = replace(gait, mass=numbers.get("mass", gait.mass), speed=numbers.get("speed", gait.speed))
        sessions.append(replace(session, gait=gait))
    last = sessions[-1].gait
    if "si" in numbers:
        last = replace(last, si=Ramp.constant(numbers["si"]))
    if "pronation" in numbers:
        constant = Ramp.constant(numbers["pronation"])
        last = replace(last, left_pronation=constant, right_pronation=constant)
    sessions[-1] = replace(sessions[-1], gait=last)
    return replace(story, sessions=tuple(sessions))


def _heard(foot: VirtualFoot, radio: Radio, since: int) -> Iterator[list[Packet]]:
    for number in range(len(foot.story.sessions)):
        for packets in transmit(foot, radio, number, _LINK, since):
            yield [packet for packet in packets if packet.time >= since]


async def _tell(
    heard: Iterator[list[Packet]], side: Side, pair: SharedWalk, clock: Clock
) -> AsyncGenerator[Packet, None]:
    now, told = clock.now(), 0
    for packets in heard:
        await asyncio.sleep(0)
        for packet in packets:
            pair.advance(side, packet.time)
            if packet.time <= now:
                await pair.abreast(side)
            while packet.time > now:
                now = clock.now()
                if packet.time <= now:
                    break
                await clock.sleep(min(HEARTBEAT_S, (packet.time - now) / SECOND))
                now = clock.now()
                if packet.time > now:
                    yield Packet(now, b"")
            told += 1
            if told % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            yield packet


def _check(address: Address) -> None:
    if address.place:
        raise ConfigError(f"{address.url!r}: a virtual insole has no place; write virtual:?gait=normal and the like")
    address.allow(_OPTIONS)


def _choice(address: Address, key: str, choices: Sequence[_T]) -> _T:
    given = address.options.get(key, choices[0])
    for choice in choices:
        if given == choice:
            return choice
    raise ConfigError(f"{address.url!r}: {key}={given} is unknown; there are: {', '.join(choices)}")


def _seed(address: Address) -> int:
    text = address.options.get("seed", "0")
    if not (text.isascii() and text.isdigit()):
        raise ConfigError(f"{address.url!r}: seed={text} has to be a whole number from 0 on")
    return int(text)


def _time(url: str, text: str) -> int:
    """Return UTC ns of an ISO time (UTC where it names no zone) or of ns themselves."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{url!r}: start={text} has to be a time such as 2025-06-01T07:30:00Z, or ns") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000) * (SECOND // 1000)
