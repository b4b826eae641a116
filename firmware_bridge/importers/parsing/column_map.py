"""The map of a CSV file's columns: a small TOML that says what a person knows and the file does not."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from firmware_bridge.devices.profile import Profile, load_profile, parse_profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.importers.parsing.times.sampling_rate import HIGHEST_HZ, LOWEST_HZ

NA_VALUES = ("", "NaN", "nan", "NA", "N/A", "null", "-")
_RANGE = re.compile(r"(\d{1,5})-(\d{1,5})", re.ASCII)

_Names = str | int | tuple[str | int, ...]
_Position = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]


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
    decimal: Literal[".", ","] = "."
    skip_lines: Annotated[int, Field(ge=0, le=10_000)] = 0  # above the header
    header: bool = True
    missing: tuple[str | int | float, ...] = NA_VALUES  # what stands for a reading that is not there
    scale: Annotated[float, Field(ge=1e-9, le=1e9)] = 1.0  # unit = number in the file * scale
    profile: str | None = None  # a built-in one, or a .toml beside the map; else the following
    unit: Literal["kPa", "N", "raw"] = "raw"
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
        if self.separator == self.decimal:
            raise ValueError(f"separator and decimal cannot both be {self.decimal!r}")
        given = self.model_fields_set
        if self.profile is not None and given & {"unit", "rate_hz", "positions"}:
            raise ValueError("a profile already says unit, rate_hz and positions: give these, or a profile")
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


class ColumnPositions:
    """Where the columns of a map are in one file."""

    def __init__(self, columns: ColumnMap, names: Sequence[str], path: Path) -> None:
        """Look them up; `names` are the header's, or empty where it has none.

        Raises:
            ConfigError: a column is not there, or its name stands there twice.
        """
        self._names = [name.strip() for name in names]
        self._path = path
        self.time = None if columns.time is None else self._place(columns.time, "time")
        self.left = self._foot(columns.left, "left")
        self.right = self._foot(columns.right, "right")
        if self.left and self.right and len(self.left) != len(self.right):
            raise ConfigError(
                f"{path}: the map finds {len(self.left)} columns of the left foot, but {len(self.right)} of the right"
            )
        self.all = [*([] if self.time is None else [self.time]), *(self.left or ()), *(self.right or ())]
        everything = self.all
        twice = sorted({place + 1 for place in everything if everything.count(place) > 1})
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

    def _foot(self, wanted: _Names | None, key: str) -> list[int] | None:
        if wanted is None:
            return None
        if not isinstance(wanted, str):
            columns = (wanted,) if isinstance(wanted, int) else wanted
            return [self._place(name, key) for name in columns]
        span = _RANGE.fullmatch(wanted)
        if span and wanted not in self._names:
            return [self._place(number, key) for number in range(int(span[1]), int(span[2]) + 1)]
        if "{n}" not in wanted:
            return [self._place(wanted, key)]
        found: list[int] = []
        while (name := wanted.replace("{n}", str(len(found) + 1))) in self._names:
            found.append(self._place(name, key))
        return found or [self._place(wanted.replace("{n}", "1"), key)]

    def _place(self, column: str | int, key: str) -> int:
        if isinstance(column, int):
            if not 1 <= column <= (len(self._names) or 100_000):
                raise ConfigError(f"{self._path}: {key}: there is no column {column}; they count from 1")
            return column - 1
        places = [place for place, name in enumerate(self._names) if name == column.strip()]
        if not places:
            there = ", ".join(repr(name) for name in self._names[:40]) or "no header"
            raise ConfigError(f"{self._path}: {key}: there is no column {column!r}; there are {there}")
        if len(places) > 1:
            numbers = " and ".join(str(place + 1) for place in places[:2])
            raise ConfigError(
                f"{self._path}: {key}: columns {numbers} are both named {column!r}; "
                f'name it by its number, as in {key} = {places[0] + 1} or "2-17"'
            )
        return places[0]


def declared_rate(columns: ColumnMap, origin: Path) -> float | None:
    """Return the rate that the map says, or the profile that it names; None where neither does."""
    return columns.rate_hz if columns.profile is None else _profile(columns.profile, origin).rate_hz


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
        rate(profile.rate_hz)
        return profile
    places = columns.positions or ((0.5, 0.5),) * sensors
    if len(places) != sensors:
        raise ConfigError(f"{origin}: positions has {len(places)} places for {sensors} columns of a foot")
    written = ", ".join(f"[{float(ml)!r}, {float(ap)!r}]" for ml, ap in places)
    text = (
        f'[device]\nid = "csv-{sensors}"\nname = "columns of a file, {sensors} sensors"\n'
        f'evidence = "unconfirmed on hardware"\nrate_hz = {rate(columns.rate_hz)!r}\nunit = "{columns.unit}"\n\n'
        f"[sensors]\npositions = [{written}]\n"
    )
    return parse_profile(text, str(origin))
