"""The contract of formats, held by every built-in one.

A format's own test file, `tests/firmware_bridge/importers/formats/test_<name>.py`, has its `RIG`.
"""

from __future__ import annotations

import pytest

from firmware_bridge.contracts.importers import FormatContract, FormatRig, LineContract
from tests.contracts.format_rigs import RIGS


class TestFormats(FormatContract):
    @pytest.fixture(params=RIGS)
    def rig(self, request: pytest.FixtureRequest) -> FormatRig:
        return RIGS[request.param]


class TestFormatsOfLines(LineContract):
    @pytest.fixture(params=[name for name, rig in RIGS.items() if rig.lines])
    def rig(self, request: pytest.FixtureRequest) -> FormatRig:
        return RIGS[request.param]
