"""Where items are kept: the embedded log, and archives that get a copy.

`log`: the order of arrival. `log_file`: the upkeep of one that lies in a file. `claims`: who works on it. `archive`: a
store without an order of arrival. Each store sits in a folder of its own, which is imported when a URL first names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast, runtime_checkable

from firmware_bridge.errors import ConfigError
from firmware_bridge.plugins import ARCHIVES, LOGS, Plugins
from firmware_bridge.stores.archive import Archive
from firmware_bridge.stores.claims import Claims
from firmware_bridge.stores.log import Damaged, Log
from firmware_bridge.stores.log_file import Holding, LogFile, Salvaged, Usage

__all__ = [
    "Archive",
    "Claims",
    "Damaged",
    "EmbeddedLog",
    "Holding",
    "Log",
    "LogFile",
    "Salvaged",
    "Usage",
    "open_archive",
    "open_embedded_log",
    "open_log",
    "open_recorder",
    "salvage_log",
]


@runtime_checkable
class EmbeddedLog(LogFile, Claims, Protocol):
    """The log that a bridge has beside it: a file of this computer, whose programs share it. All three faces."""


def open_log(url: str) -> Log:
    """Open the log that a URL such as `sqlite:///insole.db` names.

    Raises:
        ConfigError: no such kind of log, or it cannot be used as it is.
        Unavailable: it may open later.
    """
    return cast("Log", _load(LOGS, url)(url))


def open_embedded_log(url: str) -> EmbeddedLog:
    """Open the log that a URL names, for who works on it as its keeper: claims works of it, or makes room in it.

    Raises:
        ConfigError: as `open_log`; or the log does not lie in a file of this computer.
        Unavailable: it may open later.
    """
    log = open_log(url)
    if not isinstance(log, EmbeddedLog):
        log.close()
        raise _elsewhere(url)
    return log


def open_recorder(url: str) -> EmbeddedLog:
    """Open a log for those who only put, as bridges do: what comes is stored even where the log is damaged.

    From then on it lies in a spare log beside it, until `salvage_log` brings it in.

    Raises:
        ConfigError: as `open_embedded_log`.
        Unavailable: it may open later.
    """
    return cast("EmbeddedLog", _own(url, "recorder")(url))


def salvage_log(url: str, kinds: Sequence[type], *, dry: bool = False) -> Salvaged:
    """Put what can still be read of a damaged log, and what its recorders put beside it, into a new one in its place.

    Rows keep their arrival numbers. The damaged log is kept beside the new one. A log that is sound stays as it is.

    Args:
        url: the log's.
        kinds: of which there may be items, for a log that does not tell itself any more.
        dry: only find out what could be read, and change nothing.

    Raises:
        ConfigError: somebody else has it open, there is none, or it does not lie in a file of this computer.
        Unavailable: the disk has no room for what is saved.
    """
    return cast("Salvaged", _own(url, "salvage")(url, kinds, dry=dry))


def open_archive(url: str, token: str | None = None) -> Archive:
    """Open the archive that a URL such as `influx://localhost:8086/insole` names; nothing is asked of it yet.

    What follows a `+` in the scheme says how it is reached: `influx+https://…`.

    Raises:
        ConfigError: no such kind of archive, or an incomplete URL.
    """
    return cast("Archive", _load(ARCHIVES, url)(url, token))


def _load(plugins: Plugins, url: str) -> Any:
    scheme, colon, _ = url.partition("://")
    if not colon:
        example = "sqlite:///insole.db" if plugins is LOGS else "influx://localhost:8086/insole"
        raise ConfigError(f"{url!r} is not the URL of a {plugins.family}; write it like {example}")
    return plugins.load(scheme.partition("+")[0])


def _own(url: str, name: str) -> Any:
    """Return what a kind of log has of its own beside opening it: its class has `recorder` and `salvage`."""
    found = getattr(_load(LOGS, url), name, None)
    if found is None:
        raise _elsewhere(url)
    return found


def _elsewhere(url: str) -> ConfigError:
    return ConfigError(f"store {url}: does not lie in a file of this computer; name one that does: sqlite:///insole.db")
