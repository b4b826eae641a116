"""The one place where numbers become sentences, each with its evidence.

Every message follows one grammar: OBSERVATION (number, 95 % interval, strides, since when), CONTEXT (your usual),
UNCERTAINTY (what else may be behind it), OPTION (something of low risk). An observation never leads to a disease: the
words are "differs from your usual" and "went together with". Signed percentages become the words left and right.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from firmware_bridge import SECOND
from service.gait.thresholds import PERSIST_BLOCKS
from service.records.rows import Flag, Verdict
from service.records.topics import DIFFERS, NORMAL
from service.wording.cannot_tell_reasons import REASONS
from service.wording.measures import MEASURE_WORDING
from service.wording.phrases import Finding, bout_word, quantity
from service.wording.topics import TopicWording, words_of


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads. An option without its uncertainty cannot be built.

    Raises:
        ValueError: title or observation is empty, or an option stands without an uncertainty.
    """

    title: str
    observation: str
    context: str = ""
    uncertainty: str = ""
    option: str = ""

    def __post_init__(self) -> None:
        if not (self.title and self.observation):
            raise ValueError("a message has a title and an observation")
        if self.option and not self.uncertainty:
            raise ValueError("a message says what is uncertain before it proposes anything")

    @property
    def body(self) -> str:
        """The sentences in their order, as one paragraph."""
        return " ".join(part for part in (self.observation, self.context, self.uncertainty, self.option) if part)

    def with_context(self, more: str) -> Message:
        """Return the message with another sentence behind its context."""
        return replace(self, context=" ".join(part for part in (self.context, more) if part))


def flag_text(flag: Flag, *, zone: tzinfo) -> Message:
    """Say what began or ended, since when, how sure that is, and what the wearer's usual is.

    Args:
        flag: the finding.
        zone: where the wearer is; times of day are said there.
    """
    since = f", since {_clock(flag.since if flag.raised else flag.time, zone)}"
    topic = words_of(flag.topic)
    if broken := _FAULT.fullmatch(flag.measure):
        return _sensor(flag, since, topic, *broken.groups())
    words = MEASURE_WORDING.get(flag.measure)
    if words is None:
        return _without_words(flag, since)
    title, observation, context = words.title(flag), words.observation(flag, since), words.context(flag)
    if not flag.raised:
        return Message(title, observation, context)
    return Message(title, observation, context, words.behind or topic.behind, words.option or topic.option)


def _without_words(finding: Finding, since: str = "") -> Message:
    """Say that there is a finding which only the version that wrote it can put into words."""
    name = finding.measure.replace("_", " ")
    return Message(f"A finding on {name}", f"This version has no words for {name}{since}; the one that found it has.")


_FAULTS = {
    "dead": ("gives no reading", "reads the same while its neighbors are loaded and unloaded"),
    "stuck": ("is stuck", "stays loaded while the foot is in the air"),
    "saturated": ("is at its limit", "is at its highest reading through a part of most steps"),
    "intermittent": ("has a loose contact", "comes and goes"),
}


_FAULT = re.compile(rf"({'|'.join(_FAULTS)})_(sensor|insole)_(left|right)")


def _sensor(flag: Flag, since: str, topic: TopicWording, kind: str, what: str, side: str) -> Message:
    title, seen = _FAULTS[kind]
    one = what == "sensor"
    sensor = f"Sensor {flag.value + 1:.0f} of the {side} insole" if one else f"Every sensor of the {side} insole"
    return Message(
        f"{side.capitalize()} insole{': a sensor' if one else ''} {title}",
        f"{sensor} {seen}{since}.",
        "Contact times go on; load is compared without it, and without its counterpart on the other foot."
        if one
        else "Nothing is said of load with it.",
        topic.behind,
        topic.option,
    )


def verdict_text(verdict: Verdict) -> Message:
    """Say in one line what a bout was, and with what evidence."""
    if verdict.answer not in {NORMAL, DIFFERS} or math.isnan(verdict.value):
        return _cannot_tell(verdict)
    words, topic = MEASURE_WORDING.get(verdict.measure), words_of(verdict.topic)
    if words is None:
        return _without_words(verdict)
    observation, context = words.observation(verdict), f"{words.context(verdict)}{_common(verdict)}"
    if verdict.answer == NORMAL:
        return Message("Normal for you", observation, context)
    title = f"Differs from your usual: {words.headline(verdict)}"
    return Message(title, observation, context, words.behind or topic.behind, words.option or topic.option)


def _cannot_tell(verdict: Verdict) -> Message:
    known = REASONS.get(verdict.reason)
    strides, blocks = quantity(verdict.strides, "stride"), quantity(verdict.blocks, "block")
    seen = f"{words_of(verdict.topic).title}: {strides} a foot in {blocks} so far."
    if known is None:
        return Message(f"Cannot tell: {verdict.reason.replace('_', ' ') or 'no reason was given'}", seen)
    words = {
        "bout": bout_word(verdict.activity),
        "bouts": quantity(verdict.bouts, f"earlier {bout_word(verdict.activity)}"),
        "blocks": f" ({verdict.blocks} of {PERSIST_BLOCKS} blocks)",
        "used": f"{verdict.steps_used} of {verdict.steps_expected} could be used",
    }
    context, measured = "", MEASURE_WORDING.get(verdict.measure)
    if known.shown and measured is not None and not math.isnan(verdict.value):
        seen, context = measured.observation(verdict), f"{measured.context(verdict)}{_common(verdict)}"
    return Message(
        f"Cannot tell: {known.title.format(**words)}", seen, context, known.why, known.option.format(**words)
    )


def _common(verdict: Verdict) -> str:
    """Say that a difference is larger than most people's, which alone is no finding."""
    if math.isnan(verdict.beyond_pct):
        return ""
    return (
        f" Most healthy people differ by less than {verdict.beyond_pct:g} %; a steady difference is common, "
        "and among 836 runners those whose feet differed more did not get hurt more often (Malisoux 2024)."
    )


def _clock(time: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(time / SECOND, tz=UTC).astimezone(zone).strftime("%H:%M")
