"""A `[[golden]]` example for a drafted profile: lines as they were heard, with what the draft reads in them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from firmware_bridge.authoring.golden_check import ARRIVED, check_golden
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile, parse_profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Float32s, Packet, Side

_LOOKED_AT = 200
"""Lines among which the one with the most load is looked for: some steps (choice)."""


def example_of(toml: str, data: bytes) -> str:
    """Return the example as TOML; "" where the draft reads none of the lines alone.

    It is the line with the most load, and the one behind it where both are read as one after the other.
    """
    profile = parse_profile(toml, "the draft")
    lines = [line.strip("\r ") for line in data.decode("ascii", "ignore").split("\n")[1:-1]]
    lines = [line for line in lines if (line and line.isprintable()) or "\t" in line][:_LOOKED_AT]
    heard = (
        (side, number, read)
        for side in Side
        for number, line in enumerate(lines)
        if (read := _read(profile, side, [line])) is not None
    )
    best = max(heard, key=lambda one: float(np.nansum(one[2])), default=None)
    if best is None:
        return ""
    side, number, _ = best
    for count in (2, 1):
        text = _example(profile, side, lines[number : number + count])
        if text and not check_golden(parse_profile(toml + text, "the draft")):
            return text
    return ""


def _read(profile: Profile, side: Side, lines: Sequence[str]) -> Float32s | None:
    """Return the pressure that is read in lines; None where nothing is."""
    try:
        decoder = Decoder(Insole("draft", side, profile, "draft:"), next(iter(profile.frames)))
    except ConfigError:  # it is of the other foot alone
        return None
    frames = decoder.whole([Packet(ARRIVED, _text(lines).encode())])
    return None if frames is None or decoder.counts.corrupt else frames.pressure


def _example(profile: Profile, side: Side, lines: Sequence[str]) -> str:
    read = _read(profile, side, lines)
    if read is None or len(read) != len(lines):
        return ""
    rows = [", ".join("nan" if np.isnan(x) else f"{x:.7g}" for x in row) for row in read.tolist()]
    said = [
        "",
        "[[golden]] # as it was heard; `insole profile check` reads it again",
        f'side = "{side}"',
        f"text = [{json.dumps(_text(lines))}]",
        f"pressure = [{', '.join(f'[{row}]' for row in rows)}]",
    ]
    return "\n".join(said) + "\n"


def _text(lines: Sequence[str]) -> str:
    return "\n" + "".join(f"{line}\n" for line in lines)
