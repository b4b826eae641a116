"""What a row becomes when left and right are exchanged, by what each of its numbers is."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

from service.records.quantities import INVERTED, NEGATED, Quantity, numbers
from service.records.rows import Block, Flag, Second, Step, Verdict

_Row = TypeVar("_Row", bound=Step | Second | Block | Flag | Verdict)


def exchanged(row: _Row) -> _Row:
    """Return the row of the same walk on exchanged feet."""
    values: dict[str, Any] = {_other(field.name): getattr(row, field.name) for field in fields(row)}
    if isinstance(row, Step | Second):
        values["side"] = row.side.other
    if isinstance(row, Flag | Verdict):
        values["measure"] = _other(row.measure)
    kind: type = type(row)
    for number in numbers(kind).values():
        exchange = quantity.exchange if (quantity := _quantity(row, number.quantity)) else None
        if exchange in {NEGATED, INVERTED}:
            value, *ends = (getattr(row, name) for name in number.fields)
            values |= number.columns(-x if exchange is NEGATED else 1 / x for x in (value, *reversed(ends)))
    exchanged_row: _Row = kind(**values)
    return exchanged_row


def rounded(row: _Row) -> _Row:
    """Return a row with ratios to nine digits: one over one over a number may differ from it in the last."""
    kind: type = type(row)
    ratios: dict[str, Any] = {
        name: round(getattr(row, name), 9)
        for number in numbers(kind).values()
        if (quantity := _quantity(row, number.quantity)) and quantity.exchange is INVERTED
        for name in number.fields
    }
    return replace(row, **ratios)


def _quantity(row: Step | Second | Block | Flag | Verdict, own: Quantity | None) -> Quantity | None:
    """Return what a number is: by its field, or by the measure that the row names."""
    if own is not None or not isinstance(row, Flag | Verdict):
        return own
    number = numbers(Block).get(row.measure)
    return None if number is None else number.quantity


def _other(name: str) -> str:
    return name.replace("left", "\0").replace("right", "left").replace("\0", "right")
