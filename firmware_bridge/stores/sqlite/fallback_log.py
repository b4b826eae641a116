"""What bridges put while a store is damaged: into a spare one beside it, so that a run that goes on is not lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from firmware_bridge.errors import InsoleError
from firmware_bridge.model import Item
from firmware_bridge.stores.log import Log

_log = logging.getLogger(__name__)


class Recorder:
    """A log for those who only put: once it cannot take anything any more, all goes to the spare one.

    Args:
        log: opens the log.
        spare: opens the spare one, which is made when it is needed.
        lasting: tells an error that waiting does not help.
        told: names the spare one to a person.
    """

    def __init__(
        self, log: Callable[[], Log], spare: Callable[[], Log], lasting: Callable[[InsoleError], bool], told: str
    ) -> None:
        self._open_spare, self._lasting, self._told = spare, lasting, told
        self._lock = Lock()
        self._spare: Log | None = None
        try:
            self._log = log()
        except InsoleError as error:
            self._log = self._turn(error)

    def put(self, items: Iterable[Item]) -> None:
        """Store all items or none; see `Log.put`."""
        held = list(items)
        if self._spare is not None:
            self._spare.put(held)
            return
        try:
            self._log.put(held)
        except InsoleError as error:
            self._turn(error).put(held)

    def close(self) -> None:
        """Close both; see `Log.close`."""
        self._log.close()
        if self._spare is not None:
            self._spare.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def _turn(self, error: InsoleError) -> Log:
        """Turn to the spare log, unless the error may pass; where there can be none, the error stands."""
        if not self._lasting(error):
            raise error
        with self._lock:
            if self._spare is None:
                try:
                    self._spare = self._open_spare()
                except InsoleError:
                    raise error from None
                _log.error("%s; what the insoles send goes to %s from now on", error, self._told)
            return self._spare
