"""A profile that does not read what it writes is told so, and why."""

from __future__ import annotations

import re

import pytest

from firmware_bridge.authoring.round_trip_check import check_round_trip
from firmware_bridge.devices.profile import builtin_profiles, load_profile, parse_profile
from firmware_bridge.errors import ConfigError

HEAD = """
[device]
id = "mine"
name = "Mine"
evidence = "unconfirmed on hardware"
rate_hz = 100
unit = "raw"

[sensors]
positions = [[0.5, 0.1], [0.2, 0.7], [0.8, 0.7]]

[transport.serial.frame]
kind = "stream"
length = 12
head = ""
checksum = { type = "crc16-modbus", over = [0, 10], at = 10 }
"""
COUNTED = """
[layout]
header = [{ role = "ROLE", type = "u16", at = AT }]
fields = [{ role = "pressure", type = "u16", at = 4, count = 3, saturated = 4095 }]
"""
NOTIFIED = HEAD.replace('"stream"', '"notification"').replace('head = ""\n', "")


def layout(role: str, at: int) -> str:
    return COUNTED.replace("ROLE", role).replace("AT", str(at))


@pytest.mark.parametrize("name", builtin_profiles())
def test_a_built_in_profile_reads_what_it_writes(name: str) -> None:
    assert check_round_trip(load_profile(name)) == []


@pytest.mark.parametrize(("role", "at", "byte"), [("sequence", 0, 0), ("time.ms", 1, 1)])
def test_a_stream_that_begins_with_a_counter_cannot_be_found_and_is_refused(role: str, at: int, byte: int) -> None:
    with pytest.raises(ConfigError) as error:
        parse_profile(HEAD + layout(role, at), "mine.toml")
    assert str(error.value) == (
        f"mine.toml: a stream without a head is found by the 2 bytes that all packets begin with, but {role} counts in "
        f'byte {byte}; on a link that keeps packets whole, such as Bluetooth, write kind = "notification" with the '
        "checksum"
    )


def test_the_remedy_helps() -> None:
    assert check_round_trip(parse_profile(NOTIFIED + layout("sequence", 0), "mine.toml")) == []


def test_a_stream_that_begins_with_a_reading_is_told() -> None:
    text = HEAD + layout("sequence", 6).replace("at = 4, count", "at = 0, count")
    for side, said in zip(("left", "right"), check_round_trip(parse_profile(text, "mine.toml")), strict=True):
        assert re.fullmatch(
            rf"serial, {side} foot: \d+ of 300 packets that the profile writes itself are not read: no two packets in "
            r"a row are valid and begin with the same 2 bytes(; there is no head .* where a packet should begin)?",
            said,
        )


def test_a_sentinel_within_the_range_is_told() -> None:
    text = NOTIFIED + layout("sequence", 0).replace("saturated = 4095", "clip = [0, 9], missing = [7]")
    for side, said in zip(("left", "right"), check_round_trip(parse_profile(text, "mine.toml")), strict=True):
        assert re.fullmatch(
            rf"serial, {side} foot: \d+ of 900 pressures that the profile writes itself are read as missing", said
        )


def test_a_profile_of_one_foot_is_tried_on_that_foot() -> None:
    text = (
        HEAD.partition("[transport")[0]
        + """
[transport.serial]
frame = { kind = "lines" }

[text]
separator = ","
columns = [{ role = "pressure", count = 3, side = "right" }]
"""
    )
    assert check_round_trip(parse_profile(text, "mine.toml")) == []
