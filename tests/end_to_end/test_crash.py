"""kill -9 of bridge and service at random points under load, all faults on, against a run that was never stopped.

The virtual insoles of two wearers tell the same past again whenever the bridge is started, as a device with a memory
would: what is there already is put a second time, and must stand there once. A third wearer is heard live only. After
every crash the analysis goes on as a restart does, and then a replay of what is stored has to find what is stored, row
for row. CRASHES says how many times a program is killed (6 where it is not set; the figure in the README is of 100).
"""

from __future__ import annotations

import os
import random
import re
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, redirect_stdout
from dataclasses import asdict, dataclass, replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import SECOND, Frames, Link, Row, Side, open_log, row_key, same_row
from firmware_bridge.virtual.gait.scenario import Session, Story, told_gait
from service.cli.actions.recordings import check_replay
from service.pipeline.analysis import analyze_all
from service.records.rows import Block, Flag, Second, Step, Verdict
from service.records.timestamps import iso
from tests.conftest import absent
from tests.stand_ins.programs import (
    TROUBLES,
    Program,
    SmallDisk,
    answers,
    eventually,
    free_port,
    running,
    samples,
    small_disk,
    trouble,
)
from tests.walkers.walks import devices, walk_story

pytestmark = pytest.mark.slow

CRASHES = int(os.environ.get("CRASHES", "6"))
CRASHES_A_STORE, STORES_A_PAST = 8, 3
"""What a store has to bear, and the stores that are filled from one past: replays of a full one take the longest."""
THOROUGH = CRASHES > 6
PAST_S, TOLD_S = 7200, 480
"""How long ago the past began, and what is compared of it: no telling comes to the present."""
DAYS, DAY_S = 3, 380.0
"""Earlier runs of ann, from which the one in the past is found to differ."""
TELLINGS = {"ann": ("limping", "limping"), "bob": ("normal&activity=walking", "pronated")}
COMPARED: tuple[type[Row], ...] = (Link, Step, Second, Block, Flag, Verdict)
FINAL_S: dict[type[Row], int] = {Step: 10, Block: 190, Flag: 10, Verdict: 190}
"""So far before the end of what is compared, everything is found in both, however they went on."""


@dataclass
class Tally:
    """What was done to the stores, and what came of it."""

    crashes: int = 0
    replays: int = 0
    rows_replayed: int = 0
    samples: int = 0
    samples_missing: int = 0
    samples_doubled: int = 0
    rows: int = 0
    rows_different: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in asdict(self).items())


