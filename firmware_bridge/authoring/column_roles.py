"""What the numbers of an unknown text stream are: guessed from how they behave, and from their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from firmware_bridge.model import STANDARD_GRAVITY, Float64s

FULL_SCALES = (100, 255, 1023, 4095, 16383, 32767, 65535)
"""Where converters end: percent, 8, 10, 12, 14, 15 and 16 bits."""
"""Where nothing comes near such an end, it is not guessed: a reading beyond it would count as a mangled line."""
_UNIT_OF_ONE_G = {1.0: "g", STANDARD_GRAVITY: "m/s2", 1000.0: "mg", 16384.0: "counts of a sensor of +-2 g"}
"""The length of a resting accelerometer's vector in the units that are in use."""
_NAMED = (
    (r"^(t|ts|ms|us|time.*|.*millis.*|.*micros.*|.*stamp|t_?ms|t_?us|.*time_?(ms|us|s)?)$", "time"),
    (r"^(seq.*|n|no|cnt|count.*|frame.*|idx|index|packet.*|sample.*)$", "sequence"),
    (r"^(v?_?bat.*|soc|charge.*|volt.*|vcc|mv)$", "battery"),
    (r"^(acc?(el)?_?\w*|a[xyz])$", "acc"),
    (r"^(gyr\w*|g[xyz]|rot\w*|w[xyz])$", "gyro"),
    (r"^(flags?|status|err\w*|crc|checksum|temp\w*|mag\w*|m[xyz]|q[wxyz0-3]|cop\w*)$", "ignored"),
)
_UNEVEN = 0.25
"""By how much the batches of lines with one stamp may differ, in time and in lines (choice)."""
_VOLTS = re.compile(r"^v|volt|_v$|mv$|vcc", re.IGNORECASE)
_SECOND_S = 20
"""Lines alike from which on a number that then goes up by one is a second, not a packet's (choice)."""
_SELDOM = 0.05
"""Share of lines with which a charge falls at most (choice)."""
_FEW = 20
"""Lines below which a number that stays may only not have changed yet (choice)."""
_SIDED = re.compile(r"^(left|right|[lr])(?=[_\W]|[A-Z]|(?<=t)\d)[_\W]*(.+)$", re.IGNORECASE)


@dataclass
class Guess:
    """One column, or several in a row, and why it is taken for what it is."""

    role: str
    first: int
    count: int = 1
    side: str | None = None
    scale: float = 1.0
    unit: str = ""
    why: str = ""
    inverted_from: float | None = None
    saturated: float | None = None
    names: list[str] = field(default_factory=list)
    wide: bool = False  # of a time: larger than 32 bits hold

    @property
    def last(self) -> int:
        """The first column behind it."""
        return self.first + self.count


def guess_columns(rows: Float64s, names: Sequence[str], elapsed_s: float | None) -> list[Guess]:
    """Return what each column of rows (n, k) is, in their order.

    Args:
        rows: the numbers, NaN where missing.
        names: of the columns, as many as there are or none.
        elapsed_s: how long it took them to arrive, None where that is not known.
    """
    count = rows.shape[1]
    sides, plain = zip(*(_sided(name) for name in names), strict=True) if names else ((None,) * count, ("",) * count)
    roles = [_by_name(name) for name in plain]
    found: list[Guess] = []
    for role, tell in (("sequence", _counts), ("time", _flows)):
        if role not in roles:
            at = next((i for i in range(count) if not roles[i] and tell(rows[:, i])), None)
            if at is not None:
                roles[at] = role
    if "time" not in roles and "sequence" not in roles and not names and _leads(rows):
        roles[0] = "time"
    _inertial(rows, roles)
    for i in _at_the_ends(rows, roles):
        roles[i] = "still"
    for i, (role, side) in enumerate(zip(roles, sides, strict=True)):
        role = role or ("ignored" if np.nanmin(np.append(rows[:, i], 0.0)) < 0 else "pressure")  # noqa: PLW2901
        full = role in ("acc", "gyro") and found and found[-1].count == 3
        if found and found[-1].role == role and found[-1].side == side and role in _RUNS and not full:
            found[-1].count += 1
        else:
            found.append(Guess(role, i, side=side))
        found[-1].names += [names[i]] if names else []
    found = [_settled(guess, rows, elapsed_s) for guess in found]
    _same_range(found, rows)
    return found


_RUNS = ("pressure", "acc", "gyro", "ignored")


def _at_the_ends(rows: Float64s, roles: Sequence[str]) -> list[int]:
    """Return the first and last unknown columns, if they never change and do not rest where a sensor does."""
    unknown = [i for i, role in enumerate(roles) if not role]
    if len(rows) < _FEW or len(unknown) < 2:
        return []
    ends = (unknown[0], unknown[-1])
    return [i for i in ends if _stays(rows[:, i]) or _like_a_battery(rows, i, unknown)]


