"""What holds for every detector (see `service.gait.flags.Detector`): on any course of blocks, and on confounded days.

A detector that is added to `service.gait.flags.detectors` is tested here without being named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge import Frames, Side
from firmware_bridge.virtual.pressure import Placement
from firmware_bridge.virtual.story import Session, Story
from service.gait.baseline import Baseline, History, usable, warm
from service.gait.flags import Detector, detectors
from service.gait.parameters import MIN_BOUTS
from service.rows import Block, Flag, Verdict
from tests.mirror import mirrored
from tests.service.gait_rows import DAY, NOW, block, bout, earlier
from tests.service.gait_walks import analyze, merged
from tests.two_walkers import WALKERS
from tests.walks import START, Course, Fault, lose, walk_story

NAMES = [type(detector).__name__ for detector in detectors(Baseline(History(), NOW))]
RAISING: Mapping[str, Callable[[int, int], list[Block]]] = {
    "Imbalance": partial(bout, si=8.0),
    "OverPronation": partial(bout, left=12.0, right=10.0),
}
every = pytest.mark.parametrize("name", NAMES)


def fresh(name: str, history: Sequence[Block]) -> Detector:
    (found,) = (d for d in detectors(Baseline(History(history), NOW)) if type(d).__name__ == name)
    return found


def flags(name: str, blocks: Sequence[Block], history: Sequence[Block]) -> list[Flag]:
    detector = fresh(name, history)
    return [flag for b in blocks for flag in detector.update(b)]


@cache
def usual() -> tuple[Block, ...]:
    """Return earlier bouts of walking, and as many of running."""
    walked = earlier()
    ran = [replace(b, time=b.time + 3, bout=b.bout + 3, activity="running") for b in earlier(seed=1)]
    return (*walked, *ran)


# ── any course of blocks ────────────────────────────────────────────────────────────────────────────────────────────

POOR: Sequence[Mapping[str, object]] = [
    {"void": True, "reason": "too_long"},
    {"void": True, "reason": "one_foot", "strides_right": 0, "contact_time_si_pct": float("nan")},
    {"received_left": 0.9},
    {"received_right": 0.5},
    {"rejected_left": 20},
    {"rejected_right": 13},
]


@st.composite
def courses(draw: st.DrawFn) -> list[Block]:
    """Return the blocks of one bout in which anything may change at any time, and data may be poor."""
    change = st.one_of(st.just(0.0), st.floats(-12, 12), st.sampled_from([-8.0, 8.0]))
    index = st.one_of(st.just(0.0), st.floats(-40, 40), st.sampled_from([-20.0, 20.0]))
    out: list[Block] = []
    for _ in range(draw(st.integers(1, 6))):
        si, left, right, seed = draw(change), draw(index), draw(index), draw(st.integers(0, 99))
        activity = draw(st.sampled_from(["walking", "walking", "running"]))
        made = bout(0, 40, seed, si=si, left=left - 10, right=right - 12, activity=activity)
        out += made[len(out) : len(out) + draw(st.integers(1, 8))]
    return [replace(b, **poor) if (poor := draw(st.sampled_from([None, None, *POOR]))) else b for b in out]  # type: ignore[arg-type]


@every
@settings(deadline=None)
@given(course=courses(), known=st.integers(0, MIN_BOUTS - 1))
def test_it_is_silent_without_a_baseline(name: str, course: list[Block], known: int) -> None:
    assert flags(name, course, []) == []
    assert flags(name, course, earlier(known)) == []
    elsewhere = [replace(b, activity="running") for b in earlier()]
    assert flags(name, [replace(b, activity="walking") for b in course], elsewhere) == []


@every
@settings(deadline=None)
@given(course=courses())
def test_a_flag_is_raised_at_most_once_and_cleared_after_it_at_most_once(name: str, course: list[Block]) -> None:
    assert [f.raised for f in flags(name, course, usual())] in ([], [True], [True, False])


@every
@settings(deadline=None)
@given(course=courses())
def test_a_flag_says_when_and_what(name: str, course: list[Block]) -> None:
    detector = fresh(name, usual())
    seen: list[Block] = []
    topics = set()
    for b in course:
        seen.append(b)
        for flag in detector.update(b):
            topics.add(flag.topic)
            assert (flag.wearer, flag.bout, flag.activity, flag.time) == (b.wearer, b.bout, b.activity, b.stop)
            assert flag.since in {s.time for s in seen}
            assert flag.low <= flag.value <= flag.high
            assert flag.normal_low < flag.normal < flag.normal_high
            assert (flag.normal_low <= flag.value <= flag.normal_high) is not flag.raised
            assert flag.bouts >= MIN_BOUTS
            assert 0 < flag.strides <= sum(min(s.strides_left, s.strides_right) for s in seen)
    assert len(topics) <= 1


@every
@settings(deadline=None)
@given(course=courses())
def test_void_cold_and_poor_blocks_never_speak_and_change_nothing(name: str, course: list[Block]) -> None:
    detector = fresh(name, usual())
    for b in course:
        if list(detector.update(b)):
            assert usable(b)
            assert warm(b)
    assert flags(name, [b for b in course if usable(b)], usual()) == flags(name, course, usual())


@every
@settings(deadline=None)
@given(course=courses(), more=courses())
def test_it_is_deterministic_and_instances_share_nothing(name: str, course: list[Block], more: list[Block]) -> None:
    one, other, busy = (fresh(name, usual()) for _ in range(3))
    for k, b in enumerate(course):
        list(busy.update(more[k % len(more)]))
        assert list(one.update(b)) == list(other.update(b))


@every
@settings(deadline=None)
@given(course=courses())
def test_it_is_the_same_on_exchanged_feet(name: str, course: list[Block]) -> None:
    history = [mirrored(b) for b in usual()]
    swapped = [mirrored(f) for f in flags(name, [mirrored(b) for b in course], history)]
    assert swapped == flags(name, course, usual())


@every
def test_it_does_speak_and_of_its_own_topic_alone(name: str) -> None:
    """Else all of the above would hold for a detector that is never heard."""
    blocks = RAISING[name](0, 20)
    (raised,) = flags(name, blocks, usual())
    assert raised.raised
    course = [*blocks[:12], *bout(0, 40)[12:24]]
    assert [f.raised for f in flags(name, course, usual())] == [True, False]
    assert [f.raised for f in flags(name, [*course, *RAISING[name](0, 60)[24:]], usual())] == [True, False]
    for other in set(NAMES) - {name}:
        assert flags(other, blocks, usual()) == []


@every
def test_a_measure_that_is_missing_says_nothing(name: str) -> None:
    names = ("contact_time_si", "impulse_si")
    unknown = {f"{n}{end}": float("nan") for n in names for end in ("_pct", "_low_pct", "_high_pct")}
    unknown |= {f"medial_lateral_{s}{end}": float("nan") for s in ("left", "right") for end in ("", "_se")}
    blocks = [block(NOW, number, **unknown) for number in range(20)]
    assert flags(name, blocks, usual()) == []


# ── confounded days: nothing about the wearer has changed ───────────────────────────────────────────────────────────

Both = tuple[list[Frames], list[Frames]]


def alike(left: list[Frames], right: list[Frames]) -> Both:
    return left, right


def late(ms: float, left: list[Frames], right: list[Frames]) -> Both:
    """Let the right insole's clock be off."""
    return left, [replace(f, time=f.time + round(ms * 1e6)) for f in right]


