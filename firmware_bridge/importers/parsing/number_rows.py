"""Rows of numbers whose first is the time: from lines of text to arrays in which time only grows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LARGEST_READING = 3e38  # a larger reading does not fit into 32 bits
FURTHEST_US = 2**53  # up to here each microsecond is a float of its own; 285 years
_ROWS = 1000
SPAN_US = 10e6

TimedValues = list[float]
"""Its first number is the time, in whole microseconds; the others may be NaN."""


class Rows(NamedTuple):
    """Some consecutive rows, and how many before or among them were skipped."""

    values: NDArray[np.float64]  # (n, columns), the first one being the time in us; empty where all were skipped
    skipped: int


def whole_us(time: float, unit_us: float = 1e6) -> float:
    """Return a time in whole microseconds.

    Raises:
        ValueError: it is not a number, or too large for a time.
    """
    us = time * unit_us
    if not abs(us) < FURTHEST_US:
        raise ValueError(f"{time} is not a time")
    return float(round(us))


def reading_of(value: float) -> float:
    """Return a number that can be a reading.

    Raises:
        ValueError: it does not fit into 32 bits, or is none.
    """
    if not abs(value) < LARGEST_READING:
        raise ValueError(f"{value} is not a reading")
    return value


def increasing_rows(lines: Iterable[bytes], parse: Callable[[bytes], TimedValues | None]) -> Iterator[Rows]:
    """Yield the rows of a file, at most a thousand and ten seconds at once, in portions that depend on them alone.

    A blank line is nothing. A line that `parse` refuses, and one whose time does not grow, is skipped and counted; so
    is one whose time leaps ahead of what follows.
    """
    held: list[TimedValues] = []
    before = float("-inf")  # time of the last row that was given
    skipped = 0
    for line in lines:
        row = parse(line)
        if row is None:
            skipped += bool(line.strip())
        elif held and row[0] <= held[-1][0]:
            skipped += 1
            if row[0] > (held[-2][0] if len(held) > 1 else before):
                held[-1] = row  # the one before had leapt ahead
        else:
            # the last row waits for the next one, which may show that it had leapt ahead
            if len(held) > _ROWS or (len(held) > 1 and row[0] - held[0][0] > SPAN_US):
                yield Rows(np.array(held[:-1]), skipped)
                before, held, skipped = held[-2][0], held[-1:], 0
            held.append(row)
    if held or skipped:
        yield Rows(np.array(held), skipped)
