"""What every detector keeps to, on any course of blocks. One's own test inherits the class and gives the fixture `rig`.

class TestMine(DetectorContract):
    @pytest.fixture
    def rig(self) -> DetectorRig:
        return DetectorRig(my_watch, odd=partial(bout, cadence_spm=100.0))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.contracts.exchanged_feet import exchanged, rounded
from service.contracts.ordinary_blocks import NAN, NOW, block, bout, earlier
from service.gait.detectors.baseline import Baseline, History, usable, warm
from service.gait.detectors.built_in import Detector
from service.gait.thresholds import MIN_BOUTS
from service.records.quantities import numbers
from service.records.rows import Block, Flag

__all__ = ["DetectorContract", "DetectorRig", "running"]

BoutMaker = Callable[[int, int], list[Block]]
"""From a day and a number of blocks to the blocks of its bout."""


@dataclass(frozen=True)
class DetectorRig:
    """A detector under test, and what it takes to hear it."""

    make: Callable[[Baseline], Detector]
    odd: BoutMaker | None = None  # blocks that raise its flag, once there are `raised_by` of them
    ordinary: BoutMaker = bout  # blocks that clear it
    raised_by: int = 12
    cleared_by: int = 24  # blocks, with those before: then ordinary ones have cleared it
    levels: int = 1  # flags that it may raise in a bout; where they are more than one, none is cleared
    by_limit: bool = False  # it needs neither a normal nor a beginning: it speaks of what is beyond a fixed limit
    any_data: bool = False  # it counts blocks, whatever their data is worth

    def fresh(self, history: Sequence[Block] = ()) -> Detector:
        """Return a new detector for a bout after some others."""
        return self.make(Baseline(History(history), NOW))

    def flags(self, blocks: Sequence[Block], history: Sequence[Block] = ()) -> list[Flag]:
        """Return what a new detector says of a bout."""
        detector = self.fresh(history)
        return [flag for each in blocks for flag in detector.update(each)]


def running(day: int, blocks: int, *, gain: float = 1.0, **values: float) -> list[Block]:
    """Return the blocks of a run; the left insole reads `gain` times what the right one does."""
    told: dict[str, Any] = values | numbers(Block)["gain_ratio"].columns((gain, gain * 0.99, gain * 1.01))
    return bout(day, blocks, **told, activity="running")


@cache
def _usual_blocks() -> tuple[Block, ...]:
    """Return earlier bouts of walking, and as many of running; the first was more than a month ago."""
    walked = earlier()
    ran = [replace(b, time=b.time + 3, bout=b.bout + 3, activity="running") for b in earlier(seed=1)]
    return (*bout(-40), *walked, *ran)


@cache
def usual_on_exchanged_feet() -> tuple[Block, ...]:
    return tuple(exchanged(b) for b in _usual_blocks())


POOR: Sequence[Mapping[str, Any]] = [
    {"void": True, "reason": "too_long"},
    {"void": True, "reason": "one_foot", "strides_right": 0, "contact_time_si_pct": NAN},
    {"received_left": 0.9},
    {"received_right": 0.5},
    {"rejected_left": 20},
    {"rejected_right": 13},
    {"unsettled_left": 30, "unsettled_right": 31},
]


@st.composite
def courses(draw: st.DrawFn) -> list[Block]:
    """Return the blocks of one bout in which anything may change at any time, and data may be poor."""
    change = st.one_of(st.just(0.0), st.floats(-12, 12), st.sampled_from([-8.0, 8.0]))
    gain = st.one_of(st.just(1.0), st.floats(0.8, 1.2), st.sampled_from([0.9, 1.1]))
    index = st.one_of(st.just(0.0), st.floats(-40, 40), st.sampled_from([-20.0, 20.0]))
    cadence = st.one_of(st.just(114.0), st.floats(80, 200), st.sampled_from([100.0, 130.0]))
    out: list[Block] = []
    for _ in range(draw(st.integers(1, 6))):
        values: dict[str, float] = {"si": draw(change), "left": draw(index) - 10, "right": draw(index) - 12}
        values["cadence_spm"] = draw(cadence)
        walks_and_runs: list[Callable[..., list[Block]]] = [bout, bout, partial(running, gain=draw(gain))]
        make = draw(st.sampled_from(walks_and_runs))
        until = len(out) + draw(st.integers(1, 12))
        out += make(0, until, seed=draw(st.integers(0, 99)), **values)[len(out) :]
    return [replace(b, **poor) if (poor := draw(st.sampled_from([None, None, *POOR]))) else b for b in out]


def _steps_of(blocks: Sequence[Block], foot: str) -> int:
    return sum(
        getattr(b, f"strides_{foot}") + getattr(b, f"rejected_{foot}") + getattr(b, f"unsettled_{foot}") for b in blocks
    )


_any_course = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
)


class DetectorContract:
    """What holds for every detector."""

    @_any_course
    @given(course=courses(), known=st.integers(0, MIN_BOUTS - 1))
    def test_without_a_normal_nothing_is_said_against_one(
        self, rig: DetectorRig, course: list[Block], known: int
    ) -> None:
        elsewhere = [replace(b, activity="running") for b in earlier()]
        walked = [replace(b, activity="walking", gain_ratio=NAN) for b in course]
        for blocks, history in ((course, []), (course, earlier(known)), (walked, elsewhere)):
            for flag in rig.flags(blocks, history):
                assert (flag.rule in {"W", "A"}, flag.bouts) == (True, 0)
        assert rig.flags(course[:15]) == [] or rig.by_limit, "no beginning to compare with"

    @_any_course
    @given(course=courses())
    def test_a_flag_is_raised_at_most_once_and_cleared_after_it_at_most_once(
        self, rig: DetectorRig, course: list[Block]
    ) -> None:
        raised = [flag.raised for flag in rig.flags(course, _usual_blocks())]
        if rig.levels > 1:
            assert raised in [[True] * k for k in range(rig.levels + 1)]
        else:
            assert raised in ([], [True], [True, False])

    @_any_course
    @given(course=courses())
    def test_a_flag_says_when_and_what(self, rig: DetectorRig, course: list[Block]) -> None:
        detector = rig.fresh(_usual_blocks())
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
                assert 0 < flag.strides <= max(_steps_of(seen, "left"), _steps_of(seen, "right"))
        assert len(topics) <= 1

    @_any_course
    @given(course=courses())
    def test_void_cold_and_poor_blocks_never_speak_and_change_nothing(
        self, rig: DetectorRig, course: list[Block]
    ) -> None:
        if rig.any_data:
            return
        detector = rig.fresh(_usual_blocks())
        for b in course:
            if list(detector.update(b)):
                assert usable(b)
                assert warm(b)
        assert rig.flags([b for b in course if usable(b)], _usual_blocks()) == rig.flags(course, _usual_blocks())

    @_any_course
    @given(course=courses(), more=courses())
    def test_it_is_deterministic_and_instances_share_nothing(
        self, rig: DetectorRig, course: list[Block], more: list[Block]
    ) -> None:
        one, other, busy = (rig.fresh(_usual_blocks()) for _ in range(3))
        for k, b in enumerate(course):
            list(busy.update(more[k % len(more)]))
            assert list(one.update(b)) == list(other.update(b))

    @_any_course
    @given(course=courses())
    def test_it_is_the_same_on_exchanged_feet(self, rig: DetectorRig, course: list[Block]) -> None:
        told = rig.flags([exchanged(b) for b in course], usual_on_exchanged_feet())
        assert [rounded(exchanged(flag)) for flag in told] == [
            rounded(flag) for flag in rig.flags(course, _usual_blocks())
        ]

    def test_it_does_speak_and_of_its_own_topic_alone(self, rig: DetectorRig) -> None:
        """Else all of the above would hold for a detector that is never heard."""
        topic, odd = rig.fresh().topic, rig.odd
        if odd is None:
            pytest.fail(f"{topic}: say in its rig which blocks raise its flag")
        blocks = odd(0, rig.raised_by)
        (raised,) = rig.flags(blocks, _usual_blocks())
        assert raised.raised
        course = [*blocks, *rig.ordinary(0, rig.cleared_by)[rig.raised_by :]]
        ended = [True] if rig.levels > 1 else [True, False]
        assert [flag.raised for flag in rig.flags(course, _usual_blocks())] == ended
        again = [*course, *(odd(0, rig.cleared_by + 36)[rig.cleared_by :] if rig.levels == 1 else [])]
        assert [flag.raised for flag in rig.flags(again, _usual_blocks())] == ended
        assert {flag.topic for flag in rig.flags(again, _usual_blocks())} == {topic}

    def test_a_measure_that_is_missing_says_nothing(self, rig: DetectorRig) -> None:
        kept = {"contact_time_left_s", "contact_time_right_s"}  # which stand for the pace
        carried = [number for number in numbers(Block).values() if number.carried and number.field not in kept]
        unknown = {name: NAN for number in carried for name in number.fields}
        blocks = [block(NOW, number, **unknown) for number in range(20)]
        assert rig.flags(blocks, _usual_blocks()) == []
