"""Small recordings of every file format, made on the spot."""

from __future__ import annotations

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


def moticon(folder: Path, name: str = "walk") -> Path:
    """Write an OpenGo export of size 7."""
    path = folder / f"{name}.txt"
    kinds = [*(f"pressure {k}[N/cm²]" for k in range(1, 17)), "total force[N]"]
    names = "\t".join(["# time", *(f"{side} {kind}" for side in ("left", "right") for kind in kinds)])
    rows = (f"{i / RATE:.2f}\t" + _numbers(i, 34).replace(" ", "\t") for i in range(ROWS))
    path.write_text(f"# Start time: 27.09.2023 10:22:31.707\n# Size: 7\n{names}\n" + "\n".join(rows) + "\n")
    return path


def loadsol(folder: Path, name: str = "walk") -> Path:
    """Write an export of three zones a foot, each with its own clock."""
    path = folder / f"{name}.txt"
    ids = "\t".join(
        ["", *(f"A1-{side}{zone}" for side, zone in (("L", "::heel"), ("L", "::medial"), ("L", "::lateral")))]
    )
    ids += "\t".join(["", *(("", "B2-R::lateral", "B2-R::medial", "B2-R::heel"))])
    units = "\t".join(["Time[secs]", *["Force[N]"] * 3] * 2)
    head = f"loadapp_2024_01_17_14_48_48_148.loadflux\ncomment none\n{ids}\n{units}\n"
    rows = ("\t".join(f"{i / RATE:.3f}\t" + _numbers(i + k, 3).replace(" ", "\t") for k in (0, 9)) for i in range(ROWS))
    path.write_text(head + "\n".join(rows) + "\n")
    return path


def xsensor(folder: Path, name: str = "walk") -> Path:
    """Write frames of two grids of 4 x 3 cells, and a region's behind them; each second line is blank."""
    path = folder / f"{name}.csv"
    lines = ["File:,walk.xsn", "Units:,kPa"]
    for i in range(ROWS):
        cells = _numbers(i, 24).split()
        lines += [f"FRAME,{i}", "Date, 2022 Aug 16", f"Time, 08:21:{i // RATE:02}.{i % RATE:02}"]
        for k, foot in enumerate(("LF", "RF")):
            lines += [f"SENSOR,HX210-{foot} S1", "Rows,4", "Columns,3", "Sensel Width (cm),2", "SENSELS"]
            lines += [",".join(cells[12 * k + 3 * row : 12 * k + 3 * row + 3]) for row in range(4)]
        lines += ["GROUP,1", "SENSELS", "1,2,3"]
    path.write_text("".join(f"{line},,\n,,,\n" for line in lines))
    return path


def tekscan(folder: Path, name: str = "walk") -> Path:
    """Write a movie of the left foot, 5 x 4 cells."""
    path = folder / f"{name}.asf"
    head = (
        f"DATA_TYPE MOVIE\nFILENAME C:\\MOVIES\\P01L.fsx\nROWS 5\nCOLS 4\nROW_SPACING 5.08 mm\nCOL_SPACING 5.08 mm\n"
        f"SECONDS_PER_FRAME {1 / RATE}\nSATURATION_PRESSURE 1514.73 KPa \nUNITS KPa\nASCII_DATA @@\n"
    )
    frames = []
    for i in range(ROWS):
        cells = ["B", *_numbers(i, 18).split(), "B"]
        frames.append(f"\nFrame {i + 1}\n" + "".join(",".join(cells[k : k + 4]) + "\n" for k in range(0, 20, 4)))
    path.write_text(head + "".join(frames) + "\n@@\n")
    return path


def stappone(folder: Path, name: str = "walk") -> Path:
    """Write rows of the two soles in turn."""
    path = folder / f"{name}.csv"
    header = ",".join(["sole_id", "timestamp", *(f"pressure_{k:02}" for k in range(1, 13)), "corrupt"])
    rows = (
        f"{sole},{1_700_000_000_000 + 1000 * i // RATE},{_numbers(i + sole, 12).replace(' ', ',')},0"
        for i in range(ROWS)
        for sole in (1, 2)
    )
    path.write_text(f"{header}\n" + "\n".join(rows) + "\n")
    return path


def orphe(folder: Path, name: str = "walk-left") -> Path:
    """Write the phone app's file of the left foot."""
    path = folder / f"{name}.csv"
    names = [*(f"{kind}{axis}" for kind in ("acc", "gyro") for axis in "XYZ"), *(f"press{k}" for k in range(1, 7))]
    rows = (f"{1_700_000_000 + i / RATE:.3f},{_numbers(i, 12).replace(' ', ',')}" for i in range(ROWS))
    path.write_text(",".join(["timestamp", *names]) + "\n" + "\n".join(rows) + "\n")
    return path
