"""The stages need a `Log` and no more: over one in memory they find, tell and copy what they do over a file."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

from firmware_bridge import Log, open_log
from service.alerts.dispatcher import Dispatcher
from service.alerts.policy import AlertSettings
from service.diary.corrections import analyze_again
from service.pipeline.analysis import analyze_all
from service.pipeline.mirror import mirror
from service.pipeline.mirror_selection import MirrorTarget
from service.records.rows import Alert, Flag
from tests.service.pipeline.test_analysis import described, rows_of, worn
from tests.service.pipeline.test_mirror_again import Memory
from tests.stand_ins.memory_log import MemoryLog
from tests.walkers.web_rows import NOW, WEARER, a_flag


def worked(log: Log) -> tuple[list[str], list[str], dict[object, str]]:
    """Let all stages have their turn; return what was found, what was decided, and what was copied."""
    archive = Memory()
    log.put([*described("ada"), *worn(seconds=40, rest_s=2)])
    analyze_all(log)
    analyze_again(log, "ada")
    log.put([a_flag(NOW)])
    telling = Dispatcher(log, AlertSettings(), now=lambda: NOW)
    telling.hear(log.read(Flag, WEARER))
    telling.again()
    asyncio.run(mirror(log, MirrorTarget("memory:", frames="none"), archive, follow=False))
    alerts = [repr(row) for row in log.read(Alert, WEARER)]
    return rows_of(log), alerts, {key: repr(item) for key, item in archive.items.items()}


def test_a_log_of_one_face_is_enough_for_every_stage(tmp_path: Path) -> None:
    with closing(open_log(f"sqlite:///{tmp_path / 'log.db'}")) as file:
        wanted = worked(file)
    assert all(wanted)
    assert worked(MemoryLog()) == wanted
