"""What is said of each topic: the other half of `service.records.topics`, under the same names.

How to add a topic: see there; its sentences are entered here. What many may be told (`BEHIND_ANY`, the remedies of
`wording.guidance`) is named and not written again. What is said of a number comes from `wording.measures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.records.topics import IMBALANCE, INSOLE, OVER_PRONATION, TRAINING_LOAD
from service.wording import guidance as g
from service.wording.guidance import Evidence, Pattern

BEHIND_ANY = "A different surface, other shoes, or an insole that has shifted can be behind it."
LOOK_AGAIN = (
    "You can check that the insole lies flat and see whether it stays so on level ground. If something hurts, ease off "
    "and see a professional."
)


@dataclass(frozen=True, slots=True)
class TopicWording:
    """The sentences of a topic."""

    title: str
    behind: str  # what else can be behind a flag or a difference
    option: str  # what one may do then
    over: str = ""  # the title of the message that it is over; "" where no end is told
    pattern: Pattern | None = None  # what people commonly try; None where it is not about the wearer


TOPIC_WORDING: Mapping[str, TopicWording] = {
    IMBALANCE.name: TopicWording(
        "Left and right",
        "Much can be behind it: a sloping or different surface, a bend, other shoes or lacing, pain, or an insole that "
        "has shifted.",
        LOOK_AGAIN,
        "Left and right: back to your usual",
        Pattern(
            "If left and right differ",
            (
                Evidence(
                    "Among 836 runners followed for six months, those whose feet differed more did not get hurt more "
                    "often.",
                    "Malisoux 2024",
                ),
                Evidence(
                    "People with low-back pain walk differently from others: pain itself changes how feet are loaded.",
                    "Smith 2022, 97 studies",
                ),
            ),
            (g.LOOK_CLOSELY, g.LEG_LENGTH, g.PROFESSIONAL),
        ),
    ),
    OVER_PRONATION.name: TopicWording(
        "Inner and outer side",
        "This is where the load lies under the foot, not the angle of the ankle. Other shoes or lacing, a sloping "
        "surface, pain, or an insole that has shifted can be behind it.",
        LOOK_AGAIN,
        "Inner and outer side: back to your usual",
        Pattern(
            "If the inner side carries more than usual, or much",
            (
                Evidence(
                    "Among 927 new runners in neutral shoes, those with pronated feet did not get hurt more often.",
                    "Nielsen 2014",
                ),
                Evidence(
                    "In 1930 older people, a pronated way of walking went together with low-back pain in women, not in "
                    "men; which came first is not known.",
                    "Menz 2013",
                ),
                Evidence(
                    "Pressure under the foot and the angle of the heel go together only in part (r = 0.46 to 0.54).",
                    "Dixon 2006",
                ),
            ),
            (g.STABILITY_SHOES, g.INSERTS, g.PROFESSIONAL),
        ),
    ),
    INSOLE.name: TopicWording(
        "The insoles",
        "This is about the insole, not about you: a plug, a fold or moisture can be behind it.",
        "See whether the insole lies flat and dry and its plug sits.",
        "The insoles read as usual again",
    ),
    TRAINING_LOAD.name: TopicWording(
        "Training load",
        "It is an association between runners, and steps stand for distance here.",
        "A shorter run next time gives your body time to follow.",
        pattern=Pattern("If you ran more than before", (g.LONGER_RUNS,), (g.EASIER, g.EXERCISE, g.SHORTER_RUN)),
    ),
}
"""By the topic's name."""

PATTERNS: Mapping[str, Pattern] = {"pain": g.IF_IT_HURTS} | {
    name: said.pattern for name, said in TOPIC_WORDING.items() if said.pattern is not None
}
"""What guidance is given for: pain, and topics."""


def words_of(topic: str) -> TopicWording:
    """Return the sentences of a topic; one that another version wrote is called by its name."""
    title = topic.replace("_", " ")
    return TOPIC_WORDING.get(topic) or TopicWording(title, BEHIND_ANY, LOOK_AGAIN, f"{title}: not seen any more")
