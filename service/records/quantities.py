"""What each number of a row is: its unit, what it rests on, and what exchanging the feet makes of it.

These attributes stand on the field, in `rows.py`, and nowhere else. The laws, the cards, the report, the dashboards and
the command line read them here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum, IntEnum
from functools import cache
from typing import Annotated, Any, NamedTuple, get_type_hints

from firmware_bridge import Side


class Tier(IntEnum):
    """How much of the sole is seen; each tier holds what the one before it asks for."""

    T0 = 0
    """Something: that a foot is loaded, and when."""
    T1 = 1
    """The heel and both sides of the forefoot, 3 sensors: how much, and how far forward."""
    T2 = 2
    """The heel and the heads of the first and the fifth metatarsal, 5 sensors: medial against lateral."""
    T3 = 3
    """Both sides of the heel and the midfoot besides, 10 sensors: where the load is, all through stance."""
    T4 = 4
    """32 sensors: a map of pressure."""


class Basis(Enum):
    """What a number rests on."""

    TIMING = "when a foot is loaded"
    FORCE = "how much it is loaded"
    RATIO = "how loads compare, of sensors or of feet"
    DATA = "the data, not the foot"


class Exchange(Enum):
    """What becomes of a number when the feet are exchanged; the side that a row is of changes besides."""

    SAME = "it stays"
    SWAPPED = "the field of the other foot has it"
    NEGATED = "its sign turns"
    INVERTED = "it is one over it"


class Statistic(Enum):
    """How a block sums up a measure of its valid steps."""

    SYMMETRY = "symmetry index of the feet, with its 95 % interval"
    MEAN = "mean of one foot, with its standard error"
    MEDIAN = "median of one foot, or of both"


SAME, SWAPPED, NEGATED, INVERTED = Exchange.SAME, Exchange.SWAPPED, Exchange.NEGATED, Exchange.INVERTED
TIMING, FORCE, RATIO, DATA = Basis.TIMING, Basis.FORCE, Basis.RATIO, Basis.DATA
SYMMETRY, MEAN, MEDIAN = Statistic.SYMMETRY, Statistic.MEAN, Statistic.MEDIAN


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a number is. Nothing has a default: whoever adds a field says it all."""

    unit: str  # "s", "%", "N" ..., "1" for a plain ratio, "of the width" for a share of something
    decimals: int  # that are worth showing, in `unit`
    basis: Basis
    needs: Tier  # of the layout, below which it is not told
    exchange: Exchange

    @property
    def scales(self) -> bool:
        """Whether it doubles where every pressure does."""
        return self.basis is Basis.FORCE

    @property
    def every_sensor(self) -> bool:
        """Whether a single broken sensor spoils it."""
        return self.basis in {Basis.FORCE, Basis.RATIO}


@dataclass(frozen=True, slots=True)
class Carried:
    """A number of a block that is made of a measure of its steps, and is what that measure makes it."""

    row: type  # whose measure
    measure: str
    statistic: Statistic
    side: Side | None = None  # of the foot; None where both are in it

    @property
    def quantity(self) -> Quantity:
        """What the number is.

        The symmetry index is a percentage, and feet are compared where heel and forefoot are seen: without them,
        stance is as long as a sensor lies where it happens to, and a sum does not hold the whole load.
        """
        of = numbers(self.row)[self.measure].quantity
        assert of is not None
        if self.statistic is SYMMETRY:
            basis = TIMING if of.basis is TIMING else RATIO
            return Quantity("%", 1, basis, max(of.needs, Tier.T1), NEGATED)
        return replace(of, exchange=SAME if self.side is None else SWAPPED)


class _Part(Enum):
    """What a field adds to another one: to the number above it, or (`VALUE`) to the measure that its row names."""

    LOW = "low"
    HIGH = "high"
    ERROR = "error"
    VALUE = "value"


Low = Annotated[float, _Part.LOW]
"""Lower end of the 95 % interval, or of the band, of the number above it."""
High = Annotated[float, _Part.HIGH]
"""Upper end of it."""
StandardError = Annotated[float, _Part.ERROR]
"""Standard error of the number above it."""
OfMeasure = Annotated[float, _Part.VALUE]
"""A value of the measure that the row names: it is what that measure is."""


class Interval(NamedTuple):
    """A value with its 95 % interval; NaN where unknown."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Datum:
    """One number of a row with all that belongs to it: the columns that hold it, and what it is."""

    field: str
    quantity: Quantity | None  # None: that of the measure that the row names
    carried: Carried | None = None  # where a block makes it of its steps
    low: str = ""  # columns of its interval, "" where it has none
    high: str = ""
    error: str = ""  # column of its standard error, "" where it has none

    @property
    def fields(self) -> tuple[str, ...]:
        """Its columns: value, low and high, or value and standard error, or value alone."""
        return tuple(name for name in (self.field, self.low, self.high, self.error) if name)

    def columns(self, values: Iterable[float]) -> dict[str, float]:
        """Return the columns that hold values, which come in the order of `fields`."""
        return dict(zip(self.fields, values, strict=True))

    def interval(self, row: object) -> Interval:
        """Return the number of a row with its interval; NaN where it has none."""
        value, *ends = (float(getattr(row, name)) for name in self.fields)
        return Interval(value, *ends) if len(ends) == 2 else Interval(value, float("nan"), float("nan"))


@cache
def numbers(kind: type) -> Mapping[str, Datum]:
    """Return every number of a row class, by the field that holds its value, in their order.

    Raises:
        TypeError: a field is a float and does not say what it is, or is a part of nothing.
    """
    hints = get_type_hints(kind, include_extras=True)
    found: dict[str, Datum] = {}
    for each in fields(kind):
        marks: tuple[object, ...] = getattr(hints[each.name], "__metadata__", ())
        said = next((mark for mark in marks if isinstance(mark, Quantity | Carried | _Part)), None)
        if isinstance(said, Quantity):
            found[each.name] = Datum(each.name, said)
        elif isinstance(said, Carried):
            found[each.name] = Datum(each.name, said.quantity, said)
        elif said is _Part.VALUE:
            found[each.name] = Datum(each.name, None)
        elif said is not None and found:
            above = next(reversed(found))
            end: dict[str, Any] = {said.value: each.name}
            found[above] = replace(found[above], **end)
        elif said is not None or hints[each.name] is float:
            raise TypeError(f"{kind.__name__}.{each.name}: a number says what it is, by `Quantity` or `Carried`")
    return found


@cache
def quantities(kind: type) -> Mapping[str, Quantity]:
    """Return what each float field of a row class is, ends and errors included; those `OfMeasure` are left out."""
    return {
        name: number.quantity
        for number in numbers(kind).values()
        if number.quantity is not None
        for name in number.fields
    }
