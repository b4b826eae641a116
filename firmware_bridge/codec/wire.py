"""What a profile says of one link's packets, for decoder and encoder alike: framing, content, spacing."""

from __future__ import annotations

from firmware_bridge.codec.payloads.binary import BinaryPayload
from firmware_bridge.codec.payloads.payload import Payload
from firmware_bridge.codec.payloads.text import TextPayload
from firmware_bridge.codec.payloads.tlv import MessagesPayload
from firmware_bridge.devices.profile import Profile
from firmware_bridge.devices.schema.profile import FrameTable, LinesFrame, MessagesFrame
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import SECOND, Side


def open_payload(profile: Profile, frame: FrameTable, side: Side) -> Payload:
    """Return what reads and writes the content of packets in this framing."""
    table = profile.table
    if isinstance(frame, LinesFrame):
        assert table.text is not None  # checked with the profile
        return TextPayload(table.text, side)
    if isinstance(frame, MessagesFrame):
        assert table.messages is not None  # checked with the profile
        return MessagesPayload(table.messages, side, table)
    return BinaryPayload(table, frame, side)


def sample_spacing(profile: Profile) -> int:
    """Return the time between two samples of a packet, ns."""
    repeat = profile.table.layout[0].repeat if profile.table.layout else None
    if repeat is not None and repeat.dt_ms is not None:
        return round(repeat.dt_ms * 1e6)
    return round(SECOND / profile.rate_hz)


def frame_of(profile: Profile, link: str) -> FrameTable:
    """Return how a link cuts its bytes into packets.

    Raises:
        ConfigError: the profile does not speak it.
    """
    frame = profile.frames.get(link)
    if frame is None:
        links = ", ".join(profile.frames) or "only files"
        raise ConfigError(f"the profile {profile.id} does not speak {link!r}; it speaks {links}")
    return frame
