"""`pytest --pyargs firmware_bridge.contracts --profile FILE`: what holds for every profile, for that one.

A plugin of pytest's (see the entry points of this distribution): of a package that is named by `--pyargs` pytest reads
no `conftest.py` before its options.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names profiles."""
    parser.addoption(
        "--profile",
        action="append",
        metavar="FILE",
        help="a profile's .toml, or a built-in one's name, to be tried; may come several times; else all built-in ones",
    )