def lossy(part: float, left: list[Frames], right: list[Frames]) -> Both:
    return left, lose(right, part, seed=1)


@dataclass(frozen=True)
class Confounder:
    """What is different today although the wearer is not."""

    gait: Mapping[str, object] = field(default_factory=dict)
    speed: float = 1.0
    medial_mm: float = 0.0  # how another pair of shoes lets both insoles lie
    broken: Mapping[Side, Sequence[Fault]] = field(default_factory=dict)
    arrive: Callable[[list[Frames], list[Frames]], Both] = alike


CONFOUNDERS = {
    "nothing": Confounder(),
    "a camber": Confounder({"camber": Course.constant(5.0)}),
    "a camber the other way": Confounder({"camber": Course.constant(-5.0)}),
    "gain that drifts up": Confounder(broken={Side.RIGHT: [Fault("gain", -1, 1.25, 0, 400)]}),
    "gain that drifts down": Confounder(broken={Side.LEFT: [Fault("gain", -1, 0.75, 0, 400)]}),
    "loss on one side": Confounder(arrive=partial(lossy, 0.03)),
    "much loss on one side": Confounder(arrive=partial(lossy, 0.10)),
    "a clock off by 10 ms": Confounder(arrive=partial(late, 10)),
    "a clock off by -30 ms": Confounder(arrive=partial(late, -30)),
    "faster": Confounder(speed=1.15),
    "slower": Confounder(speed=0.85),
    "faster and faster": Confounder({"tempo": Course(1.0, 1.2, 200, 300)}),
    "other shoes": Confounder(medial_mm=1.5),
}