def _stays(column: Float64s) -> bool:
    """Tell whether a number never changes, or now and then falls, and does not rest where a sensor does."""
    steps, low = _steps(column), float(np.nanmin(column))
    return low not in (0, *FULL_SCALES) and bool(np.all(steps <= 0)) and float(np.mean(steps < 0)) < _SELDOM


def _like_a_battery(rows: Float64s, column: int, others: Sequence[int]) -> bool:
    """Tell whether a number stays within what a lithium cell has, in volts, among whole readings."""
    rest = rows[:, [i for i in others if i != column]]
    own = rows[:, column]
    part = bool(np.any(own != np.floor(own))) and not np.any(rest != np.floor(rest))
    return part and float(np.nanmin(own)) >= 2.5 and float(np.nanmax(own)) <= 4.5


def _sided(name: str) -> tuple[str | None, str]:
    match = _SIDED.match(name.strip())
    if match is None:
        return None, name.strip()
    return {"l": "left", "r": "right"}[match[1][0].lower()], match[2]


def _by_name(name: str) -> str:
    return next((role for pattern, role in _NAMED if name and re.match(pattern, name, re.IGNORECASE)), "")


def _steps(column: Float64s) -> Float64s:
    return np.diff(column[np.isfinite(column)])


def _counts(column: Float64s) -> bool:
    """Tell whether a column counts lines: whole numbers, and nearly every step is 1."""
    steps = _steps(column)
    whole = not np.any(np.mod(column[np.isfinite(column)], 1))
    return whole and len(steps) > 0 and float(np.mean(steps == 1)) > 0.9


def _flows(column: Float64s) -> bool:
    """Tell whether a column only goes up, but for a wrap: with every line, or evenly after a few that are alike."""
    steps = _steps(column)
    if len(steps) < 2 or float(np.mean(steps >= 0)) <= 0.98:
        return False
    return float(np.mean(steps > 0)) > 0.5 or _in_batches(steps)


def _in_batches(steps: Float64s) -> bool:
    """Tell whether steps are those of lines that are sent together with one stamp: alike, and as many lines apart."""
    rises = np.flatnonzero(steps > 0)
    apart = np.diff(rises)
    if len(rises) < 3 or not _alike(apart.astype(np.float64)):
        return False
    return _alike(steps[rises])


def _alike(values: Float64s) -> bool:
    return float(np.mean(np.abs(values / np.median(values) - 1) <= _UNEVEN)) > 0.8


def lines_a_rise(column: Float64s) -> float:
    """Return how many lines a time takes to go up: 1, or as many as are sent with one stamp."""
    apart = np.diff(np.flatnonzero(_steps(column) > 0))
    return float(np.median(apart)) if len(apart) else 1.0


def _leads(rows: Float64s) -> bool:
    """Tell of too few rows to see anything go up whether the first number is larger than every other one."""
    return len(rows) < 3 and rows.shape[1] > 3 and bool(np.all(rows[:, 0] > np.nanmax(rows[:, 1:], axis=1)))


def _inertial(rows: Float64s, roles: list[str]) -> None:
    """Find three columns whose vector is as long as gravity, and the three after them that go below zero."""
    windows = [i for i in range(len(roles) - 2) if "acc" not in roles and not any(roles[i : i + 3])]
    windows = [i for i in windows if np.nanmin(rows[:, i : i + 3]) < 0 and _gravity(rows[:, i : i + 3]) is not None]
    if windows:
        i = min(windows, key=lambda i: _unsteady(rows[:, i : i + 3]))
        roles[i : i + 3] = ["acc"] * 3
    if "acc" in roles and "gyro" not in roles:
        i = roles.index("acc") + 3
        if roles[i : i + 3] == ["", "", ""] and np.nanmin(rows[:, i : i + 3]) < 0:
            roles[i : i + 3] = ["gyro"] * 3


def _gravity(vectors: Float64s) -> float | None:
    length = _length(vectors)
    return next((g for g in _UNIT_OF_ONE_G if 0.75 * g <= length <= 1.35 * g), None)


def _lengths(vectors: Float64s) -> Float64s:
    return np.asarray(np.sqrt(np.nansum(vectors**2, axis=1)))


def _length(vectors: Float64s) -> float:
    return float(np.median(_lengths(vectors)))


def _unsteady(vectors: Float64s) -> float:
    """Tell how much the length of vectors changes, as a part of it."""
    lengths = _lengths(vectors)
    return float(np.std(lengths) / np.mean(lengths))


