"""A person's usual days and one on which something is different that is not the person; rendered in full.

The person is the demo's, who differs from day to day as healthy people do; even seeds run, odd ones walk. The doses are
strong and still realistic ones (choices, where no paper is named).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from firmware_bridge import SECOND, Frames, Side
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.virtual.gait.pressure import Placement
from firmware_bridge.virtual.gait.scenario import LIMP_SI, Story, demo_story
from firmware_bridge.virtual.gait.walker import Gait, Ramp
from firmware_bridge.virtual.insole.foot import VirtualFoot
from firmware_bridge.virtual.insole.radio import Radio
from firmware_bridge.virtual.insole.sensors import Fault
from firmware_bridge.virtual.insole.transmission import transmit
from service.gait import Analyzer, Result
from service.records.notes import SHOES, START
from service.records.rows import Block, Note
from tests.laws.test_null import ACTIVITIES
from tests.walkers.walks import START as BEGIN
from tests.walkers.walks import WEARER, devices, insole

USUAL_S, TODAY_S = 720.0, 1080.0
"""How long days last: today long enough for rule W, which needs twelve warm blocks to compare with."""
TODAY = BEGIN + 10 * 86_400 * SECOND
ORDINARY = Radio()


@dataclass(frozen=True)
class Today:
    """What is different today."""

    gait: Gait
    moved: tuple[Placement, Placement] = (Placement(), Placement())  # how else the insoles lie
    faults: Mapping[Side, Sequence[Fault]] = field(default_factory=dict)
    radios: Mapping[Side, Radio] = field(default_factory=dict)
    late_ms: float = 0.0  # by how much the right insole's clock is behind
    shoes: str = ""  # what the wearer notes at the start


Confounder = Callable[[Gait, np.random.Generator], Today]


def nothing(gait: Gait, rng: np.random.Generator) -> Today:
    """Leave the day as it is."""
    return Today(gait)


def camber(gait: Gait, rng: np.random.Generator) -> Today:
    """Go along a road that slopes by 3 degrees to one side, on its one edge all the way."""
    return _sloping(gait, _either(rng) * np.array([3.0, 3.0]))


def camber_and_back(gait: Gait, rng: np.random.Generator) -> Today:
    """Go along that road and come back on the same edge: the slope is on the other side from half time on."""
    return _sloping(gait, _either(rng) * np.array([3.0, -3.0]))


def gain_drift(gait: Gait, rng: np.random.Generator) -> Today:
    """Let one insole win or lose 10 % over the day (readings creep by up to 17 %: Arndt 2003, J Biomech 36:1813)."""
    value = 1.1 ** _either(rng)
    return Today(gait, faults={_one_side(rng): [Fault("gain", -1, value, 0.0, TODAY_S)]})


def one_sided_loss(gait: Gait, rng: np.random.Generator) -> Today:
    """Lose 20 to 30 % of one foot's packets, in bursts of 200 ms (Gilbert 1960, Elliott 1963)."""
    share = float(rng.uniform(0.2, 0.3))
    bad, to_good = share / ORDINARY.bad_loss, 0.2  # five packets of four samples at 100 Hz
    lossy = replace(ORDINARY, to_good=to_good, to_bad=to_good * bad / (1 - bad))
    return Today(gait, radios={_one_side(rng): lossy})


def sync_offset(gait: Gait, rng: np.random.Generator) -> Today:
    """Let one insole's clock be 10 ms off."""
    return Today(gait, late_ms=10.0 * _either(rng))


def other_shoes(gait: Gait, rng: np.random.Generator) -> Today:
    """Wear other shoes, and note them.

    The insoles lie 2 mm, 3 mm and 1.5 degrees otherwise, other laces press on them (5 % of each gain), the feet stand
    0.5 more or less pronated, the soles are worn unequally (1 % of contact time) and 3 % quicker or slower.
    """
    moved = [Placement(*row) for row in rng.normal(0, [2.0, 3.0, 1.5], (2, 3)).tolist()]
    gains = {side: [Fault("gain", -1, float(np.exp(0.05 * rng.standard_normal())))] for side in Side}
    support, worn, quick = rng.normal(0, [0.5, 1.0, 0.03]).tolist()
    other = replace(
        gait,
        left_pronation=_raised(gait.left_pronation, support),
        right_pronation=_raised(gait.right_pronation, support),
        si=_raised(gait.si, worn),
        speed=gait.pace * float(np.exp(quick)),
    )
    return Today(other, (moved[0], moved[1]), gains, shoes="blue")


