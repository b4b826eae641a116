"""ORPHE INSOLE's CSV files: the phone app's and the SDK's, a file for each foot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import SECOND, ConfigError, CorruptData, Device, Frames, Link, Side, load_profile, parse_profile
from firmware_bridge.contracts.importers import FormatRig
from firmware_bridge.importers import Recording, read_recording
from firmware_bridge.importers.formats.orphe import _measured
from firmware_bridge.plugins import IMPORTERS
from tests.stand_ins.recordings import orphe

RIG = FormatRig("orphe", orphe, sides=(Side.LEFT,))

APP = [f"{kind}{axis}" for kind in ("acc", "gyro", "quat") for axis in ("XYZ" if kind != "quat" else "WXYZ")]
APP_NAMES = ["timestamp", *APP, *(f"press{k}" for k in range(1, 7))]
SDK_NAMES = ["serial_number", "timestamp", *(f"gyro_{a}[dps]" for a in "xyz"), *(f"acc_{a}[G]" for a in "xyz")]
SDK_NAMES += [f"press{k}[N]" for k in range(1, 7)]


def app(folder: Path, name: str = "sensor-left.csv", count: int = 20, names: list[str] = APP_NAMES) -> Path:
    path = folder / name
    quaternion = "0.25,0.25,0.25,0.25"  # of norm 0.5, as files of old SDKs have it
    rows = (f"{1_700_000_000 + k / 200:.3f},0.1,0.2,1.0,30,-40,5,{quaternion},{k},2,3,4,5,6" for k in range(count))
    path.write_text(",".join(names) + "\n" + "\n".join(rows) + "\n")
    return path


def sdk(folder: Path, *times: str, name: str = "fifo_R.csv") -> Path:
    path = folder / name
    rows = (f"{k},{time},30,-40,5,0.1,0.2,1.0,{k},2,3,4,5,6" for k, time in enumerate(times))
    path.write_text(",".join(SDK_NAMES) + "\n" + "\n".join(rows) + "\n")
    return path


def frames(path: Path) -> Frames:
    items = read_recording(path, "ann", form="orphe")
    return Frames.concatenate([item for item in items if isinstance(item, Frames)])


def test_the_apps_file(tmp_path: Path) -> None:
    path = app(tmp_path)
    found = frames(path)
    assert found.side is Side.LEFT
    assert found.pressure[3].tolist() == [3, 2, 3, 4, 5, 6]
    assert found.time[3] == 1_700_000_000 * SECOND + 15_000_000
    device = next(item for item in read_recording(path, "ann", form="orphe") if isinstance(item, Device))
    profile = parse_profile(device.profile, "stored")
    assert (profile.id, profile.unit, profile.rate_hz) == ("orphe-6", "N", 200)


def test_the_sdks_file_goes_on_past_midnight(tmp_path: Path) -> None:
    path = sdk(tmp_path, "23:59:59:985", "23:59:59:990", "23:59:59:995", "00:00:00:000", "0:00:00:005")
    found = frames(path)
    assert found.side is Side.RIGHT
    assert set(np.diff(found.time).tolist()) == {SECOND // 200}
    assert np.datetime64(int(found.time[0]), "ns") == np.datetime64("1970-01-01T23:59:59.985")
    assert frames(path).pressure[4].tolist() == [4, 2, 3, 4, 5, 6]


def test_motion_is_in_g_and_degrees_a_second_in_both(tmp_path: Path) -> None:
    for path in (app(tmp_path), sdk(tmp_path, "10:00:00:000", "10:00:00:005")):
        part = next(_measured(Recording(path)))
        assert part.channels["acc"][0].tolist() == pytest.approx([0.1, 0.2, 1.0])
        assert part.channels["gyro"][0].tolist() == [30, -40, 5]


def test_each_file_is_recognized_by_its_columns(tmp_path: Path) -> None:
    for path in (app(tmp_path), sdk(tmp_path, "10:00:00:000")):
        assert [name for name in IMPORTERS.names() if IMPORTERS.load(name).recognizes(path.read_bytes())] in (
            ["csv", "orphe"],
            ["orphe"],
        )


def test_a_name_that_does_not_tell_the_foot_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"sensor\.csv: is of one foot, .*; let it end in L or R, as in sensor-L\.csv"
    ):
        frames(app(tmp_path, "sensor.csv"))


def test_missing_readings_are_no_zeros(tmp_path: Path) -> None:
    path = app(tmp_path)
    lines = path.read_text().splitlines()
    lines[5] = lines[5].rsplit(",", 6)[0] + "," * 6
    lines[8] = lines[8].rsplit(",", 1)[0] + ","
    lines[11] = "rubbish"
    path.write_text("\n".join(lines))
    found = frames(path)
    assert len(found) == 18
    assert np.isnan(found.pressure).sum() == 1
    assert sum(i.corrupt for i in read_recording(path, "ann", form="orphe") if isinstance(i, Link)) == 1


def test_spreadsheets_are_read(tmp_path: Path) -> None:
    path = app(tmp_path)
    text = path.read_text().replace(",", ";").replace(".", ",").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert frames(path).time[3] == 1_700_000_000 * SECOND + 15_000_000
    assert next(_measured(Recording(path))).channels["acc"][0].tolist() == pytest.approx([0.1, 0.2, 1.0])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("press3", "press2", "line 1: columns 13 and 14 are both named 'press2'"),
        ("press3", "other", "line 1: has no column 'press3'; export it again"),
        ("1700000000", "17", "its times mean .* samples a second, which cannot be"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = app(tmp_path)
    text = path.read_text().replace(old, new)
    if new == "17":
        lines = path.read_text().splitlines()
        text = "\n".join([lines[0], *(f"{17 + 3 * k},{line.split(',', 1)[1]}" for k, line in enumerate(lines[1:]))])
    path.write_text(text)
    with pytest.raises(CorruptData, match=rf"sensor-left\.csv: {says}"):
        frames(path)


def test_the_places_are_those_of_the_facts(shared: Callable[..., Path]) -> None:
    lines = shared("vectors", "orphe-insole", "layout.csv").read_text().splitlines()
    table = [line.split(",") for line in lines if line[:1].isdigit()]
    sensors = load_profile("orphe-6").sensors
    assert sensors.ml.tolist() == [float(cells[4]) for cells in table]
    assert sensors.ap.tolist() == [float(cells[5]) for cells in table]
