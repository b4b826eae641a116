"""What holds for every built-in profile: what it says is sound, and what it speaks can be read back."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.codec.wire import sample_spacing
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile, builtin_profiles, load_profile, parse_profile
from firmware_bridge.devices.schema.profile import LinesFrame
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import SECOND, Frames, Packet, Side

PROFILES = builtin_profiles()
LIVE = [(name, link) for name in PROFILES for link in load_profile(name).frames]
START = 1_700_000_000 * SECOND


@pytest.mark.parametrize("name", PROFILES)
def test_its_geometry_is_sound(name: str) -> None:
    profile = load_profile(name)
    sensors = profile.sensors
    assert profile.id == name
    assert sensors.ml.shape == sensors.ap.shape == sensors.area_mm2.shape == (sensors.count,)
    for places in (sensors.ml, sensors.ap):
        assert np.all((places >= 0) & (places <= 1))
    assert np.all(sensors.area_mm2 > 0)
    assert 0.6 < sensors.area_mm2.sum() / (profile.length_mm * profile.width_mm) < 0.85
    assert len({*zip(sensors.ml, sensors.ap, strict=True)}) == sensors.count
    assert profile.full_scale > 0
    assert profile.rate_hz >= 50


@pytest.mark.parametrize("name", PROFILES)
def test_its_text_alone_makes_it_again(name: str) -> None:
    profile = load_profile(name)
    again = parse_profile(profile.text, "stored")
    insoles = [Insole("anna", Side.LEFT, one, "virtual:") for one in (profile, again)]
    assert insoles[0].device == insoles[1].device


@pytest.mark.parametrize("name", PROFILES)
def test_a_mistake_in_any_key_is_named(name: str) -> None:
    text = load_profile(name).text
    code = re.sub(r"(?m)#(?!insole).*$", lambda match: " " * len(match[0]), text)
    keys = list(re.finditer(r"(?<![\w.])([a-z][a-z_0-9.]*) = ", code))
    keys = [match for match in keys if not match[1].startswith("chars.") and not _in_expect(code, match.start())]
    assert len(keys) > 5
    for match in keys:
        wrong = match[1] + "x"
        with pytest.raises(ConfigError) as error:
            parse_profile(text[: match.start()] + wrong + text[match.end(1) :], "shoe.toml")
        message = str(error.value)
        assert message.startswith("shoe.toml: ")
        assert wrong in message or match[1] in message, message


def _in_expect(code: str, at: int) -> bool:
    line = code[code.rfind("\n", 0, at) + 1 : at]
    return "expect = {" in line


def wire(profile: Profile, link: str, packets: int = 50) -> tuple[Frames, list[Packet]]:
    """Return samples that the wire can hold, and the packets that carry them."""
    encoder = Encoder(profile, Side.LEFT, link)
    n = packets * encoder.samples_per_packet
    rng = np.random.default_rng(7)
    top = min(profile.full_scale, 1000.0)
    given = Frames(
        "anna",
        Side.LEFT,
        "",
        time=START + np.arange(n) * sample_spacing(profile),
        pressure=rng.uniform(0, top, (n, profile.sensors.count)).astype(np.float32),
        acc=rng.uniform(-8, 8, (n, 3)).astype(np.float32),
        gyro=rng.uniform(-500, 500, (n, 3)).astype(np.float32),
    )
    if _tells_missing(profile):
        given.pressure[1, 0] = np.nan
    data = encoder.packets(given.time - START, given.pressure, given.acc, given.gyro, 63)
    if _begins_in_the_middle(profile, link):
        data[0] = b"\n" + data[0]  # what ends the line under way, which is left out
    times = given.time[encoder.samples_per_packet - 1 :: encoder.samples_per_packet].tolist()
    return given, [Packet(time, packet) for time, packet in zip(times, data, strict=True)]


def _begins_in_the_middle(profile: Profile, link: str) -> bool:
    """Tell whether the first line of a link may be the rest of one: unless an announcement comes first."""
    frame, text = profile.frames[link], profile.table.text
    return isinstance(frame, LinesFrame) and frame.cut and (text is None or text.announce is None)


def _values(table: object) -> Iterator[dict[str, Any]]:
    """Yield every value of a profile's table that has a role."""
    if isinstance(table, dict):
        if isinstance(table.get("role"), str):
            yield table
        for part in table.values():
            yield from _values(part)
    elif isinstance(table, list | tuple):
        for part in table:
            yield from _values(part)