def told(walker: str, today: Confounder) -> Story:
    """Return four ordinary days and today; days differ a little in symmetry, pronation, speed and mounting."""
    usual_gait, rng = WALKERS[walker], np.random.default_rng(17)
    seconds = 400.0 if usual_gait.activity == "running" else 480.0
    sessions = []
    for day in range(5):
        si, pronation, speed = rng.standard_normal(3) * [0.5, 0.15, 0.03]
        lies = [Placement(*(float(v) for v in row)) for row in rng.standard_normal((2, 3)) * [0.5, 0.7, 0.3]]
        both = Course.constant(float(pronation))
        gait = replace(usual_gait, seconds=seconds, si=Course.constant(float(si)), left_pronation=both,
                       right_pronation=both, speed=usual_gait.pace * float(np.exp(speed)))  # fmt: skip
        sessions.append(Session(START + day * DAY, gait, (lies[0], lies[1])))
    last = sessions[-1]
    gait = replace(last.gait, speed=last.gait.speed * today.speed, **today.gait)  # type: ignore[arg-type]
    left, right = (replace(p, medial=p.medial + today.medial_mm) for p in last.placements)
    return Story(17, (*sessions[:-1], replace(last, gait=gait, placements=(left, right))))


@cache
def days_before(walker: str) -> tuple[Block, ...]:
    story = told(walker, Confounder())
    left, right, _ = walk_story(replace(story, sessions=story.sessions[:-1]), chunk_s=10)
    return tuple(r for r in analyze(merged(left, right)) if isinstance(r, Block))


@pytest.mark.parametrize("walker", WALKERS)
@pytest.mark.parametrize("confounder", CONFOUNDERS)
def test_what_is_not_the_wearer_raises_nothing(walker: str, confounder: str) -> None:
    today = CONFOUNDERS[confounder]
    story = told(walker, today)
    brief = (replace(s, gait=replace(s.gait, seconds=1.0)) for s in story.sessions[:-1])
    first = story.sessions[-1].start
    left, right, _ = walk_story(replace(story, sessions=(*brief, story.sessions[-1])), chunk_s=10, broken=today.broken)
    arrived = today.arrive(*([f for f in foot if f.time[0] >= first] for foot in (left, right)))
    rows = analyze(merged(*arrived), days_before(walker))
    assert [(f.topic, f.measure) for f in rows if isinstance(f, Flag)] == []
    said = {v.topic: (v.answer, v.reason) for v in rows if isinstance(v, Verdict)}
    assert said["imbalance"][0] != "differs"
    assert said["over_pronation"][0] != "differs"
    if not confounder.endswith("loss on one side"):
        assert said["imbalance"] == ("normal", "")
    if confounder == "nothing":
        assert said["over_pronation"] == ("normal", "")
