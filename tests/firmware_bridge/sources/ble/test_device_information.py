"""What is said with a Bluetooth insole beside its packets: battery, clock, room in a packet, connection interval."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest

from firmware_bridge.bridge.insole import bridge_insole
from firmware_bridge.devices.link_setup import WriteClock
from firmware_bridge.devices.profile import parse_profile
from firmware_bridge.errors import ConfigError, Unavailable
from firmware_bridge.model import SECOND, Side
from firmware_bridge.sources import open_source
from firmware_bridge.virtual.links.ble.air import AirController
from firmware_bridge.virtual.links.ble.names import name_for
from tests.benchmarks.ble_bench import LEFT, URL, Bench, Kept, run_on_bench, without_threads
from tests.firmware_bridge.sources.ble.test_feet import READ, changed
from tests.stand_ins.timewarp import EPOCH
from tests.walkers.steady import PROFILES

HOUR = 3600
DEMO = PROFILES["demo-16"].text
SILENT = changed(without=('  { role = "battery"',))  # its packets do not tell the battery


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return partial(run_on_bench, monkeypatch)


async def _battery(packets: Any, bench: Bench, seconds: float) -> float:
    """Listen for a while; return what is known of the battery then."""
    until = bench.clock.now() + seconds * SECOND
    while (await anext(packets)).time < until:
        pass
    return float(packets.battery_pct)


def test_the_battery_service_is_read_and_its_changes_are_heard(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        async with open_source(URL, bench.insole(LEFT), bench.clock) as packets:
            assert packets.battery_pct == 96
            bench.insoles[LEFT]._firmware._charged -= 5 * HOUR * SECOND
            assert await _battery(packets, bench, 1) == 76

    bench(story)


def test_a_battery_byte_is_read_again_every_minute(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        async with open_source(URL, bench.insole(LEFT), bench.clock) as packets:
            assert packets.battery_pct == 96
            bench.insoles[LEFT]._firmware._charged -= 5 * HOUR * SECOND
            assert await _battery(packets, bench, 30) == 96
            assert await _battery(packets, bench, 35) == 76

    bench(story, profile=READ)


@pytest.mark.parametrize(("value", "percent"), [(b"", math.nan), (b"\xff", math.nan), (b"\x07", 7.0)])
def test_only_a_percentage_is_a_battery(bench: Callable[..., None], value: bytes, percent: float) -> None:
    async def story(bench: Bench) -> None:
        bench.insoles[LEFT].dialog.battery = lambda *_: value  # type: ignore[method-assign]
        read = bench.insoles[LEFT]._offer.battery
        assert read is not None
        read.value = value
        async with open_source(URL, bench.insole(LEFT), bench.clock) as packets:
            assert packets.battery_pct == pytest.approx(percent, nan_ok=True)

    bench(story)


def _bridged(monkeypatch: pytest.MonkeyPatch, story: Callable[[Bench, Kept], Any], **options: Any) -> Kept:
    """Run a story beside the left insole's bridge."""
    kept = Kept()

    async def told(bench: Bench) -> None:
        bench.group.create_task(bridge_insole(bench.insole(LEFT, URL), kept, bench.clock))  # type: ignore[arg-type]
        await story(bench, kept)

    without_threads(monkeypatch)
    run_on_bench(monkeypatch, told, **options)
    return kept


def test_the_battery_is_in_the_account_of_every_second(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Bench, kept: Kept) -> None:
        await asyncio.sleep(10)
        assert [row.battery_pct for row in kept.links[1:]] == [96.0] * len(kept.links[1:])
        assert len(kept.links) > 5

    _bridged(monkeypatch, story, profile=SILENT)


def test_packets_of_unknown_firmware_are_counted_and_said_and_never_fatal(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(bench: Bench, kept: Kept) -> None:
        firmware = bench.insoles[LEFT]._firmware
        packets = firmware.packets
        firmware.packets = lambda: [packet[:-3] for packet in packets()]  # type: ignore[method-assign]
        await asyncio.sleep(10)
        rows = [row for row in kept.links if row.connected]
        assert sum(row.corrupt for row in rows) > 100
        assert sum(row.received for row in rows) == 0
        firmware.packets = packets  # type: ignore[method-assign]
        await asyncio.sleep(5)
        assert kept.links[-1].received > 50
        assert kept.links[-1].reconnects == 0

    _bridged(monkeypatch, story)
    assert "bytes came, but no packet of profile demo-16 in them" in caplog.text


def test_a_device_that_is_lost_keeps_its_battery_in_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Bench, kept: Kept) -> None:
        await asyncio.sleep(5)
        bench.fault("out", LEFT)
        await asyncio.sleep(30)
        lost = [row for row in kept.links if not row.connected]
        assert len(lost) > 10
        assert {row.battery_pct for row in lost} == {96.0}
        bench.fault("back", LEFT)
        await asyncio.sleep(30)
        assert kept.links[-1].reconnects == 1
        assert kept.links[-1].received > 50

    _bridged(monkeypatch, story, profile=SILENT)


