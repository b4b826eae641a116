"""What is sent beside a single flag: that it is over, what was held back, and a test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from service.records.rows import Flag, Verdict
from service.records.timestamps import local
from service.records.topics import topic_of
from service.wording.messages import Message, flag_text, verdict_text
from service.wording.phrases import bout_word
from service.wording.topics import words_of

TEST = Message(
    "insole: a test",
    "This is a test of the alerts of insole, sent by `insole alert test`; nothing differs from your usual.",
    "Who reads this gets the alerts, too.",
)
AGAIN = "Should it come again, the page shows it; an alert comes after a usual one in between."


def over_text(flag: Flag, end: Flag | Verdict, *, zone: tzinfo) -> Message:
    """Say that what was told of is over, and by what that shows.

    Args:
        flag: what was told.
        end: the flag's own end, or a verdict on a later bout; on any topic where its own does not say so.
        zone: where the wearer is.
    """
    bout = bout_word(end.activity)
    if isinstance(end, Flag):
        ended = flag_text(end, zone=zone)
        return ended.with_context(f"That is within the same {bout}. {AGAIN}")
    when = f"{local(end.time, zone):%d %b, %H:%M}"
    title = words_of(flag.topic).over
    if not topic_of(flag.topic).ending.own_verdict:
        was = flag_text(flag, zone=zone).title
        return Message(title, f"In the {bout} of {when} this was not seen: {was.lower()}.")
    shown = verdict_text(end)
    return Message(title, f"The {bout} of {when}: {shown.observation}", f"{shown.context} {AGAIN}")


def late_text(findings: Sequence[tuple[Flag, Flag | None]], *, zone: tzinfo) -> Message:
    """Say in one message what was found while nobody was to be told, or could be reached.

    Args:
        findings: what was found (at least one), each with its end, if that has come.
        zone: where the wearer is.
    """
    lines = []
    for flag, end in findings:
        found = flag_text(flag, zone=zone)
        over = f" (over at {local(end.time, zone):%H:%M})" if end is not None else ""
        lines.append(f"{local(flag.time, zone):%d %b, %H:%M}: {found.title}{over}. {found.observation}")
    count = "one finding" if len(lines) == 1 else f"{len(lines)} findings"
    return Message(
        f"Told later: {count}",
        " ".join(lines),
        "It was quiet then, or nobody could be reached; the page shows all of it.",
    )
