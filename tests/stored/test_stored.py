"""Every version opens the stores of earlier ones: no row, sample or sentence of a person is lost on the way."""

from __future__ import annotations

import json
import lzma
from contextlib import closing
from pathlib import Path

import pytest

from firmware_bridge import open_log
from service.cli.actions.recordings import check_replay
from service.records.rows import ANALYSIS, Step
from tests.stored.write import FOLDER, WEARER, read

STORES = sorted(path.name.partition(".")[0] for path in FOLDER.glob("*.sqlite.xz"))


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    path = tmp_path / "store.sqlite"
    path.write_bytes(lzma.decompress(FOLDER.joinpath(f"{request.param}.sqlite.xz").read_bytes()))
    return request.param, path


def _then(name: str) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(FOLDER.joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return found


def test_there_are_stores_of_earlier_versions() -> None:
    assert STORES


def test_an_earlier_version_s_store_opens_with_equal_rows(store: tuple[str, Path]) -> None:
    """What a field held then it holds now; a field that came later is missing in what was read then."""
    name, path = store
    then = _then(name)
    with closing(open_log(f"sqlite:///{path}")) as log:
        assert read(log, {kind: told["fields"] for kind, told in then.items()}) == then  # type: ignore[misc]
        assert {step.activity for step in log.read(Step, WEARER)} == {"running", "walking", "unknown"}
    empty = {kind for kind, told in then.items() if not told.get("rows", told.get("samples"))}
    assert empty <= {"replaced"}


def test_its_samples_analyzed_again_give_the_same_rows(
    store: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    _, path = store
    with closing(open_log(f"sqlite:///{path}")) as log:
        if any(step.analysis != ANALYSIS for step in log.read(Step, WEARER)):
            pytest.skip("the measures have changed since, and rows are computed anew")
    assert check_replay(f"sqlite:///{path}", WEARER), capsys.readouterr().out