def test_a_clock_is_set_to_the_host_s_local_time(bench: Callable[..., None]) -> None:
    time = "f53eeeb1-b2e8-492a-9673-10e0f1c29026"
    pack = '["u8:year-2000", "u8:month", "u8:day", "u8:hour", "u8:minute", "u8:second", "u8:ms/10"]'
    steps = [
        '{ read = "info" }',
        f'{{ write = "time", pack = {pack} }}',
        '{ write = "control", text = "%Y/%m/%d %H:%M:%S" }',
        '{ subscribe = "data" }',
        '{ write = "control", hex = "01" }',
    ]
    profile = changed(
        f'chars.time = "{time}"',
        'chars.info = "24354f22-1c46-430e-a4ab-a1eeabbcdfc0"',
        f"start = [{', '.join(steps)}]",
        without=("start",),
    )

    async def story(bench: Bench) -> None:
        async with open_source(URL, bench.insole(LEFT), bench.clock) as packets:
            while not (await anext(packets)).data:
                pass
        written = dict(bench.insoles[LEFT].dialog.written[:2])
        local = datetime.fromtimestamp(EPOCH / SECOND, UTC).astimezone()
        packed, text = written[time], next(v for u, v in written.items() if u != time)
        for told in (
            datetime(*(packed[0] + 2000, *packed[1:6], packed[6] * 10_000), tzinfo=local.tzinfo),  # type: ignore[misc]
            datetime.strptime(text.decode(), "%Y/%m/%d %H:%M:%S").replace(tzinfo=local.tzinfo),
        ):
            assert timedelta(0) <= told - local < timedelta(seconds=10)

    bench(story, profile=profile)


def test_numbers_of_a_clock_have_the_bytes_that_the_profile_says() -> None:
    now = datetime(2026, 11, 23, 4, 5, 6, 789_000, timezone(timedelta(hours=2)))
    step = WriteClock(
        "x", "", ("u16:year", "u16be:year", "u8:ms/10", "u8:7", "u32be:epoch_s", "u64:epoch_ms", "u8:year")
    )
    seconds = int(now.timestamp())
    expected = b"\xea\x07\x07\xea" + bytes([78, 7]) + seconds.to_bytes(4, "big")
    expected += (seconds * 1000 + 789).to_bytes(8, "little") + b"\xea"
    assert step.data(now) == expected


