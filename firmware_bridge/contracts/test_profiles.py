"""What holds for every profile: what it says is sound, and what it speaks can be read back."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.codec.round_trip import BATTERY_PCT, FIRST_SAMPLE, packets_of, specimen
from firmware_bridge.codec.wire import sample_spacing
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile, builtin_profiles, load_profile, parse_profile
from firmware_bridge.devices.schema.values import UNITS
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Frames, Packet, Side


class TestProfiles:
    """Of every built-in profile, or of those that `--profile` names."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give a test each profile, and each link and foot of which it speaks."""
        names = metafunc.config.getoption("profile", None) or builtin_profiles()
        profiles = [load_profile(name) for name in names]
        if "link" in metafunc.fixturenames:
            spoken = [(p, link, side) for p in profiles for link in p.frames for side in Side if speaks(p, link, side)]
            ids = [f"{profile.id}-{link}-{side}" for profile, link, side in spoken]
            metafunc.parametrize(("profile", "link", "side"), spoken, ids=ids)
        else:
            metafunc.parametrize("profile", profiles, ids=[profile.id for profile in profiles])

    def test_its_geometry_is_sound(self, profile: Profile) -> None:
        sensors = profile.sensors
        assert sensors.ml.shape == sensors.ap.shape == sensors.area_mm2.shape == (sensors.count,)
        for places in (sensors.ml, sensors.ap):
            assert np.all((places >= 0) & (places <= 1))
        assert np.all(sensors.area_mm2 > 0)
        assert 0.6 < sensors.area_mm2.sum() / (profile.length_mm * profile.width_mm) < 0.85
        assert len({*zip(sensors.ml, sensors.ap, strict=True)}) == sensors.count
        assert profile.full_scale > 0

    def test_its_text_alone_makes_it_again(self, profile: Profile) -> None:
        again = parse_profile(profile.text, "stored")
        insoles = [Insole("anna", Side.LEFT, one, "virtual:") for one in (profile, again)]
        assert insoles[0].device == insoles[1].device

    def test_what_it_encodes_it_decodes(self, profile: Profile, link: str, side: Side) -> None:
        given, packets = wire(profile, link, side)
        decoder = _opened(profile, link, side)
        frames = decoder.whole(packets)
        assert frames is not None
        assert np.abs(frames.time - given.time).max() <= _stamped_within(profile)
        assert np.array_equal(np.isnan(frames.pressure), np.isnan(given.pressure))
        assert np.nanmax(np.abs(frames.pressure - given.pressure)) <= _half_a_step(profile)
        assert decoder.counts == (len(given), 0, 0, 0, 0)
        assert decoder.battery_pct == BATTERY_PCT or not _of_role(profile, "battery")
        assert (decoder.trouble, decoder.refusals) == ("", [])

    def test_what_was_decoded_is_encoded_to_the_same(self, profile: Profile, link: str, side: Side) -> None:
        given, packets = wire(profile, link, side)
        frames = _opened(profile, link, side).whole(packets)
        assert frames is not None
        again = Frames("anna", side, "", given.time, frames.pressure, acc=frames.acc, gyro=frames.gyro)
        assert packets_of(profile, link, again) == packets

    def test_silence_and_noise_are_survived(self, profile: Profile, link: str, side: Side) -> None:
        given, packets = wire(profile, link, side)
        decoder = _opened(profile, link, side)
        assert decoder.feed([]) is None
        assert decoder.feed([Packet(FIRST_SAMPLE, b"")] * 3) is None
        noise = [Packet(FIRST_SAMPLE, bytes([7, 200, 10, 13]) * 3), Packet(FIRST_SAMPLE, b"\n")]
        assert decoder.whole([*packets[:20], *noise, *packets[20:]]) is not None
        assert decoder.counts.received == len(given)
        assert decoder.counts.corrupt > 0
        assert decoder.refusals
        assert math.isfinite(decoder.battery_pct) == bool(_of_role(profile, "battery"))

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(cuts=st.lists(st.integers(1, 49), max_size=6, unique=True))
    def test_how_packets_are_batched_changes_nothing(
        self, profile: Profile, link: str, side: Side, cuts: list[int]
    ) -> None:
        _, packets = wire(profile, link, side)
        whole = _opened(profile, link, side).whole(packets)
        decoder, edges = _opened(profile, link, side), [0, *sorted(cuts), len(packets)]
        parts = [*(decoder.feed(packets[a:b]) for a, b in itertools.pairwise(edges)), decoder.finish()]
        pieces = Frames.concatenate([part for part in parts if part is not None])
        assert whole is not None
        assert np.array_equal(whole.time, pieces.time)
        assert np.array_equal(whole.pressure, pieces.pressure, equal_nan=True)

    def test_a_link_that_it_does_not_speak_is_named(self, profile: Profile) -> None:
        insole = Insole("anna", Side.LEFT, profile, "smoke:")
        with pytest.raises(ConfigError, match=f"{profile.id} does not speak 'smoke'"):
            Decoder(insole, "smoke")
        with pytest.raises(ConfigError, match=f"{profile.id} does not speak 'smoke'"):
            Encoder(profile, Side.LEFT, "smoke")


def _opened(profile: Profile, link: str, side: Side) -> Decoder:
    """Return what reads a profile's packets of one foot."""
    return Decoder(Insole("anna", side, profile, "virtual:"), link)


def speaks(profile: Profile, link: str, side: Side) -> bool:
    """Tell whether a profile says anything of a foot: one may be of a device for one foot only."""
    try:
        Encoder(profile, side, link)
    except ConfigError:
        return False
    return True


def wire(profile: Profile, link: str, side: Side) -> tuple[Frames, list[Packet]]:
    """Return samples that the wire can hold, a missing one where it can be told, and the packets that carry them."""
    given, packets = specimen(profile, side, link)
    if not _tells_missing(profile):
        return given, packets
    given.pressure[1, 0] = np.nan
    return given, packets_of(profile, link, given)


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


def _tells_missing(profile: Profile) -> bool:
    """Tell whether a missing reading can be sent: in a text it always can, in bytes it takes a number that means it."""
    return profile.table.text is not None or any(value["missing"] for value in _of_role(profile, "pressure"))


def _stamped_within(profile: Profile) -> int:
    """Return by how many ns its stamps may miss the samples: not at all unless they lie between milliseconds."""
    return 0 if sample_spacing(profile) % 1_000_000 == 0 else 1_000_000


def _half_a_step(profile: Profile) -> float:
    """Return half of what lies between two numbers on the wire; where a curve bends them, that is not one number."""
    fields = _of_role(profile, "pressure")
    if any(value["curve"] for value in fields):
        return math.inf
    units = [UNITS[value["unit"]].factor if value["unit"] else 1.0 for value in fields]
    return 0.501 * max(1.0, *(_widest(value["scale"]) * unit for value, unit in zip(fields, units, strict=True)))


def _widest(scale: float | Sequence[float]) -> float:
    return max(abs(one) for one in (scale if isinstance(scale, Sequence) else [scale]))
