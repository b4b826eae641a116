"""From a name to the thing that does it: a built-in table first, then entry points, imported when first named.

Links, stores and importers are all added this way; a package that is installed beside this one adds its
own under the entry-point group of the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from firmware_bridge.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Plugins:
    """A table of names: what they are called (`family`), where else to look (`group`), and `module:attribute`."""

    family: str
    group: str
    builtin: Mapping[str, str]

    def __iter__(self) -> Iterator[str]:
        """Yield every known name, the built-in ones first."""
        yield from self.builtin
        yield from sorted({point.name for point in entry_points(group=self.group)} - set(self.builtin))

    def names(self) -> list[str]:
        """Return every known name, sorted."""
        return sorted(self)

    def load(self, name: str) -> Any:
        """Import and return what `name` stands for.

        Raises:
            ConfigError: no such name (the message lists those that exist), or its library is not installed.
        """
        try:
            if target := self.builtin.get(name):
                module, attribute = target.split(":")
                return getattr(import_module(module), attribute)
            for point in entry_points(group=self.group, name=name):
                return point.load()
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"{self.family} {name!r} needs the Python package {error.name!r}, which is not installed"
            ) from error
        raise ConfigError(f"unknown {self.family} {name!r}; there are: {', '.join(self.names())}")


SOURCES = Plugins(
    "link",
    "insole.sources",
    {
        "ble": "firmware_bridge.sources.ble.source:SOURCE",
        "serial": "firmware_bridge.sources.serial:SOURCE",
        "udp": "firmware_bridge.sources.udp:SOURCE",
        "file": "firmware_bridge.sources.file:SOURCE",
        "virtual": "firmware_bridge.sources.virtual:SOURCE",
    },
)
PODS = Plugins("link of a foot pod", "insole.pods", {"ble": "firmware_bridge.sources.ble.source:open_pod"})
OTHER_ENDS = Plugins(
    "link of virtual insoles",
    "insole.virtual",
    {
        "ble": "firmware_bridge.virtual.links.ble.insole:play_ble",
        "serial": "firmware_bridge.virtual.links.serial:play_serial",
        "udp": "firmware_bridge.virtual.links.udp:play_udp",
    },
)
LOGS = Plugins("log", "insole.logs", {"sqlite": "firmware_bridge.stores.sqlite.log:SqliteLog"})
ARCHIVES = Plugins(
    "archive",
    "insole.archives",
    {
        "influx": "firmware_bridge.stores.influx.archive:InfluxArchive",
        "https": "firmware_bridge.stores.remote.archive:RemoteArchive",
        "http": "firmware_bridge.stores.remote.archive:RemoteArchive",
    },
)
IMPORTERS = Plugins(
    "file format",
    "insole.importers",
    {
        "csv": "firmware_bridge.importers.formats.csv_mapped:FORMAT",
        "gaitndd": "firmware_bridge.importers.formats.gaitndd:FORMAT",
        "gaitpdb": "firmware_bridge.importers.formats.gaitpdb:FORMAT",
        "loadsol": "firmware_bridge.importers.formats.loadsol:FORMAT",
        "moticon": "firmware_bridge.importers.formats.moticon:FORMAT",
        "orphe": "firmware_bridge.importers.formats.orphe:FORMAT",
        "pedar": "firmware_bridge.importers.formats.pedar:FORMAT",
        "stappone": "firmware_bridge.importers.formats.stappone:FORMAT",
        "tekscan": "firmware_bridge.importers.formats.tekscan:FORMAT",
        "xsensor": "firmware_bridge.importers.formats.xsensor:FORMAT",
    },
)
