from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge import SECOND, ConfigError, Log, Side
from service.records.bouts import bout_named, mean_speed, plain_bout, read_bouts, spans
from service.records.notes import Span
from service.records.timestamps import iso
from tests.walkers.web_rows import BOUT, WEARER, a_block, a_log, a_pace, a_step, a_verdict

LATER = BOUT + 1000 * SECOND
STANCE = SECOND // 4


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    yield log
    log.close()


def test_a_bout_is_what_its_blocks_count_and_the_steps_after_them(log: Log) -> None:
    held = [a_step(BOUT + k * SECOND, Side.LEFT, valid=k > 1) for k in range(10)]
    after = [a_step(BOUT + 10 * SECOND, Side.RIGHT, valid=False), a_step(BOUT + 11 * SECOND, activity="walking")]
    blocks = [
        a_block(stop=BOUT + 5 * SECOND, strides_left=4, strides_right=3, rejected_left=2, rejected_right=1),
        a_block(BOUT + 6 * SECOND, stop=BOUT + 9 * SECOND, strides_left=4, strides_right=0, void=True),
    ]
    log.put([*held, *after, *blocks, a_verdict()])
    (bout,) = read_bouts(log, WEARER)
    assert (bout.time, bout.stop) == (BOUT, BOUT + 11 * SECOND + STANCE)
    assert (bout.activity, bout.steps, bout.valid_steps) == ("running", 4 + 3 + 2 + 1 + 4 + 2, 4 + 3 + 4 + 1)
    assert (bout.blocks, bout.void_blocks, [v.topic for v in bout.verdicts]) == (2, 1, ["imbalance"])


def test_it_ends_with_the_foot_off_of_the_stance_that_ends_last(log: Log) -> None:
    contact = BOUT + 40 * SECOND
    longer = a_step(contact - SECOND // 10, Side.LEFT, foot_off=contact + SECOND)
    log.put([a_block(stop=contact), a_step(BOUT), longer, a_step(contact, Side.RIGHT)])
    assert spans(log, WEARER) == [Span(BOUT, contact + SECOND)]


def test_bouts_come_oldest_first_each_with_its_own_rows(log: Log) -> None:
    between, last = BOUT + 500 * SECOND, LATER + 1000 * SECOND
    log.put([a_step(BOUT), a_step(between, bout=between), a_step(last, bout=last)])
    log.put([a_block(), a_block(LATER, bout=LATER, strides_left=7, strides_right=5)])
    log.put([a_step(LATER + 40 * SECOND, bout=LATER)])
    found = [(bout.time, bout.steps, bout.blocks) for bout in read_bouts(log, WEARER)]
    assert found == [(BOUT, 100, 1), (between, 1, 0), (LATER, 12, 1), (last, 1, 0)]


def test_a_bout_that_only_began_is_there_without_a_block(log: Log) -> None:
    log.put(
        [a_step(BOUT), a_step(BOUT + SECOND, Side.RIGHT, valid=False, activity="walking"), a_step(BOUT + 2 * SECOND)]
    )
    (bout,) = read_bouts(log, WEARER)
    assert (bout.stop, bout.steps, bout.valid_steps, bout.blocks) == (BOUT + 2 * SECOND + STANCE, 3, 2, 0)
    assert bout.activity == "running"


def test_a_bout_whose_steps_are_gone_ends_with_its_last_block(log: Log) -> None:
    log.put([a_block(), a_verdict()])
    (bout,) = read_bouts(log, WEARER)
    assert (bout.stop, bout.steps) == (BOUT + 40 * SECOND, 100)


def test_blocks_that_were_read_already_tell_the_same(log: Log) -> None:
    blocks = [a_block(), a_block(LATER, bout=LATER)]
    log.put([*blocks, a_step(BOUT + 40 * SECOND), a_step(LATER + 41 * SECOND, bout=LATER)])
    assert read_bouts(log, WEARER, blocks) == read_bouts(log, WEARER)
    assert len(read_bouts(log, WEARER)) == 2


def test_without_steps_and_blocks_there_is_no_bout(log: Log) -> None:
    log.put([a_verdict()])
    assert read_bouts(log, WEARER) == []


def test_the_mean_speed_is_what_a_foot_pod_told_within_the_bout(log: Log) -> None:
    log.put([a_step(BOUT), a_step(BOUT + 60 * SECOND), a_step(LATER, bout=LATER)])
    log.put(a_pace(BOUT + k * SECOND, speed_mps=v) for k, v in ((61, 9.0), (2, 3.5), (1, 3.0), (-1, 9.0)))
    speeds = [mean_speed(log, WEARER, bout) for bout in read_bouts(log, WEARER)]
    assert speeds[0] == 3.25
    assert math.isnan(speeds[1])
    shown = [plain_bout(bout, v)["speed_mps"] for bout, v in zip(read_bouts(log, WEARER), speeds, strict=True)]
    assert shown == [3.25, None]


def test_a_bout_is_named_by_a_moment_within_it_or_its_minute(log: Log) -> None:
    log.put([a_step(BOUT), a_step(BOUT + 300 * SECOND), a_step(LATER, bout=LATER)])
    first, second = bouts = read_bouts(log, WEARER)
    for text in (iso(BOUT), iso(BOUT + 7 * SECOND), iso(first.stop), iso(BOUT)[:16].replace("T", " ")):
        assert bout_named(bouts, text, WEARER) is first
    assert bout_named(bouts, iso(LATER)[:16], WEARER) is second


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "2020-01-01",
            f"--bout 2020-01-01: ada has no bout then; the nearest are: {iso(BOUT)}, {iso(LATER)}",
        ),
        (
            "yesterday",
            "--bout: 'yesterday' is not a moment; write it like 2026-05-01T06:30:00Z or 2026-05-01T08:30:00+02:00",
        ),
        (
            "2026-13-01 06:30",
            "--bout: '2026-13-01 06:30Z' is not a moment: month must be in 1..12",
        ),
        (
            "",
            "--bout: '' is not a moment; write it like 2026-05-01T06:30:00Z or 2026-05-01T08:30:00+02:00",
        ),
    ],
)  # fmt: skip
def test_what_names_no_bout_is_one_sentence(log: Log, text: str, said: str) -> None:
    log.put([a_step(BOUT), a_step(LATER, bout=LATER)])
    with pytest.raises(ConfigError) as refused:
        bout_named(read_bouts(log, WEARER), text, WEARER)
    assert str(refused.value) == said


def test_where_there_is_no_bout_none_is_near() -> None:
    with pytest.raises(ConfigError, match=r"^--bout 2020-01-01: ada has no bout then; the nearest are: none$"):
        bout_named([], "2020-01-01", WEARER)
