"""Calibrating and identifying: the sums on recordings of known truth, and the talk with insoles behind real ports."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import (
    SECOND,
    STANDARD_GRAVITY,
    Calibration,
    ConfigError,
    CorruptData,
    Frames,
    Insole,
    Profile,
    Side,
    SystemClock,
    Unavailable,
    load_calibration,
    load_profile,
)
from firmware_bridge.model import Float32s
from firmware_bridge.virtual.insole.firmware import Firmware
from firmware_bridge.virtual.links.serial import SerialInsole
from service.cli.actions import calibration as asking
from service.cli.actions.calibration import calibrate, identify
from service.gait.calibration.identify import center, edges_exchanged, ends_exchanged, lifted
from service.gait.calibration.zero_span import one_leg_span, sway_spans, weighed, zero_of
from service.gait.signal.load import layout_of
from tests.stand_ins.scripted import ScriptedFoot

MASS_KG = 70.0
PROFILE = load_profile("insole-line-16")
COUNT = PROFILE.sensors.count
ZERO = np.linspace(20, 60, COUNT).astype(np.float32)
EVEN = np.ones(COUNT, np.float32)
UNCALIBRATED = Calibration()


def frames(side: Side, readings: np.ndarray) -> Frames:
    time = 1_700_000_000 * SECOND + (np.arange(len(readings)) * SECOND / PROFILE.rate_hz).astype(np.int64)
    return Frames("ann", side, "d", time, readings.astype(np.float32))


def standing(share: np.ndarray, gain: float, side: Side, noise: float = 0.5) -> Frames:
    """Return what an insole reads under a share (n,) of the body's weight, if one count is `gain` kPa."""
    area = PROFILE.sensors.area_mm2
    kpa = MASS_KG * STANDARD_GRAVITY * share / (area.sum() * 1e-3)
    spread = np.random.default_rng(int(side is Side.LEFT)).normal(0, noise, (len(share), COUNT))
    return frames(side, ZERO + kpa[:, None] / gain * EVEN + spread)


def sway(left_gain: float, right_gain: float, seconds: float = 20.0) -> tuple[Frames, Frames]:
    share = 0.5 + 0.45 * np.sin(np.arange(0, seconds, 1 / PROFILE.rate_hz) * 2 * np.pi / 6)
    return standing(share, left_gain, Side.LEFT), standing(1 - share, right_gain, Side.RIGHT)


def spans(pair: tuple[Frames, Frames]) -> tuple[float, float]:
    left, right = ((one, weighed(one, PROFILE, tuple(ZERO.tolist()))) for one in pair)
    found = sway_spans(left, right, MASS_KG)
    return found[0].gain, found[1].gain


# ── the sums ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_zero_is_what_an_unloaded_insole_reads() -> None:
    noise = np.random.default_rng(1).normal(0, 3, (1000, COUNT))
    assert zero_of(frames(Side.LEFT, ZERO + noise), PROFILE) == pytest.approx(ZERO.tolist(), abs=1)


def test_an_insole_that_is_touched_has_no_zero() -> None:
    readings = np.repeat(ZERO[None, :], 1000, axis=0)
    readings[500:, 3] += 400
    with pytest.raises(CorruptData, match="the left insole is not at rest: sensor 4 moves by more than 2 %"):
        zero_of(frames(Side.LEFT, readings), PROFILE)


def test_a_sensor_that_sends_nothing_has_the_zero_0() -> None:
    readings = np.repeat(ZERO[None, :], 1000, axis=0)
    readings[:, 5] = np.nan
    assert zero_of(frames(Side.LEFT, readings), PROFILE)[5] == 0


def test_a_sway_tells_both_gains() -> None:
    assert spans(sway(0.11, 0.17)) == pytest.approx((0.11, 0.17), rel=0.01)


def test_gains_cannot_be_told_from_a_person_who_stands_still() -> None:
    share = np.full(2000, 0.5)
    with pytest.raises(CorruptData, match="too little weight went from one foot to the other"):
        spans((standing(share, 0.1, Side.LEFT), standing(1 - share, 0.1, Side.RIGHT)))


def test_sensors_that_are_not_linear_are_told() -> None:
    left, right = sway(0.1, 0.1)
    bent = np.minimum(left.pressure, 0.4 * left.pressure.max())
    with pytest.raises(CorruptData, match="of the weight unexplained"):
        spans((frames(Side.LEFT, bent), right))


def test_too_short_is_too_short() -> None:
    with pytest.raises(CorruptData, match="3 s of the left insole are too little"):
        spans(sway(0.1, 0.1, seconds=3))


