"""Which foot a Bluetooth insole is on, where its name does not tell: it is asked, and never guessed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from itertools import permutations

import pytest
from bleak import BleakClient

from firmware_bridge.devices.profile import Profile, parse_profile
from firmware_bridge.errors import Unavailable
from firmware_bridge.model import Side
from firmware_bridge.sources import open_source
from tests.benchmarks.ble_bench import LEFT, RIGHT, URL, Bench, run_on_bench
from tests.walkers.steady import PROFILES

DEMO = PROFILES["demo-16"].text
ADDRESS = {LEFT: "C4:00:00:00:00:01", RIGHT: "C4:00:00:00:00:02"}


def changed(*keys: str, without: tuple[str, ...] = ("name_regex",)) -> Profile:
    """Return the demo profile with other keys in [transport.ble]."""
    head, table, rest = DEMO.partition("[transport.ble]\n")
    kept = "\n".join(line for line in rest.split("\n") if not line.startswith(without))
    return parse_profile(head + table + "\n".join(keys) + "\n" + kept, "test.toml")


READ = changed(
    'name_prefix = ["INS"]',
    'chars.info = "24354f22-1c46-430e-a4ab-a1eeabbcdfc0"',
    'side = { read = "info", at = 1, bit = 0, map = { 0 = "left", 1 = "right" } }',
    'battery = { read = "info", at = 0 }',
)
ASKED = changed(
    'name_prefix = ["Sole"]',
    'chars.tx = "ea6d1001-a725-4f9b-893d-c3913e33b39f"',
    'side = { ask = "tx", hex = "060000", answer = "data", head = "06", at = 3, map = { 0 = "left", 1 = "right" } }',
)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return partial(run_on_bench, monkeypatch)


@pytest.mark.parametrize("profile", [READ, ASKED], ids=["read", "asked"])
@pytest.mark.parametrize("order", list(permutations(Side)), ids=lambda order: f"{order[0]} first")
def test_each_foot_gets_its_own_insole_in_whatever_order_they_are_connected(
    bench: Callable[..., None], profile: Profile, order: tuple[Side, Side]
) -> None:
    async def story(bench: Bench) -> None:
        for side in order:
            async with open_source(URL, bench.insole(side), bench.clock) as packets:
                while not (await anext(packets)).data:
                    pass
                assert bench.connected(side)
                assert not bench.connected(side.other)

    bench(story, profile=profile)


@pytest.mark.parametrize("profile", [READ, ASKED], ids=["read", "asked"])
def test_both_feet_at_once_stream_without_loss(bench: Callable[..., None], profile: Profile) -> None:
    async def story(bench: Bench) -> None:
        bench.listen(RIGHT, LEFT)
        await bench.until(lambda: all(len(bench.data(side)) > 50 for side in Side))
        assert bench.losses == {LEFT: [], RIGHT: []}
        assert bench.sessions == {LEFT: 1, RIGHT: 1}

    bench(story, profile=profile)


def test_an_insole_of_the_other_foot_is_asked_once_and_again_after_a_while(
    bench: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    dialed: list[str] = []
    connect = BleakClient.connect

    async def noted(client: BleakClient, **options: object) -> None:
        dialed.append(client.address)
        await connect(client, **options)

    async def story(bench: Bench) -> None:
        monkeypatch.setattr(BleakClient, "connect", noted)
        bench.fault("out", LEFT)
        for pause, asked in ((1, 1), (1, 1), (130, 1), (0, 2)):
            with pytest.raises(Unavailable, match="the left insole was not found in 3 s"):
                await _open(bench, LEFT, f"{URL}&timeout=3")
            assert dialed == [ADDRESS[RIGHT]] * asked
            await asyncio.sleep(pause)

    bench(story, profile=READ)


@pytest.mark.parametrize("profile", [READ, ASKED], ids=["read", "asked"])
def test_two_that_say_to_be_the_same_foot_are_named_with_a_remedy(bench: Callable[..., None], profile: Profile) -> None:
    async def story(bench: Bench) -> None:
        bench.listen(RIGHT)
        await bench.until(lambda: bench.sessions[RIGHT] == 1)
        with pytest.raises(Unavailable) as error:
            await _open(bench, LEFT, f"{URL}&timeout=3")
        for address in ADDRESS.values():
            assert address in str(error.value)
        assert "all say that they are the right one" in str(error.value)
        assert "maker's app, or name each by address: ble:?address=C4:" in str(error.value)

    bench(story, profile=profile, devices={LEFT: {"says": RIGHT}})


def test_one_that_is_named_by_its_address_is_taken_at_the_user_s_word_and_that_is_said(
    bench: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    async def story(bench: Bench) -> None:
        await _open(bench, LEFT, f"ble:?address={ADDRESS[LEFT]}&backend=bumble:test")

    bench(story, profile=READ, devices={LEFT: {"says": RIGHT}})
    assert f"({ADDRESS[LEFT]}) says that it is the right one, but it is set as the other" in caplog.text


def test_one_that_does_not_tell_its_foot_is_passed_over_and_that_is_said(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        bench.fault("out", LEFT)
        bench.insoles[RIGHT].dialog.reading = lambda uuid: b""  # type: ignore[method-assign]
        with pytest.raises(Unavailable, match="C4:00:00:00:00:02 does not tell whether it is left or right"):
            await _open(bench, LEFT, f"{URL}&timeout=3")
        bench.fault("back", LEFT)
        await _open(bench, LEFT, URL)

    bench(story, profile=READ)


def test_one_that_does_not_answer_is_passed_over(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        bench.insoles[RIGHT].dialog.write = lambda uuid, value: None  # type: ignore[method-assign]
        bench.fault("out", LEFT)
        with pytest.raises(Unavailable, match="does not tell its foot: no answer"):
            await _open(bench, LEFT, f"{URL}&timeout=3")

    bench(story, profile=ASKED)


def test_manufacturer_data_find_a_device_and_another_byte_is_another_device(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        await _open(bench, LEFT, URL)
        other = changed(*(key.replace("equals = 3", "equals = 4") for key in maker))
        bench.profile = other
        with pytest.raises(Unavailable, match="was not found"):
            await _open(bench, LEFT, f"{URL}&timeout=1")

    maker = [
        "manufacturer = { company = 0x5242, at = 1, equals = 3 }",
        'chars.info = "24354f22-1c46-430e-a4ab-a1eeabbcdfc0"',
        'side = { read = "info", at = 0, map = { 7 = "left", 9 = "right" } }',
    ]
    bench(story, profile=changed(*maker))


def test_the_log_says_once_who_made_an_insole(bench: Callable[..., None], caplog: pytest.LogCaptureFixture) -> None:
    async def story(bench: Bench) -> None:
        for _ in range(2):
            await _open(bench, LEFT, URL)

    with caplog.at_level(logging.INFO, "firmware_bridge.sources.ble.source"):
        bench(story, profile=READ)
    said = [r.getMessage() for r in caplog.records if r.name == "firmware_bridge.sources.ble.source"]
    told = "maker virtual, model demo-16, firmware 1.0, serial number 1"
    assert said == [f"the left insole is {ADDRESS[LEFT]}: {told}"]


async def _open(bench: Bench, side: Side, url: str) -> None:
    async with open_source(url, bench.insole(side), bench.clock) as packets:
        await anext(packets)
        assert bench.connected(side)
