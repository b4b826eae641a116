"""What the page shows of one wearer, kept up to date from arriving items: rows in, events out. Pure; awaits nothing."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from typing import Any

from firmware_bridge import SECOND, ConfigError, Device, Frames, Item, Link, Log, Side, clock_in_words
from service.records.notes import AFTER_NS, REMARK, START, STOP, standing
from service.records.rows import Block, Flag, Note, Step, Verdict
from service.records.timestamps import iso
from service.web.api.response_models import row_json
from service.web.live.painter import Painter

STREAMED = (Device, Frames, Link, Step, Block, Flag, Verdict, Note)
PAST_NS = 10 * SECOND  # older frames are history that is being filled in: not painted
NOTICE_NS = SECOND // 2  # how often the page hears how far the past has come
_BOUT_NS = 1200 * SECOND  # how far back the page's trends reach
NAMED = ("running", "walking")  # activities by which a bout is called
NOTED = (START, STOP, REMARK)  # what the page says of a run that somebody begins, ends or names
_LINKS = 60  # seconds of link that are summed up

Event = tuple[str, dict[str, Any]]
_log = logging.getLogger(__name__)


class Live:
    """One wearer as the pages see them. Those that look at once share one, see `service.web.live.broadcaster`."""

    def __init__(self, wearer: str) -> None:
        self.wearer = wearer
        self._painters: dict[tuple[Side, str], Painter] = {}
        self._links: dict[Side, deque[Link]] = {side: deque(maxlen=_LINKS) for side in Side}
        self._noticed = 0  # wall clock of the last notice about the past
        self._past = False

    def begin(self, log: Log, now: int) -> None:
        """Read what later items are drawn and summed with: the insoles, and the last minute of their links."""
        for device in log.read(Device, self.wearer):
            self._add(device)
        for link in log.read(Link, self.wearer, now - _LINKS * SECOND):
            self._links[link.side].append(link)

    def snapshot(self, log: Log, now: int) -> dict[str, Any]:
        """Read what a page has to know before the first event: insoles, link, this bout's rows and what is noted."""
        self.begin(log, now)
        verdicts = log.read(Verdict, self.wearer)
        recent = log.read(Step, self.wearer, now - _BOUT_NS)
        newest = recent[-1].bout if recent else verdicts[-1].time if verdicts else now
        steps = recent or log.read(Step, self.wearer, newest)[-4000:]
        steps = [step for step in steps if step.bout == newest]
        flags = [flag for flag in log.read(Flag, self.wearer) if flag.bout == newest]
        notes = standing(log.read(Note, self.wearer, min(newest, now) - AFTER_NS))
        return {
            "wearer": self.wearer,
            "time": iso(now),
            "devices": {str(side): painter.view() for (side, _), painter in self._painters.items()},
            "links": {str(side): self._link(side) for side in Side if self._links[side]},
            "bout": iso(newest) if steps else None,
            "steps": [row_json(step) for step in steps],
            "blocks": [row_json(block) for block in log.read(Block, self.wearer, newest) if block.bout == newest],
            "verdicts": [row_json(verdict) for verdict in verdicts if verdict.time == newest],
            "flags": [row_json(flag) for flag in flags],
            "notes": [row_json(note) for note in notes if note.topic in NOTED],
        }

    def events(self, item: Item, now: int) -> Iterator[Event]:
        """Yield what the page has to be told of one item; `now` is the wall clock (UTC ns)."""
        if item.wearer != self.wearer:
            return
        if isinstance(item, Frames):
            yield from self._frames(item, now)
        elif isinstance(item, Link):
            self._links[item.side].append(item)
            if now - item.time < PAST_NS:
                yield "link", self._link(item.side)
        elif isinstance(item, Device):
            if (painter := self._add(item)) is not None:
                yield "device", painter.view()
        elif isinstance(item, Step):
            yield "step", row_json(item)
        elif isinstance(item, (Block, Flag, Verdict)) or (isinstance(item, Note) and item.topic in NOTED):
            yield type(item).__name__.lower(), row_json(item)

    def _frames(self, frames: Frames, now: int) -> Iterator[Event]:
        newest = int(frames.time[-1])
        if now - newest > PAST_NS:
            self._past = True
            if abs(now - self._noticed) >= NOTICE_NS:
                self._noticed = now
                yield "catching_up", {"time": iso(newest), "behind_s": round((now - newest) / SECOND, 1)}
            return
        if self._past:
            self._past = False
            yield "catching_up", {"time": iso(newest), "behind_s": 0.0}
        painter = self._painters.get((frames.side, frames.device))
        if painter is not None:  # without its geometry there is nowhere to paint
            yield from (("frame", picture) for picture in painter.pictures(frames))

    def _add(self, device: Device) -> Painter | None:
        try:
            painter = Painter(device)
        except ConfigError as error:  # of a newer version, or broken: what else arrives can still be shown
            _log.warning("cannot draw the %s insole of %s: %s", device.side, device.wearer, error)
            return None
        self._painters[device.side, device.device] = painter
        return painter

    def _link(self, side: Side) -> dict[str, Any]:
        newest = self._links[side][-1]
        minute = [link for link in self._links[side] if link.time > newest.time - _LINKS * SECOND]
        received, lost = sum(link.received for link in minute), sum(link.lost for link in minute)
        return {
            **row_json(newest),
            "received": received,
            "lost": lost,
            "corrupt": sum(link.corrupt for link in minute),
            "duplicate": sum(link.duplicate for link in minute),
            "dropped": sum(link.dropped for link in minute),
            "lost_pct": round(100 * lost / (received + lost), 2) if received + lost else None,
            "seconds": len(minute),
            "clock_words": clock_in_words(newest.clock, newest.clock_rate),
        }
