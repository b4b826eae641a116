"""One physical insole on one foot: its profile, its calibration and where it is heard."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from firmware_bridge.devices.calibration import UNCALIBRATED, Calibration
from firmware_bridge.devices.profile import Profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Device, Side


@dataclass(frozen=True)
class Insole:
    """One device on one foot of one wearer, and the link (`url`) by which it is reached."""

    wearer: str
    side: Side
    profile: Profile
    url: str
    calibration: Calibration = UNCALIBRATED

    def __post_init__(self) -> None:
        for key in ("zero", "gain"):
            values, count = getattr(self.calibration, key), self.profile.sensors.count
            if values and len(values) != count:
                wanted = f"{self.profile.id} has {count} sensors"
                raise ConfigError(f"calibration {key} has {len(values)} values, but {wanted}")

    @property
    def device(self) -> str:
        """The device's name: a hash of profile and calibration, so that a changed calibration is another device."""
        return hashlib.sha256((self.profile.text + self.calibration.text).encode()).hexdigest()[:12]

    def device_row(self, time: int) -> Device:
        """Return the row that explains this insole's frames from `time` (UTC ns) on."""
        return Device(time, self.wearer, self.side, self.device, self.profile.text, self.calibration.text)
