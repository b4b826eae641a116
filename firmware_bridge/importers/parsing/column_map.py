"""The map of a CSV file's columns: a small TOML that says what a person knows and the file does not."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from firmware_bridge.devices.profile import Profile, builtin_profiles, load_profile, parse_profile, reading
from firmware_bridge.devices.schema.values import UNITS, Finite, ValueTable
from firmware_bridge.errors import ConfigError
from firmware_bridge.importers.parsing.times.sampling_rate import HIGHEST_HZ, LOWEST_HZ, rated
from firmware_bridge.model import Side

NA_VALUES = ("", "NaN", "nan", "NA", "N/A", "null", "-")
VALUE_KEYS = ("scale", "offset", "invert_from", "inverted", "clip", "saturated")
"""The keys of a map that say what a number means; without any of them its profile does."""
_RANGE = re.compile(r"(\d{1,5})-(\d{1,5})", re.ASCII)

_Names = str | int | tuple[str | int, ...]
_Position = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]
_Scale = Annotated[float, Field(ge=1e-9, le=1e9)]


def _possible_rate(rate_hz: float) -> float:
    if not LOWEST_HZ <= rate_hz <= HIGHEST_HZ:
        raise ValueError(f"{rate_hz:g} samples a second cannot be ({LOWEST_HZ:g} to {HIGHEST_HZ:g} can)")
    return rate_hz


_Rate = Annotated[float, AfterValidator(_possible_rate)]


class ColumnMap(BaseModel):
    """What each column is. A column is named as in the header, or by its number from 1."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    time: str | int | None = None  # without one, rows come at rate_hz
    time_unit: Literal["s", "ms", "us", "ns", "iso", "hms"] = "s"
    # iso: 2026-05-01T06:30:00.010Z, without a zone it is UTC; hms: 12:30:01.250, the days going on past midnight
    stamped: Literal["by the device", "on arrival"] = "by the device"  # on arrival: rows are spread evenly
    since_1970: bool = False  # the time is a date, not counted from the beginning of the recording
    left: _Names | None = None  # "left_{n}" with n from 1, "2-17" for columns by number, or a list of columns
    right: _Names | None = None
    separator: Literal[",", ";", "\t", "|", " "] = ","  # " " is any white space
    decimal: Literal[".", ","] = "."  # with separator = "," numbers that have a comma stand in quotes
    skip_lines: Annotated[int | None, Field(ge=0, le=10_000)] = None  # above the header; found where it is not given
    header: bool = True
    comment: Annotated[str, Field(min_length=1)] = "#"  # how a line begins that is no row
    missing: tuple[str | int | float, ...] = NA_VALUES  # what stands for a reading that is not there
    # reading = (invert_from - number, or number) * scale + offset, in `unit`, held within `clip`
    scale: _Scale | tuple[_Scale, ...] = 1.0  # one for all sensors, or one for each
    offset: Finite = 0.0
    invert_from: Finite | None = None  # of numbers that fall when pressed: what an unloaded sensor has
    inverted: tuple[Annotated[int, Field(ge=0)], ...] = ()  # which of the sensors (from 0) fall; none: all
    clip: tuple[Finite, Finite] | None = None  # lowest and highest reading
    saturated: Finite | None = None  # the number at the end of the range
    rises: bool = False  # readings do rise when pressed, though they look as if they fell
    flags: _Names | None = None  # columns of bits, which say by `absent` that a foot has no sample in a row
    absent: dict[Literal["left", "right"], Annotated[int, Field(ge=1)]] = Field({})
    profile: str | None = None  # a built-in one, or a .toml beside the map; else the following
    unit: Literal["kPa", "N", "raw", "N/cm2", "mmHg", "gram"] = "raw"
    rate_hz: _Rate | None = None  # found from the first times where it is not given
    positions: tuple[_Position, ...] | None = None  # [ml, ap] of each sensor; unknown: nothing is said of places

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, table: object) -> object:
        return _tuples(table) if isinstance(table, dict) else table

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.left is None and self.right is None:
            raise ValueError("needs left or right, the columns of a foot's pressures")
        if self.time is None and self.rate_hz is None:
            raise ValueError("needs time, the column of the rows' times, or else rate_hz")
        if (self.flags is None) != (not self.absent):
            raise ValueError("flags (columns) and absent (their bits, as in { left = 1, right = 2 }) go together")
        if self.profile is not None and self.model_fields_set & {"unit", "positions"}:
            raise ValueError("a profile already says unit and positions: give these, or a profile")
        return self


