"""A foot pod beside the insoles, through bleak, on virtual controllers: its pace is in the log, also after a loss."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

import pytest

from firmware_bridge.bridge.foot_pod import bridge_foot_pod, pod_opener
from firmware_bridge.devices.running_speed_cadence import _STALL_S
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import SECOND, Pace
from firmware_bridge.sources import open_source
from firmware_bridge.sources.ble.source import scan_air
from firmware_bridge.virtual.links.ble.foot_pod import BlePod
from tests.benchmarks.ble_bench import LEFT, URL, Bench, Kept, run_on_bench, without_threads
from tests.stand_ins.timewarp import EPOCH

SPEED = 3.25


class Runner:
    """Somebody who runs at one speed, and whose pod can be told to be silent."""

    def __init__(self) -> None:
        self.distance_m = 0.0
        self.silent = False

    def __call__(self) -> Pace | None:
        self.distance_m += SPEED
        return None if self.silent else Pace(0, "", SPEED, 170.0, 1.15, self.distance_m, True, math.nan)


class Story:
    """The bench with a pod in the air, and what is in the log of it."""

    def __init__(self, bench: Bench, pod: BlePod, runner: Runner, kept: Kept) -> None:
        self.bench, self.pod, self.runner, self.kept = bench, pod, runner, kept

    @property
    def paces(self) -> list[Pace]:
        return [item for item in self.kept.items if isinstance(item, Pace)]

    async def heard(self, seconds: float) -> list[Pace]:
        """Return what is put in the next seconds."""
        before = len(self.paces)
        await self.bench.clock.sleep(seconds)
        return self.paces[before:]


Tell = Callable[..., None]


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Tell:
    def run(story: Callable[[Story], Awaitable[None]], url: str = URL) -> None:
        async def told(bench: Bench) -> None:
            kept, runner = Kept(), Runner()
            pod = BlePod(bench.air, runner)
            bench.group.create_task(pod.run())
            bench.group.create_task(bridge_foot_pod("anna", url, kept, bench.clock))  # type: ignore[arg-type]
            await story(Story(bench, pod, runner, kept))

        without_threads(monkeypatch)
        run_on_bench(monkeypatch, told)

    return run


def test_a_pod_is_found_by_its_service_and_tells_its_pace_every_second(tell: Tell) -> None:
    async def story(run: Story) -> None:
        paces = await run.heard(30.5)  # half a second after the last one was told
        assert 25 <= len(paces) <= 30
        assert len({pace.time for pace in paces}) == len(paces)
        for pace in paces:
            assert (pace.wearer, pace.speed_mps, pace.cadence_spm, pace.running) == ("anna", SPEED, 170.0, True)
            assert (pace.stride_m, pace.battery_pct, pace.time % SECOND) == (1.15, 100.0, 0)
        assert paces[-1].distance_m == pytest.approx(run.runner.distance_m, abs=0.051)
        assert EPOCH <= paces[0].time < paces[-1].time <= run.bench.clock.now()

    tell(story)


@pytest.mark.parametrize("place", ["Virtual pod", "?address=C4:00:00:00:00:03"])
def test_a_pod_is_found_by_name_or_address(tell: Tell, place: str) -> None:
    options = URL.partition("?")[2]
    url = f"ble:{place}{'&' if '?' in place else '?'}{options}"

    async def story(run: Story) -> None:
        assert await run.heard(15)

    tell(story, url)


def test_insoles_and_pod_do_not_take_each_other_for_themselves(tell: Tell) -> None:
    async def story(run: Story) -> None:
        async with open_source(URL, run.bench.insole(LEFT), run.bench.clock) as packets:
            while not (await anext(packets)).data:
                pass
            assert await run.heard(15)
            assert run.bench.connected(LEFT)

    tell(story)


def test_out_of_range_is_a_gap_and_back_in_range_it_goes_on(tell: Tell, caplog: pytest.LogCaptureFixture) -> None:
    async def story(run: Story) -> None:
        assert await run.heard(15)
        run.pod.faults["out"]()
        gone = run.bench.clock.now()
        await run.heard(3)
        assert await run.heard(60) == []
        run.pod.faults["back"]()
        back = run.bench.clock.now()
        after = await run.heard(40)
        assert len(after) > 10
        assert not [pace for pace in run.paces if gone + 2 * SECOND < pace.time < back - SECOND]

    tell(story)
    assert "anna's foot pod: the foot pod was lost (out of range" in caplog.text
    assert "anna's foot pod: the foot pod was not found in 10 s (not advertising;" in caplog.text


def test_a_broken_connection_is_made_again(tell: Tell) -> None:
    async def story(run: Story) -> None:
        assert await run.heard(15)
        run.pod.faults["kick"]()
        assert len(await run.heard(20)) > 10

    tell(story)


def test_a_pod_is_silent_while_its_wearer_stands_and_is_heard_again(tell: Tell) -> None:
    async def story(run: Story) -> None:
        await run.heard(10)
        run.runner.silent = True
        await run.heard(1.5)
        assert await run.heard(_STALL_S - 5) == []
        run.runner.silent = False
        assert len(await run.heard(3)) >= 2, "it was not connected again meanwhile"
        run.runner.silent = True
        await run.heard(2 * _STALL_S)
        run.runner.silent = False
        assert len(await run.heard(20)) > 10

    tell(story)


def test_what_is_no_measurement_is_counted_and_said_and_never_fatal(
    tell: Tell, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(run: Story) -> None:
        await run.heard(10)
        run.runner.silent = True
        await run.heard(2)
        before = len(run.paces)
        for data in (b"", b"\x07\x00", b"\x00\x00\x03\xac\x69"):
            await run.pod.tell(data)
        await run.heard(2)
        assert len(run.paces) == before
        run.runner.silent = False
        assert await run.heard(5)

    tell(story)
    assert "anna's foot pod: skipped what is no measurement: 0700" in caplog.text
    assert "anna's foot pod: 2 measurements of this connection were malformed" in caplog.text


def test_of_several_measurements_in_a_second_the_first_counts(tell: Tell) -> None:
    async def story(run: Story) -> None:
        await run.heard(10)
        for _ in range(20):
            await run.pod.tell(bytes.fromhex("0040016e"))
            await run.bench.clock.sleep(0.1)
        await run.heard(2)
        times = [pace.time for pace in run.paces]
        assert times == sorted(set(times))

    tell(story)


def test_a_pod_is_seen_by_its_service(tell: Tell) -> None:
    async def story(run: Story) -> None:
        await run.heard(10)
        run.bench.group.create_task(BlePod(run.bench.air, Runner(), "Another", number=9).run())
        seen = {one.name: one.services for one in await scan_air(URL, 2)}
        assert seen["Another"] == ("00001814-0000-1000-8000-00805f9b34fb",)

    tell(story)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("virtual:", "unknown link of a foot pod 'virtual'; there are: ble"),
        ("pod", "'pod' is no link"),
    ],
)
def test_a_link_over_which_no_pod_is_heard_is_told(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pod_opener(url)
