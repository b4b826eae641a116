"""What waits to be put into the log, and how it gets there, also when the log is away or the end has come."""

from __future__ import annotations

import asyncio
import logging

from firmware_bridge.bridge.retry import persist
from firmware_bridge.errors import InsoleError
from firmware_bridge.model import Item
from firmware_bridge.stores import Log

_log = logging.getLogger(__name__)


class Outbox:
    """The items of one link that are not put yet.

    Args:
        name: of the link, for messages.
        log: where they go.
    """

    def __init__(self, name: str, log: Log) -> None:
        self.items: list[Item] = []
        self._name, self._log = name, log

    async def put(self) -> None:
        """Put what is held; on `Unavailable` wait and try again, holding the link back."""
        items = list(self.items)
        if items:
            await persist("store", lambda: self._log.put(items))
            del self.items[: len(items)]  # only now: a cancelled put is made again, and a second one changes nothing

    async def put_last(self) -> None:
        """Put what is left at the end; there is no later, so a store that is away is only reported."""
        if self.items:
            try:
                await asyncio.to_thread(self._log.put, self.items)
            except InsoleError as error:  # nobody may be left to hear of it, and `put` has said it
                _log.error("%s: the last %d items could not be stored: %s", self._name, len(self.items), error)