def _tuples(value: object) -> object:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def read_map(path: Path) -> ColumnMap:
    """Return the map in a file.

    Raises:
        ConfigError: it cannot be read, or a key in it is wrong; the message names file and key.
    """
    try:
        return ColumnMap.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error
    except ValidationError as error:
        found = error.errors()[0]
        key = ".".join(str(part) for part in found["loc"][:1])
        message = found["msg"].removeprefix("Value error, ")
        if found["type"] == "extra_forbidden":
            message = f"is not a key of a map; there are {', '.join(ColumnMap.model_fields)}"
        raise ConfigError(f"{path}: {key}: {message}" if key else f"{path}: {message}") from error


def pressure_values(columns: ColumnMap, sensors: int, origin: Path) -> ValueTable:
    """Return what a map says of a foot's numbers; `origin` is the map's file.

    Raises:
        ConfigError: a key does not fit the number of sensors.
    """
    said = {key: getattr(columns, key) for key in VALUE_KEYS if key in columns.model_fields_set}
    try:
        return ValueTable(role="pressure", count=sensors, unit=columns.unit, **said)
    except ValidationError as error:
        raise ConfigError(f"{origin}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from error


class ColumnPositions:
    """Where the columns of a map are in one file."""

    def __init__(self, columns: ColumnMap, names: Sequence[str], path: Path) -> None:
        """Look them up; `names` are the header's, or empty where it has none. `notices` says what was made of gaps.

        Raises:
            ConfigError: a column is not there, or its name stands there twice.
        """
        self._names = [name.strip() for name in names]
        self._path = path
        self.notices: list[str] = []
        self.time = None if columns.time is None else self._place(columns.time, "time")
        self.left = self._foot(columns.left, "left")
        self.right = self._foot(columns.right, "right")
        self.flags = self._foot(columns.flags, "flags") or []
        if self.left and self.right and len(self.left) != len(self.right):
            raise ConfigError(
                f"{path}: the map finds {len(self.left)} columns of the left foot, but {len(self.right)} of the right"
            )
        self.all = [*([] if self.time is None else [self.time]), *(self.left or ()), *(self.right or ()), *self.flags]
        twice = sorted({place + 1 for place in self.all if self.all.count(place) > 1})
        if twice:
            raise ConfigError(f"{path}: the map uses column {twice[0]} twice")

    @property
    def width(self) -> int:
        """Number of cells that a row needs."""
        return len(self.all)

    @property
    def sensors(self) -> int:
        """Number of sensors of a foot."""
        return len(self.left or self.right or ())

    @property
    def feet(self) -> dict[Side, slice]:
        """Where the numbers of each foot are in a row, behind its time."""
        count = self.sensors
        there = [side for side, own in ((Side.LEFT, self.left), (Side.RIGHT, self.right)) if own]
        return {side: slice(1 + i * count, 1 + (i + 1) * count) for i, side in enumerate(there)}

    def _foot(self, wanted: _Names | None, key: str) -> list[int] | None:
        if wanted is None:
            return None
        if not isinstance(wanted, str):
            columns = (wanted,) if isinstance(wanted, int) else wanted
            return [self._place(name, key) for name in columns]
        span = _RANGE.fullmatch(wanted)
        if span and wanted not in self._names:
            return [self._place(number, key) for number in range(int(span[1]), int(span[2]) + 1)]
        return self._numbered(wanted, key) if "{n}" in wanted else [self._place(wanted, key)]

    def _numbered(self, wanted: str, key: str) -> list[int]:
        """Return the columns of a pattern by their numbers, or as they stand in the header where numbers are missing.

        Nobody knows then what the numbers mean, and that no column is lost matters more than their order.
        """
        before, _, behind = wanted.strip().partition("{n}")
        pattern = re.compile(re.escape(before) + r"(\d{1,9})" + re.escape(behind), re.ASCII)
        fitting = [(int(found[1]), name) for name in self._names if (found := pattern.fullmatch(name))]
        if not fitting:
            return [self._place(wanted.replace("{n}", "1"), key)]
        columns = [self._place(name, key) for _, name in fitting]
        numbers = [number for number, _ in fitting]
        for number in numbers:
            if numbers.count(number) > 1:
                twice = [name for own, name in fitting if own == number]
                raise ConfigError(f"{self._path}: {key}: {' and '.join(map(repr, twice[:2]))} have the same number")
        if max(numbers) - min(numbers) == len(numbers) - 1:
            return [column for _, column in sorted(zip(numbers, columns, strict=True))]
        self.notices.append(
            f"{key}: the numbers of {wanted!r} have gaps ({', '.join(map(str, numbers))}): all "
            f"{len(numbers)} columns are taken, in the order of the header; name them one by one for another order"
        )
        return columns

    def _place(self, column: str | int, key: str) -> int:
        if isinstance(column, int):
            if not 1 <= column <= (len(self._names) or 100_000):
                raise ConfigError(f"{self._path}: {key}: there is no column {column}; they count from 1")
            return column - 1
        places = [place for place, name in enumerate(self._names) if name == column.strip()]
        if not places:
            there = ", ".join(repr(name) for name in self._names[:40]) or "no header"
            raise ConfigError(
                f"{self._path}: {key}: there is no column {column!r}; there are {there}; is the map this file's?"
            )
        if len(places) > 1:
            numbers = " and ".join(str(place + 1) for place in places[:2])
            raise ConfigError(
                f"{self._path}: {key}: columns {numbers} are both named {column!r}; "
                f'name it by its number, as in {key} = {places[0] + 1} or "2-17"'
            )
        return places[0]


def declared_rate(columns: ColumnMap, origin: Path) -> float | None:
    """Return the rate that the map says, else the one of the device whose profile it names; None where neither does."""
    if columns.rate_hz is not None or columns.profile is None:
        return columns.rate_hz
    profile = _profile(columns.profile, origin)
    # a maker's export has the rate that its user chose; a device has its own
    return None if columns.profile in builtin_profiles() and not profile.frames else profile.rate_hz


def _profile(name: str, origin: Path) -> Profile:
    beside = origin.parent / name
    return load_profile(str(beside) if beside.suffix == ".toml" else name)


def mapped_profile(columns: ColumnMap, sensors: int, rate: Callable[[float | None], float], origin: Path) -> Profile:
    """Return the profile that the map names, or one made of what it says; `origin` is the map's file.

    `rate(said)` gives the file's rate, and raises where what is said cannot be.

    Raises:
        ConfigError: it does not fit the number of sensors, or the rate.
    """
    if columns.profile is not None:
        profile = _profile(columns.profile, origin)
        count = profile.sensors.count
        if count != sensors:
            raise ConfigError(f"{origin}: profile: {profile.id} has {count} sensors, but there are {sensors} columns")
        return rated(profile, rate(declared_rate(columns, origin)))
    places = columns.positions or ((0.5, 0.5),) * sensors
    if len(places) != sensors:
        raise ConfigError(f"{origin}: positions has {len(places)} places for {sensors} columns of a foot")
    written = ", ".join(f"[{float(ml)!r}, {float(ap)!r}]" for ml, ap in places)
    text = (
        f'[device]\nid = "csv-{sensors}"\nname = "columns of a file, {sensors} sensors"\n'
        f'evidence = "unconfirmed on hardware"\nrate_hz = {rate(columns.rate_hz)!r}\n'
        f'unit = "{UNITS[columns.unit].becomes}"\n\n'
        f"[sensors]\npositions = [{written}]\n"
    )
    value = pressure_values(columns, sensors, origin)
    ends = [] if value.clip is None else [value.clip[1]]
    ends += [] if value.saturated is None else [reading(value.saturated, value)]
    if ends:
        text += f'\n[[text.columns]]\nrole = "pressure"\ncount = {sensors}\nsaturated = {min(ends)!r}\n'
    return parse_profile(text, str(origin))
