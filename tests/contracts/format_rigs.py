"""The rig of every built-in file format, from the format's own test file."""

from __future__ import annotations

from importlib import import_module

from firmware_bridge.contracts.importers import FormatRig
from firmware_bridge.plugins import IMPORTERS

RIGS: dict[str, FormatRig] = {
    name: import_module(f"tests.firmware_bridge.importers.formats.test_{name}").RIG for name in IMPORTERS.builtin
}
