"""What the firmware of a virtual insole does: take a virtual foot's samples as they come, and encode them."""

from __future__ import annotations

from typing import Protocol

from firmware_bridge.clock import Clock
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.devices.profile import Profile
from firmware_bridge.model import SECOND, Side
from firmware_bridge.virtual.insole.foot import Readout
from firmware_bridge.virtual.insole.radio import StartUp

_BATTERY_PCT = 96.0
_BATTERY_PCT_PER_H = 4.0


SOON_S = 1e-4
"""A packet that is not complete yet when it should be is looked for again after so long: a chip is no later."""


class WornInsole(Protocol):
    """A foot with an insole, such as `firmware_bridge.virtual.insole.foot.VirtualFoot`."""

    profile: Profile
    side: Side

    def samples(self, start: int, stop: int) -> Readout:
        """Return the samples with `start <= time < stop` (UTC ns)."""
        ...


class Firmware:
    """One foot's firmware in real time. Its clock and its packet counter start at zero whenever it boots.

    Args:
        foot: what it feels.
        link: the scheme of the link that it sends on.
        clock: the present.
        start_up: how long after each start nothing comes through, and then all of it; None: not at all.
    """

    def __init__(self, foot: WornInsole, link: str, clock: Clock, start_up: StartUp | None = None) -> None:
        self.foot = foot
        self._start_up = start_up
        self.streaming = self.hung = False
        self.waited = False  # whether the packets that were given last had to wait until the host was connected
        self._link, self._clock = link, clock
        self._charged = clock.now()
        self.reboot()

    def reboot(self) -> None:
        """Start over: clock and counter at zero, silent until told to stream."""
        self._encoder = Encoder(self.foot.profile, self.foot.side, self._link)
        self._zero: int | None = None
        self.streaming = self.hung = False

    @property
    def battery_pct(self) -> float:
        """How full the battery is; it lasts for a day."""
        hours = (self._clock.now() - self._charged) / SECOND / 3600
        return max(5.0, _BATTERY_PCT - _BATTERY_PCT_PER_H * hours)

    def start(self) -> None:
        """Begin to stream; what was felt until now is not sent."""
        if not self.streaming:
            self._from = self._clock.now()
            self._busy_until = self._from + (self._start_up.draw() if self._start_up else 0)
            self.streaming = True

    def stop(self) -> None:
        """Stop streaming."""
        self.streaming = False

    @property
    def wait_s(self) -> float:
        """Seconds until the next packet is complete, as far as it is known."""
        whole = self._encoder.samples_per_packet / self.foot.profile.rate_hz
        if not self.streaming:
            return whole
        now = self._clock.now()
        if now < self._busy_until:
            return min((self._busy_until - now) / SECOND, whole)
        return min(max((self._from - now) / SECOND + whole, SOON_S), whole)

    def packets(self) -> list[bytes]:
        """Return the packets that have become complete, none while it is silent or hangs."""
        now = self._clock.now()
        if not self.streaming or now < self._busy_until:
            return []
        if self.hung:
            self._from = now
            return []
        self.waited = self._from < self._busy_until
        felt = self.foot.samples(self._from, now)
        each = self._encoder.samples_per_packet
        n = len(felt.time) // each * each
        if not n:
            return []
        if self._zero is None:
            self._zero = int(felt.ticks[0])
        self._from = int(felt.time[n - 1]) + 1
        ticks = felt.ticks[:n] - self._zero
        return self._encoder.packets(ticks, felt.pressure[:n], felt.acc[:n], felt.gyro[:n], self.battery_pct)
