"""Every built-in Bluetooth profile as separate programs: its virtual insoles in one, `insole run` in another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from firmware_bridge import SECOND, Pace, Side, builtin_profiles, load_profile, open_log
from tests.stand_ins.programs import Program, command, eventually, frames, free_port, links, running

pytestmark = pytest.mark.slow

AWAY = "no Bluetooth controller at"
SPEAKING = [name for name in builtin_profiles() if load_profile(name).ble]


@contextmanager
def peripherals(folder: Path, profile: str, ports: tuple[int, int], *more: str) -> Iterator[Program]:
    """Play a pair of insoles; the radio and the faults are where they were before."""
    radio, control = map(str, ports)
    args = ["virtual", "ble", "--profile", profile, "--port", radio, "--control-port", control, *more]
    with running(folder, *args) as program:
        eventually("the insoles are there", lambda: re.search(r"^control: ", program.printed, re.MULTILINE))
        yield program


def _samples(store: str, side: Side) -> int:
    return sum(map(len, frames(store, side)))


@pytest.mark.parametrize("profile", SPEAKING)
def test_a_run_stores_both_feet_and_survives_the_end_of_the_insoles(tmp_path: Path, profile: str) -> None:
    store = f"sqlite:///{tmp_path / 'log.sqlite'}"
    radio, control, rate = free_port(), free_port(), load_profile(profile).rate_hz
    url = f"ble:?backend=bumble:tcp-client:127.0.0.1:{radio}"
    insoles = "".join(f'[[insoles]]\nside = "{side}"\nprofile = "{profile}"\nurl = "{url}"\n' for side in Side)
    (tmp_path / "insole.toml").write_text(f'store = "{store}"\n{insoles}')
    with running(tmp_path, "run", "--port", str(free_port())) as run:
        with peripherals(tmp_path, profile, (radio, control)) as virtual:
            eventually("a second of both feet is stored", lambda: all(_samples(store, side) > rate for side in Side))
            command(control, "kick left")  # only the left one: whoever is lost is the left insole
            eventually("the left one is lost", lambda: "left insole was lost" in run.printed)
            assert "right insole was lost" not in run.printed
            told = run.printed.count(AWAY)
            virtual.kill()
        eventually("both are lost", lambda: run.printed.count(AWAY) >= told + 2)
        before = {side: _samples(store, side) for side in Side}
        with peripherals(tmp_path, profile, (radio, control)):
            eventually("the run goes on", lambda: all(_samples(store, side) > before[side] + 20 for side in Side))
            assert run.stop() == 0
    rows = {side: links(store, side) for side in Side}
    for side in Side:
        assert rows[side][-1].reconnects > 0
        assert not all(row.connected for row in rows[side])
        assert rows[side][-1].battery_pct == 96
        times = [time for part in frames(store, side) for time in part.time.tolist()]
        assert max(b - a for a, b in pairwise(times)) > SECOND // 2


def _paces(store: str) -> list[Pace]:
    with closing(open_log(store)) as log:
        return log.read(Pace, "me")


def test_a_run_stores_what_a_foot_pod_tells_beside_the_insoles(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'log.sqlite'}"
    radio, control = free_port(), free_port()
    backend = f"bumble:tcp-client:127.0.0.1:{radio}"
    url = f"ble:?backend={backend}"
    insoles = "".join(f'[[insoles]]\nside = "{side}"\nurl = "{url}"\n' for side in Side)
    (tmp_path / "insole.toml").write_text(f'store = "{store}"\n{insoles}[[pods]]\nurl = "{url}"\n')
    with running(tmp_path, "check") as check:
        assert f"me's foot pod: at {url}" in check.result().replace("\n", "")
    with (
        peripherals(tmp_path, "demo-16", (radio, control), "--pod"),
        running(tmp_path, "scan", "--seconds", "1", "--backend", backend) as scan,
    ):
        assert re.search(r"^Bluetooth, Virtual pod, .*foot pod: it belongs into", scan.result(), re.MULTILINE)
    with running(tmp_path, "run", "--port", str(free_port())) as run:
        with peripherals(tmp_path, "demo-16", (radio, control), "--pod"):
            eventually("pace is stored", lambda: len(_paces(store)) > 8)
            eventually("both feet are stored", lambda: all(_samples(store, side) > 500 for side in Side))
            before = len(_paces(store))
        eventually("the pod is lost", lambda: "foot pod was lost" in run.printed)
        with peripherals(tmp_path, "demo-16", (radio, control), "--pod"):
            eventually("it is heard again", lambda: len(_paces(store)) > before + 3)
            assert run.stop() == 0
    paces = _paces(store)
    assert len({pace.time for pace in paces}) == len(paces)
    for pace in paces:
        assert 2.4 < pace.speed_mps < 3.0
        assert 150 < pace.cadence_spm < 180
        assert pace.stride_m == pytest.approx(pace.speed_mps * 120 / pace.cadence_spm, rel=0.02)
        assert pace.running
    with running(tmp_path, "bouts", "--json") as bouts:
        (bout,) = map(json.loads, bouts.result().splitlines())
    assert 2.4 < bout["speed_mps"] < 3.0
