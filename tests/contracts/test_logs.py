"""The contract of logs, held by every built-in one, part by part; and by one in memory that has no more than `Log`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_bridge.contracts.logs.claiming import ClaimingContract
from firmware_bridge.contracts.logs.following import FollowingContract
from firmware_bridge.contracts.logs.keeping import KeepingContract
from firmware_bridge.contracts.logs.putting import PuttingContract
from firmware_bridge.contracts.logs.reading import ReadingContract
from firmware_bridge.contracts.logs.replacing import ReplacingContract
from firmware_bridge.contracts.logs.rig import LogRig
from firmware_bridge.contracts.logs.surviving import SurvivingContract
from firmware_bridge.plugins import LOGS
from tests.stand_ins.memory_log import MemoryLog

FILES: dict[str, Callable[[Path], str]] = {"sqlite": lambda folder: f"sqlite:///{folder}/log.db"}


def test_every_built_in_log_is_held_to_the_contract() -> None:
    assert set(FILES) == set(LOGS.builtin)


class TestFiles(
    PuttingContract,
    FollowingContract,
    SurvivingContract,
    ReadingContract,
    ReplacingContract,
    KeepingContract,
    ClaimingContract,
):
    @pytest.fixture(params=FILES)
    def rig(self, request: pytest.FixtureRequest) -> LogRig:
        return LogRig(FILES[request.param])


class TestMemory(PuttingContract, FollowingContract, ReadingContract, ReplacingContract):
    @pytest.fixture
    def rig(self) -> LogRig:
        return LogRig(str, MemoryLog)
