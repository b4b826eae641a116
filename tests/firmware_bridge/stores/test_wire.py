"""Items between two services: whole, or refused with what is wrong."""

from __future__ import annotations

import json
from dataclasses import make_dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.contracts.logs.items import Mark, Reading, Stage, assert_same, items, number
from firmware_bridge.errors import CorruptData
from firmware_bridge.model import Frames, Key, Link, Side, kind_name
from firmware_bridge.stores.remote.wire import deserialize, serialize

KINDS = {kind_name(kind): kind for kind in (Reading, Mark, Link, Stage, Frames)}


@settings(deadline=None)
@given(st.lists(items, max_size=8))
def test_what_is_unpacked_is_what_was_packed(wanted: list[Any]) -> None:
    assert_same(list(deserialize(b"".join(serialize(wanted)), KINDS)), wanted)


@settings(deadline=None)
@given(st.lists(items, min_size=1, max_size=3), st.data())
def test_what_is_cut_short_is_refused_or_is_less(wanted: list[Any], data: st.DataObject) -> None:
    parcels = list(serialize(wanted))
    whole = b"".join(parcels)
    cut = data.draw(st.integers(0, len(whole) - 1))
    ends = [sum(map(len, parcels[:n])) for n in range(len(parcels))]
    if cut in ends:
        assert len(list(deserialize(whole[:cut], KINDS))) == ends.index(cut)
    else:
        with pytest.raises(CorruptData):
            list(deserialize(whole[:cut], KINDS))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    if noise:
        with pytest.raises(CorruptData):
            list(deserialize(noise, KINDS))


def changed(**values: Any) -> bytes:
    told = json.loads(next(serialize([number(1)])))
    told["row"] |= values
    return json.dumps(told).encode() + b"\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (changed(count="5"), "count is '5', not a int"),
        (changed(count=True), "count is True"),
        (changed(wearer=None, text=3), "text is 3, not a str"),
        (changed(side="middle"), "middle"),
        (changed(value="x"), "value|float"),
        (changed(steepness=1.0), "'steepness' of a newer version; update this service"),
        (b'{"kind": "verse", "row": {}}\n', "'verse' are not known here; update this service"),
        (b"[1]\n", "no items of an insole log"),
        (b'{"kind": "reading", "row": 7}\n', "cut short"),
        (b'{"kind": "frames", "row": {}, "bytes": -1}\n', "cut short"),
        (b'{"kind": "frames", "row": {}, "bytes": 0}\n', "damaged"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, said: str) -> None:
    with pytest.raises(CorruptData, match=said):
        list(deserialize(data, KINDS))


def test_a_row_of_an_older_version_reads_as_an_old_store_does() -> None:
    old: Any = make_dataclass("Reading", [("time", int), ("wearer", Key[str]), ("topic", Key[str])], frozen=True)
    (row,) = deserialize(b"".join(serialize([old(1, "anna", "a")])), KINDS)
    assert_same([row], [Reading(1, "anna", "a", float("nan"), 0, good=False, side=Side.LEFT, text="")])
