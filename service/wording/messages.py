"""The one place where numbers become sentences, each with its evidence.

Every message follows one grammar: OBSERVATION (number, 95 % interval, strides, since when), CONTEXT (your usual),
UNCERTAINTY (what else may be behind it), OPTION (something of low risk). An observation never leads to a disease: the
words are "differs from your usual" and "went together with". Signed percentages become the words left and right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from firmware_bridge import SECOND
from service.gait.thresholds import PERSIST_BLOCKS
from service.records.rows import Flag, Verdict
from service.wording.cannot_tell_reasons import REASONS


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


@dataclass(frozen=True, slots=True)
class _Measure:
    """How a measure is spoken of: what the feet do, and what more of it is called."""

    label: str
    does: str  # what a foot did: "stayed on the ground"
    more: str  # how the foot with more of it compares: "longer"
    short: str  # the same without the verb, for a title: "longer on the ground"
    definition: str
    foot: str = ""  # "left" or "right" where the measure is of one foot


_SYMMETRY = "right minus left, in % of the mean of both feet (Robinson 1987)"
_MEDIAL = "load under the inner minus load under the outer half of the foot, in % of their sum"

MEASURES: Mapping[str, _Measure] = {
    "contact_time_si_pct": _Measure(
        "ground contact time", "stayed on the ground", "longer", "longer on the ground", _SYMMETRY
    ),
    "impulse_si_pct": _Measure("load per step", "carried", "more load", "more load", _SYMMETRY),
    "peak_si_pct": _Measure("highest force", "pressed", "harder", "pressed harder", _SYMMETRY),
    "medial_lateral_left": _Measure("inner side load, left", "", "", "", _MEDIAL, "left"),
    "medial_lateral_right": _Measure("inner side load, right", "", "", "", _MEDIAL, "right"),
}

TOPICS: Mapping[str, str] = {
    "imbalance": "Left and right",
    "over_pronation": "Inner and outer side",
    "insole": "The insoles",
    "training_load": "Training load",
}

_BEHIND = {
    "imbalance": "Much can be behind it: a sloping or different surface, a bend, other shoes or lacing, pain, or an "
    "insole that has shifted.",
    "over_pronation": "This is where the load lies under the foot, not the angle of the ankle. Other shoes or lacing, "
    "a sloping surface, pain, or an insole that has shifted can be behind it.",
}
_BEHIND_ANY = "A different surface, other shoes, or an insole that has shifted can be behind it."
_OPTION = (
    "You can check that the insole lies flat and see whether it stays so on level ground. If something hurts, ease off "
    "and see a professional."
)


def flag_text(flag: Flag, *, zone: tzinfo) -> Message:
    """Say what began or ended, since when, how sure that is, and what the wearer's usual is.

    Args:
        flag: the finding.
        zone: where the wearer is; times of day are said there.
    """
    since = _clock(flag.since if flag.raised else flag.time, zone)
    if flag.measure == "longest_run":
        return _longest_run(flag)
    if flag.measure == "gain_ratio":
        return _gain(flag, since)
    if broken := _FAULT.fullmatch(flag.measure):
        return _sensor(flag, since, *broken.groups())
    observation = f"{_observation(flag)}, since {since}."
    if not flag.raised:
        return Message(f"{_subject(flag)} back to your usual", observation, _context(flag))
    return Message(
        f"{_subject(flag)} {_difference(flag)}",
        observation,
        _context(flag),
        _BEHIND.get(flag.topic, _BEHIND_ANY),
        _OPTION,
    )


_FAULTS = {
    "dead": ("gives no reading", "reads the same while its neighbors are loaded and unloaded"),
    "stuck": ("is stuck", "stays loaded while the foot is in the air"),
    "saturated": ("is at its limit", "is at its highest reading through a part of most steps"),
    "intermittent": ("has a loose contact", "comes and goes"),
}


_FAULT = re.compile(rf"({'|'.join(_FAULTS)})_(sensor|insole)_(left|right)")


def _sensor(flag: Flag, since: str, kind: str, what: str, side: str) -> Message:
    title, seen = _FAULTS[kind]
    whole = what == "insole"
    sensor = f"Every sensor of the {side} insole" if whole else f"Sensor {flag.value + 1:.0f} of the {side} insole"
    return Message(
        f"{side.capitalize()} insole{'' if whole else ': a sensor'} {title}",
        f"{sensor} {seen}, since {since}.",
        "Nothing is said of load with it."
        if whole
        else "Contact times go on; load is compared without it, and without its counterpart on the other foot.",
        "This is about the insole, not about you: a plug, a fold or moisture can be behind it.",
        "See whether the insole lies flat and dry and its plug sits.",
    )


def _gain(flag: Flag, since: str) -> Message:
    more, less = ("left", "right") if flag.value > 1 else ("right", "left")
    low, high = sorted(abs(100 * (ratio - 1)) for ratio in (flag.low, flag.high))
    if not flag.raised:
        return Message("The insoles weigh alike again", f"Both insoles read as they usually do, since {since}.")
    return Message(
        "The two insoles do not weigh alike",
        f"The {more} insole reads {abs(100 * (flag.value - 1)):.0f} % more than the {less} one "
        f"({_interval(low, high)}{_count(flag.strides, 'stride')} a foot), since {since}.",
        "Loads of the feet are judged with that in mind, contact times are not touched by it.",
        "It follows from how long you were on the ground and in the air; it is about the insoles, not about you.",
        "See whether both insoles lie flat; if it stays so, calibrate them.",
    )


def _longest_run(flag: Flag) -> Message:
    runs = _count(flag.bouts, "run")
    return Message(
        "Your longest run in 30 days",
        f"{2 * flag.strides} steps so far, {flag.value:.0f} % more than in the longest of your {runs} of 30 days.",
        "Among 5,205 runners, a run more than a tenth longer than any of the month before went together with getting "
        "hurt by overuse more often (Frandsen 2025).",
        "It is an association between runners, and steps stand for distance here.",
        "A shorter run next time gives your body time to follow.",
    )


def verdict_text(verdict: Verdict) -> Message:
    """Say in one line what a bout was, and with what evidence."""
    if verdict.answer not in {"normal", "differs"} or math.isnan(verdict.value):
        return _cannot_tell(verdict)
    observation = f"{_observation(verdict)}."
    context = f"{_context(verdict)}{_common(verdict)}"
    if verdict.answer == "normal":
        return Message("Normal for you", observation, context)
    title = f"Differs from your usual: {_headline(verdict)}"
    return Message(title, observation, context, _BEHIND.get(verdict.topic, _BEHIND_ANY), _OPTION)


def _cannot_tell(verdict: Verdict) -> Message:
    known = REASONS.get(verdict.reason)
    topic = TOPICS.get(verdict.topic, verdict.topic.replace("_", " "))
    seen = f"{topic}: {_count(verdict.strides, 'stride')} a foot in {_count(verdict.blocks, 'block')} so far."
    if known is None:
        return Message(f"Cannot tell: {verdict.reason.replace('_', ' ') or 'no reason was given'}", seen)
    words = {
        "bout": bout_word(verdict.activity),
        "bouts": _count(verdict.bouts, f"earlier {bout_word(verdict.activity)}"),
        "blocks": f" ({verdict.blocks} of {PERSIST_BLOCKS} blocks)",
        "used": f"{verdict.steps_used} of {verdict.steps_expected} could be used",
    }
    context = ""
    if known.shown and not math.isnan(verdict.value):
        seen, context = f"{_observation(verdict)}.", f"{_context(verdict)}{_common(verdict)}"
    return Message(
        f"Cannot tell: {known.title.format(**words)}", seen, context, known.why, known.option.format(**words)
    )


def bout_word(activity: str) -> str:
    """Return what a bout of an activity is called: run, walk, or outing where that is not known."""
    return {"running": "run", "walking": "walk"}.get(activity, "outing")


def leaning(value: float) -> str:
    """Put a signed percentage into words: 7.9 is "right 7.9 %", -7.9 is "left 7.9 %"."""
    if abs(value) < 0.05:
        return "even"
    return f"{'right' if value > 0 else 'left'} {abs(value):.1f} %"


def _observation(finding: Flag | Verdict) -> str:
    measure = MEASURES.get(finding.measure)
    strides = _count(finding.strides, "stride")
    if measure is None:
        name = finding.measure.replace("_", " ")
        return f"{name.capitalize()} was {finding.value:.1f} ({_interval(finding.low, finding.high)}{strides})"
    if measure.foot:
        inner, outer = ("inner", "outer") if finding.value >= 0 else ("outer", "inner")
        evidence = f"{_sided_interval(finding.low, finding.high, _inner)}{strides}"
        share = f"{abs(finding.value):.1f} % more of its load on the {inner} than on the {outer} side"
        return f"Your {measure.foot} foot carried {share} ({evidence})"
    foot, other = ("right", "left") if finding.value > 0 else ("left", "right")
    evidence = f"{_sided_interval(finding.low, finding.high, leaning)}{strides} a foot"
    if abs(finding.value) < 0.05:
        return f"No difference between your feet in {measure.label} ({evidence})"
    return f"Your {foot} foot {measure.does} {abs(finding.value):.1f} % {measure.more} than your {other} ({evidence})"


def _interval(low: float, high: float) -> str:
    return "" if math.isnan(low) or math.isnan(high) else f"95 % interval {low:.1f} to {high:.1f}, "


def _sided_interval(low: float, high: float, say: Callable[[float], str]) -> str:
    """Drop the side's name where both ends lie on the side that the sentence has named."""
    if math.isnan(low) or math.isnan(high):
        return ""
    if low > 0 or high < 0:
        near, far = sorted((abs(low), abs(high)))
        return _interval(near, far)
    return f"95 % interval {say(low)} to {say(high)}, "


