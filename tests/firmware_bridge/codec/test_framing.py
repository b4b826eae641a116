from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.codec.checksum import CHECKSUMS, sealed
from firmware_bridge.codec.framing import Framer, open_framer
from firmware_bridge.codec.refusals import MOST_REASONS
from firmware_bridge.devices.schema.profile import (
    ChecksumTable,
    LinesFrame,
    NotificationFrame,
    PrefixTable,
    StreamFrame,
)

CRC = ChecksumTable(type="crc16-ccitt", over=(2, 10), at=10)
STREAM = StreamFrame(kind="stream", head="aa55", length=12, checksum=CRC)
LINES = LinesFrame(kind="lines", max_length=16)
BODIES = st.binary(min_size=8, max_size=8) | st.sampled_from([b"\xaa\x55" * 4, b"\xaa" * 8, b"\x55\xaa" * 4])


def packet(body: bytes) -> bytes:
    return sealed(b"\xaa\x55" + body + b"\0\0", CRC)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
    return [data[start:stop] for start, stop in itertools.pairwise(edges)]


def feed(framer: Framer, pieces: list[bytes]) -> list[bytes]:
    return [packet for piece in pieces for packet in framer.feed(piece)]


@pytest.mark.parametrize(
    ("name", "check"), [("sum8", 0xDD), ("sum16", 0x1DD), ("crc16-modbus", 0x4B37), ("crc16-ccitt", 0x29B1)]
)
def test_checksums_give_the_published_check_value(name: str, check: int) -> None:
    assert CHECKSUMS[name](b"123456789") == check


def test_a_notification_of_another_length_or_head_is_counted() -> None:
    framer = open_framer(NotificationFrame(kind="notification", length=4, head="38"))
    assert feed(framer, [b"8abc", b"8ab", b"", b"7abc", b"8abcd", b"8xyz"]) == [b"8abc", b"8xyz"]
    assert framer.refused.total == 3


PROVED = NotificationFrame(kind="notification", length=6, checksum=ChecksumTable(type="sum16", over=(0, 4), at=4))


def proved(body: bytes) -> bytes:
    return sealed(body + b"\0\0", PROVED.checksum)


def test_a_notification_with_a_wrong_checksum_is_counted_and_said() -> None:
    framer = open_framer(PROVED)
    good = proved(b"abcd")
    assert feed(framer, [good, good[:3] + b"x" + good[4:], good[:5], good]) == [good, good]
    assert framer.refused.reasons == {
        "the sum16 of its bytes 0 to 3 is not what stands at byte 4": 1,
        "it is 5 bytes long, not 6": 1,
    }


def test_of_several_packets_in_a_notification_only_the_wrong_one_is_skipped() -> None:
    framer = open_framer(PROVED.model_copy(update={"records": True}))
    assert feed(framer, [proved(b"abcd") + b"wrong!" + proved(b"efgh")]) == [proved(b"abcd"), proved(b"efgh")]
    assert framer.refused.total == 1


def test_a_checksum_is_of_what_comes_behind_a_prefix() -> None:
    framer = open_framer(PROVED.model_copy(update={"prefix": PrefixTable(end=":")}))
    assert feed(framer, [b"L:" + proved(b"abcd"), b"L:wrong!", b"no prefix", b"L:"]) == [b"L:" + proved(b"abcd")]
    assert list(framer.refused.reasons) == [
        "the sum16 of its bytes 0 to 3 is not what stands at byte 4",
        "no prefix that ends with ':' stands before it",
        "it is 0 bytes long, not 6",
    ]


@given(st.binary(min_size=6, max_size=6))
def test_what_passes_a_checksum_carries_it(data: bytes) -> None:
    assert open_framer(PROVED).feed(data) == ([data] if proved(data[:4]) == data else [])


def test_no_more_reasons_are_kept_than_are_worth_it_but_all_are_counted() -> None:
    framer = open_framer(NotificationFrame(kind="notification", length=4000))
    feed(framer, [b"x" * n for n in range(1, 500)])
    assert framer.refused.total == 499
    assert len(framer.refused.reasons) == MOST_REASONS


