from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.devices.calibration import Calibration, parse_calibration
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.link_setup import Subscribe, Wait, Write
from firmware_bridge.devices.profile import load_profile, parse_profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Side

DEMO = load_profile("demo-16").text
LINE = load_profile("insole-line").text


@pytest.mark.parametrize(
    ("text", "was", "becomes", "message"),
    [
        (DEMO, "[0.66, 0.20]", "[1.66, 0.20]", "sensors.positions[3]: ml must be between 0 and 1"),
        (DEMO, "[0.66, 0.20]", "[0.66, -0.2]", "sensors.positions[3]: ap must be between 0 and 1"),
        (DEMO, "areas_mm2 = [870, ", "areas_mm2 = [0, ", "sensors.areas_mm2[0]: Input should be greater than 0"),
        (DEMO, "areas_mm2 = [870, ", "areas_mm2 = [", "sensors: areas_mm2 has 15 values for 16 positions"),
        *(
            (DEMO, "rate_hz = 100", f"rate_hz = {rate}", f"shoe.toml: device.rate_hz: Input should be {should}")
            for rate, should in [
                *((rate, "greater than or equal to 1") for rate in ("0", "-100", "1e-320", "1e-10", "0.5")),
                *((rate, "less than or equal to 20000") for rate in ("1e300", "1e9")),
                *((rate, "a finite number") for rate in ("nan", "inf")),
            ]
        ),
        (DEMO, "stride = 44", "stride = 44, dt_ms = 1e-320", "layout.repeat.dt_ms: Input should be gr"),
        (
            DEMO,
            "stride = 44",
            "stride = 44, dt_ms = 1e300",
            "layout.repeat.dt_ms: Input should be less",
        ),
        (
            DEMO,
            "areas_mm2 = [870, ",
            "areas_mm2 = [1e300, ",
            "sensors.areas_mm2[0]: Input should be less",
        ),
        (
            LINE,
            'role = "pressure"',
            'role = "pressure", scale = 1e300',
            "text.columns[2].scale: Input should be less",
        ),
        (
            LINE,
            'role = "pressure"',
            'role = "pressure", offset = -1e300',
            "text.columns[2].offset: Input should be gr",
        ),
        (LINE, "[clock]", "[clock]\nunloaded_after_ms = 1e-320", "clock.unloaded_after_ms: Input should be greater"),
        (
            DEMO,
            "rate_hz = 100",
            "rate = 100",
            "device.rate_hz: is missing; device.rate: is not a key that is known here",
        ),
        (DEMO, 'unit = "kPa"', 'unit = "bar"', "device.unit: Input should be 'kPa', 'N' or 'raw'"),
        (DEMO, "[device]", "[device", "is not valid TOML: "),
        (DEMO, "stride = 44", "stride = 43", "layout: the gyro field ends behind repeat.stride = 43"),
        (DEMO, "length = 182", "length = 181", "the layout needs 182 bytes from byte 0"),
        (DEMO, "at = 185 }", "at = 186 }", "transport.serial.frame: checksum.at = 186 is outside"),
        (DEMO, 'head = "a55ab6"', 'head = "a55a b"', "transport.serial.frame.head: must be bytes as hexadecimal"),
        (
            DEMO,
            'kind = "stream"',
            'kind = "river"',
            "transport.serial.frame: kind must be one of notification, stream, lines",
        ),
        (DEMO, 'kind = "stream"', "", "transport.serial.frame: kind is missing; it is one of notification, stream, "),
        (DEMO, "areas_mm2 = [", "areas_mm2 = 7 # [", "sensors.areas_mm2: must be a list"),
        (DEMO, '"7d1a0001-', '"7d1a001-', "transport.ble.service: must be a UUID"),
        (DEMO, "(?P<side>[LR])", "(?P<side>[LR]", "transport.ble.name_regex: is not a regular expression"),
        (DEMO, 'write = "control", hex = "01"', 'write = "contrl", hex = "01"', "names the characteristic 'contrl'"),
        (DEMO, 'write = "control", hex = "01"', 'write = "control"', "transport.ble.start[1]: write needs hex or text"),
        (DEMO, "chars.data =", "chars.date =", "transport.ble: chars has no `data`"),
        (DEMO, 'role = "acc"', 'role = "gyro"', "layout: layout has the role 'gyro' more than once"),
        (DEMO, "count = 16,", "count = 15,", "layout.fields: pressure has count = 15, but it must be 16"),
        (DEMO, "bits = [0, 24]", "bits = [9, 24]", "layout.header[1]: bits [9, 24] do not fit into u32"),
        (DEMO, "at = 32, count = 3", "at = 30, count = 3", "acc lies on pressure in byte 36 of the notification frame"),
        (DEMO, "bits = [0, 24]", "bits = [0, 25]", "battery lies on time.ms in byte 5 of the notification frame"),
        (
            DEMO,
            "length = 182 }",
            'length = 184, checksum = { type = "sum16", over = [0, 180], at = 183 } }',
            "transport.ble.frame: checksum.at = 183 is outside of the frame",
        ),
        (
            DEMO,
            "length = 182 }",
            'length = 182, checksum = { type = "sum16", over = [0, 180], at = 180 } }',
            "gyro lies on the checksum in byte 180 of the notification frame",
        ),
        (DEMO, "payload = 3", "payload = 2", "sequence lies on the head in byte 2 of the stream frame"),
        (DEMO, "at = 185 }", "at = 184 }", "gyro lies on the checksum in byte 184 of the stream frame"),
        (DEMO, "scale = 0.1,", "scale = 0,", "layout.fields[0].scale: must not be 0"),
        (DEMO, 'role = "time.ms"', 'role = "battery"', "layout: layout has the role 'battery' more than once"),
        (LINE, '{ role = "time.ms", width = 32 },', "", "clock.source = 'device' needs a field with role = 'time.ms'"),
        (LINE, '"sequence", width', '"sequence", optional = "x", width', "the column 'sequence' cannot be optional"),
        (LINE, '"battery", optional = "battery"', '"battery", count = 2, optional = "b"', "battery has count = 2"),
    ],
)
def test_a_mistake_is_named_by_file_and_key(text: str, was: str, becomes: str, message: str) -> None:
    changed = text.replace(was, becomes, 1)
    assert changed != text
    with pytest.raises(ConfigError) as error:
        parse_profile(changed, "shoe.toml")
    assert str(error.value).startswith("shoe.toml: ")
    assert message in str(error.value)


