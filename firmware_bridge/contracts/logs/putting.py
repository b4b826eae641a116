"""What every log keeps to where something is put."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from firmware_bridge.contracts.logs.items import EVERY_KIND, Reading, number, put_lists
from firmware_bridge.contracts.logs.rig import LogRig, drained, few_examples
from firmware_bridge.errors import CorruptData
from firmware_bridge.model import BEGINNING, END, Item


class PuttingContract:
    @few_examples
    @given(puts=put_lists)
    def test_putting_twice_is_putting_once(self, rig: LogRig, puts: list[list[Item]]) -> None:
        with rig.fresh() as log:
            for put in puts:
                log.put(put)
                before = log.head(), drained(log, EVERY_KIND)
                log.put(put)
                assert log.head() == before[0]
                assert [n for n, _ in drained(log, EVERY_KIND)] == [n for n, _ in before[1]]

    def test_a_changed_row_arrives_anew_and_a_tail_sees_it_again(self, rig: LogRig) -> None:
        with rig.fresh() as log:
            log.put([number(1), number(2)])
            log.put([number(1, value=5.0)])
            assert log.after([Reading], 0) == [(2, number(2)), (3, number(1, value=5.0))]
            assert log.after([Reading], 2) == [(3, number(1, value=5.0))]
            log.put([number(1, value=float("nan"))])
            log.put([number(1, value=float("nan"))])
            assert log.head() == 4

    def test_a_put_is_all_or_nothing(self, rig: LogRig) -> None:
        with rig.fresh() as log:
            log.put([number(1)])
            version = log.version()
            for bad in (
                replace(number(3), count=END + 1),
                replace(number(3), text="\ud800"),
                number(2 * BEGINNING),
            ):
                with pytest.raises(CorruptData):
                    log.put([number(2), bad])
            assert log.after([Reading], 0) == [(1, number(1))]
            assert log.version() == version

    def test_what_is_closed_takes_nothing_more(self, rig: LogRig) -> None:
        with rig.fresh() as log:
            log.put([number(1)])
            log.close()
            log.close()
            with pytest.raises(RuntimeError, match="closed"):
                log.head()
