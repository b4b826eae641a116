"""From the bytes of a link to whole packets, each as the bytes that its layout describes.

A framer is fed what arrived and gives what became whole. It holds what is not whole yet, counts what it must skip,
and depends on the bytes alone: any split of the same bytes gives the same packets and the same counts.
"""

from __future__ import annotations

from typing import Protocol

from firmware_bridge.codec.checksum import Proof
from firmware_bridge.codec.refusals import Refusals
from firmware_bridge.devices.schema.profile import (
    LEARNED_BYTES,
    FrameTable,
    LinesFrame,
    MessagesFrame,
    NotificationFrame,
    PrefixTable,
    StreamFrame,
)
from firmware_bridge.errors import CorruptData


class Framer(Protocol):
    """Cuts bytes into packets."""

    refused: Refusals
    """The packets, or stretches as long as one, that were skipped."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the bytes of one arrival and return the packets that they complete."""

    def reset(self) -> None:
        """Forget what is incomplete: the link was lost, and what follows may begin in the middle of a packet."""


def open_framer(frame: FrameTable, comment: bytes = b"#") -> Framer:
    """Return the framer for a link's framing; `comment` is what a comment line begins with."""
    match frame:
        case NotificationFrame():
            return Notifications(frame)
        case StreamFrame():
            return Stream(frame)
        case MessagesFrame():
            return Whole()
        case LinesFrame():
            return Lines(frame, comment)


class Notifications:
    """One arrival is one packet; another length, head or checksum is counted and skipped."""

    def __init__(self, frame: NotificationFrame) -> None:
        self.refused = Refusals()
        self._length, self._records, self._prefix = frame.length, frame.records, frame.prefix
        self._head = bytes.fromhex(frame.head)
        self._proof = Proof(frame.checksum)

    def feed(self, data: bytes) -> list[bytes]:
        """See `Framer.feed`."""
        if not data:
            return []
        try:
            packets = self._cut(data)
        except CorruptData as error:
            self.refused.add(str(error))
            return []
        if not all(packet.startswith(self._head) for packet in packets):
            self.refused.add(f"it does not begin with the head {self._head.hex()}")
            return []
        proved = [packet for packet in packets if self._proof.fits(packet[len(packet) - self._length :])]
        self.refused.add(self._proof.broken, len(packets) - len(proved))
        return proved

    def reset(self) -> None:
        """See `Framer.reset`."""

    def _cut(self, data: bytes) -> list[bytes]:
        """Return the packets of one arrival, each with its prefix.

        Raises:
            CorruptData: it is not as long as they are.
        """
        packet = data
        if self._prefix is not None:
            parted = split_prefix(data, self._prefix)
            if parted is None:
                raise CorruptData(f"no prefix that ends with {self._prefix.end!r} stands before it")
            packet = parted[1]
        if not packet or len(packet) % self._length or (len(packet) > self._length and not self._records):
            raise CorruptData(f"it is {len(packet)} bytes long, not {self._length}")
        if self._prefix is not None:
            return [data]
        return [data[at : at + self._length] for at in range(0, len(data), self._length)]


class Whole:
    """One arrival is one packet, of whatever length: its content tells where its parts end."""

    def __init__(self) -> None:
        self.refused = Refusals()

    def feed(self, data: bytes) -> list[bytes]:
        """See `Framer.feed`."""
        return [data] if data else []

    def reset(self) -> None:
        """See `Framer.reset`."""


