"""The published exports of laboratory insoles: each known by its content alone, and stored once however often taken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from firmware_bridge import Frames, open_log
from firmware_bridge.importers import find_format
from firmware_bridge.importers.parsing.files import head_of
from firmware_bridge.importers.reading import MAPPED
from firmware_bridge.plugins import IMPORTERS
from service.pipeline.file_import import import_files

VENDORS = ("data", "pressure_vendor_formats")
REAL = [
    ("moticon", ("vectors", "moticon-opengo", "230927_102231.first400.txt")),
    ("moticon", ("vectors", "moticon-opengo", "walk_data_with_events.text_export.txt")),
    ("loadsol", ("vectors", "novel-loadsol", "basic_synthetic.txt")),
    ("loadsol", ("vectors", "novel-loadsol", "poids_par_zone.first300.txt")),
    ("loadsol", ("vectors", "novel-loadsol", "test_poids.txt")),
    ("loadsol", ("data", "loadsol_zones", "test_pointe_3_05_02.txt.gz")),
    ("xsensor", ("vectors", "xsensor", "xsensor_data.first2frames.csv")),
    ("xsensor", (*VENDORS, "xsensor_data.csv")),
    ("tekscan", ("vectors", "tekscan-fscan", "fscan_testL.first39frames.asf")),
    ("tekscan", (*VENDORS, "fscan_testL.asf")),
    ("pedar", (*VENDORS, "pedar_example.asc")),
    ("gaitpdb", ("data", "gaitpdb", "SiCo01_01.txt.gz")),
    ("gaitndd", ("data", "gaitndd", "control1.hea")),
]
each = pytest.mark.parametrize(("name", "parts"), REAL, ids=[parts[-1] for _, parts in REAL])


@each
def test_each_is_of_its_own_format_and_of_no_other(
    shared: Callable[..., Path], name: str, parts: tuple[str, ...]
) -> None:
    path = shared(*parts)
    head = head_of(path)
    claiming = {known for known in IMPORTERS.names() if IMPORTERS.load(known).recognizes(head)}
    assert claiming - {MAPPED} == {name}  # lines of names above numbers are CSV, too
    assert find_format(path).name == name


@pytest.mark.parametrize("parts", [parts for _, parts in REAL[:10]], ids=[parts[-1] for _, parts in REAL[:10]])
def test_the_same_file_again_is_stored_once(
    shared: Callable[..., Path], parts: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = f"sqlite:///{tmp_path}/log.sqlite"
    heads, counts = [], []
    for _ in range(2):
        assert import_files([shared(*parts)], store, wearer="ann", start=None, form=None) == 0
        with closing(open_log(store)) as log:
            heads.append(log.head())
            counts.append(sum(len(frames) for frames in log.read(Frames, "ann")))
    assert heads[0] == heads[1]
    assert counts[0] == counts[1] > 0
    assert "is there already" in capsys.readouterr().err
