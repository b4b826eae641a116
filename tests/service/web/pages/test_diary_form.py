"""The diary as a browser sends it: what is noted, what is refused, and that nothing typed is lost."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from firmware_bridge import SECOND, Log, Unavailable
from service.records.notes import standing
from service.records.rows import Note, Verdict
from service.records.timestamps import iso
from service.web import create_app
from service.wording.guidance import GUIDANCE, RED_FLAGS
from service.wording.topics import PATTERNS, TOPIC_WORDING
from tests.service.web.pages.test_review_pages import _figures
from tests.walkers.sole_rows import DAY, FIRST, put_bout
from tests.walkers.web_rows import WEARER, a_log

BOUTS = [FIRST + k * DAY for k in range(5)]
NOW = BOUTS[-1] + 3600 * SECOND
HERE = {"Origin": "http://localhost"}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    for k, bout in enumerate(BOUTS):
        put_bout(log, bout, seed=k + 1, frames=False)
    yield log
    log.close()


@asynccontextmanager
async def _client(
    log: Log, *, now: int = NOW, token: str | None = None, caller: str = "127.0.0.1"
) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(log, now=lambda: now, token=token, allowed_hosts=("localhost",))
    transport = httpx.ASGITransport(app=app, client=(caller, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def _send(log: Log, at: int = NOW, /, **fields: str) -> httpx.Response:
    async with _client(log, now=at) as client:
        return await client.post("/diary", data={"wearer": WEARER} | fields, headers=HERE, follow_redirects=True)


async def _notes(log: Log) -> list[Note]:
    return standing(await asyncio.to_thread(log.read, Note, WEARER))


async def _noted(log: Log) -> list[tuple[str, str]]:
    return [(note.topic, note.text) for note in await _notes(log)]


async def _reasons(log: Log) -> set[str]:
    rows = await asyncio.to_thread(log.read, Verdict, WEARER, BOUTS[-1])
    return {verdict.reason for verdict in rows if verdict.topic == "imbalance"}


async def test_pain_is_noted_now_and_confirmed(log: Log) -> None:
    answer = await _send(log, what="pain", place="hip left", level="4")
    assert answer.status_code == 200
    assert "Noted: pain hip left 4." in answer.text
    assert await _notes(log) == [Note(NOW, WEARER, "pain", "hip left 4")]


async def test_places_noted_one_after_the_other_are_one_note(log: Log) -> None:
    for k, (place, level) in enumerate([("hip left", "4"), ("low back", "2"), ("hip left", "3")]):
        await _send(log, NOW + k * 20 * SECOND, what="pain", place=place, level=level)
    await _send(log, NOW + 80 * SECOND, what="pain", place="other", level="1", where="knee left")
    assert await _noted(log) == [("pain", "low back 2, hip left 3, other 1 knee left")]
    await _send(log, NOW + 3600 * SECOND, what="pain", place="none", level="0")
    assert (await _noted(log))[1:] == [("pain", "0")]


async def test_what_was_worn_belongs_to_the_run_and_verdicts_follow(log: Log) -> None:
    for bout in BOUTS:
        await _send(log, what="worn", bout=iso(bout), shoes="", new_shoes="Blue")
    before = await _reasons(log)
    answer = await _send(log, what="worn", bout=iso(BOUTS[-1]), shoes="Blue", new_insert="cork", new_surface="track")
    assert "Noted: insert cork; surface track." in answer.text
    assert before == {""}
    assert await _reasons(log) == {"no_baseline"}, "on another insert, earlier runs tell nothing"
    again = await _send(log, what="worn", bout=iso(BOUTS[-1]), shoes="Blue", insert="", surface="track")
    assert "Taken back" in again.text
    assert {text for topic, text in await _noted(log) if topic == "insert"} == set()


async def test_an_entry_shows_on_the_trend_and_the_run(log: Log) -> None:
    await _send(log, what="pain", place="hip right", level="5")
    await _send(log, what="worn", bout=iso(BOUTS[-1]), new_shoes="Red", new_insert="cork")
    async with _client(log) as client:
        trend = _figures((await client.get("/trend")).text)["trend"]["light"]
        run = (await client.get("/run")).text
    (pain,) = [trace for trace in trend["data"] if trace["name"] == "pain"]
    assert (pain["y"], pain["text"]) == ([5], ["hip right 5"])
    assert "Red + cork" in [one["text"] for one in trend["layout"]["annotations"]]
    assert "shoes Red + cork · pain hip right 5" in run


async def test_an_entry_is_corrected_and_taken_back(log: Log) -> None:
    await _send(log, what="pain", place="low back", level="2")
    await _send(log, what="correct", topic="pain", time=iso(NOW), text="low back 3")
    assert await _noted(log) == [("pain", "low back 3")]
    answer = await _send(log, what="withdraw", topic="pain", time=iso(NOW))
    assert "Taken back" in answer.text
    assert await _noted(log) == []
    answer = await _send(log, what="withdraw", topic="pain", time=iso(NOW))
    assert answer.status_code == 422
    assert "not there any more" in answer.text


async def test_html_in_a_note_is_text(log: Log) -> None:
    text = "<script>alert(1)</script> & \"x\" 'y'"
    answer = await _send(log, what="remark", remark=text)
    assert await _noted(log) == [("remark", text)]
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in answer.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"what": "pain", "place": "low back", "level": ""}, "Choose a number"),
        ({"what": "pain", "place": "low back", "level": "11"}, "0 to 10"),
        ({"what": "pain", "place": "low back", "level": "3, hip left 9"}, "0 to 10"),
        ({"what": "pain", "place": "<b>", "level": "3"}, "Choose where"),
        ({"what": "pain", "place": "other", "level": "3", "where": "knee 4"}, "without a number"),
        ({"what": "remark", "remark": "  "}, "There is no text"),
        ({"what": "remark", "remark": "x\x00y"}, "control a terminal"),
        ({"what": "remark", "remark": "long " * 200}, "at most 500 characters"),
        ({"what": "signs", "signs": "perhaps"}, "none or some"),
        ({"what": "worn", "bout": "yesterday"}, "no form of the diary"),
        ({"what": "worn", "bout": "2020-01-01"}, "not there any more"),
        ({"what": "worn", "bout": iso(BOUTS[-1]), "new_shoes": "fine", "new_insert": "\x1b"}, "control a terminal"),
        ({"what": "correct", "topic": "mass", "time": iso(NOW), "text": "70 kg"}, "not there any more"),
        ({"what": "delete"}, "no form of the diary"),
        ({}, "no form of the diary"),
    ],
)
async def test_what_cannot_be_noted_is_said_and_nothing_is(log: Log, fields: dict[str, str], said: str) -> None:
    answer = await _send(log, **fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert said in answer.text
    assert await _noted(log) == []


async def test_what_was_typed_is_still_there(log: Log) -> None:
    long = "it began after the hill " * 30
    assert long in (await _send(log, what="remark", remark=long)).text
    answer = await _send(log, what="pain", place="other", where="knee 4", level="3")
    assert 'value="knee 4"' in answer.text
    assert re.search(r'value="other" checked', answer.text)
    await _send(log, what="pain", place="low back", level="3")
    answer = await _send(log, what="correct", topic="pain", time=iso(NOW), text="everywhere")
    assert 'value="everywhere"' in answer.text
    assert await _noted(log) == [("pain", "low back 3")]


async def test_a_huge_or_strange_body_gets_a_page_that_says_so(log: Log) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"} | HERE
    many = "&".join(f"a{k}=1" for k in range(100))
    bodies = [
        (b"remark=" + b"x" * 1_000_000, form, "more than a note can hold"),
        (many.encode(), form, "cannot be read"),
        (b"what=remark&remark=\xff\xfe", form, "cannot be read"),
        (b"what=remark&remark=%ff%fe", form, "cannot be read"),
        (b'{"what": "remark"}', {"Content-Type": "application/json"} | HERE, "not what the form of the diary sends"),
        (b"what=remark&remark=x&wearer=eve", form, "nobody who is known"),
    ]
    async with _client(log) as client:
        for body, headers, said in bodies:
            answer = await client.post("/diary", content=body, headers=headers)
            assert answer.status_code in {404, 422}
            assert answer.headers["content-type"].startswith("text/html")
            assert said in answer.text
    assert await _noted(log) == []


async def test_a_busy_store_is_said_on_a_page(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise Unavailable("the store is busy")

    async with _client(log) as client:
        monkeypatch.setattr(log, "put", busy)
        answer = await client.post("/diary", data=FIELDS, headers=HERE)
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert "The store did not take it: the store is busy. Go back" in answer.text


FORGED: list[dict[str, str]] = [
    {},
    {"Origin": "null"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://localhost:9999"},
    {"Referer": "http://evil.example/localhost"},
    {"Referer": "not an address"},
    {"Origin": "http://evil.example", "Referer": "http://localhost/diary"},
]
FIELDS = {"wearer": WEARER, "what": "remark", "remark": "forged"}


@pytest.mark.parametrize("headers", FORGED)
@pytest.mark.parametrize("token", [None, "secret"])
async def test_a_form_of_another_site_is_refused(log: Log, headers: dict[str, str], token: str | None) -> None:
    async with _client(log, token=token) as client:
        if token:
            await client.get("/", params={"token": token})
        assert (await client.post("/diary", data=FIELDS, headers=headers)).status_code == 403
    assert await _noted(log) == []


async def test_a_form_needs_the_token_or_this_computer(log: Log) -> None:
    async with _client(log, caller="192.168.1.7") as client:
        assert (await client.post("/diary", data=FIELDS, headers=HERE)).status_code == 403
    async with _client(log, caller="192.168.1.7", token="secret") as client:
        assert (await client.post("/diary", data=FIELDS, headers=HERE)).status_code == 401
        assert await _noted(log) == []
        bearer = {"Authorization": "Bearer secret"}
        assert (await client.post("/diary", data=FIELDS, headers=bearer)).status_code == 303
        await client.get("/", params={"token": "secret"})
        told = FIELDS | {"remark": "by Referer"}
        assert (await client.post("/diary", data=told, headers={"Referer": "http://localhost/x"})).status_code == 303
    async with _client(log, caller="::1") as client:
        assert (await client.post("/diary", data=FIELDS, headers=HERE)).status_code == 303


async def test_the_signs_stand_before_every_value_until_they_are_answered(log: Log) -> None:
    async with _client(log) as client:
        for path in ("/", "/run", "/trend", "/diary", "/help"):
            text = (await client.get(path)).text
            first = re.search(r'<div class="wide notice"|class="card said"|class="card wide" aria|data-figure', text)
            assert first is not None
            assert "Before anything is measured" in text[: first.start()]
            assert all(flag.sign.replace("'", "&#39;") in text[: first.start()] for flag in RED_FLAGS)
        await _send(log, what="signs", signs="none")
        for path in ("/", "/run", "/trend", "/diary", "/help"):
            assert 'class="card wide asks"' not in (await client.get(path)).text
        await _send(log, NOW + SECOND, what="pain", place="low back", level="7")
        assert "You noted 7 of 10 (low back)" in (await client.get("/run")).text
        await _send(log, NOW + 2 * SECOND, what="signs", signs="some")
        assert "It does not apply any more" in (await client.get("/")).text


async def test_an_answer_does_not_cover_what_is_noted_right_after_it(log: Log) -> None:
    await _send(log, NOW, what="pain", place="low back", level="7")
    await _send(log, NOW + 20 * SECOND, what="signs", signs="none")
    answer = await _send(log, NOW + 40 * SECOND, what="pain", place="hip left", level="9")
    assert "You noted 7 of 10 (low back)" in answer.text or "You noted 9 of 10" in answer.text
    assert (await _noted(log))[-1] == ("pain", "low back 7, hip left 9")


@pytest.mark.parametrize("path", ["/diary", "/help"])
async def test_an_empty_store_and_a_stranger_get_a_page(tmp_path: Path, log: Log, path: str) -> None:
    async with _client(log) as client:
        strange = await client.get(path, params={"wearer": "<eve>"})
        assert "<eve>" not in strange.text
    (tmp_path / "empty").mkdir()
    empty = await asyncio.to_thread(a_log, tmp_path / "empty")
    async with _client(empty) as client:
        assert (await client.get(path)).status_code == 200
    await asyncio.to_thread(empty.close)


async def test_a_confirmation_says_only_what_is_noted(log: Log) -> None:
    async with _client(log) as client:
        for done in ("<b>you won</b>", "2026-05-01 pain", ",,,", quote("\x00")):
            answer = await client.get("/diary", params={"done": done, "changed": 3})
            assert answer.status_code == 200
            assert "Noted:" not in answer.text


async def test_help_shows_each_remedy_with_grade_and_source(log: Log) -> None:
    async with _client(log) as client:
        text = (await client.get("/help")).text
    for one in GUIDANCE:
        assert f"{one.text} <span" in text
        assert one.grade in text
        assert one.source in text
    for name, pattern in PATTERNS.items():
        assert f'id="{name}"' in text
        assert pattern.heading in text
        assert pattern.guidance
        assert set(pattern.guidance) <= set(GUIDANCE)
        assert all(f"{one.text} <span" in text for one in pattern.evidence)
    assert PATTERNS.keys() - {"pain"} < TOPIC_WORDING.keys()


def test_no_lift_without_a_measurement_and_no_height() -> None:
    (lift,) = [one for one in GUIDANCE if "lift" in one.text]
    assert "only after your leg length was measured by a professional" in lift.text
    assert not any(re.search(r"\d\s*(mm|cm|inch)", one.text) for one in GUIDANCE)
    assert all(one.grade for one in GUIDANCE)
