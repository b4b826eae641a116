"""Why nothing can be said of a bout, in words, and what would help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """Why nothing can be said, and what would help."""

    title: str
    why: str
    option: str
    shown: bool = False  # the number is sound, only what it means is open


REASONS: Mapping[str, Reason] = {
    "too_short": Reason(
        "too little of this {bout} so far{blocks}",
        "The first minutes differ by themselves, while shoe and insole warm up.",
        "Keep going: ten minutes are enough.",
    ),
    "no_baseline": Reason(
        "your usual is not known yet ({bouts})",
        "What is usual for others says little about you.",
        "Record some more {bout}s in the same shoes on level ground.",
        shown=True,
    ),
    "data_quality": Reason(
        "too many steps are missing ({used})",
        "The steps that are missing may not be like the ones that arrived.",
        "Check that both insoles are charged and that the receiver is near.",
    ),
    "layout": Reason(
        "the sensors of this insole do not show it",
        "It takes sensors on both sides of the foot.",
        "Another insole, or a profile that knows where the sensors are, may show it.",
    ),
    "surface": Reason(
        "one foot changed and the other did not go along",
        "That is how a sloping road, a bend or one shifted insole looks.",
        "See whether it stays so on level ground.",
        shown=True,
    ),
    "one_foot": Reason(
        "only one foot was heard",
        "Left and right need both.",
        "Check that the other insole is charged, switched on and in its shoe.",
    ),
    "loss": Reason(
        "one foot lost more data than the other",
        "What is missing on one side alone looks like a difference of the feet.",
        "Wear the receiver nearer to that side, or in front.",
    ),
    "rate": Reason(
        "the insoles send too few samples a second",
        "On the run a foot is down for a quarter of a second: it takes 50 samples a second to time that, 20 on a walk.",
        "Some insoles can be set to send more; walks may be comparable as it is.",
    ),
    "settling": Reason(
        "an insole's clock had not settled",
        "Until it has, one foot's steps lie a little beside the other's, which looks like a difference of the feet.",
        "Keep both insoles connected; if it stays so, `insole doctor` may say what is wrong with the clock.",
    ),
    "sensor": Reason(
        "a sensor is broken, or these are other insoles than before",
        "Fewer or other sensors give other numbers, which would look like a change of yours.",
        "See whether the insoles lie flat and their plugs sit; some {bout}s with them make a new usual.",
    ),
    "shifted": Reason(
        "the insole seems to lie differently in the shoe",
        "The whole path under the foot moved to one side at once, as a shifted insole does and a foot hardly does.",
        "Lay the insole flat and see whether it stays so.",
        shown=True,
    ),
}
