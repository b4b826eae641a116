"""From samples to packets with arrival times: encoder and air of one virtual insole."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

import numpy as np

from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.model import SECOND, Packet, Side
from firmware_bridge.virtual.insole.foot import Readout, VirtualFoot
from firmware_bridge.virtual.insole.radio import Air, Radio

_BATTERY_PCT_PER_H = 4.0


def transmit(
    foot: VirtualFoot, radio: Radio, number: int, link: str = "ble", connected: int | None = None
) -> Iterator[list[Packet]]:
    """Yield what is heard of session `number`, some 20 s at a time, times never decreasing.

    Each session begins with a device that was just switched on: its clock and its counter begin anew. Where the link
    was `connected` only later (UTC ns), the host is busy then and not at the session's start.
    """
    session = foot.story.sessions[number]
    encoder = Encoder(foot.profile, foot.side, link)
    air = Air(radio, session.start, (foot.story.seed, number, 0 if foot.side is Side.LEFT else 1), connected)
    held: list[Packet] = []
    rest: Readout | None = None
    for piece in foot.pieces(number):
        samples = piece if rest is None else Readout.join([rest, piece])
        whole = len(samples.time) // encoder.samples_per_packet * encoder.samples_per_packet
        rest = samples.part(slice(whole, None))
        if not whole:
            continue
        held += _sent(encoder, air, samples.part(slice(whole)), session.start)
        held.sort(key=itemgetter(0))
        horizon = int(samples.time[whole - 1])  # nothing that is sent later arrives before
        due = next((k for k, packet in enumerate(held) if packet.time > horizon), len(held))
        yield held[:due]
        del held[:due]
    yield held


def _sent(encoder: Encoder, air: Air, samples: Readout, start: int) -> list[Packet]:
    hours = (int(samples.time[0]) - start) / SECOND / 3600
    battery = float(max(5.0, 96.0 - _BATTERY_PCT_PER_H * hours))
    data = encoder.packets(samples.ticks, samples.pressure, samples.acc, samples.gyro, battery)
    ready = samples.time[encoder.samples_per_packet - 1 :: encoder.samples_per_packet]
    ready = np.concatenate([np.repeat(ready[:1], len(data) - len(ready)), ready])  # a head line comes first
    arrivals = air.send(ready)
    return [Packet(t, data[k]) for t, k in zip(arrivals.time.tolist(), arrivals.packet.tolist(), strict=True)]
