"""What a device that sends text lines says about itself, against what its profile says about it."""

from __future__ import annotations

from collections.abc import Mapping

from firmware_bridge.model import Side
from firmware_bridge.payload_schema import AnnounceTable

_SIDES = {"l": Side.LEFT, "r": Side.RIGHT}


class Announcement:
    """Hears lines such as `#insole v1 side=L n=8 rate=100 unit=raw max=4095` and tells what may be believed.

    Nothing has to be announced: without such a line, what fits the profile is believed.
    """

    def __init__(self, table: AnnounceTable, side: Side) -> None:
        self._table, self._side = table, side
        self.forget()

    def forget(self) -> None:
        """Begin anew: another device may speak."""
        self._mismatch = ""
        self._foreign = False
        self.trouble = ""

    def hear(self, comment: str) -> None:
        """Take a comment line; one that is no announcement says nothing."""
        if not comment.startswith(self._table.head):
            return
        said = dict(word.split("=", 1) for word in comment[len(self._table.head) :].split() if "=" in word)
        side = _SIDES.get(said.get("side", "")[:1].lower(), self._side)
        self._foreign = side != self._side
        if not self._foreign:
            self._mismatch = self._compare(said)

    def believable(self, *, named: bool) -> bool:
        """Tell whether a data line counts, and keep why not in `trouble`; `named` where the line says whose it is."""
        other = f"the insole announces itself as the {self._side.other} one, not as the {self._side} one"
        self.trouble = self._mismatch or (other if self._foreign and not named else "")
        return not self.trouble

    def line(self) -> str:
        """Return the announcement that a device of this profile makes."""
        words = [f"{key}={value}" for key, value in self._table.expect.items()]
        return " ".join([self._table.head, f"side={self._side[0].upper()}", *words])

    def _compare(self, said: Mapping[str, str]) -> str:
        for key, expected in self._table.expect.items():
            if key in said and not _same(said[key], expected):
                return (
                    f"the insole announces {key}={said[key]}, but its profile says {expected}; "
                    f"choose a profile that agrees, or copy this one and change it"
                )
        return ""


def _same(said: str, expected: str | float) -> bool:
    if isinstance(expected, str):
        return said == expected
    try:
        return float(said) == expected
    except ValueError:
        return False
