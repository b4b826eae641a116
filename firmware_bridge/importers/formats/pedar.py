"""novel pedar's text export (.asc): ten lines of header, then the time and 99 + 99 pressures, the left foot first.

The header names the size class of the insoles (`sensor type:  y-1865l-1870r-...`), which their areas follow from, and
the date to the minute without a zone: it is taken for UTC. The sensors' numbers stand twice in the column line, so
columns go by their place. Source: the sample file of the R package pressuRe, github.com/Telfer/pressuRe.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from itertools import chain
from pathlib import Path

from firmware_bridge.devices.profile import Profile, load_profile, parse_profile
from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.importers.format import Format, Recording, Samples
from firmware_bridge.importers.parsing.files import lines_of
from firmware_bridge.importers.parsing.header.cells import line_text
from firmware_bridge.importers.parsing.number_rows import LARGEST_READING, TimedValues, increasing_rows, whole_us
from firmware_bridge.importers.parsing.side_by_side import PairOfFeet
from firmware_bridge.importers.parsing.times.sampling_rate import HIGHEST_HZ, LOWEST_HZ
from firmware_bridge.model import SECOND

_SENSORS = 99
_HEADER_LINES = 40
_TO_KPA = {"kpa": 1.0, "n/cm2": 10.0, "n/cm²": 10.0}

_TYPE = re.compile(r"sensor type:[^\S\n]*([^\t\n]*)")
_DATE = re.compile(r"date/time\s+(\d\d?)\.(\d\d?)\.(\d\d(?:\d\d)?)\s+(\d\d?)[.:](\d\d)")  # 25.04.23 10.49
_RATE = re.compile(r"scanning rate \[Hz\]:\s*([\d.,]+)")
_UNIT = re.compile(r"pressure values in\s+(\S+)")


@dataclass(frozen=True, slots=True)
class _Header:
    sensor_type: str  # as its user named it: y-1865l-1870r-..., v_1234-1250_may2026
    rate_hz: float
    to_kpa: float
    date: int | None  # UTC ns


def _recognizes(head: bytes) -> bool:
    lines = head.split(b"\n", 2)
    return len(lines) == 3 and lines[0].startswith(b"file name:") and lines[1].startswith(b"sensor type:")


def _read(recording: Recording) -> Iterator[Samples]:
    lines = lines_of(recording.path, recording.progress)
    header = _header(recording.path, lines)
    feet = PairOfFeet(recording, _profile(recording.path, header), header.date)
    for rows in increasing_rows(lines, _reader(header.to_kpa)):
        yield from feet.samples(rows, slice(1, 1 + _SENSORS), slice(1 + _SENSORS, None))


def _header(path: Path, lines: Iterator[bytes]) -> _Header:
    """Take the header from the lines, the column line being its last.

    Raises:
        CorruptData: it does not say what is needed.
        ConfigError: it names a unit that is not known.
    """
    head = []
    for _, line in zip(range(_HEADER_LINES), lines, strict=False):
        text = line_text(line).strip()
        if text.startswith("time[secs]"):
            _check_columns(path, text.split()[1:])
            break
        head.append(text)
    else:
        raise CorruptData(f"{path}: has no line `time[secs] 1 2 ...` above its numbers; is it cut off?")
    said = "\n".join(head)
    kind, rate, unit = _TYPE.search(said), _RATE.search(said), _UNIT.search(said)
    for name, found in (("sensor type", kind), ("scanning rate [Hz]", rate), ("pressure values in", unit)):
        if found is None:
            raise CorruptData(f"{path}: its header does not say `{name}`")
    assert kind
    assert rate
    assert unit
    if unit[1].lower() not in _TO_KPA:
        raise ConfigError(f"{path}: its pressures are in {unit[1]}; export them in kPa")
    return _Header(kind[1].strip(), _rate(path, rate[1]), _TO_KPA[unit[1].lower()], _date(_DATE.search(said)))


def _check_columns(path: Path, names: list[str]) -> None:
    wanted = [str(1 + i % _SENSORS) for i in range(2 * _SENSORS)]
    if names != wanted:
        raise CorruptData(f"{path}: has {len(names)} columns of pressure, not the sensors 1 to 99 of both feet")


def _rate(path: Path, text: str) -> float:
    try:
        rate = float(text.replace(",", "."))
    except ValueError:
        rate = 0.0
    if not LOWEST_HZ <= rate <= HIGHEST_HZ:
        raise CorruptData(f"{path}: a scanning rate of {text} Hz cannot be")
    return rate


def _date(found: re.Match[str] | None) -> int | None:
    if found is None:
        return None
    day, month, year, hour, minute = (int(part) for part in found.groups())
    try:
        moment = datetime(year + 2000 if year < 100 else year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    seconds = int(moment.timestamp())
    return seconds * SECOND if abs(seconds) < 9e9 else None


def _profile(path: Path, header: _Header) -> Profile:
    """Return the profile of 99 sensors with the areas of the size class and the file's rate."""
    sizes = tomllib.loads(resources.files(__package__).joinpath("pedar_sizes.toml").read_text(encoding="utf-8"))
    size = _size(header.sensor_type, sizes)
    if size is None:
        raise ConfigError(
            f"{path}: the areas of the sensor type {header.sensor_type!r} are not known, as it begins with none of the "
            f"size classes {', '.join(sizes)}; to read it without them, give --columns a map with these lines: "
            f'time = 1, left = "2-100", right = "101-199", separator = " ", profile = "pedar-99"'
            + (f", scale = {header.to_kpa:g}" if header.to_kpa != 1 else "")
        )
    text = load_profile("pedar-99").text
    text = text.replace('99 sensors"', f'99 sensors, size {size}"')
    text = text.replace("rate_hz = 100\n", f"rate_hz = {header.rate_hz:g}\n")
    lines = chain([text], (f"{key} = {value}\n" for key, value in sizes[size].items()))
    return parse_profile("".join(lines), "pedar-99.toml")


def _size(sensor_type: str, known: Container[str]) -> str | None:
    """Return the size class that a sensor type names: by its first word of letters, else by the only one that is any.

    Who has insoles calibrated anew names the type; the maker's program puts the class first.
    """
    words: list[str] = re.findall("[a-z]+", sensor_type.lower())
    fitting = {word for word in words if word in known}
    if words and words[0] in known:
        return words[0]
    return fitting.pop() if len(fitting) == 1 else None


def _reader(to_kpa: float) -> Callable[[bytes], TimedValues | None]:
    def row(line: bytes) -> TimedValues | None:
        parts = line.replace(b",", b".").split()
        if len(parts) != 1 + 2 * _SENSORS:
            return None
        try:
            values = [float(part) for part in parts]
            time = whole_us(values[0])
        except (ValueError, OverflowError):
            return None
        if not all(abs(value) < LARGEST_READING / 10 for value in values):
            return None
        return [time, *(value * to_kpa for value in values[1:])] if to_kpa != 1 else [time, *values[1:]]

    return row


FORMAT = Format("pedar", "novel pedar", _recognizes, _read)