@pytest.mark.parametrize(("byte", "side"), [(0b1000, Side.RIGHT), (0b0111, LEFT), (0b1111, Side.RIGHT)])
def test_one_bit_of_a_byte_may_tell_the_foot(byte: int, side: Side) -> None:
    table = 'side = { read = "data", at = 1, bit = 3, map = { 0 = "left", 1 = "right" } }'
    link = changed(table).ble
    assert link is not None
    assert link.side is not None
    assert link.side.side(bytes([0xFF, byte])) is side
    assert link.side.side(bytes([0xFF])) is None


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ('start = [{ write = "control", pack = ["u8:years"] }]', 'pack[0]: must be like "u8:month"'),
        ('start = [{ write = "control", pack = ["u8:year/0"] }]', "divides by 0"),
        ('start = [{ write = "control", pack = [], hex = "01" }]', "start[0]"),
        ('start = [{ read = "info" }]', "a step names the characteristic 'info'"),
        ('side = { read = "data", at = 0, map = { 0 = "left" } }', "side.map"),
        ('side = { read = "data", at = 0, bit = 1, map = { 0 = "left", 2 = "right" } }', "side.map has 2, which a bit"),
        ('side = { ask = "control", at = 0, map = { 0 = "left", 1 = "right" } }', "side has read, or ask with hex and"),
        ('battery = { read = "info" }', "battery names the characteristic 'info'"),
        ("mtu = 22", "mtu"),
    ],
)
def test_a_mistake_in_the_link_is_named_by_its_key(keys: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        changed(keys, without=("start",))
    assert message in str(error.value)
    assert str(error.value).startswith("test.toml: transport.ble")


@pytest.mark.parametrize(("most", "warned"), [(64, True), (517, False)])
def test_a_connection_with_too_little_room_is_said(
    bench: Callable[..., None], caplog: pytest.LogCaptureFixture, most: int, warned: bool
) -> None:
    async def story(bench: Bench) -> None:
        async with open_source(URL, bench.insole(LEFT), bench.clock):
            pass

    bench(story, profile=changed("mtu = 185", without=("mtu",)), devices={LEFT: {"mtu": most}})
    assert ("takes 61 bytes at once (MTU 64), but its packets need MTU 185" in caplog.text) is warned


def test_indications_are_as_good_as_notifications(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        bench.listen(LEFT)
        await bench.until(lambda: len(bench.data(LEFT)) > 20)

    bench(story, devices={LEFT: {"indicate": True}})


@pytest.mark.parametrize(
    ("option", "interval"), [("", (15, 30)), ("&interval_ms=15", (15, 15)), ("&interval_ms=7.5", (7.5, 7.5))]
)
def test_a_dongle_is_asked_for_a_connection_interval(
    bench: Callable[..., None], monkeypatch: pytest.MonkeyPatch, option: str, interval: tuple[float, float]
) -> None:
    asked: list[tuple[float, float]] = []
    connect = AirController.on_hci_le_create_connection_command

    def noted(controller: AirController, command: Any) -> Any:
        ms = 1.25  # the unit of HCI
        asked.append((ms * command.connection_interval_min, ms * command.connection_interval_max))
        return connect(controller, command)

    async def story(bench: Bench) -> None:
        monkeypatch.setattr(AirController, "on_hci_le_create_connection_command", noted)
        async with open_source(URL + option, bench.insole(LEFT), bench.clock):
            assert asked == [interval]

    bench(story)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ble:?interval_ms=15", "interval_ms= needs a dongle of its own, backend=bumble:usb:0"),
        (f"{URL}&interval_ms=5", "interval_ms=5 has to be a number from 7.5 to 4000"),
    ],
)
def test_an_interval_that_cannot_be_is_told(bench: Callable[..., None], url: str, message: str) -> None:
    async def story(bench: Bench) -> None:
        with pytest.raises(ConfigError) as error:
            async with open_source(url, bench.insole(LEFT), bench.clock):
                pass
        assert message in str(error.value)

    bench(story)


@pytest.mark.parametrize(
    ("pattern", "left", "right"),
    [
        ("^(?P<side>Left|Right)\\\\d+_foot$", "Left1_foot", "Right1_foot"),
        ("(?i)^shoe[- ]?(?P<side>l|r)(eft|ight)?$", "shoel", "shoer"),
        ("^[a-z]{3}.(?P<side>[LR])$", "aaaaL", "aaaaR"),
        ("(?P<side>[LR])$", "L", "R"),
        ("^Insole ([AB]\\\\s|C)(?P<side>L|R)(?: v\\\\d)?$", "Insole A L", "Insole A R"),
    ],
)
def test_virtual_insoles_have_names_that_the_profile_knows(pattern: str, left: str, right: str) -> None:
    link = changed(f'name_regex = "{pattern}"').ble
    assert link is not None
    assert (name_for(link, LEFT), name_for(link, Side.RIGHT)) == (left, right)


def test_a_pattern_that_never_tells_a_foot_is_told() -> None:
    profile = parse_profile(DEMO.replace("(?P<side>[LR])", "(?P<side>[L])"), "test.toml")
    assert profile.ble is not None
    with pytest.raises(ConfigError, match=r"no name fits name_regex .* tells a right insole"):
        name_for(profile.ble, Side.RIGHT)


def test_a_device_without_the_profile_s_characteristics_is_unavailable(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        bench.profile = changed('chars.data = "00000001-52c9-4f0e-9a43-6b1e5c0fd316"', without=("chars.data",))
        with pytest.raises(Unavailable, match=r"the left insole cannot be started: .*not found"):
            async with open_source(URL, bench.insole(LEFT), bench.clock):
                pass

    bench(story)
