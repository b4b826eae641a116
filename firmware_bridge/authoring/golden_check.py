"""What a profile says against the golden bytes that it keeps: do they still read as they did when they were written?"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile
from firmware_bridge.devices.schema.golden import ExpectedValues, GoldenTable
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import SECOND, Float32s, Frames, Packet, Side

CLOSE = 1e-4
"""How far a reading may be from the expected one, as a part of it and absolutely."""
CLOSE_MS = 0.002
ARRIVED = 1_700_000_000 * SECOND


def check_golden(profile: Profile) -> list[str]:
    """Return what does not read as it should, one sentence each; an empty list where all is well, or nothing kept."""
    return [
        f"golden[{number}]: {problem}"
        for number, golden in enumerate(profile.table.golden)
        for problem in _problems(profile, golden)
    ]


_LINE = re.compile(r"\s*[^\n]*\n?")
"""A line of an example's text with the blank ones before it, and the end of another one before it."""


def _packets(golden: GoldenTable) -> list[Packet]:
    """Return what arrives: each packet and each line, also of a text with several, a second after the one before."""
    lines = [line for text in golden.text for line in _LINE.findall(text) if line]
    arrived = [bytes.fromhex(one) for one in golden.hex] + [line.encode() for line in lines]
    return [Packet(ARRIVED + number * SECOND, data) for number, data in enumerate(arrived)]


def _problems(profile: Profile, golden: GoldenTable) -> list[str]:
    spoken = list(profile.frames)
    link = spoken[0] if golden.link is None and spoken else str(golden.link)
    try:
        decoder = Decoder(Insole("golden", Side(golden.side), profile, "golden:"), link)
    except ConfigError as error:
        return [str(error)]
    frames = decoder.whole(_packets(golden))
    found = []
    if decoder.counts.corrupt != golden.corrupt:
        why = f": {'; '.join(decoder.refusals)}" if decoder.refusals else ""
        found.append(f"{decoder.counts.corrupt} packets were refused, not {golden.corrupt}{why}")
    if golden.battery is not None and not np.isclose(decoder.battery_pct, golden.battery):
        found.append(f"battery reads {decoder.battery_pct:g}, not {golden.battery:g}")
    if frames is None:
        return [*found, f"no packet was understood{': ' * bool(decoder.trouble)}{decoder.trouble}"] * bool(
            golden.pressure
        ) or found
    return found + _differences(frames, golden)


def _differences(frames: Frames, golden: GoldenTable) -> list[str]:
    pairs: list[tuple[str, Float32s | None, Sequence[ExpectedValues] | None]] = [
        ("pressure", frames.pressure, golden.pressure),
        ("acc", frames.acc, golden.acc),
        ("gyro", frames.gyro, golden.gyro),
        ("force", None if frames.force is None else frames.force[:, None], _column(golden.force)),
    ]
    found = [text for role, read, expected in pairs if expected is not None and (text := _unlike(role, read, expected))]
    ms = (frames.time - frames.time[0]) / 1e6
    if golden.ms is not None and (len(ms) != len(golden.ms) or not np.allclose(ms, golden.ms, atol=CLOSE_MS)):
        found.append(f"the samples lie {ms.tolist()} ms behind the first one, not {list(golden.ms)}")
    return found


def _unlike(role: str, read: Float32s | None, expected: Sequence[ExpectedValues]) -> str:
    """Say where readings are not as expected, "" where they are."""
    if read is None:
        return f"{role} is expected, but the profile reads none"
    if len(read) != len(expected):
        return f"{len(read)} samples of {role} were read, not {len(expected)}"
    for sample, (row, wanted) in enumerate(zip(read.astype(np.float64), expected, strict=True)):
        if len(row) != len(wanted) or not np.allclose(row, wanted, rtol=CLOSE, atol=CLOSE, equal_nan=True):
            return f"{role} of sample {sample} reads {[round(float(x), 4) for x in row]}, not {list(wanted)}"
    return ""


def _column(values: ExpectedValues | None) -> list[ExpectedValues] | None:
    return None if values is None else [(value,) for value in values]


_SHOWN = 3
"""Samples of each example that are told."""


def examples_of(profile: Profile) -> list[str]:
    """Return lines that tell what each golden example decodes to."""
    return [
        f"golden[{number}]{line}"
        for number, golden in enumerate(profile.table.golden)
        for line in _said(profile, golden)
    ]


def _said(profile: Profile, golden: GoldenTable) -> list[str]:
    link = str(golden.link) if golden.link else next(iter(profile.frames), "")
    try:
        decoder = Decoder(Insole("golden", Side(golden.side), profile, "golden:"), link)
    except ConfigError as error:
        return [f": {error}"]
    frames = decoder.whole(_packets(golden))
    heard = f", {golden.side} foot over {link}"
    if frames is None:
        return [f"{heard}: no samples{': ' * bool(decoder.trouble)}{decoder.trouble}"]
    told = [f"{heard}: {len(frames)} sample{'s' * (len(frames) > 1)}, {decoder.counts.corrupt} packets refused"]
    for i in range(min(len(frames), _SHOWN)):
        roles = {"pressure": frames.pressure, "acc": frames.acc, "gyro": frames.gyro}
        words = [f"{role} {_numbers(array[i])}" for role, array in roles.items() if array is not None]
        words += [f"force {frames.force[i]:g}"] if frames.force is not None else []
        told.append(f", sample {i}: {'; '.join(words)}")
    return told


def _numbers(values: Float32s) -> str:
    return " ".join("missing" if np.isnan(x) else f"{x:g}" for x in values.tolist())