class Place:
    """A folder with an insole.toml, and its store."""

    def __init__(self, folder: Path, store: Path, insoles: dict[str, str]) -> None:
        self.folder, self.path, self.url = folder, store, f"sqlite:///{store}"
        self._insoles = insoles
        self._port = free_port()
        self.pace(0)

    def pace(self, times: int) -> None:
        """Let a past be told so many times as fast as it was, from the next start on; 0 is flat out."""
        insoles = {w: f"{url}&pace={times}" if times and "start=" in url else url for w, url in self._insoles.items()}
        keys = [f'[[insoles]]\nwearer = "{w}"\nside = "{s}"\nurl = "{u}"\n' for w, u in insoles.items() for s in Side]
        (self.folder / "insole.toml").write_text(f'store = "{self.url}"\n[keep]\nfree_gb = 0\n{"".join(keys)}')

    def start(self, name: str) -> AbstractContextManager[Program]:
        """Run the bridge, or anything that serves a page."""
        return running(self.folder, name, *([] if name == "bridge" else ["--port", str(self._port)]))

    def runs(self, name: str, program: Program) -> bool:
        """Wait until it is at work, or has ended by itself; tell which."""
        ended = program.process.poll
        eventually(
            f"{name} runs",
            lambda: (
                ended() is not None or ("connected" in program.printed if name == "bridge" else answers(self._port))
            ),
        )
        return ended() is None

    def end(self, name: str, program: Program) -> None:
        """End it as Ctrl-C does, when it runs."""
        assert self.runs(name, program), program.printed
        assert program.stop() == 0, program.printed

    def has(self, until: int) -> bool:
        """Tell whether a past was told up to a moment."""
        with closing(open_log(self.url)) as log:
            return all({link.side for link in log.read(Link, wearer, until)} == set(Side) for wearer in TELLINGS)

    def hears(self, since: int, wearers: Collection[str] = ("ann", "bob", "cid")) -> bool:
        """Tell whether something has arrived of both feet of these wearers after an arrival number."""
        with closing(open_log(self.url)) as log:
            arrived = {(f.wearer, f.side) for _, f in log.after([Frames], since) if isinstance(f, Frames)}
        return arrived >= {(wearer, side) for wearer in wearers for side in Side}

    def is_analyzed(self) -> bool:
        """Tell whether steps are found up to the last samples, but for a silence of the radio."""
        with closing(open_log(self.url)) as log:
            ends = [(log.span(Frames, wearer), log.span(Step, wearer)) for wearer in TELLINGS]
        return all(heard and found and found[1] > heard[1] - 15 * SECOND for heard, found in ends)

    def check(self, tally: Tally) -> None:
        """Analyze what is stored, as a restart does; see that it is in order, and that a replay finds the same."""
        Program(self.folder, "analyze").result()
        with closing(open_log(self.url)) as log:
            wearers = log.wearers()
            for wearer in wearers:
                for side in Side:
                    assert (np.diff(samples(log, wearer, side)[0]) > 0).all(), (wearer, side)
        turn = wearers.pop(tally.replays % len(wearers))  # the command itself, and what it calls for the others
        command = Program(self.folder, "replay", turn, "--check")
        with redirect_stdout(StringIO()) as out:
            same = [check_replay(self.url, wearer) for wearer in wearers]
        said = command.result() + out.getvalue()
        assert all(same), said
        for line in said.splitlines():
            found = re.fullmatch(r"\w+: identical, (\d+) rows", line)
            assert found, line
            tally.replays += 1
            tally.rows_replayed += int(found[1])


