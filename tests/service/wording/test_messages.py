"""Messages keep their grammar, and nowhere does the program claim what its evidence does not carry."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND, Link, Side
from service.gait.blocks.settling import SETTLING
from service.gait.detectors import verdict
from service.gait.signal.events import RATE
from service.records.rows import Flag, Verdict
from service.wording import guidance
from service.wording.cannot_tell_reasons import REASONS
from service.wording.measure_kinds import OneFoot, Symmetry
from service.wording.measures import MEASURE_WORDING
from service.wording.messages import Message, flag_text, verdict_text
from service.wording.phrases import leaning
from service.wording.topics import TOPIC_WORDING
from tests.conftest import PROJECT, READMES

NAN = float("nan")
AT_14_03 = 1_763_992_980 * SECOND  # 2025-11-24 14:03 UTC
FLAG = Flag(
    time=AT_14_03 + 90 * SECOND,
    wearer="me",
    topic="imbalance",
    measure="contact_time_si_pct",
    raised=True,
    bout=AT_14_03 - 900 * SECOND,
    activity="running",
    since=AT_14_03,
    value=7.9,
    low=7.1,
    high=8.7,
    normal=0.4,
    normal_low=-1.2,
    normal_high=2.0,
    bouts=5,
    strides=412,
    analysis=1,
)
VERDICT = Verdict(
    time=FLAG.bout,
    wearer="me",
    topic="imbalance",
    stop=FLAG.time,
    activity="running",
    answer="differs",
    reason="",
    measure="contact_time_si_pct",
    value=7.9,
    low=7.1,
    high=8.7,
    normal=0.4,
    normal_low=-1.2,
    normal_high=2.0,
    bouts=5,
    blocks=9,
    strides=412,
    steps_used=830,
    steps_expected=1220,
    analysis=1,
)
LINK = Link(0, "me", Side.LEFT, "d", True, 100, 0, 0, 0, 0, 0, 80.0)


def test_a_flag_says_what_since_when_how_sure_and_against_which_usual() -> None:
    message = flag_text(FLAG, zone=UTC)
    assert message.title == "Left and right differ from your usual"
    assert message.observation == (
        "Your right foot stayed on the ground 7.9 % longer than your left (95 % interval 7.1 to 8.7, 412 strides a "
        "foot), since 14:03."
    )
    assert message.context == "In your last 5 runs it was right 0.4 % (usual range left 1.2 % to right 2.0 %)."
    assert "insole that has shifted" in message.uncertainty
    assert message.option.endswith("see a professional.")


def test_the_parts_stand_in_the_order_of_the_grammar() -> None:
    message = flag_text(FLAG, zone=UTC)
    places = [
        message.body.index(p) for p in (message.observation, message.context, message.uncertainty, message.option)
    ]
    assert places == sorted(places)


def test_the_sign_becomes_a_side() -> None:
    message = flag_text(replace(FLAG, value=-7.9, low=-8.7, high=-7.1), zone=UTC)
    assert "Your left foot stayed on the ground 7.9 % longer than your right (95 % interval 7.1 to 8.7" in message.body


def test_an_interval_across_even_names_both_sides() -> None:
    message = flag_text(replace(FLAG, value=1.0, low=-0.5, high=2.5), zone=UTC)
    assert "95 % interval left 0.5 % to right 2.5 %" in message.body


def test_the_time_of_day_is_the_wearer_s() -> None:
    assert "since 15:03" in flag_text(FLAG, zone=ZoneInfo("Europe/Berlin")).body


def test_load_on_the_inner_side_is_told_from_the_angle_of_the_ankle() -> None:
    flag = replace(
        FLAG, topic="over_pronation", measure="medial_lateral_left", value=12.3, low=11.0, high=13.6, normal=3.0
    )
    message = flag_text(flag, zone=UTC)
    assert message.title == "Left foot: more load on the inner side than usual"
    assert "The inner side of your left foot carried 56 % of the load (95 % interval 56 to 57" in message.body
    assert "not the angle of the ankle" in message.uncertainty
    assert flag_text(replace(flag, value=-1.0), zone=UTC).title.startswith("Left foot: more load on the outer side")


def test_a_cleared_flag_proposes_nothing() -> None:
    message = flag_text(replace(FLAG, raised=False, value=0.5, low=-0.3, high=1.3), zone=UTC)
    assert message.title == "Left and right are back to your usual"
    assert "since 14:04" in message.body
    assert message.option == ""


def test_without_a_usual_it_says_so_and_does_not_claim_a_change() -> None:
    message = flag_text(replace(FLAG, normal=NAN, normal_low=NAN, normal_high=NAN, bouts=1), zone=UTC)
    assert message.title == "Left and right differ"
    assert message.context == "Your usual is not known yet (1 earlier run)."


def test_a_usual_from_this_very_bout_is_called_so() -> None:
    assert "Earlier in this walk it was" in flag_text(replace(FLAG, bouts=0, activity="walking"), zone=UTC).context


def test_the_verdicts() -> None:
    assert verdict_text(replace(VERDICT, answer="normal", value=0.9)).title == "Normal for you"
    assert verdict_text(VERDICT).title == "Differs from your usual: right foot 7.9 % longer on the ground"
    short = replace(VERDICT, answer="cannot_tell", reason="too_short", blocks=3, value=NAN)
    assert verdict_text(replace(short, blocks=1)).title == "Cannot tell: too little of this run so far (1 of 3 blocks)"
    lossy = verdict_text(replace(short, reason="data_quality"))
    assert lossy.title == "Cannot tell: too many steps are missing (830 of 1220 could be used)"
    first = verdict_text(replace(short, reason="no_baseline", value=7.9, normal=NAN, bouts=2))
    assert first.title == "Cannot tell: your usual is not known yet (2 earlier runs)"
    assert first.observation.startswith("Your right foot stayed on the ground 7.9 % longer")


def test_every_reason_of_the_measures_has_words_and_no_other() -> None:
    tree = ast.parse(PROJECT.joinpath("service/gait/detectors/verdict.py").read_text(encoding="utf-8"))
    said = [
        pair.elts[1]
        for pair in ast.walk(tree)
        if isinstance(pair, ast.Tuple)
        and pair.elts
        and getattr(pair.elts[0], "id", "") == "CANNOT_TELL"
        and len(pair.elts) == 2
    ]
    found = {node.value for reason in said for node in ast.walk(reason) if isinstance(node, ast.Constant)}
    assert found - {"", None} | {verdict.ONE_FOOT, verdict.LOSS, RATE, SETTLING, verdict.SPOILT} == set(REASONS)


@pytest.mark.parametrize("reason", [*REASONS, "", "made_by_another_analysis"])
@pytest.mark.parametrize("activity", ["running", "walking", "unknown"])
def test_every_reason_reads_whole(reason: str, activity: str) -> None:
    message = verdict_text(replace(VERDICT, answer="cannot_tell", reason=reason, activity=activity))
    assert message.title.startswith("Cannot tell: ")
    assert not re.search(r"[{}_]|\s\s|nan", message.title + message.body)


def test_an_answer_without_a_number_cannot_be_told() -> None:
    assert verdict_text(replace(VERDICT, answer="normal", value=NAN)).title.startswith("Cannot tell")


numbers = st.floats(-60, 60) | st.just(NAN)


@given(
    topic=st.sampled_from([*TOPIC_WORDING, "other"]),
    measure=st.sampled_from([*MEASURE_WORDING, "something_new"]),
    raised=st.booleans(),
    values=st.tuples(*[numbers] * 6),
    bouts=st.integers(0, 40),
)
def test_a_sentence_never_shows_what_is_missing(
    topic: str, measure: str, raised: bool, values: tuple[float, ...], bouts: int
) -> None:
    value, low, high, normal, normal_low, normal_high = values
    value = 0.0 if math.isnan(value) else value
    flag = replace(FLAG, topic=topic, measure=measure, raised=raised, value=value, low=low, high=high, bouts=bouts)
    message = flag_text(replace(flag, normal=normal, normal_low=normal_low, normal_high=normal_high), zone=UTC)
    assert not re.search(r"\bnan\b|[{}_]|\s\s|  |\( ", message.body + message.title)
    if isinstance(MEASURE_WORDING.get(measure), Symmetry | OneFoot):
        assert "-" not in re.sub(r"\w-\w", "", message.body), "the sign is a word"


@given(st.floats(0.06, 99))
def test_swapping_the_feet_swaps_the_words(value: float) -> None:
    swapped = leaning(-value)
    assert swapped.replace("left", "right") == leaning(value)
    assert swapped.startswith("left")


def test_nothing_is_proposed_without_its_uncertainty() -> None:
    with pytest.raises(ValueError, match="uncertain"):
        Message("a title", "an observation", option="Run more.")
    with pytest.raises(ValueError, match="observation"):
        Message("a title", "")


def test_every_red_flag_has_its_advice() -> None:
    assert {sign.urgency for sign in guidance.RED_FLAGS} == set(guidance.RED_FLAG_ADVICE)


# ── the register of claims ──────────────────────────────────────────────────────────────────────────────────────────

FORBIDDEN = re.compile(
    r"\b(diagnos\w*|prevent\w*|treat(s|ed|ing|ment\w*)?|caus(e|es|ed|ing|al)|cur(e|es|ed|ing)|heal(s|ed|ing)?|"
    r"injur\w*|clinical\w*|therap\w*|patholog\w*|disease\w*|disorder\w*|symptom\w*|"
    r"scolio\w*|sciatica|piriformis|fasciitis|arthr\w*|tendin\w*|osteopor\w*|diabet\w*|neuropath\w*|cancer|"
    r"leg[- ]length discrepanc\w*|shin splints)\b",
    re.IGNORECASE,
)
ALLOWED = (
    "gives no diagnosis",
    "not a diagnosis",
    "have or have had cancer",  # a question among the signs that need a doctor
    "preventDefault",  # JavaScript
)


def _user_texts() -> Iterator[tuple[str, str]]:
    """Every text that a person may read: strings of the code, help of the commands, pages, dashboards, the READMEs."""
    for path in sorted([*PROJECT.glob("service/**/*.py"), *PROJECT.glob("firmware_bridge/**/*.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        shown = path.name == "cli.py" or "commands" in path.parts  # docstrings there are the help
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        hidden = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr) and not shown
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in hidden:
                yield f"{path.relative_to(PROJECT)}:{node.lineno}", node.value
    pages = ("service/web/templates/**/*", "service/web/static/**/*", "dashboards/**/*.json")
    for path in (*READMES, *(path for pattern in pages for path in sorted(PROJECT.glob(pattern)) if path.is_file())):
        if path.suffix in {".html", ".js", ".json", ".md", ".txt", ".svg", ".css", ".webmanifest"}:
            yield str(path.relative_to(PROJECT)), path.read_text(encoding="utf-8")


def _claims(text: str) -> list[str]:
    for phrase in ALLOWED:
        text = text.replace(phrase, "")
    return [found.group() for found in FORBIDDEN.finditer(text)]


def test_no_text_claims_more_than_the_evidence_carries() -> None:
    texts = list(_user_texts())
    assert any(place.startswith("service/wording/messages.py") for place, _ in texts)
    assert {place: found for place, text in texts if (found := _claims(text))} == {}


@pytest.mark.parametrize(
    "claim", ["It prevents back pain.", "Diagnosis: flat feet", "The cause is your shoe", "lower injury risk"]
)
def test_the_register_finds_a_claim(claim: str) -> None:
    assert _claims(claim)


def test_every_allowance_is_still_needed_or_standard() -> None:
    everything = " ".join(text for _, text in _user_texts())
    assert "gives no diagnosis" in everything
    assert "have or have had cancer" in everything
