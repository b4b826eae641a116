"""Who works on a log: each piece of work is done by one program at a time."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Claims(Protocol):
    """The right to be the one that does a piece of work on a log, which ends with the process, however that ends."""

    def claim(self, work: str = "") -> None:
        """Become the one that does this work on this log, until it is closed or the process ends, however it does.

        Without a name it is the work of the service; others are independent of it and of each other. Who has a work
        already may claim it again.

        Raises:
            ConfigError: another one is at it; the message names its process.
        """

    def workers(self) -> dict[str, str]:
        """Return the process numbers of those that have a claim, by their work.

        Raises:
            ConfigError: claims do not hold here, as on a network share that grants every lock.
        """
