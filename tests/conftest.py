"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster
from hypothesis import settings

PROJECT = Path(__file__).parent.parent
SHARED = PROJECT.parent / "shared"
SHOWN = ("firmware_bridge", "service", "dashboards", "tests")
READMES = [
    PROJECT / "README.md",
    *(
        path
        for folder in SHOWN
        for path in sorted((PROJECT / folder).rglob("README.md"))
        if "node_modules" not in path.parts
    ),
]

settings.register_profile("usual", deadline=None)  # no test asserts on time, whatever else the machine does
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))


def absent(what: str) -> None:
    """Skip because a part is absent on this machine; in CI the same absence fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is absent, and CI has to have it")
    pytest.skip(f"{what} is absent")


@pytest.fixture
def shared() -> Callable[..., Path]:
    """Give the path of a real recording that lies beside the project, or skip."""

    def find(*parts: str) -> Path:
        path = SHARED.joinpath(*parts)
        if not path.exists():
            pytest.skip(f"the recordings beside the project ({'/'.join(parts)}) are absent")
        return path

    return find


@pytest.fixture(scope="session")
def blocking_calls() -> BlockBuster:
    """Know every call that waits: a file, a socket, a lock, sleep, SQLite."""
    return BlockBuster(["firmware_bridge", "service"])


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop(blocking_calls: BlockBuster) -> Iterator[None]:
    """Fail a test in which the project's own code blocks the event loop; imports may."""
    blocking_calls.activate()
    yield
    blocking_calls.deactivate()