@given(st.lists(BODIES, min_size=1, max_size=6), st.lists(st.integers(0, 100), max_size=8))
def test_a_stream_gives_its_packets_however_it_is_cut(bodies: list[bytes], cuts: list[int]) -> None:
    framer = open_framer(STREAM)
    packets = [packet(body) for body in bodies]
    assert feed(framer, cut(b"".join(packets), cuts)) == packets
    assert framer.refused.total == 0


@given(st.binary(max_size=40), st.lists(BODIES, min_size=2, max_size=4), st.lists(st.integers(0, 200), max_size=8))
def test_packets_and_counts_do_not_depend_on_the_cuts(noise: bytes, bodies: list[bytes], cuts: list[int]) -> None:
    data = noise.join(packet(body) for body in bodies) + packet(b"12345678") * 2
    whole, pieces = open_framer(STREAM), open_framer(STREAM)
    assert feed(whole, [data]) == feed(pieces, cut(data, cuts))
    assert whole.refused.total == pieces.refused.total


@given(st.data())
def test_noise_costs_the_packets_that_it_touches(data: st.DataObject) -> None:
    bodies = data.draw(st.lists(BODIES, min_size=3, max_size=8))
    stream = bytearray(b"".join(packet(body) for body in bodies))
    start = data.draw(st.integers(0, len(stream) - 1))
    noise = data.draw(st.binary(min_size=1, max_size=20))[: len(stream) - start]
    stream[start : start + len(noise)] = noise
    touched = range(start // 12, (start + len(noise) - 1) // 12 + 1)
    untouched = [packet(body) for i, body in enumerate(bodies) if i not in touched]
    framer = open_framer(STREAM)
    found = feed(framer, [bytes(stream), b"\0" * 12])
    remaining = iter(found)
    assert all(one in remaining for one in untouched)
    assert framer.refused.total <= len(touched) + 1


def test_a_start_in_the_middle_is_not_corruption_but_a_hole_later_is() -> None:
    framer = open_framer(STREAM)
    a, b = packet(b"aaaaaaaa"), packet(b"bbbbbbbb")
    assert feed(framer, [a[5:] + b]) == [b]
    assert framer.refused.total == 0
    assert feed(framer, [a[:7] + b]) == [b]
    assert framer.refused.total == 1


def test_a_reset_drops_the_half_packet() -> None:
    framer = open_framer(STREAM)
    a, b = packet(b"aaaaaaaa"), packet(b"bbbbbbbb")
    framer.feed(a[:6])
    framer.reset()
    assert feed(framer, [a[6:] + b]) == [b]
    assert framer.refused.total == 0


def test_without_a_checksum_the_head_decides() -> None:
    framer = open_framer(StreamFrame(kind="stream", head="aa", length=3))
    assert feed(framer, [b"\xaa12x\xaa3", b"4"]) == [b"\xaa12", b"\xaa34"]
    assert framer.refused.total == 1


@given(st.lists(st.integers(0, 200), max_size=10))
def test_lines_are_joined_however_they_are_cut(cuts: list[int]) -> None:
    text = b"# begin\r\n1,2\n\n3,4\r\nthis line is much too long\n5,6\nhalf"
    framer = open_framer(LINES)
    assert feed(framer, cut(text, cuts)) == [b"# begin", b"1,2", b"3,4", b"5,6"]
    assert framer.refused.total == 1


def test_the_rest_of_a_line_is_no_line() -> None:
    framer = open_framer(LINES)
    assert feed(framer, [b"7,8\n1,2\n"]) == [b"1,2"]
    framer.feed(b"3,")
    framer.reset()
    assert feed(framer, [b"4\n5,6\n"]) == [b"5,6"]


def test_an_endless_line_is_not_held() -> None:
    framer = open_framer(LINES)
    for _ in range(1000):
        assert framer.feed(b"x" * 100) == []
    assert len(framer._held) <= 17  # type: ignore[attr-defined]
    assert feed(framer, [b"\n1,2\n"]) == [b"1,2"]
