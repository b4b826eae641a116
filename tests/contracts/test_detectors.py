"""The built-in detectors: by the suite that holds for every detector, and on confounded days.

A detector that a topic names is held to the suite by itself; which blocks it is heard on is said in `HEARD`, and one
without an entry there fails a test that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

from firmware_bridge import Frames, Side
from firmware_bridge.virtual.gait.pressure import Placement
from firmware_bridge.virtual.gait.scenario import Session, Story
from service.contracts.detectors import DetectorContract, DetectorRig, running
from service.contracts.ordinary_blocks import DAY, NOW, bout, earlier
from service.gait.detectors.baseline import Baseline, History
from service.gait.detectors.built_in import Detector, detectors
from service.records.rows import Block, Flag, Verdict
from tests.walkers.gait_walks import analyze, merged
from tests.walkers.two_walkers import WALKERS
from tests.walkers.walks import START, Fault, Ramp, lose, walk_story

TOPICS = [detector.topic for detector in detectors(Baseline(History(), NOW))]
HEARD: Mapping[str, Mapping[str, Any]] = {
    "insole": {"odd": partial(running, gain=1.12), "ordinary": running, "by_limit": True},
    "imbalance": {"odd": partial(bout, si=8.0)},
    "over_pronation": {"odd": partial(bout, left=12.0, right=10.0)},
    "training_load": {"odd": running, "raised_by": 14, "levels": 3, "any_data": True},
}
"""What it takes to hear each of them."""


def built_in(topic: str, baseline: Baseline) -> Detector:
    (found,) = (detector for detector in detectors(baseline) if detector.topic == topic)
    return found


class TestBuiltInDetectors(DetectorContract):
    @pytest.fixture(params=TOPICS)
    def rig(self, request: pytest.FixtureRequest) -> DetectorRig:
        return DetectorRig(partial(built_in, request.param), **HEARD.get(request.param, {}))

    def test_where_one_speaks_no_other_built_in_one_does(self, rig: DetectorRig) -> None:
        assert rig.odd is not None
        blocks, topic = rig.odd(0, rig.raised_by), rig.fresh().topic
        for other in detectors(Baseline(History(earlier()), NOW)):
            said = [flag for each in blocks for flag in other.update(each)]
            assert other.topic == topic or said == []


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
    "a camber": Confounder({"camber": Ramp.constant(5.0)}),
    "a camber the other way": Confounder({"camber": Ramp.constant(-5.0)}),
    "gain that drifts up": Confounder(broken={Side.RIGHT: [Fault("gain", -1, 1.25, 0, 400)]}),
    "gain that drifts down": Confounder(broken={Side.LEFT: [Fault("gain", -1, 0.75, 0, 400)]}),
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
