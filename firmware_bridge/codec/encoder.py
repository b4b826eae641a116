"""From samples to the bytes that a device would send: what a virtual insole speaks is what a decoder reads."""

from __future__ import annotations

import math

import numpy as np

from firmware_bridge.codec.wire import frame_of, open_payload
from firmware_bridge.devices.profile import Profile
from firmware_bridge.model import Float32s, Int64s, Side


class Encoder:
    """Turns samples into the bytes that a device of this profile would send; keeps its sequence counter.

    Raises:
        ConfigError: the profile does not speak this link.
    """

    def __init__(self, profile: Profile, side: Side, link: str = "ble", *, first_sequence: int = 0) -> None:
        self._payload = open_payload(profile, frame_of(profile, link), side)
        self._sensors = profile.sensors.count
        self._sequence = first_sequence

    @property
    def samples_per_packet(self) -> int:
        """How many samples one packet holds."""
        return self._payload.samples

    def packets(
        self,
        ticks_ns: Int64s,
        pressure: Float32s,
        acc: Float32s | None = None,
        gyro: Float32s | None = None,
        battery_pct: float = math.nan,
    ) -> list[bytes]:
        """Return the wire's bytes, one element for each notification, serial packet or line.

        Args:
            ticks_ns: device time of each sample, ns; (n,), n a multiple of `samples_per_packet`.
            pressure: (n, sensors) in the profile's unit; NaN = missing.
            acc: (n, 3) in g.
            gyro: (n, 3) in deg/s.
            battery_pct: of all these packets; NaN where it is not known.
        """
        samples = self._payload.samples
        count, rest = divmod(len(ticks_ns), samples)
        if rest:
            raise ValueError(f"packets hold {samples} samples each, so {len(ticks_ns)} samples do not fill them")
        if pressure.shape != (len(ticks_ns), self._sensors):
            raise ValueError(f"pressure must be {(len(ticks_ns), self._sensors)}, not {pressure.shape}")
        given = {"pressure": pressure, "acc": acc, "gyro": gyro}
        values = {
            role: np.asarray(array, np.float64).reshape(count, samples, -1)
            for role, array in given.items()
            if array is not None
        }
        sequence = self._sequence + np.arange(count)
        self._sequence += count
        return self._payload.write(sequence, np.asarray(ticks_ns, np.int64)[::samples], battery_pct, values)
