"""One walk as loggers, spreadsheets and languages write it: read by the map that is suggested, the sums are equal."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from firmware_bridge import ConfigError, Frames, Link, Side, read_recording

N, SENSORS = 400, 4
NAMES = [f"left_{n}" for n in range(1, SENSORS + 1)] + [f"right_{n}" for n in range(1, SENSORS + 1)]


def walk() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return (n, sensors of both feet): each sensor is loaded for 40 % of a stride of 1 s, in steps of a quarter."""
    phase = np.arange(N)[:, None] / 100 + np.r_[np.arange(SENSORS), np.arange(SENSORS) + 5] * 0.1
    load = np.clip(np.sin(2 * np.pi * phase) - 0.2, 0, None) * (400 + 60 * np.arange(2 * SENSORS) % 250)
    noise = np.random.default_rng(7).integers(0, 3, load.shape)
    return np.asarray(np.round(4 * load + noise) / 4)


WALK = walk()
TIMES = np.arange(N) * 10  # ms
Write = Callable[[float], str]


def plain(value: float) -> str:
    return f"{value:g}"


def comma(value: float) -> str:
    return plain(value).replace(".", ",")


def quoted(value: float) -> str:
    return f'"{comma(value)}"'


def table(
    separator: str = ",",
    write: Write = plain,
    names: list[str] = NAMES,
    time: str = "t",
    stamp: Callable[[int], str] = str,
    end: str = "\n",
    trailing: str = "",
) -> str:
    lines = [separator.join([time, *names]) + trailing]
    lines += [separator.join([stamp(int(t)), *map(write, row)]) + trailing for t, row in zip(TIMES, WALK, strict=True)]
    return end.join(lines) + end


def numbered(text: str, header: str) -> str:
    head, *rows = text.splitlines()
    return "\n".join([header + head, *(f"{i},{row}" for i, row in enumerate(rows))]) + "\n"


def iso(t: int) -> str:
    return f"2026-05-01T06:30:{t // 1000:02}.{t % 1000:03}Z"


def flagged() -> str:
    """Rows twice, of which each second one says by its flags that neither foot has a sample."""
    head, *rows = table().splitlines()
    pairs = ((f"{row},0", f"{int(row.split(',')[0]) + 5},{','.join(['7'] * 8)},0x3") for row in rows)
    return "\n".join([f"{head},state", *itertools.chain.from_iterable(pairs)]) + "\n"


class Variant(NamedTuple):
    """How the walk is written, and what is to be changed in the map that is suggested."""

    content: str | bytes
    edits: tuple[str, ...] = ()  # keys that replace those of the map
    says: str = ""  # what is in the suggestion


