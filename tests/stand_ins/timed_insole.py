"""An insole whose true time is known: each sample carries its number, so that the time it is stored at can be judged.

Made from what profiles say and nothing that the decoder knows: samples at true times, the device's own idea of them,
counters, an air with connection events, jitter and a host that is busy while it connects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.codec.payloads.payload import Payload
from firmware_bridge.codec.wire import frame_of, open_payload, sample_spacing
from firmware_bridge.devices.profile import Profile, builtin_profiles, load_profile, parse_profile
from firmware_bridge.devices.schema.profile import LinesFrame
from firmware_bridge.model import SECOND, Float32s, Frames, Int64s, Packet, Side

START = 1_767_225_600 * SECOND
MS = SECOND // 1000
BOOT = 20 * SECOND
"""What the device's clock shows at `START`: it was on before, so a clock that begins anew is not one that goes on."""
EVENTS_MS, JITTER_MS = 22.5, 5.0
"""Between connection events of a radio; scale of a Gamma(2) delay of the host. Choice: as the virtual radio's."""
HEARTBEAT = SECOND // 10
_BASE, _DIGITS = 40, 3
"""A sample's number is told by its first sensors, a digit each; the step of a digit is wider than any wire's."""

_COUNTED = """
[device]
id = "counted"
name = "Counts its packets and tells no time"
evidence = "virtual"
rate_hz = 100
unit = "raw"
[sensors]
positions = [[0.5, 0.1], [0.5, 0.5], [0.4, 0.9], [0.6, 0.9]]
[transport.ble]
service = "fff0"
chars.data = "fff1"
frame = { kind = "notification", length = 18 }
[layout]
header = [{ role = "sequence", type = "u16", at = 0 }]
repeat = { at = 2, count = 2, stride = 8 }
fields = [{ role = "pressure", type = "u16", at = 0, count = 4, saturated = 4095 }]
[clock]
source = "sequence"
"""


@dataclass(frozen=True)
class Way:
    """A profile on one of its links, and what its packets tell of time."""

    profile: Profile
    link: str

    def __str__(self) -> str:
        return f"{self.profile.id}/{self.link}"

    @cached_property
    def payload(self) -> Payload:
        return open_payload(self.profile, frame_of(self.profile, self.link), Side.LEFT)

    @property
    def samples(self) -> int:
        """Return how many samples a packet holds."""
        return self.payload.samples

    @property
    def period(self) -> int:
        """Return the declared time between samples, ns."""
        return sample_spacing(self.profile)

    @property
    def counted(self) -> bool:
        """Tell whether packets are numbered."""
        return self.payload.sequence_modulus is not None

    @property
    def stamped(self) -> bool:
        """Tell whether packets tell the device's time."""
        return self.payload.tick_modulus is not None

    @property
    def arrival_only(self) -> bool:
        """Tell whether packets tell nothing of time: neither number nor stamp."""
        return not self.counted and not self.stamped

    @property
    def cut(self) -> bool:
        """Tell whether a link's first line is left out as the rest of one: no announcement goes before."""
        text, frame = self.profile.table.text, self.profile.frames[self.link]
        return isinstance(frame, LinesFrame) and frame.cut and (text is None or text.announce is None)


def _profiles() -> list[Profile]:
    return [*map(load_profile, builtin_profiles()), parse_profile(_COUNTED, "counted.toml")]


WAYS = [Way(profile, link) for profile in _profiles() for link in profile.frames]
"""Every live profile on every link that it speaks; and one that only counts, of which none is built in."""
EACH = list({way.profile.id: way for way in reversed(WAYS)}.values())[::-1]
"""Every profile once, on its first link: links differ in framing and air alone."""
STAMPED = [way for way in EACH if way.stamped]
COUNTED = [way for way in EACH if way.counted]
UNNUMBERED = [way for way in STAMPED if not way.counted]


def sampled(way: Way, seconds: float, *, rate: float = 1.0, start: int = START) -> Int64s:
    """Return the true times of whole packets' samples, at `rate` times the declared rate."""
    packets = int(seconds * rate * SECOND / way.period) // way.samples
    times: Int64s = start + np.round(np.arange(packets * way.samples) * (way.period / rate)).astype(np.int64)
    return times


