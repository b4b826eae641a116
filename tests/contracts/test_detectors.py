"""What holds for every detector: on any course of blocks, and on confounded days.

A detector that is added to `service.gait.detectors.built_in.detectors` is tested here without being named.
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
from firmware_bridge.virtual.gait.pressure import Placement
from firmware_bridge.virtual.gait.scenario import Session, Story
from service.gait.detectors.baseline import Baseline, History, usable, warm
from service.gait.detectors.built_in import Detector, detectors
from service.gait.thresholds import MIN_BOUTS
from service.records.rows import Block, Flag, Verdict
from tests.walkers.gait_rows import DAY, NOW, block, bout, earlier
from tests.walkers.gait_walks import analyze, merged
from tests.walkers.mirrored_feet import mirrored, rounded
from tests.walkers.two_walkers import WALKERS
from tests.walkers.walks import START, Defect, Ramp, lose, walk_story

TOPICS = [detector.topic for detector in detectors(Baseline(History(), NOW))]
every = pytest.mark.parametrize("topic", TOPICS)
LEVELS = {"training_load": 3}
"""How many flags a detector may raise in a bout, where that is not one."""


def fresh(topic: str, history: Sequence[Block]) -> Detector:
    (found,) = (d for d in detectors(Baseline(History(history), NOW)) if d.topic == topic)
    return found


def flags(topic: str, blocks: Sequence[Block], history: Sequence[Block]) -> list[Flag]:
    detector = fresh(topic, history)
    return [flag for b in blocks for flag in detector.update(b)]


def running(day: int, blocks: int, *, gain: float = 1.0, **values: float) -> list[Block]:
    """Return the blocks of a run; the left insole reads `gain` times what the right one does."""
    gains = {"gain_ratio": gain, "gain_ratio_low": gain * 0.99, "gain_ratio_high": gain * 1.01}
    return bout(day, blocks, **values, **gains, activity="running")  # type: ignore[arg-type]


RAISING: Mapping[str, tuple[Callable[[int, int], list[Block]], Callable[[int, int], list[Block]]]] = {
    "insole": (partial(running, gain=1.12), running),
    "imbalance": (partial(bout, si=8.0), bout),
    "over_pronation": (partial(bout, left=12.0, right=10.0), bout),
    "training_load": (running, bout),
}
"""Blocks that raise a topic's flag, and ordinary ones."""


@cache
def usual() -> tuple[Block, ...]:
    """Return earlier bouts of walking, and as many of running; the first was more than a month ago."""
    walked = earlier()
    ran = [replace(b, time=b.time + 3, bout=b.bout + 3, activity="running") for b in earlier(seed=1)]
    return (*bout(-40), *walked, *ran)


@cache
def exchanged() -> tuple[Block, ...]:
    return tuple(mirrored(b) for b in usual())


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
    gain = st.one_of(st.just(1.0), st.floats(0.8, 1.2), st.sampled_from([0.9, 1.1]))
    index = st.one_of(st.just(0.0), st.floats(-40, 40), st.sampled_from([-20.0, 20.0]))
    out: list[Block] = []
    for _ in range(draw(st.integers(1, 6))):
        si, left, right, seed = draw(change), draw(index), draw(index), draw(st.integers(0, 99))
        activity = draw(st.sampled_from(["walking", "walking", "running"]))
        until = len(out) + draw(st.integers(1, 12))
        made = bout(0, until, seed, si=si, left=left - 10, right=right - 12, activity=activity)[len(out) :]
        if activity == "running":
            ratio = draw(gain)
            gains = {"gain_ratio": ratio, "gain_ratio_low": ratio * 0.99, "gain_ratio_high": ratio * 1.01}
            made = [replace(b, **gains) for b in made]  # type: ignore[arg-type]
        out += made
    return [replace(b, **poor) if (poor := draw(st.sampled_from([None, None, *POOR]))) else b for b in out]  # type: ignore[arg-type]


@every
@settings(deadline=None)
@given(course=courses(), known=st.integers(0, MIN_BOUTS - 1))
def test_without_a_normal_nothing_is_said_against_one(topic: str, course: list[Block], known: int) -> None:
    elsewhere = [replace(b, activity="running") for b in earlier()]
    walked = [replace(b, activity="walking", gain_ratio=float("nan")) for b in course]
    for blocks, history in ((course, []), (course, earlier(known)), (walked, elsewhere)):
        for flag in flags(topic, blocks, history):
            assert (flag.rule in {"W", "A"}, flag.bouts) == (True, 0)
    assert flags(topic, course[:15], []) == [] or topic == "insole", "no beginning to compare with"


@every
@settings(deadline=None)
@given(course=courses())
def test_a_flag_is_raised_at_most_once_and_cleared_after_it_at_most_once(topic: str, course: list[Block]) -> None:
    raised = [f.raised for f in flags(topic, course, usual())]
    if topic in LEVELS:
        assert raised in [[True] * k for k in range(LEVELS[topic] + 1)]
    else:
        assert raised in ([], [True], [True, False])


def steps_of(blocks: Sequence[Block], foot: str) -> int:
    return sum(getattr(b, f"strides_{foot}") + getattr(b, f"rejected_{foot}") for b in blocks)