class Stream:
    """Packets of fixed length behind a head, proved by a tail and a checksum.

    The head may occur inside of data: a candidate that fails costs one byte, not a packet, so noise takes only the
    packets that it touches. What lies before the first packet is a packet cut by our late start, not a corrupt one.

    A head that the profile leaves open is learned after each start: the bytes by which two packets in a row begin
    that are proved by their checksums.
    """

    def __init__(self, frame: StreamFrame) -> None:
        self.refused = Refusals()
        self._length = frame.length
        self._known = self._head = bytes.fromhex(frame.head)
        self._tail = bytes.fromhex(frame.tail)
        self._proof = Proof(frame.checksum)
        self._held = b""
        self._skipped = 0  # bytes since the last good packet
        self._synchronized = False

    def feed(self, data: bytes) -> list[bytes]:
        """See `Framer.feed`."""
        held, at = self._held + data, 0
        packets: list[bytes] = []
        if not self._head:
            at = self._learn(held)
            if not self._head:
                self._held = held[at:]
                return packets
        while True:
            start = held.find(self._head, at)
            if start < 0:
                start = _partial_head(held, at, self._head)
                self._skip(start - at, self._no_head)
                break
            self._skip(start - at, self._no_head)
            if start + self._length > len(held):
                break
            packet = held[start : start + self._length]
            if self._valid(packet):
                packets.append(packet)
                self._skipped, self._synchronized = 0, True
                at = start + self._length
            else:
                self._skip(1, self._broken(packet))
                at = start + 1
        self._held = held[start:]
        return packets

    def reset(self) -> None:
        """See `Framer.reset`."""
        self._held, self._skipped, self._synchronized = b"", 0, False
        self._head = self._known

    def _valid(self, packet: bytes) -> bool:
        return packet.endswith(self._tail) and self._proof.fits(packet)

    @property
    def _no_head(self) -> str:
        return f"there is no head {self._head.hex()} where a packet should begin"

    def _broken(self, packet: bytes) -> str:
        """Say why a packet is not valid."""
        return self._proof.broken if packet.endswith(self._tail) else f"it does not end with {self._tail.hex()}"

    def _learn(self, held: bytes) -> int:
        """Find two packets in a row and keep their head; return where they begin, or may begin that are not whole."""
        length = self._length
        for at in range(max(0, len(held) - 2 * length + 1)):
            first, second = held[at : at + length], held[at + length : at + 2 * length]
            if first[:LEARNED_BYTES] == second[:LEARNED_BYTES] and self._valid(first) and self._valid(second):
                self._head = first[:LEARNED_BYTES]
                return at
        if len(held) >= 2 * length:
            self.refused.note(f"no two packets in a row are valid and begin with the same {LEARNED_BYTES} bytes")
        return max(0, len(held) - 2 * length + 1)

    def _skip(self, count: int, why: str) -> None:
        before, after = self._skipped, self._skipped + count
        self._skipped = after
        begun = -(-after // self._length) + (-before // self._length)
        if self._synchronized:  # every begun packet's length of noise counts as one
            self.refused.add(why, begun)
        elif begun:
            self.refused.note(why, begun)


def _partial_head(held: bytes, at: int, head: bytes) -> int:
    """Return where a head may begin whose end has not come yet; the end of `held` where none does."""
    for start in range(max(at, len(held) - len(head) + 1), len(held)):
        if head.startswith(held[start:]):
            return start
    return len(held)


class Lines:
    """Text lines joined across arrivals, without their line ends; empty lines are left out.

    The first line after a start may be the rest of one, and the rest of a line of numbers can look like a line: it is
    left out unless it begins as a comment, which numbers never do.
    """

    def __init__(self, frame: LinesFrame, comment: bytes) -> None:
        self.refused = Refusals()
        self._max = frame.max_length
        self._comment = comment
        self._cut = frame.cut
        self._held = b""
        self._first = frame.cut

    def feed(self, data: bytes) -> list[bytes]:
        """See `Framer.feed`."""
        *ended, rest = (self._held + data + (b"" if self._cut else b"\n")).split(b"\n")
        self._held = rest[: self._max + 1]  # of a line that is too long, enough to know it
        return [line for piece in ended if (line := self._accept(piece))]

    def reset(self) -> None:
        """See `Framer.reset`."""
        self._held, self._first = b"", self._cut

    def _accept(self, piece: bytes) -> bytes:
        first, self._first = self._first, False
        if len(piece) > self._max:
            self.refused.add(f"the line is longer than {self._max} bytes", not first)
            return b""
        line = piece.strip()
        return b"" if first and not line.startswith(self._comment) else line


def split_prefix(packet: bytes, table: PrefixTable) -> tuple[str, bytes] | None:
    """Return the text before a packet and the packet, None where the text has no end."""
    head, end, rest = packet.partition(table.end.encode())
    if not end or len(head) > table.max_length:
        return None
    return head.decode("ascii", "replace"), rest
