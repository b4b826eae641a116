"""Small recordings of every file format, made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

RATE = 100
SECONDS = 3
ROWS = RATE * SECONDS


def gaitpdb(folder: Path, name: str = "walk") -> Path:
    """Write 19 columns of text."""
    path = folder / f"{name}.txt"
    path.write_text("".join(f"{i / RATE:.2f} {_numbers(i, 16)} 1 1\n" for i in range(ROWS)))
    return path


def pedar(folder: Path, name: str = "walk") -> Path:
    """Write an .asc of size class x."""
    path = folder / f"{name}.asc"
    numbered = "\t".join(str(1 + i % 99) for i in range(198))
    header = (
        f"file name:  {name}.sol\tdate/time  25.04.23 10.49\nsensor type:  x-1865l-1870r-pxf306-11mar2021 \n"
        f"total time [secs]:  3.000\ttime per frame [secs]:  0.01000\tscanning rate [Hz]:   {RATE}\n"
        f"pressure values in  kPa\n\nmask definition: \nleft insole: 1,2\nright insole: 1,2\n\ntime[secs]\t{numbered}\n"
    )
    rows = (f"{(i + 1) / RATE:.5f}\t" + _numbers(i, 198).replace(" ", "\t") for i in range(ROWS))
    path.write_text(header + "\n".join(rows) + "\n")
    return path


def csv(folder: Path, name: str = "walk") -> Path:
    """Write a CSV file of two sensors a foot, and its map beside it."""
    path = folder / f"{name}.csv"
    rows = (f"{i / RATE:.2f}," + _numbers(i, 4).replace(" ", ",") for i in range(ROWS))
    path.write_text("t,left_1,left_2,right_1,right_2\n" + "\n".join(rows) + "\n")
    (folder / f"{name}.columns.toml").write_text('time = "t"\nleft = "left_{n}"\nright = "right_{n}"\n')
    return path


def gaitndd(folder: Path, name: str = "walk") -> Path:
    """Write a header and the two signals that it names."""
    left = np.array([float(_numbers(i, 1)) for i in range(ROWS)], np.int64) * 20 - 1000
    return wfdb(folder, name, {"let": left, "rit": left[::-1] - 1}, rate=RATE)


def wfdb(folder: Path, name: str, signals: dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]], rate: int) -> Path:
    """Write a record of one file a signal, named by its ending; the header has the true checksums."""
    sides = {"let": "left-foot", "rit": "right-foot"}
    count = len(next(iter(signals.values())))
    lines = [f"{name} {len(signals)} {rate} {count}"]
    for ending, samples in signals.items():
        (folder / f"{name}.{ending}").write_bytes(packed(samples))
        checksum = (int(samples.sum()) + 32768) % 65536 - 32768
        lines.append(f"{name}.{ending} 212 100 12 0 {samples[0]} {checksum} 0 {sides.get(ending, ending)}")
    path = folder / f"{name}.hea"
    path.write_text("\n".join(lines) + "\n")
    return path


def packed(samples: np.ndarray[tuple[int], np.dtype[np.int64]]) -> bytes:
    """Return samples of 12 bits as format 212 has them."""
    out = bytearray()
    values = [int(sample) & 0xFFF for sample in samples]
    for first, second in zip(values[::2], [*values[1::2], 0], strict=False):
        out += bytes([first & 255, (first >> 8) | (second >> 8) << 4, second & 255])
    return bytes(out)


def _numbers(row: int, count: int) -> str:
    """Return the readings of a row: each foot is loaded half of the time."""
    half = max(count // 2, 1)
    loads = [max((row + 50 * (i >= half)) % 100 - 50, 0) for i in range(count)]
    return " ".join(str(load + i % 3) for i, load in enumerate(loads))


ALL: dict[str, Callable[[Path], Path]] = {"csv": csv, "gaitndd": gaitndd, "gaitpdb": gaitpdb, "pedar": pedar}
