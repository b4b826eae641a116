"""Whose packets they are, where the device itself says it: the other foot's are left out, and why is kept."""

from __future__ import annotations

import numpy as np

from firmware_bridge.model import Bools, Side

_SURE = 16
"""So many packets of the other foot in a row, and none of ours between them: no dongle that serves both feet."""


class OwnFoot:
    """Tells the packets of one foot from the other's.

    An insole that says that it is the other one is refused, not taken for that foot: whether the feet were exchanged,
    or both claim the same one, only the other link knows.
    """

    def __init__(self, side: Side) -> None:
        self._side = side
        self.forget()

    def forget(self) -> None:
        """Begin anew: another device may speak."""
        self._device: Side | None = None
        self._foreign = 0  # packets of the other foot since the last one of ours
        self.trouble = ""

    def hear(self, side: Side) -> None:
        """Take what the device says of itself: it is of this foot, until it says otherwise."""
        self._device = side
        self.trouble = "" if side is self._side else self._wrong()

    def own(self, packets: int) -> Bools:
        """Return which of so many packets are ours, by what the device said last."""
        return np.full(packets, self._device in (None, self._side))

    def take(self, ours: Bools) -> None:
        """Note which of the packets, in their order, say of themselves that they are ours."""
        if not len(ours):
            return
        last = np.flatnonzero(ours)
        self._foreign = int(len(ours) - 1 - last[-1]) if len(last) else self._foreign + len(ours)
        self.trouble = self._wrong() if self._foreign >= _SURE else ""

    def _wrong(self) -> str:
        return (
            f"the insole says that it is the {self._side.other} one, not the {self._side} one: plug the two the other "
            "way round, or exchange their urls in the settings"
        )
