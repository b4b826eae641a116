"""Checksums of packets."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from functools import cache

from firmware_bridge.devices.schema.profile import (
    CHECKSUM_SIZES,
    ChecksumTable,
)


class Proof:
    """Tells whether a whole packet carries its own checksum; where the profile has none every packet passes."""

    def __init__(self, table: ChecksumTable | None) -> None:
        self.fits: Callable[[bytes], bool] = lambda _: True
        self.broken = ""  # what to say of a packet that does not pass
        if table is None:
            return
        start, stop = table.over
        compute = CHECKSUMS[table.type]
        at, end = table.at, table.at + CHECKSUM_SIZES[table.type]
        order = table.endian
        self.fits = lambda packet: int.from_bytes(packet[at:end], order) == compute(packet[start:stop])
        self.broken = f"the {table.type} of its bytes {start} to {stop - 1} is not what stands at byte {at}"


def sealed(packet: bytes, table: ChecksumTable | None) -> bytes:
    """Return the packet with its checksum written in."""
    if table is None:
        return packet
    start, stop = table.over
    size = CHECKSUM_SIZES[table.type]
    value = CHECKSUMS[table.type](packet[start:stop]).to_bytes(size, table.endian)
    return packet[: table.at] + value + packet[table.at + size :]


def _sum8(data: bytes) -> int:
    return sum(data) & 0xFF


def _sum16(data: bytes) -> int:
    return sum(data) & 0xFFFF


def _crc16_ccitt(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF."""
    return binascii.crc_hqx(data, 0xFFFF)


def _crc16_modbus(data: bytes) -> int:
    """CRC-16/MODBUS: polynomial 0x8005 reflected, start 0xFFFF."""
    table = _modbus_table()
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc


@cache
def _modbus_table() -> tuple[int, ...]:
    def entry(value: int) -> int:
        for _ in range(8):
            value = (value >> 1) ^ (0xA001 if value & 1 else 0)
        return value

    return tuple(entry(value) for value in range(256))


CHECKSUMS: dict[str, Callable[[bytes], int]] = {
    "sum8": _sum8,
    "sum16": _sum16,
    "crc16-modbus": _crc16_modbus,
    "crc16-ccitt": _crc16_ccitt,
}
