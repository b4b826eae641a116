"""Walks that are known in full, for tests: frames of both feet and the truth, without a radio in between.

left, right, truth = walk(Gait(si=Ramp.constant(4)), seconds=120, seed=3)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile, load_profile
from firmware_bridge.model import SECOND, Device, Frames, Side
from firmware_bridge.virtual.gait.ground_truth import Truth, truth
from firmware_bridge.virtual.gait.scenario import Story, plain_story
from firmware_bridge.virtual.gait.walker import Gait, Locomotion, Ramp, Strides
from firmware_bridge.virtual.insole.foot import VirtualFoot
from firmware_bridge.virtual.insole.known_walk import story_frames
from firmware_bridge.virtual.insole.radio import Radio
from firmware_bridge.virtual.insole.sensors import Fault
from firmware_bridge.virtual.insole.transmission import transmit

__all__ = [
    "START",
    "Fault",
    "Gait",
    "Locomotion",
    "Radio",
    "Ramp",
    "Strides",
    "devices",
    "insole",
    "lose",
    "plain_story",
    "walk",
    "walk_by_radio",
    "walk_story",
]

START = 1_750_000_000 * SECOND
WEARER = "ada"


def insole(side: Side, profile: str | Profile = "demo-16", wearer: str = WEARER) -> Insole:
    """Return the insole whose frames `walk` makes."""
    compiled = load_profile(profile) if isinstance(profile, str) else profile
    return Insole(wearer, side, compiled, "virtual:")


def devices(profile: str | Profile = "demo-16", *, time: int = START - SECOND, wearer: str = WEARER) -> list[Device]:
    """Return the Device rows of both insoles."""
    return [insole(side, profile, wearer).device_row(time) for side in Side]


def walk(
    gait: Gait | None = None,
    *,
    seconds: float = 60.0,
    seed: int = 0,
    faults: bool = False,
    profile: str | Profile = "demo-16",
    start: int = START,
    chunk_s: float = 1.0,
    wearer: str = WEARER,
    broken: Mapping[Side, Sequence[Fault]] | None = None,
) -> tuple[list[Frames], list[Frames], Truth]:
    """Return the left frames, the right frames (in pieces of `chunk_s`) and the truth of one session.

    `faults` switches the ordinary errors of sensors and mounting on (no radio: nothing is lost, use `lose`).
    """
    story = plain_story(replace(gait or Gait(), seconds=seconds), start, seed, faults=faults)
    return walk_story(story, profile=profile, chunk_s=chunk_s, wearer=wearer, broken=broken)


def walk_story(
    story: Story,
    *,
    profile: str | Profile = "demo-16",
    chunk_s: float = 1.0,
    wearer: str = WEARER,
    stop: int | None = None,
    broken: Mapping[Side, Sequence[Fault]] | None = None,
) -> tuple[list[Frames], list[Frames], Truth]:
    """Return the same of a whole story; `stop` (UTC ns) bounds one that has no end."""
    last = story.sessions[-1].stop if stop is None else stop
    assert last is not None, "an endless story needs a stop"
    left, right = (
        story_frames(
            story, insole(side, profile, wearer), stop=last, chunk_s=chunk_s, broken=(broken or {}).get(side, ())
        )
        for side in Side
    )
    return left, right, truth(story, story.sessions[0].start, last)


def walk_by_radio(story: Story, stop: int, *, radio: Radio | None = None) -> tuple[list[Frames], list[Frames], Truth]:
    """Return a story as the bridge stores it: encoded, sent through the air, decoded, placed in time."""
    feet = []
    for side in Side:
        worn = insole(side)
        decoder = Decoder(worn)
        frames: list[Frames] = []
        for number, session in enumerate(story.sessions):
            if session.start >= stop:
                break
            for packets in transmit(VirtualFoot(worn.profile, side, story), radio or Radio(), number):
                decoded = (decoder.feed(packets[k : k + 25]) for k in range(0, len(packets), 25))
                frames += [piece for piece in decoded if piece is not None]
                if packets and packets[-1].time >= stop:
                    break
        held = decoder.finish()
        feet.append(frames if held is None else [*frames, held])
    return feet[0], feet[1], truth(story, story.sessions[0].start, stop)


def lose(frames: Sequence[Frames], part: float, *, seed: int = 0, burst: int = 4) -> list[Frames]:
    """Drop the given part of the samples, in bursts of `burst` (as one notification holds)."""
    rng = np.random.default_rng([seed, 51])
    kept = []
    for piece in frames:
        drawn = rng.random(-(-len(piece) // burst)) >= part
        keep = np.flatnonzero(np.repeat(drawn, burst)[: len(piece)])
        if keep.size:
            kept.append(_pick(piece, keep))
    return kept


def measured_curve(grf: Path, trial: int) -> tuple[float, ...]:
    """Return the mean vertical force over stance of one measured running trial (Alcantara 2022, PeerJ 10:e12752).

    `grf` has a row of body weights at 500 Hz for each trial, the feet in turn. For `Gait.curve`: another waveform.
    """
    force = np.loadtxt(grf, delimiter=",", skiprows=trial, max_rows=1)
    loaded = (force > 0.05).astype(int)
    on, off = np.flatnonzero(np.diff(loaded) == 1) + 1, np.flatnonzero(np.diff(loaded) == -1) + 1
    off = off[off > on[0]]
    at = np.linspace(0, 1, 51)
    stances = [force[a:b] for a, b in zip(on, off, strict=False) if b - a > 50]
    shapes = [np.interp(at, np.linspace(0, 1, len(stance)), stance) for stance in stances]
    return tuple(np.mean(shapes, axis=0).tolist())


def _pick(frames: Frames, keep: NDArray[np.intp]) -> Frames:
    optional: dict[str, Any] = {
        name: None if (x := getattr(frames, name)) is None else x[keep] for name in Frames.OPTIONAL
    }
    return replace(frames, time=frames.time[keep], pressure=frames.pressure[keep], **optional)
