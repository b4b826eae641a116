"""The command `insole`: verbs, what they do, and what they check.

stdout is the result, stderr the log. Exit code 0 done, 1 failed, 2 wrong usage or settings.
"""

from __future__ import annotations

from importlib import import_module

from service.cli.commands import app

__all__ = ["app"]

# in the order in which their verbs are listed
for room in (
    "long_running",
    "devices",
    "calibration",
    "profiles",
    "recordings",
    "notes",
    "reports",
    "alerts",
    "checks",
):
    import_module(f"service.cli.commands.{room}")
