"""What a device that sends text lines says about itself, against what its profile says about it."""

from __future__ import annotations

from collections.abc import Mapping

from firmware_bridge.devices.schema.text import AnnounceTable
from firmware_bridge.model import Side

_SIDES = {"l": Side.LEFT, "r": Side.RIGHT}


class Announcement:
    """Hears lines such as `#insole v1 side=L n=8 rate=100 unit=raw max=4095` and tells what may be believed.

    Nothing has to be announced: without such a line, what fits the profile is believed.

    An insole that announces the other foot is refused, not taken for that foot: whether the feet were exchanged, or
    both insoles claim the same one, only the other link knows, and so does it alone know that insole's calibration.
    Two insoles would end up in one foot, sample by sample. What was believed before and is believed after stays.
    """

    def __init__(self, table: AnnounceTable, side: Side) -> None:
        self._table, self._side = table, side
        self.forget()

    def forget(self) -> None:
        """Begin anew: another device may speak."""
        self._mismatch = ""
        self._foreign = ""  # why not, where the other foot was announced last
        self._unsaid: int | None = 0  # lines that were believed before the first announcement, None after it
        self._own = True  # something of this foot came since the other one was announced
        self.trouble = ""

    def hear(self, comment: str) -> None:
        """Take a comment line; one that is no announcement says nothing."""
        if not comment.startswith(self._table.head):
            return
        said = dict(word.split("=", 1) for word in comment[len(self._table.head) :].split() if "=" in word)
        side = _SIDES.get(said.get("side", "")[:1].lower(), self._side)
        if side is self._side:
            self._foreign, self._mismatch, self._own = "", self._compare(said), True
        else:
            self._foreign = self._foreign or self._wrong_foot()
            if not self._own:  # nor did anything since the last time: this is no dongle that serves both feet
                self.trouble = self._foreign
            self._own = False
        self._unsaid = None

    def believable(self, *, named: bool) -> bool:
        """Tell whether a data line counts, and keep why not in `trouble`; `named` where the line says whose it is."""
        self.trouble = self._mismatch or ("" if named else self._foreign)
        self._own = self._own or named
        if self._unsaid is not None and not named:
            self._unsaid += 1
        return not self.trouble

    def _wrong_foot(self) -> str:
        before = f"; {self._unsaid} lines that came before it said so were taken for the {self._side} foot's"
        return (
            f"the insole announces itself as the {self._side.other} one, not as the {self._side} one: plug the two the "
            f"other way round, or exchange their urls in the settings{before if self._unsaid else ''}"
        )

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
