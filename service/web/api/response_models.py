"""Rows as JSON: moments as ISO text, a missing number as null, and the sentences that say the row to a person."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, create_model

from firmware_bridge import Device, Link, Pace, Profile, Row, columns, kind_name, parse_profile
from service.records.json_rows import plain
from service.records.rows import Alert, Block, Flag, Note, Step, Verdict
from service.records.timestamps import MOMENTS, iso
from service.wording import messages

_SAID = (Flag, Verdict)  # kinds that a sentence belongs to


class MessageView(BaseModel):
    """What a person reads; `title` is one line, the rest is its evidence. Empty parts are empty text."""

    title: str
    observation: str
    context: str
    uncertainty: str
    option: str


def row_json(row: Row, *, zone: tzinfo | None = None) -> dict[str, Any]:
    """Return a row as JSON values, with `message` where a sentence belongs to it.

    Args:
        row: of any kind.
        zone: where times of day in sentences are said; that of this machine where none is given.
    """
    shown = plain(row)
    if isinstance(row, Flag):
        here = zone or datetime.now().astimezone().tzinfo or UTC
        shown["message"] = asdict(messages.flag_text(row, zone=here))
    elif isinstance(row, Verdict):
        shown["message"] = asdict(messages.verdict_text(row))
    return shown


@cache
def row_model(kind: type) -> type[BaseModel]:
    """Return the response model of a kind of row, made from its fields so that it cannot drift from them."""
    members: dict[str, Any] = {}
    for name, held, _ in columns(kind):
        if name in MOMENTS:
            members[name] = (str, Field(description="ISO 8601, UTC, ns"))
        else:
            members[name] = (held | None if held is float else held, ...)
    if kind in _SAID:
        members["message"] = (MessageView, Field(description="the row as sentences"))
    model: type[BaseModel] = create_model(
        kind.__name__, __config__=ConfigDict(extra="forbid"), __doc__=(kind.__doc__ or kind_name(kind)), **members
    )
    return model


@cache
def page_model(kind: type) -> type[BaseModel]:
    """Return the response model of one page of rows of a kind."""
    return _page(row_model(kind))


def _page(item: type[BaseModel]) -> type[BaseModel]:
    model: type[BaseModel] = create_model(
        f"{item.__name__}s",
        __doc__=f"Part of a wearer's {item.__name__.lower()}s, oldest first.",
        items=(list[item], ...),  # type: ignore[valid-type]
        next=(str | None, Field(description="`start` of the next page; null: this is the last one")),
    )
    return model


class SensorsView(BaseModel):
    """Where the cells lie: `ml` 0 lateral to 1 medial, `ap` 0 heel to 1 toe, the same on both feet."""

    ml: list[float]
    ap: list[float]
    area_mm2: list[float]


class DeviceView(BaseModel):
    """One physical insole: its profile's geometry and facts."""

    time: str
    wearer: str
    side: str
    device: str
    name: str
    profile: str
    evidence: str
    rate_hz: float
    unit: str
    full_scale: float | None = Field(description="highest readable value in `unit`; null: unknown")
    length_mm: float
    width_mm: float
    sensors: SensorsView
    calibrated: bool


class BoutView(BaseModel):
    """A stretch of activity, found by its blocks, steps and verdicts."""

    time: str = Field(description="first contact")
    stop: str = Field(description="the foot-off that ends its last stance")
    activity: str
    steps: int = Field(description="of both feet, those included that missing data hid")
    valid_steps: int
    blocks: int
    void_blocks: int
    speed_mps: float | None = Field(description="mean, by a foot pod; null: there was none")
    verdicts: list[row_model(Verdict)]  # type: ignore[valid-type]


class WearerView(BaseModel):
    """A wearer who has something stored."""

    wearer: str


BoutPage = _page(BoutView)
ROW_LISTS: dict[str, type] = {
    kind_name(kind) + "s": kind for kind in (Step, Block, Flag, Verdict, Alert, Note, Link, Pace)
}
"""What is listed by time range, by the last word of its address."""


def device_view(row: Device, profile: Profile) -> dict[str, Any]:
    """Return a device and its geometry as JSON values."""
    sensors = profile.sensors
    return {
        "time": iso(row.time),
        "wearer": row.wearer,
        "side": str(row.side),
        "device": row.device,
        "name": profile.name,
        "profile": profile.id,
        "evidence": profile.evidence,
        "rate_hz": profile.rate_hz,
        "unit": profile.unit,
        "full_scale": profile.full_scale if math.isfinite(profile.full_scale) else None,
        "length_mm": profile.length_mm,
        "width_mm": profile.width_mm,
        "sensors": {
            "ml": np.round(sensors.ml, 4).tolist(),
            "ap": np.round(sensors.ap, 4).tolist(),
            "area_mm2": np.round(sensors.area_mm2, 1).tolist(),
        },
        "calibrated": bool(row.calibration.strip()),
    }


def stored_profile(row: Device) -> Profile:
    """Return the profile that a device row carries."""
    return parse_profile(row.profile, f"the device row of {row.wearer}'s {row.side} insole")
