"""What a page is told, item by item; nothing here waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge import SECOND, Calibration, Device, Frames, Insole, Log, Side, parse_profile
from service.records.timestamps import iso, parse_iso
from service.web.live.painter import LOADED_N, Painter
from service.web.live.snapshot import _LINKS, Live
from tests.walkers.web_rows import (
    BOUT,
    NAN,
    NOW,
    WEARER,
    a_block,
    a_device,
    a_flag,
    a_link,
    a_log,
    a_step,
    a_verdict,
    an_insole,
    some_frames,
)

RAW = an_insole().profile.text.replace('unit = "kPa"', 'unit = "raw"').replace('id = "demo-16"', 'id = "raw-16"')


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    yield log
    log.close()


def _live(*items: Any, now: int = NOW) -> tuple[Live, list[tuple[str, dict[str, Any]]]]:
    live = Live(WEARER)
    return live, [event for item in (a_device(), *items) for event in live.events(item, now)]


def _pictures(frames: Frames, device: Device | None = None) -> list[dict[str, Any]]:
    return list(Painter(device or a_device()).pictures(frames))


def test_rows_become_events_of_their_kind() -> None:
    _, events = _live(a_step(NOW), a_block(), a_flag(NOW), a_verdict(), a_link(NOW))
    assert [name for name, _ in events] == ["device", "step", "block", "flag", "verdict", "link"]
    assert events[3][1]["message"]["title"]


def test_what_another_wearer_does_is_not_told() -> None:
    _, events = _live(some_frames(NOW, wearer="bo"), a_step(NOW, wearer="bo"), a_link(NOW, wearer="bo"))
    assert [name for name, _ in events] == ["device"]


@pytest.mark.parametrize("chunk", [1, 3, 10, 100])
def test_at_most_twenty_pictures_a_second_however_the_frames_are_cut(chunk: int) -> None:
    painter = Painter(a_device())
    whole = some_frames(NOW, 200)
    found = [p["time"] for k in range(0, 200, chunk) for p in painter.pictures(whole[k : k + chunk])]
    assert found == [iso(NOW + k * SECOND // 20) for k in range(40)]


def test_force_is_pressure_times_area_and_the_center_lies_where_the_load_is() -> None:
    frames = some_frames(NOW, 1, load=0.0)
    frames.pressure[0, 11] = 200.0
    (picture,) = _pictures(frames)
    sensors = an_insole().profile.sensors
    assert picture["force"] == pytest.approx(200 * sensors.area_mm2[11] / 1000, abs=0.1)
    assert picture["cop"] == [sensors.ml[11], sensors.ap[11]]
    assert picture["cells"][11] == 200.0


def test_the_calibration_is_applied() -> None:
    worn = an_insole()
    zero, gain = (10.0,) * 16, (2.0,) * 16
    device = replace(worn, calibration=Calibration(zero, gain)).device_row(BOUT)
    (picture,) = _pictures(some_frames(NOW, 1, load=60.0), device)
    assert set(picture["cells"]) == {100.0}
    (picture,) = _pictures(some_frames(NOW, 1, load=5.0), device)
    assert set(picture["cells"]) == {0.0}


def test_a_missing_reading_is_null_and_leaves_the_others_alone() -> None:
    frames = some_frames(NOW, 1)
    frames.pressure[0, 3] = NAN
    (picture,) = _pictures(frames)
    assert picture["cells"] == [100.0] * 3 + [None] + [100.0] * 12
    assert picture["force"] == pytest.approx(np.delete(an_insole().profile.sensors.area_mm2, 3).sum() / 10, abs=0.1)


def test_a_cell_at_its_limit_is_said() -> None:
    frames = some_frames(NOW, 1)
    frames.pressure[0, 5] = 1200.0
    assert _pictures(frames)[0]["saturated"] == [5]


def test_an_unloaded_foot_has_no_center() -> None:
    area = an_insole().profile.sensors.area_mm2.sum() / 1000
    assert _pictures(some_frames(NOW, 1, load=0.9 * LOADED_N / area))[0]["cop"] is None
    assert _pictures(some_frames(NOW, 1, load=1.1 * LOADED_N / area))[0]["cop"] is not None


def test_raw_counts_are_shown_as_shares_and_never_as_force() -> None:
    worn = Insole(WEARER, Side.LEFT, parse_profile(RAW, "test"), "unused:")
    painter = Painter(worn.device_row(BOUT))
    frames = some_frames(NOW, 20)
    frames.pressure[10:] = 1.0  # nearly lifted
    frames.pressure[:, 2] = NAN
    pictures = list(painter.pictures(frames))
    assert [p["force"] for p in pictures] == [None] * 4
    assert sum(value for value in pictures[0]["cells"] if value is not None) == pytest.approx(100, abs=1)
    assert pictures[0]["cells"][2] is pictures[-1]["cells"][2] is None
    assert set(pictures[-1]["cells"]) == {0.0, None}
    assert painter.view()["scale"]["unit"] == "%"


def test_history_is_not_painted_but_told_of_now_and_then() -> None:
    old = NOW - 1200 * SECOND
    live, events = _live(*(some_frames(old + k * SECOND) for k in range(100)))
    assert [name for name, _ in events] == ["device", "catching_up"]
    assert events[1][1] == {"time": iso(old + 9 * SECOND // 100), "behind_s": 1199.9}
    later = list(live.events(some_frames(old + 100 * SECOND), NOW + SECOND))
    assert [name for name, _ in later] == ["catching_up"]
    present = list(live.events(some_frames(NOW + SECOND), NOW + 2 * SECOND))
    assert present[0] == ("catching_up", {"time": iso(NOW + SECOND + 9 * SECOND // 100), "behind_s": 0.0})
    assert {name for name, _ in present[1:]} == {"frame"}


def test_the_link_is_summed_up_over_its_last_minute() -> None:
    live = Live(WEARER)
    links = [a_link(NOW - k * SECOND, lost=3, battery_pct=80.0) for k in range(100, -1, -1)]
    *_, (name, told) = [event for link in links for event in live.events(link, NOW)]
    assert name == "link"
    assert (told["received"], told["lost"], told["seconds"]) == (99 * _LINKS, 3 * _LINKS, _LINKS)
    assert told["lost_pct"] == pytest.approx(100 * 3 / 102, abs=0.01)
    assert (told["battery_pct"], told["side"]) == (80.0, "left")
    assert (told["clock"], told["clock_rate"], told["clock_words"]) == ("steady", None, "")


def test_the_snapshot_tells_this_bout_and_not_the_one_before(log: Log) -> None:
    before = BOUT - 3600 * SECOND
    log.put([a_device(side) for side in Side])
    log.put([a_step(before, bout=before), a_block(before, bout=before), replace(a_verdict(), time=before)])
    log.put([a_flag(before, bout=before), a_link(NOW - 5 * SECOND), a_link(NOW - 7200 * SECOND, Side.RIGHT)])
    log.put([a_step(BOUT + SECOND), a_step(BOUT + 2 * SECOND, Side.RIGHT), a_block(), a_verdict(), a_flag(NOW)])
    told = Live(WEARER).snapshot(log, NOW)
    assert set(told["devices"]) == {"left", "right"}
    assert set(told["links"]) == {"left"}
    assert told["bout"] == iso(BOUT)
    assert [parse_iso(step["time"]) for step in told["steps"]] == [BOUT + SECOND, BOUT + 2 * SECOND]
    assert [len(told[name]) for name in ("blocks", "verdicts", "flags")] == [1, 1, 1]


def test_days_later_the_snapshot_still_tells_the_last_bout(log: Log) -> None:
    log.put([a_device(), a_step(BOUT + SECOND), a_block(), a_verdict()])
    told = Live(WEARER).snapshot(log, NOW + 10 * 86_400 * SECOND)
    assert (told["bout"], len(told["steps"]), len(told["verdicts"])) == (iso(BOUT), 1, 1)
    assert told["links"] == {}


def test_a_device_that_cannot_be_read_is_left_out(log: Log) -> None:
    log.put([a_device(), Device(NOW, WEARER, Side.RIGHT, "broken", "not = [toml", "")])
    live = Live(WEARER)
    assert set(live.snapshot(log, NOW)["devices"]) == {"left"}
    assert list(live.events(some_frames(NOW, side=Side.RIGHT, device="broken"), NOW)) == []
