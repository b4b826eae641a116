"""Every built-in Bluetooth profile as separate programs: its virtual insoles in one, `insole run` in another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from firmware_bridge import SECOND, Side, builtin_profiles, load_profile
from tests.programs import Program, command, eventually, frames, free_port, links, running

pytestmark = pytest.mark.slow

AWAY = "no Bluetooth controller at"
SPEAKING = [name for name in builtin_profiles() if load_profile(name).ble]


@contextmanager
def peripherals(folder: Path, profile: str, ports: tuple[int, int]) -> Iterator[Program]:
    """Play a pair of insoles; the radio and the faults are where they were before."""
    radio, control = map(str, ports)
    args = ["virtual", "ble", "--profile", profile, "--port", radio, "--control-port", control]
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
