"""The whole way, as separate programs: plug pulled, range lost, power cut, database away, a message to a phone."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import SECOND, Device, Frames, Link, Row, Side, open_archive, open_log, row_key, same_row
from firmware_bridge.stores.influx.archive import InfluxArchive
from service.pipeline.analysis import analyze_all
from service.records.rows import Alert, Block, Flag, Second, Step, Verdict
from tests.stand_ins.programs import Program, answers, command, eventually, frames, free_port, links, running
from tests.stand_ins.servers.influx_front import TOKEN, running_influx
from tests.walkers.stories import told_and_analyzed

pytestmark = pytest.mark.slow

DERIVED: tuple[type[Row], ...] = (Step, Second, Block, Flag, Verdict)
COPIED: tuple[type[Row], ...] = (Link, *DERIVED)


def settings(folder: Path, urls: dict[Side, str], extra: str = "") -> str:
    """Write insole.toml for a pair of insoles; return its store."""
    store = f"sqlite:///{folder / 'log.sqlite'}"
    insoles = "".join(f'[[insoles]]\nside = "{side}"\nwearer = "ann"\nurl = "{url}"\n' for side, url in urls.items())
    (folder / "insole.toml").write_text(f'store = "{store}"\n{extra}{insoles}')
    return store


def said(program: Program, pattern: str) -> list[str]:
    """Return what a program has printed that fits, waiting for it."""
    return eventually(f"the program says {pattern}", lambda: re.findall(pattern, program.printed, re.MULTILINE))


def streams(store: str, side: Side, samples: int) -> Callable[[], bool]:
    """Tell whether so many samples more than now have arrived."""
    wanted = sum(map(len, frames(store, side))) + samples
    return lambda: sum(map(len, frames(store, side))) >= wanted


def whole(store: str, side: Side) -> None:
    """Check that what is stored is in order, and that every sample is either there or counted as lost."""
    time = np.concatenate([part.time for part in frames(store, side)])
    assert (np.diff(time) > 0).all()
    rows = links(store, side)
    assert 0 <= len(time) - sum(row.received for row in rows) <= 250  # the second that is still open


def test_usb_insoles_survive_unplug_and_replug(tmp_path: Path) -> None:
    with running(tmp_path, "virtual", "serial") as virtual:
        control = int(said(virtual, r"^control: 127\.0\.0\.1:(\d+)$")[0])
        urls = {Side(Path(url).name): url for url in said(virtual, r"^(serial:\S+)$")}
        store = settings(tmp_path, urls)
        with running(tmp_path, "bridge") as bridge:
            for side in Side:
                eventually(f"the {side} foot is heard", streams(store, side, 100))
            command(control, "out left")
            eventually("the loss is accounted", lambda: any(not row.connected for row in links(store, Side.LEFT)))
            eventually("the other foot goes on", streams(store, Side.RIGHT, 100))
            command(control, "back left")
            eventually("it is opened again", streams(store, Side.LEFT, 150))
            assert bridge.stop() == 0
        assert links(store, Side.LEFT)[-1].reconnects >= 1
        assert links(store, Side.RIGHT)[-1].reconnects == 0
        assert sum(row.lost for row in links(store, Side.RIGHT)) == 0
        # pulled out, it has no power: it starts counting anew, and the hole is told by the account and by the time
        assert max(np.diff(np.concatenate([part.time for part in frames(store, Side.LEFT)]))) > SECOND // 10
        for side in Side:
            whole(store, side)


def test_bluetooth_insoles_in_another_process_survive_the_loss_of_range(tmp_path: Path) -> None:
    with running(tmp_path, "virtual", "ble") as virtual:
        control = int(said(virtual, r"^control: 127\.0\.0\.1:(\d+)$")[0])
        url = said(virtual, r"^(ble:\S+)$")[0]
        store = settings(tmp_path, dict.fromkeys(Side, url))
        with running(tmp_path, "bridge") as bridge:
            for side in Side:
                eventually(f"the {side} foot is heard", streams(store, side, 100), 60)
            command(control, "out right")
            eventually("the loss is accounted", lambda: any(not row.connected for row in links(store, Side.RIGHT)), 60)
            eventually("the other foot goes on", streams(store, Side.LEFT, 100), 60)
            command(control, "back right")
            eventually("it is found again", streams(store, Side.RIGHT, 150), 60)
            assert bridge.stop() == 0
        assert links(store, Side.RIGHT)[-1].reconnects >= 1
        for side in Side:
            whole(store, side)


def test_a_power_cut_in_a_run_loses_nothing_that_was_put(tmp_path: Path) -> None:
    """Kill bridge and service at full speed, start again, and compare with an analysis that was never stopped."""
    store = f"sqlite:///{tmp_path / 'log.sqlite'}"
    port = free_port()
    page = ["--port", str(port), "--store", store]
    with running(tmp_path, "demo", "--gait", "limping", "--no-browser", *page) as demo:
        eventually("steps are found", lambda: _count(store, Step) > 300, 60)
        demo.kill()
    for more in (200, 1000, 100):
        with running(tmp_path, "serve", *page) as service:
            wanted = min(_count(store, Step) + more, _count(store, Step) * 2)
            eventually("it goes on", lambda wanted=wanted: _count(store, Step) >= wanted or _caught_up(store), 60)  # type: ignore[misc]
            service.kill()
    with running(tmp_path, "demo", "--gait", "limping", "--no-browser", *page) as demo:
        eventually("a live run goes on behind it", streams(store, Side.LEFT, 1000), 60)
        demo.kill()
    with running(tmp_path, "serve", *page) as service:
        eventually("the page answers", lambda: answers(port))
        eventually("the service catches up", lambda: _caught_up(store), 60)
        assert service.stop() == 0
    again = tmp_path / "again.sqlite"
    with closing(open_log(store)) as log, closing(open_log(f"sqlite:///{again}")) as fresh:
        cursor = 0
        while batch := log.after([Device, Frames, Link], cursor):
            cursor = batch[-1][0]
            fresh.put([item for _, item in batch])
        analyze_all(fresh)
        analyze_all(log)
        for kind in DERIVED:
            ours = {row_key(row): row for row in log.read(kind, "demo")}
            theirs = {row_key(row): row for row in fresh.read(kind, "demo")}
            assert ours.keys() == theirs.keys()
            assert all(same_row(ours[key], theirs[key]) for key in ours), kind


def _count(store: str, kind: type[Step]) -> int:
    with closing(open_log(store)) as log:
        return len(log.read(kind, "demo"))


def _caught_up(store: str) -> bool:
    with closing(open_log(store)) as log:
        frames_to = max(int(f.time[-1]) for f in log.read(Frames, "demo"))
        return log.read(Step, "demo")[-1].time > frames_to - 5 * SECOND


@contextmanager
def phone() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Run a receiver on this machine; yield its Apprise URL and what has arrived."""
    arrived: list[dict[str, str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"json://127.0.0.1:{server.server_address[1]}/", arrived
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_alert_reaches_a_person_once_and_says_what_since_when_and_how_sure(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'log.sqlite'}"
    page = ["--port", str(free_port()), "--no-browser", "--store", store]
    with (
        phone() as (url, arrived),
        running(tmp_path, "demo", "--gait", "limping", *page, env={"INSOLE_ALERTS__URLS": json.dumps([url])}) as demo,
    ):
        eventually("the message arrives", lambda: arrived, 90)
        eventually("it is on record", lambda: _alerts(store))
        assert demo.stop() == 0
        assert len(arrived) == 1
        assert [alert.outcome for alert in _alerts(store)] == ["sent"]
        with running(tmp_path, "serve", *page[:2], "--store", store, env={"INSOLE_ALERTS__URLS": json.dumps([url])}):
            eventually("the page is there", lambda: _caught_up(store))
        assert len(arrived) == 1
    text = arrived[0]["title"] + arrived[0]["message"]
    assert "differ" in text
    assert re.search(r"since \d\d:\d\d", text)
    assert re.search(r"95 % interval \S+ to \S+, \d+ strides", text)
    assert "your last 5 runs" in text


def test_flags_of_an_old_recording_are_on_record_but_never_sent(tmp_path: Path) -> None:
    store = told_and_analyzed(tmp_path, "limping", 1)
    port = free_port()
    with (
        phone() as (url, arrived),
        running(
            tmp_path, "serve", "--port", str(port), "--store", store, env={"INSOLE_ALERTS__URLS": json.dumps([url])}
        ) as service,
    ):
        eventually("the flag is decided", lambda: _alerts(store))
        eventually("the page answers", lambda: answers(port))
        assert service.stop() == 0
        assert [alert.outcome for alert in _alerts(store)] == ["stale"]
        assert arrived == []


def _alerts(store: str) -> list[Alert]:
    with closing(open_log(store)) as log:
        return log.read(Alert, "demo")


def test_a_database_that_is_away_in_mid_run_has_every_row_afterwards_and_none_twice(tmp_path: Path) -> None:
    with running_influx(tmp_path) as influx:
        store = settings(tmp_path, dict.fromkeys(Side, "virtual:?faults=off"), f'mirrors = ["{influx.url}"]\n')
        env = {"INSOLE_INFLUX__TOKEN": TOKEN, "INSOLE_WEB__PORT": str(free_port())}
        with running(tmp_path, "run", env=env) as run:
            eventually("rows are mirrored", streams(store, Side.LEFT, 300))
            influx.stop()
            eventually("the mirror notices", lambda: "trying again" in run.printed)
            eventually("the run goes on", streams(store, Side.LEFT, 300))
            influx.start()
            eventually("the run goes on", streams(store, Side.LEFT, 300))
            assert run.stop() == 0
        with running(tmp_path, "mirror", env=env) as mirror:
            assert mirror.process.wait(60) == 0
        with closing(open_log(store)) as log, closing(_readable(influx.url)) as archive:
            for kind in COPIED:
                ours = sorted(log.read(kind, "ann"), key=row_key)
                theirs = sorted(archive.read(kind, "ann"), key=row_key)
                assert len(ours) == len(theirs), kind
                assert all(same_row(one, other) for one, other in zip(ours, theirs, strict=True)), kind
            for side in Side:
                stored, copied = (
                    np.concatenate([f.time for f in store_.read(Frames, "ann") if f.side is side])
                    for store_ in (log, archive)
                )
                assert np.array_equal(stored, copied)


def _readable(url: str) -> InfluxArchive:
    archive = open_archive(url, TOKEN)
    assert isinstance(archive, InfluxArchive)
    return archive
