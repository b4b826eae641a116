"""Insoles as the page draws them: geometry from the profile, and samples thinned to what an eye can follow.

Display only: nothing here is measured from. Cells are shown in the insole's own unit, or, where it reports raw
counts, as shares of the foot's load, since counts of two insoles cannot be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from firmware_bridge import SECOND, Device, Frames, Profile, parse_calibration
from service.records.timestamps import iso
from service.web.api.response_models import device_view, stored_profile

FRAME_NS = SECOND // 20  # at most 20 pictures a second and foot
LOADED_N = 30.0  # below this force the center of pressure is noise
LOADED_SHARE = 0.15  # so it is below this share of the recent peak: the sensors of a lifted foot seldom read zero
FADE = 0.5 ** (1 / 400)  # of the recent peak with every picture: by half in 20 s
SCALES = {
    "kPa": {"unit": "kPa", "max": 400.0, "label": "pressure"},
    "N": {"unit": "N", "max": 250.0, "label": "force per cell"},
    "raw": {"unit": "%", "max": 30.0, "label": "share of this foot's load"},
}
"""Fixed scales: they never follow the data, so that a color means the same in every step of every run."""


@dataclass(eq=False)
class Painter:
    """Turns one device's frames into pictures: cell values, force and center of pressure, at most 20 a second."""

    row: Device
    profile: Profile = field(init=False)
    _last: int = field(default=0, init=False)  # the last sample's place on the grid of pictures
    _peak: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.profile = stored_profile(self.row)
        count = self.profile.sensors.count
        self._calibration = parse_calibration(self.row.calibration)
        area = self.profile.sensors.area_mm2
        # kPa times mm2 is 1e-3 N; counts are only weighted by area, so that large cells count for more
        self._unit = self._calibration.unit or self.profile.unit
        self._weight = {"kPa": area * 1e-3, "N": np.ones(count)}.get(self._unit, area / area.mean())

    def view(self) -> dict[str, Any]:
        """Return the device, its geometry and its fixed scale as JSON values."""
        return {**device_view(self.row, self.profile), "scale": SCALES.get(self._unit, SCALES["raw"])}

    def pictures(self, frames: Frames) -> Iterator[dict[str, Any]]:
        """Yield the first sample of every twentieth of a second as JSON values."""
        grid = frames.time // FRAME_NS
        fresh = np.diff(grid, prepend=self._last) > 0
        self._last = max(self._last, int(grid[-1]))
        for index in np.flatnonzero(fresh):
            yield self._picture(frames, int(index))

    def _picture(self, frames: Frames, index: int) -> dict[str, Any]:
        read = frames.pressure[index]
        cells = np.maximum(self._calibration.apply(frames.pressure[index : index + 1])[0].astype(np.float64), 0.0)
        load = np.nan_to_num(cells, nan=0.0) * self._weight
        total = float(load.sum())
        self._peak = max(self._peak * FADE, total)
        calibrated = self._unit in ("kPa", "N")
        loaded = total > max(LOADED_N * calibrated, LOADED_SHARE * self._peak)
        shown = cells if calibrated else (100.0 * load / total if loaded else load * 0.0) + (cells - cells)
        sensors = self.profile.sensors
        return {
            "side": str(frames.side),
            "time": iso(int(frames.time[index])),
            "cells": [None if value != value else round(value, 1) for value in shown.tolist()],  # noqa: PLR0124
            "saturated": np.flatnonzero(read >= self.profile.full_scale).tolist(),
            "force": round(total, 1) if calibrated else None,
            "cop": [round(float(load @ axis) / total, 4) for axis in (sensors.ml, sensors.ap)] if loaded else None,
        }
