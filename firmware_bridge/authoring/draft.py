"""A first profile for an unknown stream of text, as a TOML file to complete, and what is to be checked in it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from firmware_bridge.authoring.column_roles import Guess, guess_columns, lines_a_rise
from firmware_bridge.authoring.heard_example import example_of
from firmware_bridge.authoring.line_format import LineFormat, look_at
from firmware_bridge.errors import CorruptData
from firmware_bridge.model import Float64s

FEW = 20
"""Lines below which a guess is a weak one."""
TOLD_HZ = 50.0
"""Below, contact times are rough: a running stance has less than a dozen samples."""
UNKNOWN_HZ = 50.0


@dataclass(frozen=True)
class Draft:
    """A profile to complete, and in plain words what was guessed and what has to be checked."""

    toml: str
    guessed: list[str]
    to_check: list[str]


def draft_profile(data: bytes, *, name: str, link: str, rate_hz: float | None, elapsed_s: float | None) -> Draft:
    """Return a draft for the lines in `data`, which may begin and end in the middle of one.

    Args:
        data: what came, at best ten seconds in which the insole was pressed everywhere.
        name: what the profile is called; lower-case letters, digits and dashes.
        link: the `[transport...]` table for it.
        rate_hz: lines a second where that is known already.
        elapsed_s: how long it took to arrive, None for a file.

    Raises:
        CorruptData: there are no lines with numbers in it.
    """
    look, rows, other = look_at(data)
    if not len(rows):
        raise CorruptData("no lines of numbers are in it: is the baud rate right, is it text at all?")
    columns = guess_columns(rows, look.names, elapsed_s or (len(rows) / rate_hz if rate_hz else None))
    if not any(guess.role == "pressure" for guess in columns):
        raise CorruptData("none of its columns looks like a pressure: they all go below zero, or count")
    columns = _agreeing([part for guess in columns for part in _by_direction(guess, rows)])
    rate = rate_hz or _rate(rows, columns, elapsed_s)
    guessed, to_check = _told(look, columns, rate, len(rows), other)
    toml = _toml(name, link, look, columns, rate)
    return Draft(toml + example_of(toml, data), guessed, to_check)


def _agreeing(columns: Sequence[Guess]) -> list[Guess]:
    """Take back what cannot be true together: feet with unlike sensors, a second clock, a vector of six numbers."""
    feet: dict[str | None, int] = {}
    for guess in columns:
        if guess.role == "pressure":
            feet[guess.side] = feet.get(guess.side, 0) + guess.count
    unlike = (None in feet and len(feet) > 1) or len(set(feet.values())) > 1
    kept: list[Guess] = []
    for guess in columns:
        mine = replace(guess, side=None if unlike or guess.side not in feet else guess.side)
        kind = mine.role.partition(".")[0]
        most = {"time": 1, "sequence": 1, "battery": 1, "acc": 3, "gyro": 3}.get(kind)
        same = (one for one in kept if one.role.partition(".")[0] == kind)
        used = sum(one.count for one in same if None in (one.side, mine.side) or one.side == mine.side)
        if most is not None and used + mine.count > most:
            mine = replace(mine, role="ignored", side=None, scale=1.0, why=f"there is {kind} before it")
        kept.append(mine)
    return kept


def _by_direction(guess: Guess, rows: Float64s) -> list[Guess]:
    """Cut a run of pressure columns where some rest at the top of the range and others at its bottom."""
    full = guess.inverted_from or guess.saturated
    if guess.role != "pressure" or not full or len(rows) < FEW:
        return [guess]
    rests = np.nanmedian(rows[:, guess.first : guess.last], axis=0) > 0.6 * full
    cuts = [0, *(np.flatnonzero(np.diff(rests)) + 1).tolist(), guess.count]
    return [
        replace(
            guess,
            first=guess.first + a,
            count=b - a,
            names=guess.names[a:b],
            inverted_from=full if rests[a] else None,
            saturated=0.0 if rests[a] else full,
        )
        for a, b in pairwise(cuts)
    ]


def _rate(rows: Float64s, columns: Sequence[Guess], elapsed_s: float | None) -> float | None:
    """Return the lines a second by their own time, else by how long they took to arrive; None: not known."""
    second = {"time.s": 1.0, "time.ms": 1e3, "time.us": 1e6}
    for guess in columns:
        steps = np.diff(rows[:, guess.first]) if guess.role in second else np.zeros(0)
        steps = steps[steps > 0]
        if len(steps):
            return second[guess.role] * lines_a_rise(rows[:, guess.first]) / float(np.median(steps))
    return len(rows) / elapsed_s if elapsed_s and len(rows) >= FEW else None


def outline(count: int) -> list[tuple[float, float]]:
    """Return places for sensors of which nothing is known: pairs from heel to toe, [ml, ap]."""
    rows = math.ceil(count / 2)
    places = []
    for k in range(count):
        ap = 0.08 + 0.84 * (k // 2) / max(rows - 1, 1)
        alone = count % 2 and k == count - 1
        places.append((0.5 if alone else (0.3, 0.7)[k % 2], round(ap, 2)))
    return places


def _toml(name: str, link: str, look: LineFormat, columns: Sequence[Guess], rate: float | None) -> str:
    feet = {guess.side for guess in columns if guess.role == "pressure"}
    one = next(iter(feet))
    sensors = sum(guess.count for guess in columns if guess.role == "pressure" and guess.side == one)
    time = next((guess.role for guess in columns if guess.role.startswith("time.")), None)
    counted = any(guess.role == "sequence" for guess in columns)
    source = "device" if time else "sequence" if counted else "arrival"
    places = [f"[{ml:.2f}, {ap:.2f}]" for ml, ap in outline(sensors)]
    text = [
        "# Drafted by `insole profile new` from what an insole sent. What is marked with ? was guessed: check it.",
        "",
        "[device]",
        f'id = "{name}"',
        f'name = "{name}"',
        'evidence = "unconfirmed on hardware"',
        f"rate_hz = {_rounded(rate)} # ? {'measured' if rate else 'not known: count the lines of a minute'}",
        'unit = "raw" # as the converter reads; kPa or N only where the maker says so',
        "",
        "[sensors]",
        "# ? NOT KNOWN, pairs from heel to toe as a stand-in: [ml, ap], ml 0 little-toe side to 1 big-toe side, ap 0",
        "# heel to 1 toe, in the order of the columns. Press on one sensor after the other and look which one moves.",
        "positions = [",
        *(f"  {', '.join(places[i : i + 6])}," for i in range(0, sensors, 6)),
        "]",
        "",
        link.rstrip(),
        "",
        "[text]",
        *_form(look),
        "columns = [",
        *(f"  {_column(guess, look)}, # ? {guess.why}" for guess in columns),
        "]",
        "",
        "[clock]",
        f'source = "{source}" # {_SOURCES[source]}',
    ]
    return "\n".join(text) + "\n"


_SOURCES = {
    "device": "the line's own time",
    "sequence": "the line's counter and rate_hz",
    "arrival": "lines have neither time nor counter: lost ones cannot be counted",
}


def _form(look: LineFormat) -> list[str]:
    said = [] if look.form == "cells" else [f'form = "{look.form}"']
    said += [] if look.form == "json" else [f"separator = {json.dumps(look.separator)}"]
    said += [f"assign = {json.dumps(look.assign)}"] if look.form == "labeled" and look.assign != "=" else []
    said += [f"decimal = {json.dumps(look.decimal)}"] if look.decimal != "." else []
    said += [f"matrix = [{look.matrix[0]}, {look.matrix[1]}]"] if look.matrix else []
    before = f"{{side}}{look.prefix}" if look.words else ""
    if before or look.suffix:
        around = [f"{before}{{values}}{look.suffix}", *([f"{before}{{values}}"] if look.suffix else [])]
        said.append(f"line = {json.dumps(around)}")
    if look.words:
        both = _both(look.words[0])
        said.append(f'side_prefix = {{ {both[0]} = "left", {both[1]} = "right" }} # ?')
    return said


def _both(word: str) -> tuple[str, str]:
    """Return the words for left and right, of which one was seen."""
    pairs = (("L", "R"), ("l", "r"), ("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"))
    return next(pair for pair in pairs if word in pair)


def _column(guess: Guess, look: LineFormat) -> str:
    parts = [f'role = "{guess.role}"']
    if guess.count > 1:
        parts.append(f"count = {guess.count}")
    if look.form != "cells":
        labels = list(dict.fromkeys(guess.names))
        parts.append(f"labels = {json.dumps(labels)}")
    if guess.side:
        parts.append(f'side = "{guess.side}"')
    if guess.scale != 1:
        parts.append(f"scale = {guess.scale:.6g}")
    if guess.inverted_from is not None:
        parts.append(f"invert_from = {guess.inverted_from:g}")
    if guess.saturated is not None:
        parts.append(f"saturated = {guess.saturated:g}")
    if guess.role.startswith("time."):
        parts.append("width = 53" if guess.wide else "width = 32")
    return f"{{ {', '.join(parts)} }}"


def _rounded(rate: float | None) -> str:
    return f"{rate:.3g}" if rate else f"{UNKNOWN_HZ:g}"


def _told(
    look: LineFormat, columns: Sequence[Guess], rate: float | None, read: int, other: int
) -> tuple[list[str], list[str]]:
    """Return in plain words what was guessed, and what has to be checked."""
    cut = {"whitespace": "blanks", "\t": "tabs"}.get(look.separator, repr(look.separator))
    form = {"json": "JSON", "labeled": "name and number pairs"}.get(look.form, f"numbers between {cut}")
    guessed = [f"{read} line{'s' * (read != 1)} of {form}; {other} held something else"]
    guessed += [f"lines begin with {', '.join(look.words)}: the foot"] if look.words else []
    for guess in columns:
        last = f" to {guess.last}" if guess.count > 1 else ""
        foot = f" of the {guess.side} foot" if guess.side else ""
        guessed.append(f"column {guess.first + 1}{last}: {guess.role}{foot}, since {guess.why}")
    guessed.append(f"{rate:.3g} lines a second" if rate else "how many lines a second is not known")
    check = ["the positions of the sensors are a stand-in: put in where yours lie"]
    if read < FEW:
        check.append(
            f"{read} line{'s are' if read != 1 else ' is'} few: listen for ten seconds, and press everywhere meanwhile"
        )
    if any(guess.inverted_from is not None for guess in columns):
        check.append("some readings fall when pressed, as it seems: press, and see whether the load goes up")
    if not any(guess.saturated is not None for guess in columns if guess.role == "pressure"):
        check.append("the end of the range is not known: say saturated = ... for the pressure columns, if you know it")
    if any("flag" in name.lower() or "status" in name.lower() for guess in columns for name in guess.names):
        check.append('flags may say that a foot has no sample: role = "flags", absent = { left = 1 } for its bits')
    if any(guess.role == "gyro" for guess in columns):
        check.append("the gyroscope's unit is assumed to be deg/s")
    if rate and rate < TOLD_HZ:
        check.append(f"{rate:.3g} lines a second are few: contact times will be rough, below 20 none are told")
    return guessed, check
