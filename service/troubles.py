"""What is wrong with a link, a setting or a file, as messages of the same grammar as the findings."""

from __future__ import annotations

from collections.abc import Sequence

from firmware_bridge import ConfigError, CorruptData, InsoleError, Link, Unavailable
from service.messages import Message

BATTERY_LOW_PCT = 15.0
LOSS_SHOWN = 0.05  # share of lost samples from which a link is said to lose


def trouble_text(error: InsoleError) -> Message:
    """Say what went wrong and what the program or the person does about it."""
    what = str(error.args[0]) if error.args else type(error).__name__
    if isinstance(error, Unavailable):
        advice = f"{error.advice[0].upper()}{error.advice[1:]}" if error.advice else ""
        return Message("Will be tried again", what, "", "It may pass by itself.", advice)
    titles = {ConfigError: "Something has to be changed", CorruptData: "Skipped and counted"}
    return Message(titles.get(type(error), "Something went wrong"), what)


def link_troubles(links: Sequence[Link]) -> list[Message]:
    """Say what is wrong with one insole's link over some seconds; nothing where it is well."""
    if not links:
        return []
    last = max(links, key=lambda link: link.time)
    foot = f"{str(last.side).capitalize()} insole"
    found = []
    if not last.connected:
        found.append(
            _advice(f"{foot} is not heard", "It may be off, empty or too far away.", "Switch it on, or come near.")
        )
    received, lost = sum(link.received for link in links), sum(link.lost for link in links)
    if lost > LOSS_SHOWN * (received + lost):
        share = f"{foot}: {100 * lost / (received + lost):.0f} % of the samples are lost"
        found.append(_advice(share, "A body between insole and receiver is often the reason.", "Move the receiver."))
    if any(link.dropped for link in links):
        found.append(_advice(f"{foot}: this computer cannot keep up", "Something else may be busy.", "Close it."))
    if last.battery_pct < BATTERY_LOW_PCT:
        found.append(_advice(f"{foot}: battery at {last.battery_pct:.0f} %", "It may not last.", "Charge it."))
    return found


def _advice(title: str, uncertainty: str, option: str) -> Message:
    return Message(title, f"{title}.", "", uncertainty, option)
