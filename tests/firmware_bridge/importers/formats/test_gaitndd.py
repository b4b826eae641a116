"""WFDB records: header, packed signals, checksum, and what is not read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND, ConfigError, CorruptData, Frames, Side, load_profile, read_recording
from firmware_bridge.contracts.importers import FormatRig
from firmware_bridge.importers import Recording, find_format
from firmware_bridge.importers.parsing.wfdb import Signals, read_header
from tests.stand_ins.recordings import gaitndd, packed, wfdb

RIG = FormatRig("gaitndd", gaitndd, packed=False)

LEFT = np.array([-2047, -1, 0, 1, 2047, 100, 7], np.int64)


def values_of(path: Path, side: Side) -> list[float]:
    items = read_recording(path, "ann")
    frames = [item for item in items if isinstance(item, Frames) and item.side is side]
    return [float(value) for item in frames for value in item.pressure[:, 0]]


def edited(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return wfdb(tmp_path, "one", {"let": LEFT, "rit": LEFT[::-1]}, rate=300)


def test_a_sample_is_divided_by_the_gain(record: Path) -> None:
    assert values_of(record, Side.LEFT) == pytest.approx((LEFT / 100).tolist())
    assert values_of(record, Side.RIGHT) == pytest.approx((LEFT[::-1] / 100).tolist())


def test_the_baseline_is_taken_off_first(record: Path) -> None:
    edited(record, "one.let 212 100", "one.let 212 50(-10)/mV")
    edited(record, "one.rit 212 100 12 0", "one.rit 212 0 12 5")  # gain 0 is the default; zero of the converter
    assert values_of(record, Side.LEFT) == pytest.approx(((LEFT + 10) / 50).tolist())
    assert values_of(record, Side.RIGHT) == pytest.approx(((LEFT[::-1] - 5) / 200).tolist())


def test_a_missing_sample_is_a_hole_not_a_reading(tmp_path: Path) -> None:
    samples = np.array([1, 2, -2048, 4], np.int64)
    path = wfdb(tmp_path, "one", {"let": samples, "rit": samples + 10 * (samples > 0)}, rate=100)
    left = [item for item in read_recording(path, "ann") if isinstance(item, Frames) and item.side is Side.LEFT]
    assert left[0].time.tolist() == [0, SECOND // 100, 3 * SECOND // 100]
    assert left[0].pressure[:, 0].tolist() == pytest.approx([0.01, 0.02, 0.04])


def test_both_signals_may_share_a_file(record: Path) -> None:
    samples = np.stack([LEFT, LEFT[::-1]], axis=1).reshape(-1)
    (record.parent / "both.dat").write_bytes(packed(samples))
    text = record.read_text()
    record.write_text(text.replace("one.let", "both.dat").replace("one.rit", "both.dat"))
    assert values_of(record, Side.LEFT) == pytest.approx((LEFT / 100).tolist())
    assert values_of(record, Side.RIGHT) == pytest.approx((LEFT[::-1] / 100).tolist())


def test_the_rate_is_the_headers(tmp_path: Path) -> None:
    path = wfdb(tmp_path, "one", {"let": LEFT, "rit": LEFT}, rate=125)
    assert {s.profile.rate_hz for s in find_format(path).read(Recording(path))} == {125.0}
    times = [item.time for item in read_recording(path, "ann") if isinstance(item, Frames)]
    assert times[0].tolist() == [i * SECOND // 125 for i in range(len(LEFT))]


def test_its_date_is_the_start(record: Path) -> None:
    edited(record, "one 2 300 7", "one 2 300 7 10:30:05 24/12/1999")
    first = next(item for item in read_recording(record, "ann") if isinstance(item, Frames))
    assert first.time[0] == 946031405 * SECOND


@pytest.mark.parametrize(
    ("old", "new", "error", "says"),
    [
        ("one.rit 212 100 12 0 7 ", "one.rit 212 100 12 0 7 1", CorruptData, "one.rit does not have .*checksum"),
        ("300 7", "300 999", CorruptData, "cut off: 8 samples of 999"),
        ("one.rit", "gone.rit", ConfigError, r"its signal gone\.rit is not beside it"),
        ("one.rit", "../one.rit", CorruptData, "not the name of a file beside it"),
        ("212", "16", ConfigError, "only plain 212"),
        ("212", "212x4", ConfigError, "only plain 212"),
        ("one 2", "one/3 2", ConfigError, "segments"),
        ("one 2 300", "one 2 0", CorruptData, "sampling rate"),
        ("one 2 300", "one 3 300", CorruptData, "says 3 signals, but describes 2"),
        ("right-foot", "left-hand", ConfigError, "one of each foot, described as left and right"),
        ("212 100", "212 1e-99", CorruptData, "no gain"),
    ],
)
def test_what_is_wrong_is_named(record: Path, old: str, new: str, error: type[Exception], says: str) -> None:
    edited(record, old, new)
    with pytest.raises(error, match=says) as told:
        list(read_recording(record, "ann"))
    assert "one.hea" in str(told.value)


def test_a_signal_that_is_cut_off_is_refused(record: Path) -> None:
    signal = record.with_suffix(".let")
    signal.write_bytes(signal.read_bytes()[:-3])
    with pytest.raises(CorruptData, match=r"one\.hea: its signals are cut off: 6 samples of 7 are there"):
        list(read_recording(record, "ann"))


@pytest.mark.parametrize("ending", ["let", "rit"])
def test_a_signal_alone_names_its_header(record: Path, ending: str) -> None:
    with pytest.raises(ConfigError, match=rf"one\.{ending}: it belongs to a WFDB record: import .*one\.hea"):
        list(read_recording(record.with_suffix(f".{ending}"), "ann"))


@given(st.lists(st.integers(-2047, 2047), min_size=1, max_size=50))
def test_packing_loses_nothing(tmp_path_factory: pytest.TempPathFactory, samples: list[int]) -> None:
    folder = tmp_path_factory.mktemp("record")
    signal = np.array(samples, np.int64)
    path = wfdb(folder, "one", {"let": signal, "rit": signal[::-1]}, rate=300)
    signals = Signals(path, read_header(path))
    signals.check()
    for portion in (2, 6, 1000):
        values = np.concatenate(list(signals.values(portion)))
        assert (values[:, 0] * 100).round().tolist() == samples


def test_portions_do_not_matter_to_a_long_record(tmp_path: Path) -> None:
    path = gaitndd(tmp_path)
    longer = np.tile(np.arange(-500, 500, dtype=np.int64), 5)
    path = wfdb(tmp_path, "long", {"let": longer, "rit": longer}, rate=100)  # 50 s in portions of 10 s
    assert values_of(path, Side.LEFT) == pytest.approx((longer / 100).tolist())


def test_the_published_record_is_whole(shared: Callable[..., Path]) -> None:
    path = shared("data", "gaitndd", "control1.hea")
    frames = [item for item in read_recording(path, "control1") if isinstance(item, Frames)]
    for side in Side:
        own = [item for item in frames if item.side is side]
        assert sum(len(item) for item in own) == 90_000
        assert own[-1].time[-1] == pytest.approx(89_999 / 300 * SECOND, abs=1000)
    assert load_profile("gaitndd-1").sensors.count == 1
    assert next(item for item in frames if item.side is Side.LEFT).pressure[0, 0] == pytest.approx(503 / 3000)


def test_every_published_record_has_its_checksum(shared: Callable[..., Path]) -> None:
    paths = sorted(shared("data", "gaitndd").glob("*.hea"))
    assert len(paths) == 15
    for path in paths:
        Signals(path, read_header(path)).check()


def test_a_published_signal_that_was_changed_is_refused(shared: Callable[..., Path], tmp_path: Path) -> None:
    for ending in ("hea", "let", "rit"):
        (tmp_path / f"als1.{ending}").write_bytes(shared("data", "gaitndd", f"als1.{ending}").read_bytes())
    with (tmp_path / "als1.rit").open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(CorruptData, match=r"als1\.rit does not have the header's checksum"):
        list(read_recording(tmp_path / "als1.hea", "ann"))
