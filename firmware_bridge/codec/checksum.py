"""Checksums of packets."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from functools import cache

from firmware_bridge.devices.schema.profile import (
    CHECKSUM_SIZES,
    ChecksumTable,
)


def checksum_test(table: ChecksumTable | None) -> Callable[[bytes], bool]:
    """Return the test whether a whole packet carries its own checksum; without one every packet passes."""
    if table is None:
        return lambda _: True
    start, stop = table.over
    compute = CHECKSUMS[table.type]
    at, end = table.at, table.at + CHECKSUM_SIZES[table.type]
    order = table.endian
    return lambda packet: int.from_bytes(packet[at:end], order) == compute(packet[start:stop])


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