def test_a_broken_file_is_named_by_line() -> None:
    with pytest.raises(ConfigError, match=r"shoe\.toml: is not valid TOML: .*line 2"):
        parse_profile('[device]\nid = "x\n', "shoe.toml")


def test_optional_groups_of_equal_size_cannot_be_told_apart() -> None:
    changed = LINE.replace(
        '"gyro", count = 3, decimals = 1, optional = "motion"', '"gyro", count = 3, optional = "turn"'
    )
    assert changed != LINE
    with pytest.raises(ConfigError, match="text: the optional columns cannot be told apart"):
        parse_profile(changed, "shoe.toml")


def test_a_profile_can_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(DEMO.replace('id = "demo-16"', 'id = "mine"'), encoding="utf-8")
    assert load_profile(str(path)).id == "mine"


@pytest.mark.parametrize("name", ["demo-61", "nowhere.toml", "../profile"])
def test_an_unknown_profile_says_which_there_are(name: str) -> None:
    with pytest.raises(ConfigError, match=r"there are brilliant-sole, demo-16, .*insole-line, |cannot be read"):
        load_profile(name)


def test_demo_16_is_what_it_says() -> None:
    profile = load_profile("demo-16")
    assert profile.sensors.count == 16
    assert (profile.rate_hz, profile.unit, profile.evidence) == (100, "kPa", "virtual")
    assert profile.full_scale == pytest.approx(1200)
    assert profile.sensors.area_mm2.sum() == pytest.approx(0.75 * 265 * 96, rel=0.01)
    assert set(profile.frames) == {"ble", "serial"}
    assert profile.transport.serial is not None
    assert profile.transport.serial.baud == 115200


def test_gaitpdb_positions_are_those_published() -> None:
    sensors = load_profile("gaitpdb-8").sensors
    published = [(-500, -800), (-700, -400), (-300, -400), (-700, 0), (-300, 0), (-700, 400), (-300, 400), (-500, 800)]
    assert sensors.ml.tolist() == [(700 - abs(x)) / 400 for x, _ in published]
    assert sensors.ap.tolist() == [(y + 800) / 1600 for _, y in published]


def test_missing_areas_are_equal_shares() -> None:
    sensors = load_profile("gaitpdb-8").sensors
    assert sensors.area_mm2.tolist() == pytest.approx([0.75 * 265 * 96 / 8] * 8)


