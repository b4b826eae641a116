"""Walks whose every step is known, as frames: what measures are checked on before anybody trusts them.

Two walkers that have no force curve in common: one of bells and humps (`force`), one of drawn curves (`curves`). What
comes of them is that no bar can be met by fitting one model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import SECOND, Device, Frames, Side
from firmware_bridge.virtual.gait.ground_truth import Steps, Truth, truth
from firmware_bridge.virtual.gait.scenario import Story, plain_story
from firmware_bridge.virtual.gait.tabulated_curves import DRAWN, feet
from firmware_bridge.virtual.gait.walker import Gait, Ramp
from firmware_bridge.virtual.insole.foot import Readout, VirtualFoot
from firmware_bridge.virtual.insole.sensors import Fault

_WALKERS: Mapping[str, Gait] = {
    "bells running": Gait(),
    "humps walking": Gait(activity="walking"),
    "drawn running": Gait(**feet(DRAWN["running"]["double impact"], DRAWN["running"]["long tail"])),
    "drawn walking": Gait(
        activity="walking", **feet(DRAWN["walking"]["deep valley"], DRAWN["walking"]["heel transient"])
    ),
}
BEGIN = 1_750_000_000 * SECOND


@dataclass(frozen=True, slots=True, eq=False)
class KnownWalk:
    """Both feet of a walk as an analysis gets them, and what really happened."""

    devices: tuple[Device, Device]
    frames: tuple[Frames, Frames]  # left, right
    steps: tuple[Steps, Steps]


def known_walk(
    walker: str,
    profile: Profile,
    *,
    seconds: float,
    seed: int,
    si_pct: float = 0.0,
    pronation: float = 0.0,
    faults: bool = True,
) -> KnownWalk:
    """Return a walk of one of the `_WALKERS`, no sample lost.

    Args:
        walker: its name.
        profile: the insole that is worn; without `faults` its sensors are perfect and lie where the profile says.
        seconds: how long it is.
        seed: of the person, of the insoles and of all chance.
        si_pct: intended symmetry index of contact time.
        pronation: latent, of both feet: 0 neutral, +2 strongly pronated.
        faults: ordinary errors of sensors and mounting.

    Raises:
        ConfigError: there is no such walker.
    """
    if walker not in _WALKERS:
        raise ConfigError(f"there is no virtual walker {walker!r}; there are: {', '.join(_WALKERS)}")
    latent = Ramp.constant(pronation)
    gait = replace(
        _WALKERS[walker], seconds=seconds, si=Ramp.constant(si_pct), left_pronation=latent, right_pronation=latent
    )
    story = plain_story(gait, BEGIN, seed, faults=faults)
    stop = BEGIN + round(seconds * SECOND)
    worn = [Insole("virtual", side, profile, "virtual:") for side in Side]
    left, right = (Frames.concatenate(story_frames(story, insole, stop=stop, chunk_s=seconds)) for insole in worn)
    known: Truth = truth(story, BEGIN, stop)
    devices = (worn[0].device_row(BEGIN - SECOND), worn[1].device_row(BEGIN - SECOND))
    return KnownWalk(devices, (left, right), (known.left, known.right))


def story_frames(
    story: Story, worn: Insole, *, stop: int, chunk_s: float = 1.0, broken: Sequence[Fault] = ()
) -> list[Frames]:
    """Return what one insole reads in a story up to `stop` (UTC ns), in pieces of `chunk_s`; there is no radio."""
    foot = VirtualFoot(worn.profile, worn.side, story, broken)
    frames: list[Frames] = []
    for session in story.sessions:
        end = stop if session.stop is None else min(session.stop, stop)
        if session.start < end:
            frames += _cut(foot.samples(session.start, end), worn, chunk_s)
    return frames


def _cut(samples: Readout, worn: Insole, chunk_s: float) -> list[Frames]:
    size = max(1, round(chunk_s * worn.profile.rate_hz))
    whole = Frames(
        worn.wearer, worn.side, worn.device, samples.time, samples.pressure, acc=samples.acc, gyro=samples.gyro
    )
    return [whole[k : k + size] for k in range(0, len(whole), size)]
