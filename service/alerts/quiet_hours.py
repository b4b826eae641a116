"""Hours of the day in which nobody wants to be told anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import tzinfo

from firmware_bridge import ConfigError
from service.records.timestamps import local

_SPAN = re.compile(r"\s*([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-3]):([0-5]\d)\s*", re.ASCII)  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Quiet:
    """From when to when it is quiet, in minutes after midnight as the wall clock says; over midnight, too.

    It is asked of a moment and nothing is counted from one moment to another: where the clock is changed in the night,
    the hours begin and end when the clock says so.
    """

    start: int
    stop: int

    def holds(self, time: int, zone: tzinfo) -> bool:
        """Tell whether it is quiet at a time (UTC ns) where the wearer is."""
        clock = local(time, zone)
        minute = 60 * clock.hour + clock.minute
        if self.start < self.stop:
            return self.start <= minute < self.stop
        return minute >= self.start or minute < self.stop


def parse_quiet(text: str) -> Quiet:
    """Read "22:00-07:00".

    Raises:
        ConfigError: it is written in another way, or would last for no time.
    """
    found = _SPAN.fullmatch(text)
    hours = [60 * int(found[n]) + int(found[n + 1]) for n in (1, 3)] if found else [0, 0]
    if hours[0] == hours[1]:
        raise ConfigError(f"{text!r} are no quiet hours; write them like 22:00-07:00, or leave the key out")
    return Quiet(*hours)