@every
@settings(deadline=None)
@given(course=courses())
def test_a_flag_says_when_and_what(topic: str, course: list[Block]) -> None:
    detector = fresh(topic, usual())
    seen: list[Block] = []
    topics = set()
    for b in course:
        seen.append(b)
        for flag in detector.update(b):
            topics.add(flag.topic)
            assert (flag.wearer, flag.bout, flag.activity, flag.time) == (b.wearer, b.bout, b.activity, b.stop)
            assert flag.since in {s.time for s in seen}
            assert flag.topic == detector.topic
            assert flag.low <= flag.value <= flag.high
            assert flag.normal_low < flag.normal < flag.normal_high
            assert (flag.normal_low <= flag.value <= flag.normal_high) is not flag.raised
            assert flag.bouts >= MIN_BOUTS if flag.rule == "S" else flag.bouts == 0
            assert 0 < flag.strides <= max(steps_of(seen, "left"), steps_of(seen, "right"))
    assert len(topics) <= 1


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic != "training_load"])
@settings(deadline=None)
@given(course=courses())
def test_void_cold_and_poor_blocks_never_speak_and_change_nothing(topic: str, course: list[Block]) -> None:
    detector = fresh(topic, usual())
    for b in course:
        if list(detector.update(b)):
            assert usable(b)
            assert warm(b)
    assert flags(topic, [b for b in course if usable(b)], usual()) == flags(topic, course, usual())


@every
@settings(deadline=None)
@given(course=courses(), more=courses())
def test_it_is_deterministic_and_instances_share_nothing(topic: str, course: list[Block], more: list[Block]) -> None:
    one, other, busy = (fresh(topic, usual()) for _ in range(3))
    for k, b in enumerate(course):
        list(busy.update(more[k % len(more)]))
        assert list(one.update(b)) == list(other.update(b))


@every
@settings(deadline=None)
@given(course=courses())
def test_it_is_the_same_on_exchanged_feet(topic: str, course: list[Block]) -> None:
    swapped = [rounded(mirrored(f)) for f in flags(topic, [mirrored(b) for b in course], exchanged())]
    assert swapped == [rounded(f) for f in flags(topic, course, usual())]


@every
def test_it_does_speak_and_of_its_own_topic_alone(topic: str) -> None:
    """Else all of the above would hold for a detector that is never heard."""
    odd, ordinary = RAISING[topic]
    short = 14 if topic == "training_load" else 12
    blocks = odd(0, short)
    (raised,) = flags(topic, blocks, usual())
    assert raised.raised
    course = [*blocks, *ordinary(0, 40)[short:24]]
    ended = [True] if topic in LEVELS else [True, False]
    assert [f.raised for f in flags(topic, course, usual())] == ended
    again = [*course, *(odd(0, 60)[24:] if topic not in LEVELS else [])]
    assert [f.raised for f in flags(topic, again, usual())] == ended
    for other in set(TOPICS) - {topic}:
        assert flags(other, blocks, usual()) == []


@every
def test_a_measure_that_is_missing_says_nothing(topic: str) -> None:
    names = ("contact_time_si", "impulse_si")
    unknown = {f"{n}{end}": float("nan") for n in names for end in ("_pct", "_low_pct", "_high_pct")}
    unknown |= {f"medial_lateral_{s}{end}": float("nan") for s in ("left", "right") for end in ("", "_se")}
    blocks = [block(NOW, number, **unknown) for number in range(20)]
    assert flags(topic, blocks, usual()) == []


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
    broken: Mapping[Side, Sequence[Defect]] = field(default_factory=dict)
    arrive: Callable[[list[Frames], list[Frames]], Both] = alike


CONFOUNDERS = {
    "nothing": Confounder(),
    "a camber": Confounder({"camber": Ramp.constant(5.0)}),
    "a camber the other way": Confounder({"camber": Ramp.constant(-5.0)}),
    "gain that drifts up": Confounder(broken={Side.RIGHT: [Defect("gain", -1, 1.25, 0, 400)]}),
    "gain that drifts down": Confounder(broken={Side.LEFT: [Defect("gain", -1, 0.75, 0, 400)]}),
    "loss on one side": Confounder(arrive=partial(lossy, 0.03)),
    "much loss on one side": Confounder(arrive=partial(lossy, 0.10)),
    "a clock off by 10 ms": Confounder(arrive=partial(late, 10)),
    "a clock off by -30 ms": Confounder(arrive=partial(late, -30)),
    "faster": Confounder(speed=1.15),
    "slower": Confounder(speed=0.85),
    "faster and faster": Confounder({"tempo": Ramp(1.0, 1.2, 200, 300)}),
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
        both = Ramp.constant(float(pronation))
        gait = replace(usual_gait, seconds=seconds, si=Ramp.constant(float(si)), left_pronation=both,
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
def test_what_is_not_the_wearer_raises_nothing_of_the_wearer(walker: str, confounder: str) -> None:
    today = CONFOUNDERS[confounder]
    story = told(walker, today)
    brief = (replace(s, gait=replace(s.gait, seconds=1.0)) for s in story.sessions[:-1])
    first = story.sessions[-1].start
    left, right, _ = walk_story(replace(story, sessions=(*brief, story.sessions[-1])), chunk_s=10, broken=today.broken)
    arrived = today.arrive(*([f for f in foot if f.time[0] >= first] for foot in (left, right)))
    rows = analyze(merged(*arrived), days_before(walker))
    blamed = [("insole", "gain_ratio")] if "gain" in confounder and walker.endswith("running") else []
    assert [(f.topic, f.measure) for f in rows if isinstance(f, Flag)] == blamed
    said = {v.topic: (v.answer, v.reason) for v in rows if isinstance(v, Verdict)}
    assert said["imbalance"][0] != "differs"
    assert said["over_pronation"][0] != "differs"
    if not confounder.endswith("loss on one side"):
        assert said["imbalance"] == ("normal", "")
    if confounder == "nothing":
        assert said["over_pronation"] == ("normal", "")
