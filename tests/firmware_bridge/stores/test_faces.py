"""The faces of a log: an engine with no more than `Log` opens, and is refused where a file is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from firmware_bridge.errors import ConfigError
from firmware_bridge.plugins import LOGS
from firmware_bridge.stores import (
    Claims,
    EmbeddedLog,
    Log,
    LogFile,
    open_embedded_log,
    open_log,
    open_recorder,
    salvage_log,
)
from tests.stand_ins.memory_log import MemoryLog


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let `memory:` be a kind of log, and give the URLs of those that were closed."""
    found: list[str] = []
    monkeypatch.setitem(cast("dict[str, str]", LOGS.builtin), "memory", "tests.stand_ins.memory_log:MemoryLog")
    monkeypatch.setattr(MemoryLog, "close", lambda log: found.append(log.url))
    return found


def test_a_file_has_all_three_faces(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    assert all(isinstance(log, face) for face in (Log, LogFile, Claims, EmbeddedLog))
    log.close()


def test_a_log_of_one_face_opens_as_that() -> None:
    log = open_log("memory://here")
    assert isinstance(log, Log)
    assert not any(isinstance(log, face) for face in (LogFile, Claims, EmbeddedLog))


@pytest.mark.parametrize("ask", [open_embedded_log, open_recorder, lambda url: salvage_log(url, [])])
def test_where_a_file_is_needed_it_is_refused(ask: Callable[[str], object], closed: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        ask("memory://here")
    assert str(refused.value) == (
        "store memory://here: does not lie in a file of this computer; name one that does: sqlite:///insole.db"
    )
    assert closed == ["memory://here"] * (ask is open_embedded_log), "what was opened is not left open"
