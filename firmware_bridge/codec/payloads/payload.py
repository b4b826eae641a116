"""What is read from the payload of a packet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.codec.refusals import Refusals
from firmware_bridge.model import Bools, Float32s, Float64s, Int64s


@dataclass(frozen=True, eq=False)
class Readings:
    """The content of n packets of up to m samples each, oldest sample first."""

    packet: Int64s  # (n,) which of the given packets each one is: comments and the other foot's are left out
    sequence: Int64s  # (n,) as sent; zeros where the device counts nothing
    tick: Int64s  # (n,) device time of the oldest sample, ns, as sent; zeros where it sends none
    battery: Float64s  # (n,) percent, NaN where not sent
    values: Mapping[str, Float32s]  # by role, (n, m, count); NaN = missing
    # (n, m) ns since the packet's oldest sample, -1 behind its last one; None: m samples, 1 / rate_hz apart
    since: Int64s | None = None
    spread: Bools | None = None  # (n,) its samples have stamps that are no clock, so `since` is as declared; None: none

    def chosen(self, rows: NDArray[np.intp]) -> Readings:
        """Return the content of some of the packets."""
        if len(rows) == len(self.packet):
            return self
        return Readings(
            packet=self.packet[rows],
            sequence=self.sequence[rows],
            tick=self.tick[rows],
            battery=self.battery[rows],
            values={role: array[rows] for role, array in self.values.items()},
            since=None if self.since is None else self.since[rows],
            spread=None if self.spread is None else self.spread[rows],
        )


class Payload(Protocol):
    """How the content of packets is written: read and write are each other's inverse, up to the wire's resolution."""

    samples: int  # in a packet
    sequence_modulus: int | None  # where the packets' number wraps, None where there is none
    tick_modulus: int | None  # where the device's time wraps, ns
    refused: Refusals  # packets whose content was not understood

    @property
    def trouble(self) -> str:
        """Why nothing is believed at the moment, in words for the log; "" where all is well."""

    def read(self, packets: list[bytes]) -> Readings:
        """Return what whole packets say."""

    def write(self, sequence: Int64s, tick: Int64s, battery: float, values: Mapping[str, Float64s]) -> list[bytes]:
        """Return packets; values by role, (n, m, count), counters wrapped here."""

    def reset(self) -> None:
        """Forget what the device said about itself: after a lost link it may be another one."""