def test_one_leg_tells_one_gain() -> None:
    one = standing(np.ones(2000), 0.13, Side.LEFT)
    assert one_leg_span(one, weighed(one, PROFILE, tuple(ZERO.tolist())), MASS_KG).gain == pytest.approx(0.13, rel=0.01)
    rocking = standing(1 + 0.4 * np.sin(np.arange(2000) / 50), 0.13, Side.LEFT)
    with pytest.raises(CorruptData, match=r"the stand varied by \d+ %"):
        one_leg_span(rocking, weighed(rocking, PROFILE, ()), MASS_KG)
    with pytest.raises(CorruptData, match="nothing stands on the left insole"):
        one_leg_span(one, np.zeros(2000), MASS_KG)


def test_counts_that_were_weighed_are_newtons_from_then_on() -> None:
    insole = Insole("ann", Side.LEFT, PROFILE, "serial:x", Calibration(tuple(ZERO.tolist()), (0.1,) * COUNT, "kPa"))
    plain = Insole("ann", Side.LEFT, PROFILE, "serial:x")
    assert layout_of(plain.device_row(0)).unit == "raw"
    layout = layout_of(insole.device_row(0))
    assert layout.unit == "N"
    force = (standing(np.ones(10), 0.1, Side.LEFT, noise=0.0).pressure - layout.zero) @ layout.weights.T
    assert force[:, 0] == pytest.approx(MASS_KG * STANDARD_GRAVITY, rel=1e-3)
    assert insole.device != plain.device


def pressed(place: tuple[float, float], profile: Profile = PROFILE) -> Float32s:
    """Return readings under a press around a place (ml, ap)."""
    away = np.hypot(profile.sensors.ml - place[0], profile.sensors.ap - place[1])
    return (1000 * np.exp(-((away / 0.25) ** 2))).astype(np.float32)


def held(side: Side, readings: Float32s) -> Frames:
    return frames(side, np.repeat(readings[None, :], 600, axis=0))


def test_the_foot_that_loses_its_load_is_the_one_that_was_lifted() -> None:
    stood = {side: held(side, 300 * EVEN) for side in Side}
    assert lifted(stood, {Side.LEFT: held(Side.LEFT, 5 * EVEN), Side.RIGHT: held(Side.RIGHT, 600 * EVEN)}) is Side.LEFT
    assert lifted(stood, {Side.LEFT: held(Side.LEFT, 600 * EVEN), Side.RIGHT: held(Side.RIGHT, 5 * EVEN)}) is Side.RIGHT
    with pytest.raises(CorruptData, match="neither insole lost the load"):
        lifted(stood, stood)
    with pytest.raises(CorruptData, match="both insoles lost the load"):
        lifted(stood, {side: held(side, 0 * EVEN) for side in Side})


def test_a_press_tells_which_way_round_the_sensors_are() -> None:
    still = held(Side.LEFT, 300 * EVEN)
    assert not ends_exchanged(still, held(Side.LEFT, pressed((0.5, 0.0))), PROFILE)
    assert ends_exchanged(still, held(Side.LEFT, pressed((0.5, 1.0))), PROFILE)
    assert not edges_exchanged(still, held(Side.LEFT, pressed((1.0, 0.5))), PROFILE)
    assert edges_exchanged(still, held(Side.LEFT, pressed((0.0, 0.5))), PROFILE)
    with pytest.raises(CorruptData, match="hardly moved; press harder on the inner edge"):
        edges_exchanged(still, still, PROFILE)
    with pytest.raises(CorruptData, match="nothing pressed"):
        center(0 * EVEN.astype(np.float64), PROFILE)


# ── the talk ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Person:
    """Somebody who does what is asked, on insoles that may be exchanged or mirrored."""

    def __init__(self, *, exchanged: bool = False, mirrored: bool = False) -> None:
        self.asked = ""
        self.said: list[str] = []
        self._exchanged, self._mirrored = exchanged, mirrored

    def hear(self, line: str) -> None:
        self.said.append(line)
        if " I listen" in line:
            self.asked = line

    def reads(self, stream: Side) -> Float32s:
        foot = stream.other if self._exchanged else stream
        about = f"your {foot} foot" in self.asked or f"the {foot} foot" in self.asked
        if "feet out" in self.asked or (f"{foot}".upper() in self.asked and "Lift" in self.asked):
            return ZERO
        if about and "HEEL" in self.asked:
            return ZERO + pressed((0.5, 0.0))
        if about and "INNER" in self.asked:
            return ZERO + pressed((0.0 if self._mirrored else 1.0, 0.5))
        if "alone" in self.asked and "HEEL" not in self.asked:
            return standing(np.ones(1), 0.1, foot, noise=0.0).pressure[0] if about else ZERO
        return ZERO + 300 * EVEN


