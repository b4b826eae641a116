"""Text insoles that exist, by the layouts that their readers published: what each sends reads as it should."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile, load_profile
from firmware_bridge.model import SECOND, Frames, Packet, Side

START = 1_700_000_000 * SECOND
Shared = Callable[..., Path]


def reader(device: Profile, side: Side = Side.LEFT, link: str = "serial") -> Decoder:
    return Decoder(Insole("anna", side, device, "serial:"), link)


def test_moticon_datagrams_are_both_feet(shared: Shared) -> None:
    said = json.loads(shared("vectors", "moticon-opengo", "udp_datagrams.json").read_text())["datagrams"]
    packets = [Packet(START + i * 10**7, one["datagram_ascii"].encode()) for i, one in enumerate(said)]
    for side in Side:
        decoder = reader(load_profile("moticon-udp"), side, "udp")
        frames = decoder.whole(packets)
        assert frames is not None
        assert frames.acc is not None
        assert frames.gyro is not None
        assert frames.force is not None
        feet = [one[side] for one in said]
        assert np.allclose(frames.pressure, 10 * np.array([foot["pressure_N_cm2"] for foot in feet]))
        assert np.allclose(frames.acc, [foot["acc_g"] for foot in feet])
        assert np.allclose(frames.gyro, [foot["gyro_dps"] for foot in feet])
        assert np.allclose(frames.force, [foot["force_N"] for foot in feet])
        assert np.diff(frames.time).tolist() == pytest.approx([10**7] * 4, rel=0.01)
        assert decoder.counts == (5, 0, 0, 0, 0)
        weight = (frames.pressure.astype(float) * load_profile("moticon-udp").sensors.area_mm2).sum(axis=1) * 1e-3
        assert weight / 1.43 == pytest.approx(frames.force, rel=0.03, abs=3)  # the recording is of size 3


def test_a_blank_foot_of_a_moticon_datagram_is_lost_and_the_other_one_is_not(shared: Shared) -> None:
    said = json.loads(shared("vectors", "moticon-opengo", "udp_datagrams.json").read_text())["datagrams"]
    lines = [one["datagram_ascii"].split() for one in said]
    for i in (1, 2):
        lines[i][1:26] = ["nan"] * 25
    packets = [Packet(START + i * 10**7, " ".join(cells).encode()) for i, cells in enumerate(lines)]
    left, right = (reader(load_profile("moticon-udp"), side, "udp") for side in Side)
    assert left.whole(packets) is not None
    assert right.whole(packets) is not None
    assert left.counts == (3, 2, 0, 0, 0)
    assert right.counts == (5, 0, 0, 0, 0)
    short = reader(load_profile("moticon-udp"), Side.RIGHT, "udp")
    assert short.whole([Packet(START, " ".join(lines[1][:1] + lines[1][26:]).encode())]) is None
    assert short.counts.corrupt == 1  # blanks make the columns of the feet indistinguishable: nobody guesses


def test_the_fff0_insole_reads_as_its_maker_wrote_it(shared: Shared) -> None:
    known = json.loads(shared("vectors", "fff0-text-18", "vectors.json").read_text())
    fitted = [i for i in range(24) if i not in known["inactive_indices"]]
    device = load_profile("fff0-text-18")
    for line in known["lines"]:
        decoder = reader(device, Side(line["side"]), "ble")
        frames = decoder.whole([Packet(START, b"\n" + line["text"].encode())])
        assert frames is not None
        assert frames.pressure[0].tolist() == [line["values"][i] for i in fitted]
        assert reader(device, Side(line["side"]).other, "ble").whole([Packet(START, line["text"].encode())]) is None
    pieces = [b"\n", *(bytes.fromhex(piece) for piece in known["notifications_20_bytes_hex"])]
    for side, number in (("left", 0), ("right", 1)):
        decoder = reader(device, Side(side), "ble")
        frames = decoder.whole([Packet(START + i, piece) for i, piece in enumerate(pieces)])
        assert frames is not None
        assert frames.pressure.tolist() == [[known["lines"][number]["values"][i] for i in fitted]]
        assert decoder.counts == (1, 0, 0, 0, 0)


def test_silence_of_an_insole_that_sends_only_while_loaded_is_an_unloaded_foot() -> None:
    device = load_profile("fff0-text-18")
    line = b"L_" + b"[" + b",".join([b"[5,5,5,5]"] * 6) + b"]\n"
    times = [0, 20, 40, 640, 660, 5660, 5680]  # ms: a swing of 600 ms, then five seconds of which nothing is known
    packets = [Packet(START, b"\n"), *(Packet(START + t * 10**6, line) for t in times)]
    decoder = reader(device, link="ble")
    frames = decoder.whole(packets)
    assert frames is not None
    ms = (frames.time - START) / 1e6
    loaded = frames.pressure[:, 0] > 0
    assert ms[loaded].tolist() == times
    assert ms[~loaded].tolist() == list(range(60, 640, 20))
    assert not frames.pressure[~loaded].any()
    assert decoder.counts == (7, 0, 0, 0, 0)  # the zeros are inferred, not received; nothing was lost
    one_by_one = reader(device, link="ble")
    parts = [part for packet in packets if (part := one_by_one.whole([packet])) is not None]
    assert np.array_equal(Frames.concatenate(parts).time, frames.time)
    lost = reader(device, link="ble")
    lost.whole(packets[:4])
    lost.reset()
    frames = lost.whole([Packet(START, b"\n"), *packets[4:6]])
    assert frames is not None
    assert len(frames) == 2  # a link that was away is not filled
