"""What was refused of what a device sent: how much, and why."""

from __future__ import annotations

from collections import Counter

MOST_REASONS = 20
"""Noise breaks rules in ever new ways; no more are kept, but all are counted."""


class Refusals:
    """How many packets were refused since the start, and by which reasons, in words."""

    def __init__(self) -> None:
        self.total = 0
        self.reasons: Counter[str] = Counter()

    def add(self, why: str, count: int = 1) -> None:
        """Count refused packets."""
        self.total += count
        if count:
            self.note(why, count)

    def note(self, why: str, count: int = 1) -> None:
        """Keep why something was skipped that does not count as a packet, such as one cut by a late start."""
        if why in self.reasons or len(self.reasons) < MOST_REASONS:
            self.reasons[why] += count