def test_link_steps_are_ready_to_be_done() -> None:
    extra = DEMO.replace('start = [{ subscribe = "data" }, ', 'start = [{ subscribe = "data" }, { wait_s = 0.3 }, ')
    text = extra.replace('stop = [{ write = "control", hex = "00" }]', 'stop = [{ write = "control", text = "end" }]')
    link = parse_profile(text, "x").ble
    assert link is not None
    data, control = link.data, link.data.replace("0002-", "0003-")
    assert link.start == (Subscribe(data), Wait(0.3), Write(control, b"\x01"))
    assert link.stop == (Write(control, b"end"),)


def test_without_steps_the_data_are_subscribed() -> None:
    link = load_profile("insole-line").ble
    assert link is not None
    assert link.start == (Subscribe(link.data),)


def test_short_uuids_are_spelt_out_and_usb_ids_read() -> None:
    text = DEMO.replace('service = "7d1a0001-52c9-4f0e-9a43-6b1e5c0fd316"', 'service = "FFF0"')
    profile = parse_profile(text.replace("baud = 115200", 'baud = 9600\nusb = ["303A:1001"]'), "x")
    assert profile.ble is not None
    assert profile.ble.service == "0000fff0-0000-1000-8000-00805f9b34fb"
    assert profile.transport.serial is not None
    assert profile.transport.serial.usb_ids == ((0x303A, 0x1001),)


@pytest.mark.parametrize(
    ("profile", "name", "side"),
    [
        ("demo-16", "Insole demo L", Side.LEFT),
        ("demo-16", "Insole demo R 2", Side.RIGHT),
        ("demo-16", "Insole demo", None),
        ("demo-16", None, None),
        ("insole-line", "insole-Right", Side.RIGHT),
        ("insole-line", "Insole demo L", None),
    ],
)
def test_the_name_tells_device_and_side(profile: str, name: str | None, side: Side | None) -> None:
    link = load_profile(profile).ble
    assert link is not None
    assert link.side_of(name) == side
    assert link.matches(name) == (side is not None)


def test_a_device_without_name_rules_is_found_by_its_service_or_prefix() -> None:
    service = "7d1a0001-52c9-4f0e-9a43-6b1e5c0fd316"
    nameless = parse_profile(DEMO.replace('name_regex = "^Insole demo (?P<side>[LR])"', ""), "x").ble
    prefixed = parse_profile(
        DEMO.replace('name_regex = "^Insole demo (?P<side>[LR])"', 'name_prefix = ["INS"]'), "x"
    ).ble
    assert nameless is not None
    assert prefixed is not None
    assert nameless.matches(None, (service,))
    assert not nameless.matches("Insole demo L", ())
    assert prefixed.matches("INS-4")
    assert not prefixed.matches("PINS", (service,))


def test_calibration_survives_its_text() -> None:
    calibration = Calibration(zero=(0.1, -2.5e-7, 3), gain=(1, 2, 1e30))
    assert parse_calibration(calibration.text) == calibration
    assert Calibration().text == ""
    assert parse_calibration("") == Calibration()


def test_calibration_subtracts_then_scales_and_keeps_missing_readings() -> None:
    pressure = np.array([[3, np.nan]], np.float32)
    result = Calibration(zero=(1, 1), gain=(2, 2)).apply(pressure)
    assert result.tolist()[0][0] == 4
    assert np.isnan(result[0, 1])
    assert pressure[0, 0] == 3


@pytest.mark.parametrize("text", ["zeros = [1]", "zero = ['a']", "gain = [inf]", "zero = 1"])
def test_a_wrong_calibration_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match=r"cal\.toml: (zero|gain)"):
        parse_calibration(text, "cal.toml")


def test_a_calibration_of_another_insole_is_refused() -> None:
    with pytest.raises(ConfigError, match="zero has 3 values, but demo-16 has 16"):
        Insole("anna", Side.LEFT, load_profile("demo-16"), "virtual:", Calibration(zero=(1, 2, 3)))


def test_the_device_is_named_by_profile_and_calibration() -> None:
    profile = load_profile("demo-16")
    plain = Insole("anna", Side.LEFT, profile, "virtual:")
    zeroed = Insole("anna", Side.LEFT, profile, "virtual:", Calibration(zero=(1,) * 16))
    other = Insole("bert", Side.RIGHT, profile, "ble:")
    assert len(plain.device) == 12
    assert plain.device == other.device != zeroed.device
    row = zeroed.device_row(5)
    assert (row.time, row.wearer, row.side, row.device) == (5, "anna", Side.LEFT, zeroed.device)
    assert parse_profile(row.profile, "stored").id == "demo-16"
    assert parse_calibration(row.calibration) == zeroed.calibration