def _settled(guess: Guess, rows: Float64s, elapsed_s: float | None) -> Guess:
    """Add the unit, the range and the reason; what turns out to be no complete vector is left out."""
    part = rows[:, guess.first : guess.last]
    if guess.role in ("acc", "gyro") and guess.count != 3:
        guess.role, guess.why = "ignored", f"{guess.count} of the 3 numbers of a motion sensor"
    elif guess.role == "acc":
        gravity = _gravity(part) or 1.0
        guess.scale, guess.unit = 1 / gravity, _UNIT_OF_ONE_G[gravity]
        guess.why = f"its length is about {_length(part):.3g}, gravity in {guess.unit}"
    elif guess.role == "gyro":
        guess.why = "it follows the accelerometer and goes below zero; deg/s is assumed"
    elif guess.role == "time":
        guess.role, guess.why = _time(part[:, 0], elapsed_s, "".join(guess.names))
        guess.wide = bool(np.nanmax(part) >= 1 << 32)
    elif guess.role == "sequence":
        guess.why = "it goes up by one a line"
    elif guess.role == "ignored":
        guess.why = "nothing is known of it" if not guess.names else f"by its name: {', '.join(guess.names)}"
    elif guess.role == "still":
        guess.role, guess.why = "ignored", "it hardly changes: a battery, a version or a state, but no load"
    elif guess.role == "battery":
        _battery(guess, part[:, 0])
    elif guess.role == "pressure":
        guess.why = "it never goes below zero"
    return guess


def _battery(guess: Guess, column: Float64s) -> None:
    """Take a battery's number for percent where it can be, a share of one included, and leave out volts."""
    name, most = guess.names[0], float(np.nanmax(column))
    part = bool(np.any(column != np.floor(column)))
    if _VOLTS.search(name) or most > 100 or (part and 1 < most <= 4.5):
        guess.role, guess.why = "ignored", f"by its name and size, {name} is a voltage, not percent"
    elif part and most <= 1:
        guess.scale, guess.why = 100.0, f"by its name, {name}; a share of 1 is assumed"
    else:
        guess.why = f"by its name, {name}; percent is assumed"


def _time(column: Float64s, elapsed_s: float | None, name: str) -> tuple[str, str]:
    """Return the role of a time column, by how quickly it runs."""
    for suffix, role in (("us", "time.us"), ("micros", "time.us"), ("ms", "time.ms"), ("millis", "time.ms")):
        if name.lower().endswith(suffix):
            return role, f"by its name, {name}"
    steps, lines = _steps(column), lines_a_rise(column)
    alike = f", {lines:g} lines alike at a time" if lines > 1 else ""
    if not len(steps):
        return "time.ms", "it is the largest number of the line; milliseconds are assumed"
    if elapsed_s is not None and elapsed_s > 0.5 and len(steps) > 10:
        speed = float(steps[steps > 0].sum()) / elapsed_s
        for role, per_second in (("time.s", 1.0), ("time.ms", 1e3), ("time.us", 1e6)):
            if 0.5 < speed / per_second < 2:
                return role, f"it runs {speed:.0f} a second{alike}"
    step = float(np.median(steps[steps > 0])) / lines
    if lines > 1 and float(np.median(steps[steps > 0])) == 1:
        if lines < _SECOND_S:
            return "ignored", f"it counts packets of {lines:g} lines"
        return "time.s", f"it goes up by 1 after {lines:g} lines"
    fraction = bool(np.any(column != np.floor(column)))
    role = "time.s" if fraction and step < 1 else "time.ms" if step < 1000 else "time.us"
    return role, f"it goes up by about {step:g} a line{alike}"


def _same_range(found: Sequence[Guess], rows: Float64s) -> None:
    """Tell where the range of the pressure readings ends, and which of them rest there: those fall when pressed."""
    pressure = [guess for guess in found if guess.role == "pressure"]
    columns = [i for guess in pressure for i in range(guess.first, guess.last)]
    cells = rows[:, columns] if columns else np.zeros((0, 0))
    if not cells.size or not np.isfinite(cells).any():
        return
    top = float(np.nanmax(cells))
    whole = bool(np.all(np.isnan(cells) | (cells == np.floor(cells))))
    full = next((x for x in FULL_SCALES if 0.8 * x <= top <= x and whole == (x != 100)), None)
    if full is None:
        if top > FULL_SCALES[-1]:
            pressure[0].why += "; too large for a converter: ohms? These fall when pressed, send 1000000/ohms instead"
        return
    for guess in pressure:
        part = rows[:, guess.first : guess.last]
        guess.saturated = float(full)
        if float(np.nanmedian(part)) > 0.6 * full:
            guess.inverted_from, guess.saturated = float(full), 0.0
            guess.why += f"; most readings are near {full}, so it falls when pressed"