def ticked(time: Int64s, rate: float = 1.0) -> Int64s:
    """Return what a clock shows at true times that runs `rate` times too fast."""
    ticks: Int64s = BOOT + np.round((time - START) * rate).astype(np.int64)
    return ticks


def spoken(way: Way, ticks: Int64s, *, number: int = 0, sequence: int | None = None) -> list[bytes]:
    """Return the packets of a connection: samples numbered from `number` on, stamped with `ticks` as they are.

    `sequence`: of the first packet; None: packets were counted since sample 0.
    """
    first = number // way.samples if sequence is None else sequence
    encoder = Encoder(way.profile, Side.LEFT, way.link, first_sequence=first)
    data = encoder.packets(ticks, _pressure(way, number + np.arange(len(ticks))), battery_pct=90)
    if _stamps_each(way):
        data = [_stamped(packet, ticks[i * way.samples :][: way.samples]) for i, packet in enumerate(data)]
    if way.cut and data:
        data[0] = b"\n" + data[0]
    return data


def _stamps_each(way: Way) -> bool:
    return way.profile.id == "xiao-nus-2x8"


def _stamped(packet: bytes, ticks: Int64s) -> bytes:
    """Write each sample's stamp where the encoder writes evenly spaced ones: u32 ms, at the payload's beginning."""
    stamps = (ticks // MS % (1 << 32)).astype(">u4").tobytes()
    head = len(packet) - 240
    return packet[:head] + stamps + packet[head + len(stamps) :]


def _span(way: Way) -> float:
    return 0.98 * min(way.profile.full_scale, 1000.0)


def _pressure(way: Way, numbers: Int64s) -> Float32s:
    pressure = np.full((len(numbers), way.profile.sensors.count), _span(way) / 2, np.float32)
    digits = numbers[:, None] // _BASE ** np.arange(_DIGITS) % _BASE
    pressure[:, :_DIGITS] = (digits + 1) * _span(way) / _BASE
    return pressure


def numbers_of(way: Way, frames: Frames) -> Int64s:
    """Return the numbers of samples; negative where a reading was put in that nobody sent."""
    digits = np.round(frames.pressure[:, :_DIGITS].astype(np.float64) * _BASE / _span(way)).astype(np.int64) - 1
    numbers: Int64s = digits @ _BASE ** np.arange(_DIGITS)
    return numbers


@dataclass
class Delivery:
    """The way of packets to the host, each connection with an event grid of its own."""

    way: Way
    seed: int
    jitter_ms: float = JITTER_MS
    _rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng([self.seed, 77])

    def arrivals(self, ready: Int64s, connected: int | None = None, delay_s: float = 0.0) -> Int64s:
        """Return when packets arrive, in order; what is ready within `delay_s` of the connection comes then at once."""
        n = len(ready)
        if self.way.link == "ble":
            grid = round(EVENTS_MS * MS)
            phase = int(self._rng.integers(grid))
            ready = -(-(ready - phase) // grid) * grid + phase
        late = np.round(self._rng.gamma(2, self.jitter_ms, n) * MS).astype(np.int64)
        busy = ready if connected is None else np.maximum(ready, connected + round(delay_s * SECOND))
        arrivals: Int64s = np.maximum.accumulate(np.where(busy > ready, busy, ready + late))
        return arrivals


def ready_at(way: Way, time: Int64s) -> Int64s:
    """Return when each packet is complete: with its last sample."""
    return time[way.samples - 1 :: way.samples]


def packed(arrivals: Int64s, data: list[bytes]) -> list[Packet]:
    """Return packets with their arrivals, a head line or two beside the first one."""
    times = arrivals.tolist()
    times = times[:1] * (len(data) - len(times)) + times
    return [Packet(time, packet) for time, packet in zip(times, data, strict=True)]


def with_heartbeats(packets: list[Packet]) -> list[Packet]:
    """Return them with the empty packets that tell of silence."""
    beats: list[Packet] = []
    for packet in packets:
        last = beats[-1].time if beats else packet.time
        beats += [Packet(time, b"") for time in range(last + HEARTBEAT, packet.time, HEARTBEAT)]
        beats.append(packet)
    return beats
