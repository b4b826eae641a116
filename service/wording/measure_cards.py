"""What stands behind each number: its formula, its unit, what it is good for, and how far off it was where checked.

`insole explain` prints these cards and the page shows them. They lie in `cards/`, one file a family, and each file
there is read: a card of its own is a file more. Units, decimals and what a layout has to see stand on the fields that
the cards are about (`service.records.quantities`). Nothing here is computed: the figures are those that
`insole validate` prints, and a test holds them to it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from service.gait.blocks.medial_loading import probability
from service.records.quantities import Datum, Quantity, Statistic, Tier, numbers
from service.records.rows import Block, Step

LAYOUTS: Mapping[Tier, str] = {
    Tier.T0: "any sensor",
    Tier.T1: "3 sensors: heel, and both sides of the forefoot",
    Tier.T2: "5 sensors, of them the heel and the balls of the big and the little toe",
    Tier.T3: "10 sensors, of them both sides of the heel and the midfoot",
    Tier.T4: "32 sensors",
}


class _Measured(NamedTuple):
    """One figure of a validation: the set, the quantity as its table names it, and what was found."""

    recordings: str
    quantity: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Card:
    """One measure, for somebody who wants to know whether to trust it.

    `name` is the field that holds it, or how the names of those begin that share it.
    """

    name: str
    title: str
    formula: str
    unit: str
    good_for: str
    not_for: str
    source: str
    measured: tuple[_Measured, ...] = ()
    heading: str = ""  # over its mean in the summary of a foot; "" : not shown there
    sheet: str = ""  # how the report names it, with {side} where it is one foot's; "" : not shown there


@cache
def cards() -> tuple[Card, ...]:
    """Return all cards, in the order in which they are read."""
    folder = resources.files("service.wording").joinpath("cards")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    told = [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]
    names = [name for each in told for name in each]
    return tuple(_card(name, values, names) for each in told for name, values in each.items())


def _card(name: str, values: Mapping[str, Any], names: Sequence[str]) -> Card:
    said = dict(values)
    said["not_for"] = said["not_for"].format(turns_in=f"{100 * probability(2.0, 0.0):.0f}")
    said["measured"] = tuple(_Measured(*figure) for figure in said.get("measured", ()))
    if held := _held(name, names):
        said["unit"] = _unit(held)
    return Card(name, **said)


def _held(name: str, names: Sequence[str]) -> Quantity | None:
    """Return what the first field is that a card is about; None where it is about none of a step or a block."""
    every = (number for kind in (Step, Block) for number in numbers(kind).values())
    return next((number.quantity for number in every if _named(number.field, names) == name), None)


def _unit(quantity: Quantity) -> str:
    """Return a unit as a card has it: a force may be one that nobody calibrated."""
    return f"{quantity.unit}, or {quantity.unit.replace('N', 'raw')}" if quantity.scales else quantity.unit


def _named(field: str, names: Sequence[str]) -> str | None:
    """Return the card's name that a field begins with: the longest one."""
    return max((name for name in names if field == name or field.startswith(f"{name}_")), key=len, default=None)


def card(name: str) -> Card | None:
    """Return the card of a field of `Step` or `Block`.

    Fields that belong together (`cop_ml_10`) share one, and a number of a block that has none of its own has that of
    the steps' measure of which it is made.
    """
    known = {each.name: each for each in cards()}
    if found := _named(name, [*known]):
        return known[found]
    number = numbers(Block).get(name)
    return None if number is None or number.carried is None else card(number.carried.measure)


def needs(shown: Card) -> str:
    """Return the least that an insole has to see for this measure, as a person says it."""
    held = _held(shown.name, [each.name for each in cards()])
    return "" if held is None else LAYOUTS[held.needs]


def sheet_lines() -> Iterator[tuple[Datum, str]]:
    """Yield what of a block the report compares, each under its name there: both feet, each foot, and then the rest."""
    for number in sorted(numbers(Block).values(), key=_place):
        found = card(number.field)
        if found is not None and found.sheet and number.carried is not None:
            side = number.carried.side
            yield number, found.sheet.format(side="" if side is None else side.value)


def _place(number: Datum) -> int:
    return len(Statistic) if number.carried is None else [*Statistic].index(number.carried.statistic)


def card_lines(shown: Card) -> list[tuple[str, str]]:
    """Return a card as pairs of a heading and a text, in the order in which they are read."""
    figures = "; ".join(
        f"{figure.quantity}: {figure.value:g} {figure.unit} (insole validate {figure.recordings})"
        for figure in shown.measured
    )
    return [
        ("measure", f"{shown.title} ({shown.name})"),
        ("formula", shown.formula),
        ("unit", shown.unit),
        ("needs", needs(shown)),
        ("good for", shown.good_for),
        ("not for", shown.not_for),
        ("how far off", figures or "not checked against anybody else's measurement"),
        ("source", shown.source),
    ]