def _context(finding: Flag | Verdict) -> str:
    bout = bout_word(finding.activity)
    if math.isnan(finding.normal):
        return f"Your usual is not known yet ({_count(finding.bouts, f'earlier {bout}')})."
    measure = MEASURES.get(finding.measure)
    say = leaning if measure and not measure.foot else _inner if measure else "{:.1f}".format
    when = f"In your last {_count(finding.bouts, bout)}" if finding.bouts else f"Earlier in this {bout}"
    if finding.bouts == 1:
        when = f"In your last {bout}"
    known = not (math.isnan(finding.normal_low) or math.isnan(finding.normal_high))
    band = f" (usual range {say(finding.normal_low)} to {say(finding.normal_high)})" if known else ""
    return f"{when} it was {say(finding.normal)}{band}."


def _common(verdict: Verdict) -> str:
    """Say that a difference is larger than most people's, which alone is no finding."""
    if math.isnan(verdict.beyond_pct):
        return ""
    return (
        f" Most healthy people differ by less than {verdict.beyond_pct:g} %; a steady difference is common, "
        "and among 836 runners those whose feet differed more did not get hurt more often (Malisoux 2024)."
    )


def _inner(value: float) -> str:
    return f"{'inner' if value >= 0 else 'outer'} {abs(value):.1f} %"


def _subject(flag: Flag) -> str:
    measure = MEASURES.get(flag.measure)
    if measure and measure.foot:
        return f"{measure.foot.capitalize()} foot:"
    return "Left and right" if flag.raised else "Left and right are"


def _difference(flag: Flag) -> str:
    known = not math.isnan(flag.normal)
    measure = MEASURES.get(flag.measure)
    if measure and measure.foot:
        side = "inner" if not known or flag.value >= flag.normal else "outer"
        return f"more load on the {side} side{' than usual' if known else ''}"
    return "differ from your usual" if known else "differ"


def _headline(verdict: Verdict) -> str:
    """Name the foot and the size in a few words."""
    measure = MEASURES.get(verdict.measure)
    if measure is None:
        return verdict.measure.replace("_", " ")
    if measure.foot:
        side = "inner" if math.isnan(verdict.normal) or verdict.value >= verdict.normal else "outer"
        return f"{measure.foot} foot, more load on the {side} side"
    foot = "right" if verdict.value > 0 else "left"
    return f"{foot} foot {abs(verdict.value):.1f} % {measure.short}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _clock(time: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(time / SECOND, tz=UTC).astimezone(zone).strftime("%H:%M")
