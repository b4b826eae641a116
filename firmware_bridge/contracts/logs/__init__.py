"""What holds for every log, part by part: an engine that only puts and is followed is held to those two alone.

A test inherits the parts that the log keeps to, and gives the fixture `rig`:

    class TestMine(PuttingContract, FollowingContract, ReadingContract):
        @pytest.fixture
        def rig(self) -> LogRig:
            return LogRig(lambda folder: f"mine:///{folder}/log")
"""

import pytest

_PARTS = ("putting", "following", "surviving", "reading", "replacing", "keeping", "claiming", "items")

pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))