@asynccontextmanager
async def worn(person: Person, calibration: Calibration = UNCALIBRATED) -> AsyncIterator[list[Insole]]:
    """Run a pair of insoles behind TCP ports."""
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        insoles, tasks = [], []
        for side in Side:
            device = SerialInsole(Firmware(ScriptedFoot(PROFILE, side, person.reads), "serial", SystemClock()))
            port = await stack.enter_async_context(device.served())
            await device.plug()
            tasks.append(group.create_task(device.run()))
            insoles.append(Insole("ann", side, PROFILE, f"serial:socket://127.0.0.1:{port}", calibration))
        yield insoles
        for task in tasks:
            task.cancel()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "READY_S", 0.25)  # until what was asked before has come through the link


SHORT_S = 0.4


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.gait.calibration.zero_span.LEAST_S", 1.0)


async def test_all_is_as_the_settings_say() -> None:
    person = Person()
    async with worn(person) as insoles:
        assert await identify(insoles, seconds=SHORT_S, say=person.hear) == []
    assert [line.split(".")[0] for line in person.said if " I listen" in line][:2] == [
        "Stand still on both feet",
        "Lift your LEFT foot off the ground",
    ]


async def test_exchanged_and_mirrored_insoles_are_found() -> None:
    person = Person(exchanged=True, mirrored=True)
    async with worn(person) as insoles:
        found = await identify(insoles, seconds=SHORT_S, say=person.hear)
    assert [problem.split(":")[0] for problem in found] == [
        "left and right are exchanged",
        "inner and outer edge of the left insole are exchanged",
        "inner and outer edge of the right insole are exchanged",
    ]


@pytest.mark.usefixtures("brief")
async def test_a_zero_and_then_a_span_make_another_device_that_weighs(tmp_path: Path) -> None:
    person = Person()
    async with worn(person) as insoles:
        files = await calibrate(insoles, "zero", seconds=1.0, folder=tmp_path, say=person.hear)
        assert [path.name for path in files] == ["calibration-ann-left.toml", "calibration-ann-right.toml"]
        assert (await asyncio.to_thread(load_calibration, files[0])).zero == pytest.approx(ZERO.tolist(), abs=1)
    async with worn(person, await asyncio.to_thread(load_calibration, files[0])) as insoles:
        files = await calibrate(
            insoles, "one-leg", mass_kg=MASS_KG, seconds=1.0, folder=tmp_path / "new", say=person.hear
        )
    weighs = await asyncio.to_thread(load_calibration, files[1])
    assert weighs.unit == "kPa"
    assert weighs.gain == pytest.approx([0.1] * COUNT, rel=0.02)
    assert "write  calibration = " in person.said[-1]


async def test_what_is_missing_is_said_before_anybody_stands_up(tmp_path: Path) -> None:
    insoles = [Insole("ann", side, PROFILE, "serial:none") for side in Side]
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: calibrate(insoles, "jump", folder=tmp_path), "'jump': there are zero, sway, one-leg"),
        (lambda: calibrate(insoles, "sway", folder=tmp_path), "needs --mass"),
        (lambda: calibrate(insoles, "sway", mass_kg=7, folder=tmp_path), "needs --mass"),
        (lambda: calibrate(insoles, "one-leg", mass_kg=70, folder=tmp_path), "has no zero yet: run `insole calibrate"),
        (lambda: identify(insoles[:1]), "identify needs a left and a right insole"),
    ]
    for call, message in refused:
        with pytest.raises(ConfigError, match=message):
            await call()  # type: ignore[misc]
    assert not os.listdir(tmp_path)


async def test_an_insole_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware_bridge.bridge.listener._FIRST_S", 2.0)
    person = Person()
    async with worn(person) as insoles:
        silent = SerialInsole(Firmware(ScriptedFoot(PROFILE, Side.RIGHT, person.reads), "serial", SystemClock()))
        async with silent.served() as port:
            await silent.plug()
            pair = [insoles[0], Insole("ann", Side.RIGHT, PROFILE, f"serial:socket://127.0.0.1:{port}")]
            with pytest.raises(ExceptionGroup) as raised:
                await identify(pair, seconds=SHORT_S, say=person.hear)
    assert raised.group_contains(Unavailable, match="the right insole sends nothing that its profile knows")
