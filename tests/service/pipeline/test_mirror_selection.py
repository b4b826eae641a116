"""What an archive gets a copy of, and the settings that say so."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND, ConfigError, Frames, Link, Side
from service.pipeline.mirror_selection import COPIED, MirrorTarget, thinned
from service.settings import load_settings

START = 1_700_000_000 * SECOND


def frames(n: int, hz: float = 100.0, start: int = START) -> Frames:
    time = start + (np.arange(n) * round(SECOND / hz)).astype(np.int64)
    return Frames(
        "ada", Side.LEFT, "d", time, np.arange(n * 2, dtype=np.float32).reshape(n, 2), acc=np.ones((n, 3), np.float32)
    )


def times(chunks: list[Frames], hz: float) -> list[int]:
    return [time for chunk in chunks if (few := thinned(chunk, hz)) is not None for time in few.time.tolist()]


@given(
    st.sampled_from([1.0, 5.0, 10.0, 20.0, 50.0]),
    st.lists(st.integers(2, 40), min_size=1, max_size=6),
    st.integers(0, 9_999_999),
)
def test_thinning_keeps_the_same_samples_however_they_are_cut(hz: float, cuts: list[int], shift: int) -> None:
    whole = frames(sum(cuts), start=START + shift)
    edges = np.cumsum([0, *cuts]).tolist()
    parts = [whole[a:b] for a, b in pairwise(edges)]
    assert times(parts, hz) == times([whole], hz)


def test_thinning_keeps_one_measured_sample_of_each_slot() -> None:
    whole = frames(200)
    few = thinned(whole, 10.0)
    assert few is not None
    assert len(few) == 20
    assert np.array_equal(few.time, whole.time[::10])
    assert np.array_equal(few.pressure, whole.pressure[::10])
    assert few.acc is not None
    assert len(few.acc) == 20
    assert few.force is None


def test_what_is_slower_than_thinned_is_whole() -> None:
    slow = frames(30, hz=5.0)
    assert times([slow], 10.0) == slow.time.tolist()


def test_a_chunk_within_a_slot_has_nothing() -> None:
    assert thinned(frames(5, start=START + 20_000_000), 1.0) is None
    assert list(MirrorTarget("x", frames="thinned", thin_hz=1.0).of([frames(5, start=START + 20_000_000)])) == []


def test_without_samples_all_else_is_copied() -> None:
    link = Link(START, "ada", Side.LEFT, "d", True, 1, 2, 3, 4, 5, 6, 7.0, clock_rate=1.0)
    target = MirrorTarget("x", frames="none")
    assert list(target.of([frames(3), link])) == [link]
    assert set(COPIED) - set(target.kinds) == {Frames}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_plain_mirrors_and_tables_stand_beside_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("secret").write_text("home\n")
    Path("insole.toml").write_text(
        'mirrors = ["influx://a/b"]\n'
        '[[mirror]]\nurl = "https://home"\ntoken_file = "secret"\nframes = "thinned"\nthin_hz = 20\npace = 0.1\n'
        '[[mirror]]\nurl = "influx://c/d"\ntoken = "own"\nframes = "none"\n'
    )
    monkeypatch.setenv("INSOLE_INFLUX__TOKEN", "shared")
    assert load_settings().mirror_targets() == (
        MirrorTarget("influx://a/b", "shared"),
        MirrorTarget("https://home", "home", "thinned", 20.0, 0.1),
        MirrorTarget("influx://c/d", "own", "none"),
    )


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(MirrorTarget("x", "secret"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('mirrors = ["influx://a/b"]\n[[mirror]]\nurl = "influx://a/b"\n', "named twice"),
        ('[[mirror]]\nurl = "https://h"\ntoken_file = "nowhere"\n', "token_file nowhere: cannot be read"),
        ('[[mirror]]\nurl = "https://h"\npace = 0\n', r"mirror\.0\.pace"),
        ('[[mirror]]\nurl = "https://h"\nframes = "some"\n', r"mirror\.0\.frames"),
        ('[[mirror]]\nurl = "https://h"\nspeed = 1\n', r"mirror\.0\.speed: no such key"),
        ('[[mirror]]\nframes = "full"\n', r"mirror\.0\.url"),
    ],
)
def test_a_mistake_is_named(text: str, said: str) -> None:
    Path("insole.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_settings().mirror_targets()
