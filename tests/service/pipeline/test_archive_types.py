"""The types of fields are fixed by their first write: a database that is there would refuse every row of a change.

A new field may be added. A changed type, or a key that becomes a value, needs a new name. What was written before is
what the stores of earlier versions hold.
"""

from __future__ import annotations

import json
import lzma
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from firmware_bridge import Frames, columns, kind_name
from service.pipeline.mirror_selection import COPIED
from tests.stored.write import FOLDER

LETTERS = {bool: "b", str: "s", int: "i", float: "f"}
SQL = {"TEXT": "s", "INTEGER": "i", "REAL": "f"}
KINDS = [kind for kind in COPIED if kind is not Frames]
STORES = sorted(FOLDER.glob("*.sqlite.xz"))


@pytest.mark.parametrize("store", STORES, ids=lambda path: path.name.partition(".")[0])
def test_no_field_changes_its_type_and_no_key_becomes_a_value(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(lzma.decompress(store.read_bytes()))
    told = json.loads(store.with_name(store.name.replace(".sqlite.xz", ".json")).read_text(encoding="utf-8"))
    known = 0
    with closing(sqlite3.connect(path)) as file:
        for kind in KINDS:
            name = kind_name(kind)
            first = told.get(name, {}).get("first", {})
            held = {row[1]: SQL[row[2]] for row in file.execute(f'PRAGMA table_info("{name}")') if row[1][0] != "_"}
            held |= {field: "b" for field, value in first.items() if isinstance(value, bool)}
            now = {column.name: _letter(column.type) for column in columns(kind)}
            assert {field: now.get(field) for field in held} == held
            keys = {row[2] for row in file.execute(f'PRAGMA index_info("{name}_key")')} - {"_partition"}
            assert not held or keys == {"time", "wearer", *(c.name for c in columns(kind) if c.key)}
            known += len(held)
    assert known > 100


def test_tags_are_few() -> None:
    for kind in KINDS:
        assert sum(column.key for column in columns(kind)) <= 3


def _letter(kind: type) -> str:
    return next(letter for plain, letter in LETTERS.items() if issubclass(kind, plain))
