"""Insoles that are a grid of cells: which cells are sensors, where they lie, and the profile of that.

Cells are spoken of as on the left foot seen from above, toes first: a row runs from lateral to medial. The right foot
has its rows the other way round.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.devices.profile import Profile, parse_profile
from firmware_bridge.model import Bools, Side


class Pitch(NamedTuple):
    """The size of a cell in mm."""

    across: float
    along: float


def places(sensor: Bools, side: Side) -> NDArray[np.intp]:
    """Return the numbers, in a foot's own rows read one after the other, of the cells that are sensors."""
    rows, columns = np.nonzero(sensor)
    own = columns if side is Side.LEFT else sensor.shape[1] - 1 - columns
    return np.asarray(rows * sensor.shape[1] + own, np.intp)


def sensors_of(profile: Profile, rows: int, columns: int) -> Bools:
    """Return which cells of a grid are a profile's sensors; the reverse of `grid_profile`."""
    sensor = np.zeros((rows, columns), np.bool_)
    across = np.floor(profile.sensors.ml * columns).astype(np.intp)
    along = np.floor((1 - profile.sensors.ap) * rows).astype(np.intp)
    sensor[along, across] = True
    return sensor


def grid_profile(
    base: Profile, sensor: Bools, pitch: Pitch, unit: str = "kPa", full_scale: float | None = None
) -> Profile:
    """Return a profile with these cells for sensors; each speaks for its own area.

    Args:
        base: says what the device is.
        sensor: (rows, columns) as on the left foot.
        pitch: of the cells.
        unit: of the readings.
        full_scale: the highest reading that there can be, where it is known.
    """
    rows, columns = sensor.shape
    head = base.text.partition("[sensors]")[0].replace(f'unit = "{base.unit}"', f'unit = "{unit}"')
    lines = []
    for row in np.flatnonzero(sensor.any(axis=1)).tolist():
        cells = np.flatnonzero(sensor[row]).tolist()
        ap = f"{1 - (row + 0.5) / rows:.4f}"
        lines.append("  " + ", ".join(f"[{(cell + 0.5) / columns:.4f}, {ap}]" for cell in cells) + ",\n")
    area = f"{pitch.across * pitch.along:g}"
    areas = "".join(f"  {', '.join([area] * int(count))},\n" for count in sensor.sum(axis=1) if count)
    text = (
        f"{head}[sensors]\npositions = [\n{''.join(lines)}]\nareas_mm2 = [\n{areas}]\n"
        f"length_mm = {rows * pitch.along:g}\nwidth_mm = {columns * pitch.across:g}\n"
    )
    if full_scale is not None:
        text += f'\n[[text.columns]]\nrole = "pressure"\ncount = {int(sensor.sum())}\nsaturated = {full_scale!r}\n'
    return parse_profile(text, f"{base.id}.toml")
