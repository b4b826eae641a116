"""What holds for every profile, link, store and format: suites to run against one's own."""

import pytest

pytest.register_assert_rewrite(
    "firmware_bridge.contracts.archives",
    "firmware_bridge.contracts.importers",
    "firmware_bridge.contracts.logs",
    "firmware_bridge.contracts.sources",
)
