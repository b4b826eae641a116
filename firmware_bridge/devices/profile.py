"""From a TOML file to what the program knows of a device model, and one insole of it on one foot.

A profile is data: positions, units, links, and how bytes become readings. Positions are the same for both feet (`ml`
0 lateral to 1 medial, `ap` 0 heel to 1 toe), so nothing behind this file asks which foot it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.devices.conversion import to_readings
from firmware_bridge.devices.link_setup import BleLink, ble_link
from firmware_bridge.devices.mistakes import text_of, validated
from firmware_bridge.devices.schema.profile import FrameTable, ProfileTable, SensorsTable, TransportTable
from firmware_bridge.devices.schema.values import ValueTable
from firmware_bridge.errors import ConfigError
from firmware_bridge.plugins import SOURCES

COVERED = 0.75
"""Share of length x width that an insole's outline covers: what the sensors' areas add up to where none are given."""


@dataclass(frozen=True, eq=False)
class Sensors:
    """Where the sensors lie and which part of the sole each speaks for; equal on both feet."""

    ml: NDArray[np.float64]  # (s,) 0 lateral to 1 medial
    ap: NDArray[np.float64]  # (s,) 0 heel to 1 toe
    area_mm2: NDArray[np.float64]  # (s,) tributary area: the sum of pressure times area is the foot's force

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.ml)


@dataclass(frozen=True, eq=False)
class Profile:
    """A device model, checked. Its text is its identity: stored with the data, it explains them years later."""

    id: str
    name: str
    evidence: str  # how sure the facts are: "virtual", "documented", ...
    text: str  # the TOML that it was made of
    rate_hz: float
    unit: str  # of `Frames.pressure`: "kPa", "N" or "raw"
    sensors: Sensors
    length_mm: float  # the insole's size, by which ml and ap become millimetres
    width_mm: float
    full_scale: float  # highest pressure that can be read, in `unit`; inf where unknown
    table: ProfileTable = field(repr=False)  # the checked file, for the codec

    @property
    def both_feet(self) -> bool:
        """Whether the readings are the load of both feet in one signal."""
        return self.table.sensors.feet == "both"

    @property
    def frames(self) -> Mapping[str, FrameTable]:
        """How each link, by its name in `[transport]`, cuts its bytes into packets; empty for a file format."""
        return {name: link.frame for name, link in self.transport.spoken.items()}

    @property
    def transport(self) -> TransportTable:
        """What the profile says of each link."""
        return self.table.transport

    @cached_property
    def ble(self) -> BleLink | None:
        """What to do over Bluetooth, None where it does not speak it."""
        table = self.transport.ble
        return ble_link(table) if table else None


def builtin_profiles() -> list[str]:
    """Return the names of the profiles that come with the program, sorted."""
    files = resources.files("firmware_bridge.devices").joinpath("profiles").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def load_profile(name_or_path: str) -> Profile:
    """Return a built-in profile by its name, or the one in a `.toml` file.

    Raises:
        ConfigError: there is no such profile, or a key in it is wrong; the message names file and key.
    """
    if name_or_path in builtin_profiles():
        return _builtin(name_or_path)
    profile = parse_profile(profile_text(name_or_path), name_or_path)
    if unknown := _unknown_links(profile.table):
        raise ConfigError(f"{name_or_path}: {'; '.join(unknown)}")
    return profile


def profile_text(name_or_path: str) -> str:
    """Return the TOML text of a built-in profile, or of the one in a `.toml` file, whatever it says.

    Raises:
        ConfigError: there is no such profile.
    """
    if name_or_path in builtin_profiles():
        file = resources.files("firmware_bridge.devices").joinpath("profiles", f"{name_or_path}.toml")
        return file.read_text(encoding="utf-8")
    path = Path(name_or_path)
    if path.suffix != ".toml":
        raise ConfigError(
            f"no profile is named {name_or_path!r}; there are {', '.join(builtin_profiles())}, or give a .toml file"
        )
    return text_of(path)


@cache
def _builtin(name: str) -> Profile:
    return parse_profile(profile_text(name), f"{name}.toml")


def parse_profile(text: str, origin: str) -> Profile:
    """Check a profile's TOML text; `origin` is its file name, for messages.

    Raises:
        ConfigError: naming origin, key (or line) and what is wrong.
    """
    table = validated(text, origin, ProfileTable)
    return Profile(
        id=table.device.id,
        name=table.device.name,
        evidence=table.device.evidence,
        text=text,
        rate_hz=table.device.rate_hz,
        unit=table.device.unit,
        sensors=_sensors(table.sensors),
        length_mm=table.sensors.length_mm,
        width_mm=table.sensors.width_mm,
        full_scale=_full_scale(table),
        table=table,
    )


def mistakes_of(text: str, origin: str) -> list[str]:
    """Return every mistake in a profile's TOML text, each by its key; an empty list where it is sound."""
    try:
        return _unknown_links(validated(text, origin, ProfileTable, most=None))
    except ConfigError as error:
        return str(error).removeprefix(f"{origin}: ").split("\n")


def _unknown_links(table: ProfileTable) -> list[str]:
    """Say which links nothing here can open; a stored profile is read all the same, on a computer without its link."""
    unknown = set(table.transport.spoken) - set(SOURCES.names())
    return [f"transport.{name}: is not a key that is known here; is it misspelt?" for name in sorted(unknown)]


def _sensors(table: SensorsTable) -> Sensors:
    places = np.array(table.positions, dtype=np.float64)
    share = COVERED * table.length_mm * table.width_mm / len(places)
    areas = np.full(len(places), share) if table.areas_mm2 is None else np.array(table.areas_mm2)
    return Sensors(ml=places[:, 0].copy(), ap=places[:, 1].copy(), area_mm2=areas)


def _full_scale(table: ProfileTable) -> float:
    """Return the pressure at the end of the range, the lowest where the links or the sensors differ."""
    fields: list[ValueTable] = [field for layout in table.layout for field in layout.fields]
    fields += [field.nominal for field in table.messages.fields] if table.messages else []
    fields += table.text.columns if table.text else ()
    return min((_highest(field) for field in fields if field.role == "pressure"), default=math.inf)


def _highest(value: ValueTable) -> float:
    """Return the reading at the end of a field's range, inf where it is not known."""
    clip = math.inf if value.clip is None else value.clip[1]
    return clip if value.saturated is None else min(clip, reading(value.saturated, value))


def reading(sent: float, value: ValueTable) -> float:
    """Return what a sent number means (see `ValueTable`), the lowest where its sensors differ."""
    plain: dict[str, object] = {"missing": ()}
    if value.inverted:  # the sent number is then that of the other ones
        plain |= {"invert_from": None, "inverted": ()}
    return float(to_readings(np.full(value.count, sent), value.model_copy(update=plain)).min())
