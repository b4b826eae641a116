"""Every number says what it is, and nothing says it twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest

from firmware_bridge import Key, columns
from service.records.quantities import (
    FORCE,
    MEAN,
    NEGATED,
    RATIO,
    SAME,
    SWAPPED,
    SYMMETRY,
    TIMING,
    Carried,
    High,
    Interval,
    Low,
    Quantity,
    StandardError,
    Tier,
    numbers,
    quantities,
)
from service.records.rows import Alert, Block, Flag, Note, Progress, Replaced, Second, Step, Verdict

ROWS = (Step, Second, Block, Flag, Verdict, Alert, Note, Progress, Replaced)


@pytest.mark.parametrize("kind", ROWS)
def test_every_float_of_a_row_is_a_number_or_belongs_to_one(kind: type) -> None:
    held = [name for number in numbers(kind).values() for name in number.fields]
    assert sorted(held) == sorted(column.name for column in columns(kind) if column.type is float)
    assert set(quantities(kind)) <= set(held)


@pytest.mark.parametrize("kind", ROWS)
def test_a_number_of_one_foot_has_the_same_of_the_other_one(kind: type) -> None:
    """A row of one foot says which in `side`; in a row of both the names of the fields say it."""
    every = {column.name for column in columns(kind)}
    sided = {name for name in every if "left" in name or "right" in name}
    known = quantities(kind)
    assert {name for name, quantity in known.items() if quantity.exchange is SWAPPED} == sided & set(known)
    assert {name.replace("left", "right") for name in sided} <= every
    assert {name.replace("right", "left") for name in sided} <= every
    assert not ("side" in every and any(quantity.exchange is not SAME for quantity in known.values()))


def test_a_number_that_does_not_say_what_it_is_is_refused() -> None:
    @dataclass(frozen=True)
    class Bare:
        time: int
        wearer: Key[str]
        speed_mps: float

    with pytest.raises(TypeError, match=r"^Bare.speed_mps: a number says what it is, by `Quantity` or `Carried`$"):
        numbers(Bare)

    @dataclass(frozen=True)
    class Loose:
        time: int
        wearer: Key[str]
        speed_low: Low

    with pytest.raises(TypeError, match=r"^Loose.speed_low: "):
        numbers(Loose)


def test_a_quantity_leaves_nothing_out() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'exchange'"):
        Quantity("s", 3, TIMING, Tier.T0)  # type: ignore[call-arg]


@dataclass(frozen=True)
class _Stance:
    time: int
    wearer: Key[str]
    loading_rate: Annotated[float, Quantity("N/s", 0, FORCE, Tier.T0, SAME)]
    midfoot_share: Annotated[float, Quantity("1", 2, RATIO, Tier.T2, SAME)]
    swing_time_s: Annotated[float, Quantity("s", 3, TIMING, Tier.T0, SAME)]


@dataclass(frozen=True)
class _Strides:
    time: int
    wearer: Key[str]
    loading_rate_si_pct: Annotated[float, Carried(_Stance, "loading_rate", SYMMETRY)]
    loading_rate_si_low_pct: Low
    loading_rate_si_high_pct: High
    midfoot_both: Annotated[float, Carried(_Stance, "midfoot_share", MEAN)]
    midfoot_both_se: StandardError
    swing_time_si_pct: Annotated[float, Carried(_Stance, "swing_time_s", SYMMETRY)]


def test_what_a_block_carries_is_what_the_step_s_measure_makes_it() -> None:
    found = numbers(_Strides)
    assert [*found] == ["loading_rate_si_pct", "midfoot_both", "swing_time_si_pct"]
    assert found["loading_rate_si_pct"].quantity == Quantity("%", 1, RATIO, Tier.T1, NEGATED)
    assert found["midfoot_both"].quantity == Quantity("1", 2, RATIO, Tier.T2, SAME)
    assert found["swing_time_si_pct"].quantity == Quantity("%", 1, TIMING, Tier.T1, NEGATED)
    assert quantities(_Strides)["loading_rate_si_low_pct"].exchange is NEGATED


def test_a_number_and_its_interval_are_one_value() -> None:
    row = _Strides(0, "ada", 4.0, 3.0, 5.5, 0.2, 0.01, 1.0)
    rate, share, swing = numbers(_Strides).values()
    assert rate.interval(row) == Interval(4.0, 3.0, 5.5)
    names = ("loading_rate_si_pct", "loading_rate_si_low_pct", "loading_rate_si_high_pct")
    assert rate.columns(rate.interval(row)) == dict(zip(names, (4.0, 3.0, 5.5), strict=True))
    assert (share.fields, share.error) == (("midfoot_both", "midfoot_both_se"), "midfoot_both_se")
    assert str(share.interval(row)) == str(Interval(0.2, float("nan"), float("nan")))
    assert swing.fields == ("swing_time_si_pct",)


@pytest.mark.parametrize(
    ("kind", "name", "scales", "every_sensor"),
    [
        (Step, "contact_time_s", False, False),
        (Step, "completeness", False, False),
        (Step, "peak", True, True),
        (Step, "medial_lateral_index", False, True),
        (Block, "contact_time_si_pct", False, False),
        (Block, "impulse_si_pct", False, True),
        (Second, "force_mean", True, True),
    ],
)
def test_what_a_number_rests_on_says_what_spoils_and_scales_it(
    kind: type, name: str, scales: bool, every_sensor: bool
) -> None:
    quantity = quantities(kind)[name]
    assert (quantity.scales, quantity.every_sensor) == (scales, every_sensor)
