"""Rows and frames for the tests of the page, complete where a test does not care."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge import SECOND, Device, Frames, Insole, Link, Log, Pace, Profile, Side, load_profile, open_log
from service.records.rows import Block, Flag, Step, Verdict

NOW = 1_780_000_000 * SECOND
BOUT = NOW - 600 * SECOND
WEARER = "ada"
NAN = math.nan
PROFILE = load_profile("demo-16")


def a_log(folder: Path) -> Log:
    return open_log(f"sqlite:///{folder}/insole.sqlite")


def an_insole(side: Side = Side.LEFT, profile: Profile | None = None, wearer: str = WEARER) -> Insole:
    return Insole(wearer, side, profile or PROFILE, "unused:")


def a_device(side: Side = Side.LEFT, time: int = BOUT, wearer: str = WEARER) -> Device:
    return an_insole(side, wearer=wearer).device_row(time)


def some_frames(start: int, count: int = 10, side: Side = Side.LEFT, load: float = 100.0, **values: Any) -> Frames:
    worn = an_insole(side)
    pressure = np.full((count, worn.profile.sensors.count), load, np.float32)
    time = start + np.arange(count, dtype=np.int64) * (SECOND // 100)
    return Frames(values.get("wearer", WEARER), side, values.get("device", worn.device), time, pressure)


def a_link(time: int, side: Side = Side.LEFT, **values: Any) -> Link:
    rest: dict[str, Any] = {"received": 99, "lost": 1, "corrupt": 0, "duplicate": 0, "dropped": 0, "reconnects": 1}
    given: dict[str, Any] = {"wearer": WEARER, "device": "d", "connected": True, "battery_pct": NAN} | rest | values
    return Link(time=time, side=side, **given)


def a_pace(time: int, **values: Any) -> Pace:
    given: dict[str, Any] = {"wearer": WEARER, "speed_mps": 3.0, "cadence_spm": 170.0, "stride_m": NAN} | values
    return Pace(time=time, **({"distance_m": NAN, "running": True, "battery_pct": NAN} | given))


def a_step(time: int, side: Side = Side.LEFT, **values: Any) -> Step:
    given: dict[str, Any] = {
        "wearer": WEARER, "foot_off": time + SECOND // 4, "contact_time_s": 0.25, "stride_time_s": 0.72,
        "duty_factor": 0.35, "cadence_spm": 166.0, "peak": 1600.0, "impulse": 250.0, "unit": "N",
        "medial_lateral_index": -3.0, "completeness": 1.0, "activity": "running", "valid": True, "reason": "",
        "bout": BOUT, "analysis": 1,
    }  # fmt: skip
    given |= {f"cop_{axis}_{part}": 0.5 for axis in ("ml", "ap") for part in (10, 30, 50, 70, 90)}
    return Step(time=time, side=side, **(given | values))


def a_block(time: int = BOUT, **values: Any) -> Block:
    given: dict[str, Any] = {
        "wearer": WEARER, "stop": time + 40 * SECOND, "bout": BOUT, "number": 0, "activity": "running",
        "strides_left": 50, "strides_right": 50, "rejected_left": 0, "rejected_right": 0, "received_left": 1.0,
        "received_right": 1.0, "void": False, "reason": "", "contact_time_left_s": 0.24,
        "contact_time_right_s": 0.25, "cadence_spm": 166.0, "contact_time_si_pct": 4.0,
        "contact_time_si_low_pct": 3.0, "contact_time_si_high_pct": 5.0, "impulse_si_pct": 1.0,
        "impulse_si_low_pct": -1.0, "impulse_si_high_pct": 3.0, "medial_lateral_left": -3.0,
        "medial_lateral_left_se": 0.7, "medial_lateral_right": 3.0, "medial_lateral_right_se": 0.7, "unit": "N",
        "analysis": 1,
    }  # fmt: skip
    return Block(time=time, **(given | values))


_FOUND: dict[str, Any] = {
    "wearer": WEARER, "topic": "imbalance", "measure": "contact_time_si_pct", "value": 5.1, "low": 4.2, "high": 6.0,
    "normal": 1.4, "normal_low": -0.2, "normal_high": 2.9, "bouts": 6, "strides": 120, "analysis": 1,
}  # fmt: skip


def a_flag(time: int, **values: Any) -> Flag:
    return Flag(
        time=time,
        **(_FOUND | {"raised": True, "bout": BOUT, "activity": "running", "since": time - 60 * SECOND} | values),
    )


def a_verdict(**values: Any) -> Verdict:
    given = {"stop": NOW, "activity": "running", "answer": "differs", "reason": "", "blocks": 12}
    return Verdict(time=BOUT, **(_FOUND | given | {"steps_used": 990, "steps_expected": 1000} | values))