def faster(gait: Gait, rng: np.random.Generator) -> Today:
    """Go 15 % faster."""
    return Today(replace(gait, speed=1.15 * gait.pace))


def limping(gait: Gait, rng: np.random.Generator) -> Today:
    """Stand 8 % longer on one foot: no confounder, but what has to be found."""
    return Today(replace(gait, si=_raised(gait.si, LIMP_SI * _either(rng))))


CONFOUNDERS: Mapping[str, Confounder] = {
    "nothing": nothing,
    "camber, one way": camber,
    "camber, out and back": camber_and_back,
    "gain drift": gain_drift,
    "one-sided loss": one_sided_loss,
    "sync offset": sync_offset,
    "other shoes": other_shoes,
    "faster": faster,
}


def rows_of(seed: int, confounder: Confounder) -> list[Result]:
    """Return what is found on the confounded day of a person whose usual days are known."""
    story = _person(seed)
    usual = story.sessions[-1]
    today = confounder(usual.gait, np.random.default_rng([seed, 81]))
    lies = [
        Placement(p.medial + m.medial, p.forward + m.forward, p.turn + m.turn)
        for p, m in zip(usual.placements, today.moved, strict=True)
    ]
    session = replace(usual, gait=today.gait, placements=(lies[0], lies[1]))
    notes = [(START, "yes"), (SHOES, today.shoes)] if today.shoes else []
    analyzer = _analyzer(usual_blocks(seed))
    for topic, text in notes:
        analyzer.feed(Note(session.start, WEARER, topic, text))
    frames = _heard(replace(story, sessions=(*story.sessions[:-1], session)), len(story.sessions) - 1, today)
    return [row for piece in frames for row in analyzer.feed(piece)] + analyzer.close()


@cache
def usual_blocks(seed: int) -> tuple[Block, ...]:
    """Return the blocks of a person's usual days; there is no more that a later day needs of them."""
    story = _person(seed)
    analyzer = _analyzer(())
    rows: list[Result] = []
    for number, session in enumerate(story.sessions[:-1]):
        for piece in _heard(story, number, Today(session.gait)):
            rows += analyzer.feed(piece)
        rows += analyzer.close()
    return tuple(row for row in rows if isinstance(row, Block))


def _person(seed: int) -> Story:
    story = demo_story("normal", 3000 + seed, TODAY, ACTIVITIES[seed % 2])
    seconds = [*[USUAL_S] * (len(story.sessions) - 1), TODAY_S]
    days = zip(story.sessions, seconds, strict=True)
    return replace(story, sessions=tuple(replace(s, gait=replace(s.gait, seconds=length)) for s, length in days))


def _analyzer(history: Sequence[Block]) -> Analyzer:
    analyzer = Analyzer(WEARER, history)
    for device in devices():
        analyzer.feed(device)
    return analyzer


def _heard(story: Story, number: int, today: Today) -> list[Frames]:
    """Return the frames of one session as the bridge stores them, both feet in order of time."""
    frames: list[Frames] = []
    for side in Side:
        worn = insole(side)
        foot = VirtualFoot(worn.profile, side, story, today.faults.get(side, ()))
        decoder = Decoder(worn)
        late = round(today.late_ms * 1e6) if side is Side.RIGHT else 0
        for bundle in transmit(foot, today.radios.get(side, ORDINARY), number):
            pieces = [decoder.feed(bundle[k : k + 500]) for k in range(0, len(bundle), 500)]
            frames += [replace(piece, time=piece.time + late) for piece in pieces if piece is not None]
    return sorted(frames, key=lambda piece: int(piece.time[0]))


def _sloping(gait: Gait, degrees: np.typing.NDArray[np.float64]) -> Today:
    """Slope the road, first and from half time on; the leg on the lower side is the shorter one there.

    By 5 mm where the feet are 0.1 m apart; its contact is taken to be 1 % shorter.
    """
    out, back = degrees.tolist()
    half = TODAY_S / 2
    si = Ramp(gait.si.start - out / 3, gait.si.start - back / 3, half)
    return Today(replace(gait, camber=Ramp(out, back, half), si=si))


def _raised(course: Ramp, by: float) -> Ramp:
    return replace(course, start=course.start + by, end=course.end + by)


def _either(rng: np.random.Generator) -> int:
    return 1 if rng.random() < 0.5 else -1


def _one_side(rng: np.random.Generator) -> Side:
    return (Side.LEFT, Side.RIGHT)[int(rng.integers(2))]
