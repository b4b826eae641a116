"""What is stored is known in one place."""

from __future__ import annotations

from dataclasses import is_dataclass

from firmware_bridge import columns
from service.records import rows


def test_the_kinds_that_are_stored_are_the_rows_that_there_are() -> None:
    made = [
        kind for kind in vars(rows).values() if is_dataclass(kind) and getattr(kind, "__module__", "") == rows.__name__
    ]
    assert list(rows.STORED_KINDS) == made


def test_each_of_them_can_be_stored() -> None:
    assert all(columns(kind) for kind in rows.STORED_KINDS)
