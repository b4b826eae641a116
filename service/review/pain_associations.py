"""What is said of pain and the measures: usually that there is no reliable link; never which one made the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Any

from service.review.correlation import LEAST_DAYS, Association, associations, paired_days
from service.review.days import DAY_STEPS, Days, days
from service.review.read_model import Wearer
from service.wording.measure_kinds import Symmetry
from service.wording.measures import MEASURE_WORDING

REVERSE = "People with low-back pain walk differently: pain itself changes how feet are loaded (Smith 2022)."
_TOO_FEW = (
    "It takes days on which pain was noted, also when it was 0, and on the day before as well; and what you ran or "
    "walked on the day before."
)
BEHIND = "Going together is no more than that: shoes, weather, training or chance can be behind both."


@dataclass(frozen=True, slots=True)
class Links:
    """What can be said of pain and the measures together."""

    title: str
    lines: tuple[str, ...]
    days: int  # that could be paired with the load
    found: tuple[Association, ...]

    @property
    def plain(self) -> dict[str, Any]:
        """What a program reads; a missing number does not occur."""
        return {
            "title": self.title,
            "lines": list(self.lines),
            "days": self.days,
            "found": [asdict(one) for one in self.found],
        }


def links(wearer: Wearer, zone: tzinfo) -> Links:
    """Look for links between pain and the measures of a wearer, and say what there is to say."""
    held = days(wearer, zone)
    return _said(held, associations(held.pain, held.measures) if held else [])


def _said(held: Days | None, found: Sequence[Association]) -> Links:
    """Put what was found into words."""
    count = max((paired_days(held.pain, values) for values in held.measures.values()), default=0) if held else 0
    if not found:
        return Links(
            f"Too few days to look for a link yet ({count} of {LEAST_DAYS})",
            (_TOO_FEW,),
            count,
            (),
        )
    most = max(one.days for one in found)
    reliable = [one for one in found if one.reliable]
    if not reliable:
        looked = sorted({_name(one.measure) for one in found})
        line = f"Looked at: {', '.join(looked)}; from one day to the next, in both directions."
        return Links(f"No reliable link in your data yet (n = {most})", (line,), most, tuple(found))
    lines = [
        sentence
        for name in dict.fromkeys(one.measure for one in reliable)
        for sentence in _both([one for one in found if one.measure == name])
    ]
    return Links("Something went together in your data", (*lines, BEHIND, REVERSE), most, tuple(found))


def _both(found: Sequence[Association]) -> list[str]:
    """Say both directions of one measure."""
    name = _name(found[0].measure)
    sentences = []
    for one in sorted(found, key=lambda one: not one.to_pain):
        if one.to_pain:
            words = f"Days after {_more(one.measure)}", f"{_direction(one)} pain", "points of 10"
        else:
            words = "Days after more pain", f"{_direction(one)} {name}", _unit(one.measure)
        before, after, unit = words
        if one.reliable:
            low, high = sorted((abs(one.low), abs(one.high))) if one.low * one.high > 0 else (0.0, _far(one))
            size = f"{abs(one.effect):.{_digits(one)}f} {unit}"
            interval = f"95 % interval {low:.{_digits(one)}f} to {high:.{_digits(one)}f}, n = {one.days}"
            sentences.append(f"{before} went together with {after}: {size} for a usual swing of it ({interval}).")
        else:
            sentences.append(f"{before}: no reliable link with {'pain' if one.to_pain else name} (n = {one.days}).")
    if len(found) == 1:
        sentences.append("The other direction could not be looked at: too few days.")
    return sentences


def _direction(one: Association) -> str:
    if one.to_pain or one.measure == DAY_STEPS:
        return "more" if one.effect > 0 else "less"
    return (
        "a shift to the right in"
        if _sided(one) and one.effect > 0
        else ("a shift to the left in" if _sided(one) else "more" if one.effect > 0 else "less")
    )


def _sided(one: Association) -> bool:
    return isinstance(MEASURE_WORDING.get(one.measure), Symmetry)


def _far(one: Association) -> float:
    return max(abs(one.low), abs(one.high))


def _digits(one: Association) -> int:
    return 0 if one.measure == DAY_STEPS and not one.to_pain else 1


def _unit(measure: str) -> str:
    return "steps" if measure == DAY_STEPS else "% points"


def _name(measure: str) -> str:
    return "steps" if measure == DAY_STEPS else MEASURE_WORDING[measure].label


def _more(measure: str) -> str:
    if measure == DAY_STEPS:
        return "more steps"
    known = MEASURE_WORDING[measure]
    return f"a shift of {known.label} to the right" if isinstance(known, Symmetry) else f"more {known.label}"
