"""Does a profile read what it writes itself? One that does not reads nothing of its device either."""

from __future__ import annotations

import numpy as np

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.codec.round_trip import specimen
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Side

PACKETS = 300
"""So many of each foot and link: a counter of eight bits wraps among them."""


def check_round_trip(profile: Profile) -> list[str]:
    """Return what of its own packets a profile does not read, one sentence each; an empty list where all is well."""
    return [problem for link in profile.frames for problem in _of_link(profile, link)]


def _of_link(profile: Profile, link: str) -> list[str]:
    found, silent = [], []
    for side in Side:
        try:
            problem = _of_foot(profile, side, link)
        except ConfigError as error:  # a profile may be of one foot
            silent.append(str(error))
            continue
        if problem:
            found.append(f"{link}, {side} foot: {problem}")
    return [f"{link}: {silent[0]}"] if len(silent) == len(Side) else found


def _of_foot(profile: Profile, side: Side, link: str) -> str:
    """Say what is wrong with the packets of a foot over a link, "" where nothing is."""
    given, packets = specimen(profile, side, link, PACKETS)
    decoder = Decoder(Insole("round trip", side, profile, "round trip:"), link)
    read = decoder.whole(packets)
    lost = len(given) - (0 if read is None else len(read))
    if lost or decoder.counts.corrupt:
        why = "; ".join(filter(None, [*decoder.refusals, decoder.trouble])) or "they do not follow one another in time"
        each = len(given) // PACKETS
        missed = max(-(-lost // each), decoder.counts.corrupt)
        return f"{missed} of {PACKETS} packets that the profile writes itself are not read: {why}"
    missing = 0 if read is None else int(np.isnan(read.pressure).sum())
    if missing:
        return f"{missing} of {given.pressure.size} pressures that the profile writes itself are read as missing"
    return ""