class Past:
    """What the insoles of ann and bob remember, and a store that heard it without ever being stopped."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder / f"past-{number}"
        self._folder.mkdir()
        self.start = time.time_ns() // SECOND * SECOND - PAST_S * SECOND
        self.until = self.start + TOLD_S * SECOND
        options = f"seed={5 + number}&faults=on&start={iso(self.start)}"
        self._insoles = {w: f"virtual:?gait={gaits[number % 2]}&{options}" for w, gaits in TELLINGS.items()}
        self._before = self._folder / "before.sqlite"
        self._earlier_runs(seed=5 + number)
        self.whole = self.place("whole", live=False)
        with self.whole.start("run") as run:
            eventually("the past is told", lambda: self.whole.has(self.until), 90)
            self.whole.end("run", run)
        Program(self.whole.folder, "analyze").result()

    def _earlier_runs(self, seed: int) -> None:
        gait = replace(told_gait("normal", "running", seed), seconds=DAY_S)
        starts = [self.start - (DAYS - k) * 86_400 * SECOND for k in range(DAYS)]
        left, right, _ = walk_story(Story(seed, tuple(Session(t, gait) for t in starts)), wearer="ann", chunk_s=10)
        with closing(open_log(f"sqlite:///{self._before}")) as log:
            log.put(devices(wearer="ann", time=starts[0]))
            log.put([frames for both in zip(left, right, strict=True) for frames in both])
            analyze_all(log)

    def place(self, name: str, *, live: bool = True, disk: Path | None = None) -> Place:
        """Make a place that has the earlier runs, and hears the past again; with `live` a third wearer, too."""
        folder = self._folder / name
        folder.mkdir()
        store = (disk or folder) / "log.sqlite"
        shutil.copyfile(self._before, store)
        return Place(folder, store, self._insoles | ({"cid": "virtual:?faults=on"} if live else {}))

    def compare(self, place: Place, tally: Tally) -> None:
        """Hold what a place has of the past against what was heard without a crash."""
        with closing(open_log(place.url)) as ours, closing(open_log(self.whole.url)) as theirs:
            assert theirs.read(Flag, "ann"), "of nothing that is flagged this says nothing about flags"
            for wearer in TELLINGS:
                for side in Side:
                    (time, values), (all_times, all_values) = (
                        samples(log, wearer, side, self.until) for log in (ours, theirs)
                    )
                    tally.samples += len(all_times)
                    tally.samples_missing += len(np.setdiff1d(all_times, time))
                    tally.samples_doubled += len(time) - len(np.unique(time))
                    assert np.array_equal(time, all_times)
                    assert np.array_equal(values, all_values, equal_nan=True)
                for kind in COMPARED:
                    stop = self.until - FINAL_S.get(kind, 0) * SECOND
                    mine, yours = ({row_key(r): r for r in log.read(kind, wearer, 0, stop)} for log in (ours, theirs))
                    keys = mine.keys() | yours.keys()
                    pairs = [(mine.get(key), yours.get(key)) for key in sorted(keys)]
                    others = [pair for pair in pairs if not self._same(*pair)]
                    tally.rows += len(keys)
                    tally.rows_different += len(others)
                    assert not others, others[:2]

    def _same(self, one: Row | None, other: Row | None) -> bool:
        if one is None or other is None:
            return False  # else a verdict of the past is of everything so far, and two tellings end at other moments
        return same_row(one, other) or (isinstance(one, Verdict) and one.time >= self.start)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    return Past(tmp_path_factory.mktemp("crash"), 0)


@pytest.fixture
def tally(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Iterator[Tally]:
    """Count, and print the counts at the end."""
    counts = Tally()
    yield counts
    with capsys.disabled():
        print(f"\n{request.node.name}: {counts}")


def crash(place: Place, rng: random.Random, tally: Tally) -> None:
    """Run bridge and service, and kill one of them or both at any moment; sometimes what goes on afterwards, too."""
    with closing(open_log(place.url)) as log:
        head = log.head()
    with place.start("bridge") as bridge, place.start("serve") as service:
        if rng.random() < 0.8:  # both are at work on what is new; else they begin, or are told what they know
            eventually("it is told more", lambda: place.hears(head, TELLINGS))
        time.sleep(rng.uniform(0.0, 1.0))
        killed = rng.choice([[bridge], [service], [bridge, service]])
        for program in killed:
            program.kill()
        time.sleep(rng.uniform(0.0, 0.5))
        for name, program in (("bridge", bridge), ("serve", service)):
            if program not in killed:
                place.end(name, program)
    tally.crashes += len(killed)
    if service in killed and rng.random() < 0.5:
        with running(place.folder, "analyze") as again:
            time.sleep(rng.uniform(0.4, 1.0))
            if again.process.poll() is None:
                again.kill()
                tally.crashes += 1


def finish(past: Past, place: Place, tally: Tally, *, again: bool = False) -> None:
    """Hear all of the past, with the service behind, and compare; `again`: what is found in order of time."""
    place.pace(0)
    with place.start("bridge") as bridge, place.start("serve") as service:
        eventually("the past is told", lambda: place.has(past.until), 90)
        place.end("bridge", bridge)
        eventually("it is analyzed", place.is_analyzed, 60)
        place.end("serve", service)
    place.check(tally)
    if again:
        Program(place.folder, "analyze", "--again").result()
    past.compare(place, tally)


def test_whenever_it_is_killed_everything_is_there_once_and_in_order(past: Past, tmp_path: Path, tally: Tally) -> None:
    rng = random.Random(20_26)
    stores = 0
    while tally.crashes < CRASHES:
        if stores and stores % STORES_A_PAST == 0:
            past = Past(tmp_path, stores // STORES_A_PAST)
        place = past.place(f"cut-{stores}")
        last = min(CRASHES, tally.crashes + CRASHES_A_STORE)
        while tally.crashes < last:
            crash(place, rng, tally)
            place.check(tally)
        finish(past, place, tally)
        shutil.rmtree(place.folder)
        stores += 1


def test_trouble_with_the_store_costs_nothing_but_time(past: Past, tmp_path: Path, tally: Tally) -> None:
    rng = random.Random(20_27)
    for number in range(max(1, CRASHES // 25)):
        with small_disk(tmp_path / f"disk-{number}", megabytes=192) as disk, ExitStack() as stack:
            place = past.place(f"troubled-{number}", disk=disk.folder if disk else None)
            place.pace(50)  # so that it is not told before there was trouble
            programs = {name: stack.enter_context(place.start(name)) for name in ("bridge", "serve")}
            eventually("it hears all", lambda: place.hears(0))  # noqa: B023
            for name, killed in troubles(rng, [name for name in TROUBLES if disk or name != "full"]):
                time.sleep(rng.uniform(0.1, 0.6))
                tally.crashes += len(killed)
                endure(place, stack, programs, name, killed, rng)
            if disk:
                unwritable(place, disk, programs, tally)
            stack.close()
            finish(past, place, tally, again=True)
            shutil.rmtree(place.folder)
    if not disk:
        absent("the right to mount a disk, to fill it and to make it read-only; all other trouble was tried")


def troubles(rng: random.Random, names: list[str]) -> list[tuple[str, list[str]]]:
    """Return troubles in any order, each with who is killed in it: nobody the one time, somebody the other."""
    some = [["bridge"], ["serve"], ["bridge", "serve"]]
    found = [(name, killed) for name in names for killed in ([], rng.choice(some))]
    return rng.sample(found, len(found) if THOROUGH else 4)


def endure(
    place: Place, stack: ExitStack, programs: dict[str, Program], name: str, killed: list[str], rng: random.Random
) -> None:
    """Give the store a trouble, kill programs in it and start them again; who lives says what it is, and goes on."""
    bridge, said = programs["bridge"], programs["bridge"].printed.count(TROUBLES[name])
    with trouble(name, place.path, programs.values()):
        time.sleep(rng.uniform(0.0, 1.0))
        for other in killed:
            programs[other].kill()
        for other in killed:
            programs[other] = stack.enter_context(place.start(other))
        if "bridge" in killed or (name == "locked" and not THOROUGH):
            time.sleep(rng.uniform(0.5, 3.0))
        else:  # of a lock it does so after ten seconds
            eventually("it says what is wrong", lambda: bridge.printed.count(TROUBLES[name]) > said)
    with closing(open_log(place.url)) as log:
        head = log.head()
    for other in killed:
        program = programs[other]
        if not place.runs(other, program):  # it could not even begin, and said why
            assert program.process.returncode == 1, program.printed
            assert re.fullmatch(rf"insole: store .* {TROUBLES[name]} .*\n", program.printed), program.printed
            programs[other] = stack.enter_context(place.start(other))
    eventually("it goes on", lambda: place.hears(head, {"cid"} if "bridge" in killed else {*TELLINGS, "cid"}))
    assert all(program.process.poll() is None for program in programs.values())


def unwritable(place: Place, disk: SmallDisk, programs: dict[str, Program], tally: Tally) -> None:
    """Kill everybody, and let the disk be read-only when they come again: they say so, and end."""
    for program in programs.values():
        program.kill()
        tally.crashes += 1
    disk.remount("ro")
    with place.start("bridge") as bridge, place.start("serve") as service:
        for program in (bridge, service):
            assert program.process.wait(30) == 2, program.printed
            assert re.search(r"^insole: store .* (may not be written|cannot be locked)", program.printed, re.MULTILINE)
    disk.remount("rw")