PREAMBLE = 'Device: FSR logger\nPatient;Ann;;;\nDate: 2026-05-01\n\n"Rate",100\n'
LOCAL = [name.replace("left_", "Links µ ").replace("right_", "Rechts µ ") + " [°]" for name in NAMES]
MS = ('time_unit = "ms"',)
VARIANTS = {
    "comma": Variant(table(), MS),
    "semicolon, decimal comma": Variant(table(";", comma), MS, 'decimal = ","'),
    "tab": Variant(table("\t"), MS),
    "bar": Variant(table("|"), MS),
    "spaces": Variant(table("  "), MS, 'separator = " "'),
    "quoted decimal comma": Variant(table(",", quoted), MS, 'decimal = ","'),
    "all in quotes": Variant(
        table('","').replace("\n", '"\n"').join(['"', ""]).removesuffix('"'), MS, 'separator = ","'
    ),
    "CRLF": Variant(table(end="\r\n"), MS),
    "CR": Variant(table(end="\r"), MS),
    "UTF-8 with a mark": Variant(b"\xef\xbb\xbf" + table().encode(), MS),
    "UTF-16": Variant(table("\t").encode("utf-16"), MS),
    "UTF-16 BE, CR": Variant(b"\xfe\xff" + table(end="\r").encode("utf-16-be"), MS),
    "UTF-16 without a mark": Variant(table().encode("utf-16-le"), MS),
    "Windows-1252": Variant(table(";", comma, LOCAL, "Zeit").encode("cp1252"), MS, "Links µ {n} [°]"),
    "index column of pandas": Variant(numbered(table(), ","), MS),
    "row names of R": Variant(numbered(table(), ""), MS),
    "lines above": Variant(PREAMBLE + table(";"), MS, "skip_lines = 5"),
    "comment lines": Variant("# fw=v9.9\n# rate 100, gain 1\n" + table() + "# end\n", MS, "skip_lines = 2"),
    "header is a comment": Variant("# " + table(), MS),
    "numbers from 0": Variant(table(names=[f"{side}{n:02}" for side in "LR" for n in range(SENSORS)]), MS, '"L{n}"'),
    "gap in the numbers": Variant(table(names=[name.replace("_3", "_9") for name in NAMES]), MS, '"left_{n}"'),
    "units below": Variant(table().replace("\n", "\nms" + ",kPa" * 8 + "\n", 1), MS, 'unit = "kPa"'),
    "trailing separator": Variant(table(";", trailing=";"), MS),
    "inverted": Variant(table(write=lambda x: plain(4095 - x)), MS, "invert_from = 4095"),
    "scale and offset": Variant(table(write=lambda x: plain(2 * x + 200)), (*MS, "scale = 0.5", "offset = -100.0")),
    "flags": Variant(flagged(), (*MS, 'flags = "state"', "absent = { left = 1, right = 2 }")),
    "us": Variant(table(stamp=lambda t: f"{t}000", time="time_us"), ('time_unit = "us"',)),
    "ns since 1970": Variant(
        table(stamp=lambda t: f"{1_777_617_000_000 + t}000000"), ('time_unit = "ns"', "since_1970 = true")
    ),
    "s": Variant(table(stamp=lambda t: f"{t / 1000:.2f}"), ('time_unit = "s"',)),
    "ISO": Variant(table(stamp=iso, time="timestamp"), ('time_unit = "iso"',)),
    "one foot's words": Variant(table(names=[f"s{name[-1]}_{name[:-2]}" for name in NAMES]), MS, '"s{n}_right"'),
    "names twice": Variant(table(names=[str(n) for n in (1, 2, 3, 4)] * 2), MS, 'right = "6-9"'),
}  # fmt: skip


def suggestion(path: Path) -> str:
    with pytest.raises(ConfigError, match="a CSV file needs a map of its columns") as told:
        list(read_recording(path, "ann"))
    return str(told.value)


def edited(said: str, edits: tuple[str, ...]) -> str:
    keys = {edit.split(" = ")[0] for edit in edits}
    lines = said.partition("\n\n")[2].splitlines()
    return "\n".join([*(line for line in lines if line.split(" = ")[0] not in keys), *edits]) + "\n"


def feet(path: Path) -> Iterator[np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
    items = list(read_recording(path, "ann"))
    assert not any(item.corrupt for item in items if isinstance(item, Link))
    for side in Side:
        yield np.concatenate([item.pressure for item in items if isinstance(item, Frames) and item.side is side])


@pytest.mark.parametrize("name", VARIANTS)
def test_it_is_read_by_the_map_that_is_suggested(tmp_path: Path, name: str) -> None:
    variant = VARIANTS[name]
    (path := tmp_path / "walk.csv").write_bytes(
        variant.content if isinstance(variant.content, bytes) else variant.content.encode()
    )
    said = suggestion(path)
    assert variant.says in said
    (tmp_path / "walk.columns.toml").write_text(edited(said, variant.edits), encoding="utf-8")
    left, right = feet(path)
    assert left.shape == right.shape == (N, SENSORS)
    assert np.array_equal(np.hstack([left, right]), WALK.astype(np.float32))
