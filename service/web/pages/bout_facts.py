"""A bout in one line, as pages list it."""

from __future__ import annotations

import math

from firmware_bridge import SECOND
from service.records.bouts import Bout
from service.records.notes import About
from service.wording.phrases import bout_word


def facts(bout: Bout, said: About, speed_mps: float = math.nan) -> str:
    """Return what, how long, how many steps and what was noted; the mean speed where it is given."""
    minutes = (bout.stop - bout.time) / (60 * SECOND)
    parts = [bout_word(bout.activity), f"{minutes:.0f} min", f"{bout.steps} steps"]
    parts += [] if math.isnan(speed_mps) else [f"{speed_mps:.2f} m/s"]
    parts += [
        f"{name} {text}" for name, text in (("shoes", said.worn), ("on", said.surface), ("pain", said.pain)) if text
    ]
    return " · ".join(parts)