def _of_role(profile: Profile, role: str) -> list[dict[str, Any]]:
    return [value for value in _values(profile.table.model_dump()) if value["role"] == role]


def _has_battery(profile: Profile) -> bool:
    return bool(_of_role(profile, "battery"))


def _tells_missing(profile: Profile) -> bool:
    """Tell whether a missing reading can be sent: in a text it always can, in bytes it takes a number that means it."""
    return profile.table.text is not None or any(value["missing"] for value in _of_role(profile, "pressure"))


def _stamped_within(profile: Profile) -> int:
    """Return by how many ns its stamps may miss the samples: not at all unless they lie between milliseconds."""
    return 0 if sample_spacing(profile) % 1_000_000 == 0 else 1_000_000


def _half_a_step(profile: Profile) -> float:
    return 0.501 * max(1.0, *(_widest(value["scale"]) for value in _of_role(profile, "pressure")))


def _widest(scale: float | Sequence[float]) -> float:
    return max(abs(one) for one in (scale if isinstance(scale, Sequence) else [scale]))


@pytest.mark.parametrize(("name", "link"), LIVE)
def test_what_it_encodes_it_decodes(name: str, link: str) -> None:
    profile = load_profile(name)
    given, packets = wire(profile, link)
    decoder = Decoder(Insole("anna", Side.LEFT, profile, "virtual:"), link)
    frames = decoder.feed(packets)
    assert frames is not None
    assert np.abs(frames.time - given.time).max() <= _stamped_within(profile)
    assert np.array_equal(np.isnan(frames.pressure), np.isnan(given.pressure))
    assert np.nanmax(np.abs(frames.pressure - given.pressure)) <= _half_a_step(profile)
    assert decoder.counts == (len(given), 0, 0, 0)
    assert decoder.battery_pct == 63 or not _has_battery(profile)
    assert decoder.trouble == ""


@pytest.mark.parametrize(("name", "link"), LIVE)
def test_what_was_decoded_is_encoded_to_the_same(name: str, link: str) -> None:
    profile = load_profile(name)
    given, packets = wire(profile, link)
    frames = Decoder(Insole("anna", Side.LEFT, profile, "virtual:"), link).feed(packets)
    assert frames is not None
    again = Encoder(profile, Side.LEFT, link)
    data = again.packets(given.time - START, frames.pressure, frames.acc, frames.gyro, 63)
    if _begins_in_the_middle(profile, link):
        data[0] = b"\n" + data[0]
    assert data == [packet.data for packet in packets]


@pytest.mark.parametrize(("name", "link"), LIVE)
def test_silence_and_noise_are_survived(name: str, link: str) -> None:
    profile = load_profile(name)
    given, packets = wire(profile, link)
    decoder = Decoder(Insole("anna", Side.LEFT, profile, "virtual:"), link)
    assert decoder.feed([]) is None
    assert decoder.feed([Packet(START, b"")] * 3) is None
    noise = [Packet(START, bytes([7, 200, 10, 13]) * 3), Packet(START, b"\n")]
    received = [decoder.feed(part) for part in (packets[:20], noise, packets[20:])]
    assert received[1] is None
    assert decoder.counts.received == len(given)
    assert decoder.counts.corrupt > 0
    assert math.isfinite(decoder.battery_pct) == _has_battery(profile)


@pytest.mark.parametrize("name", PROFILES)
def test_a_link_that_it_does_not_speak_is_named(name: str) -> None:
    profile = load_profile(name)
    insole = Insole("anna", Side.LEFT, profile, "smoke:")
    with pytest.raises(ConfigError, match=f"{name} does not speak 'smoke'"):
        Decoder(insole, "smoke")
    with pytest.raises(ConfigError, match=f"{name} does not speak 'smoke'"):
        Encoder(profile, Side.LEFT, "smoke")
