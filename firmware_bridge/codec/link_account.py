"""What a link did, second by second: the account that tells lost data from a foot that did not move."""

from __future__ import annotations

import math
from typing import NamedTuple

from firmware_bridge.codec.decoder import ClockSeen, Counts
from firmware_bridge.devices.insole import Insole
from firmware_bridge.model import SECOND, ClockState, Link

LONGEST_SILENCE_S = 60
"""Seconds that are accounted one by one; a longer leap is another recording or a computer that slept."""
AFTER_THE_END_S = 180
"""A recording's last row lies this far behind its end, so that whatever waits for silence sees it."""


class LinkSeen(NamedTuple):
    """What is known of a link at a moment."""

    counts: Counts = Counts()  # since the decoder was made
    battery_pct: float = math.nan
    clock: ClockSeen = ClockSeen(ClockState.STEADY, math.nan)


class LinkAccount:
    """Makes of the decoder's running counts one `Link` row a second, silent seconds included."""

    def __init__(self, insole: Insole) -> None:
        self._insole = insole
        self._device = insole.device
        self._second: int | None = None
        self._told = Counts()
        self._connected = False
        self._dropped = 0  # not told yet
        self._dropped_here = 0  # of this connection, told or not
        self.reconnects = -1

    @property
    def begun(self) -> bool:
        """Tell whether any second is accounted yet."""
        return self._second is not None

    def open(self) -> None:
        """Note that the link was made; the first time is no reconnect."""
        self.reconnects += 1
        self._connected = True
        self._dropped_here = 0

    def drop(self, total: int) -> None:
        """Take how many packets were dropped since the link was made."""
        self._dropped += total - self._dropped_here
        self._dropped_here = total

    def advance(self, time: int, seen: LinkSeen, *, connected: bool) -> list[Link]:
        """Return the rows of all seconds that ended by `time`; what was seen belongs to the first of them."""
        second, rows = time // SECOND, []
        if self._second is None:
            self._second = second
        if second - self._second > LONGEST_SILENCE_S:
            rows.append(self._row(seen))
            self._second = second
        while self._second < second:
            rows.append(self._row(seen))
            self._second += 1
            self._connected = connected
        return rows

    def _row(self, seen: LinkSeen) -> Link:
        counts = seen.counts
        told = self._told
        # what was told lost and came after all is taken off the next loss
        self._told = counts._replace(lost=max(counts.lost, told.lost))
        dropped, self._dropped = self._dropped, 0
        assert self._second is not None
        return Link(
            time=self._second * SECOND,
            wearer=self._insole.wearer,
            side=self._insole.side,
            device=self._device,
            connected=self._connected,
            received=counts.received - told.received,
            lost=max(counts.lost - told.lost, 0),
            corrupt=counts.corrupt - told.corrupt,
            duplicate=counts.duplicate - told.duplicate,
            dropped=dropped,
            reconnects=max(self.reconnects, 0),
            battery_pct=seen.battery_pct,
            restarts=counts.restarts - told.restarts,
            clock=seen.clock.state,
            clock_rate=seen.clock.rate,
        )

    def end(self, seen: LinkSeen) -> list[Link]:
        """Return the last rows of a recording that is over: its open second, and that nothing was heard after."""
        if self._second is None:
            return []
        rows = self.advance((self._second + 1) * SECOND, seen, connected=False)
        self._second += AFTER_THE_END_S
        return [*rows, *self.stop(seen)]

    def stop(self, seen: LinkSeen) -> list[Link]:
        """Return the open second's row, cut short by the program's end: what it counted is told, silence is not."""
        rows = [] if self._second is None else [self._row(seen)]
        self._second = None
        return rows
