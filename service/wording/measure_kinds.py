"""The kinds of measures, by how they are spoken of: two feet compared, one foot, a level, a ratio, a count."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

from service.records.rows import Flag, Verdict
from service.wording.phrases import (
    Finding,
    interval,
    leaning,
    off_normal,
    off_usual,
    own_usual,
    quantity,
    sided_interval,
)


class MeasureWording(Protocol):
    """How a measure is spoken of. Sentences end with a period; `since` is a time of day, "" where none is told."""

    @property
    def label(self) -> str:
        """What it is called in lists and charts."""
        ...

    @property
    def foot(self) -> str:
        """Which foot it is of, "" where of both."""
        ...

    @property
    def behind(self) -> str:
        """What else can be behind it, "" where the topic tells."""
        ...

    @property
    def option(self) -> str:
        """What one may do, "" where the topic tells."""
        ...

    def title(self, flag: Flag) -> str:
        """Say what began or ended."""
        ...

    def observation(self, finding: Finding, since: str = "") -> str:
        """Say the number with its evidence."""
        ...

    def context(self, finding: Finding) -> str:
        """Say what it is to be compared with."""
        ...

    def headline(self, verdict: Verdict) -> str:
        """Name what differs in a few words."""
        ...

    def change(self, finding: Finding) -> str:
        """Say by how much it is off the wearer's normal (which is known), with the interval."""
        ...


@dataclass(frozen=True, slots=True)
class Symmetry:
    """Both feet compared: right minus left in % of their mean (Robinson 1987), so that the sign becomes a foot."""

    foot: ClassVar[str] = ""
    behind: ClassVar[str] = ""
    option: ClassVar[str] = ""
    label: str
    does: str  # what a foot did: "stayed on the ground"
    more: str  # how the foot with more of it compares: "longer"
    short: str  # the same without the verb, for a title: "longer on the ground"

    def title(self, flag: Flag) -> str:
        """Say that left and right differ, or do so as usual again."""
        if not flag.raised:
            return "Left and right are back to your usual"
        return "Left and right differ" if math.isnan(flag.normal) else "Left and right differ from your usual"

    def observation(self, finding: Finding, since: str = "") -> str:
        """Say which foot has how much more."""
        foot, other = ("right", "left") if finding.value > 0 else ("left", "right")
        strides = quantity(finding.strides, "stride")
        evidence = f"{sided_interval(finding.low, finding.high, leaning)}{strides} a foot"
        if abs(finding.value) < 0.05:
            return f"No difference between your feet in {self.label} ({evidence}){since}."
        size = f"{abs(finding.value):.1f} % {self.more}"
        return f"Your {foot} foot {self.does} {size} than your {other} ({evidence}){since}."

    def context(self, finding: Finding) -> str:
        """Say what is usual."""
        return own_usual(finding, leaning)

    def headline(self, verdict: Verdict) -> str:
        """Name the foot and the size."""
        return f"{'right' if verdict.value > 0 else 'left'} foot {abs(verdict.value):.1f} % {self.short}"

    def change(self, finding: Finding) -> str:
        """Say which foot has more than usual, set against the other one: either of them may have changed."""
        off, low, high = off_usual(finding)
        foot, other = ("Right", "left") if off > 0 else ("Left", "right")
        size = f"{abs(off):.1f} % {self.more} against the {other} one"
        return f"{foot} foot {self.does} {size} {off_normal(off, low, high)}"


@dataclass(frozen=True, slots=True)
class OneFoot:
    """The two sides of one foot: inner minus outer, in % of their sum; told as what a side carries of the load."""

    behind: ClassVar[str] = ""
    option: ClassVar[str] = ""
    label: str
    foot: str

    def title(self, flag: Flag) -> str:
        """Say which side carries more, or that it does so as usual again."""
        if not flag.raised:
            return f"{self.foot.capitalize()} foot: back to your usual"
        than = "" if math.isnan(flag.normal) else " than usual"
        return f"{self.foot.capitalize()} foot: more load on the {_side(flag)} side{than}"

    def observation(self, finding: Finding, since: str = "") -> str:
        """Say which side carried how much more."""
        side = _side(finding)
        low, high = sorted(_share(value, side) for value in (finding.low, finding.high))
        evidence = f"{interval(low, high, 0)}{quantity(finding.strides, 'stride')}"
        carried = f"carried {_share(finding.value, side):.0f} % of the load"
        return f"The {side} side of your {self.foot} foot {carried} ({evidence}){since}."

    def context(self, finding: Finding) -> str:
        """Say what is usual."""
        side = _side(finding)
        return own_usual(finding, lambda value: f"{_share(value, side):.0f} %")

    def headline(self, verdict: Verdict) -> str:
        """Name the foot and the side."""
        return f"{self.foot} foot, more load on the {_side(verdict)} side"

    def change(self, finding: Finding) -> str:
        """Say which side carries more than usual."""
        side = _side(finding)
        now, usual, *ends = (_share(x, side) for x in (finding.value, finding.normal, finding.low, finding.high))
        told = f" ({min(ends):.0f} to {max(ends):.0f})" if all(map(math.isfinite, ends)) else ""
        return (
            f"{self.foot.capitalize()} foot, {side} side carried {now:.0f} % of the load{told}, usually {usual:.0f} %"
        )


def _share(index: float, side: str) -> float:
    """Return what a side carries of a foot's load, %, by the medial-lateral index."""
    return 50 + (index if side == "inner" else -index) / 2


def _side(finding: Finding) -> str:
    """Return the side that has more than usual, or the inner one where no usual is known."""
    return "inner" if math.isnan(finding.normal) or finding.value >= finding.normal else "outer"


@dataclass(frozen=True, slots=True)
class Level:
    """How much there is of something, of both feet together or of one; it has no side."""

    behind: ClassVar[str] = ""
    option: ClassVar[str] = ""
    name: str
    unit: str
    digits: int = 0
    foot: str = ""
    more: str = "higher"
    less: str = "lower"

    @property
    def label(self) -> str:
        """The name, with the foot if it is of one."""
        return f"{self.name}, {self.foot}" if self.foot else self.name

    @property
    def _whose(self) -> str:
        return f"Your {self.foot} foot's {self.name}" if self.foot else f"Your {self.name}"

    def title(self, flag: Flag) -> str:
        """Say that it differs, or is as usual again."""
        if not flag.raised:
            return f"{self._whose} is back to your usual"
        if math.isnan(flag.normal):
            return f"{self._whose}: {self._say(flag.value)} {self.unit}"
        return f"{self._whose} differs from your usual"

    def observation(self, finding: Finding, since: str = "") -> str:
        """Say how much it was."""
        strides = quantity(finding.strides, "stride") + ("" if self.foot else " a foot")
        evidence = f"{interval(finding.low, finding.high, self.digits)}{strides}"
        return f"{self._whose} was {self._say(finding.value)} {self.unit} ({evidence}){since}."

    def context(self, finding: Finding) -> str:
        """Say what is usual."""
        return own_usual(finding, self._say)

    def headline(self, verdict: Verdict) -> str:
        """Name it and its size."""
        return f"{f'{self.foot} foot, ' if self.foot else ''}{self.name} {self._say(verdict.value)} {self.unit}"

    def change(self, finding: Finding) -> str:
        """Say how much more or less it is than usual."""
        off, low, high = off_usual(finding)
        size = f"{abs(off):.{self.digits}f} {self.unit} {self.more if off > 0 else self.less}"
        return f"{self._whose} was {size} {off_normal(off, low, high, self.digits)}"

    def _say(self, value: float) -> str:
        return f"{value:.{self.digits}f}"


@dataclass(frozen=True, slots=True)
class LeftOverRight:
    """Two things of which one should read as the other: the left one's over the right one's, 1 where they are alike."""

    foot: ClassVar[str] = ""
    label: str
    thing: str  # "insole"
    does: str  # "reads"
    apart: str  # the title where they differ
    alike: str  # and where they do not any more
    again: str  # the sentence to it, without its end
    means: str  # what follows from it
    behind: str
    option: str

    def title(self, flag: Flag) -> str:
        """Say that they differ, or do not any more."""
        return self.apart if flag.raised else self.alike

    def observation(self, finding: Finding, since: str = "") -> str:
        """Say which one reads how much more."""
        if isinstance(finding, Flag) and not finding.raised:
            return f"{self.again}{since}."
        more, less = ("left", "right") if finding.value > 1 else ("right", "left")
        low, high = sorted(abs(100 * (ratio - 1)) for ratio in (finding.low, finding.high))
        evidence = f"{interval(low, high)}{quantity(finding.strides, 'stride')} a foot"
        size = f"{abs(100 * (finding.value - 1)):.0f} %"
        return f"The {more} {self.thing} {self.does} {size} more than the {less} one ({evidence}){since}."

    def context(self, finding: Finding) -> str:
        """Say what follows from it while they differ."""
        return "" if isinstance(finding, Flag) and not finding.raised else self.means

    def headline(self, verdict: Verdict) -> str:
        """Name the one that has more."""
        more = "left" if verdict.value > 1 else "right"
        return f"{more} {self.thing} {self.does} {abs(100 * (verdict.value - 1)):.0f} % more"

    def change(self, finding: Finding) -> str:
        """Say which one has more than usual."""
        off, low, high = off_usual(finding)
        more, than = "Left" if off > 0 else "Right", off_normal(100 * off, 100 * low, 100 * high)
        return f"{more} {self.thing} {self.does} {abs(100 * off):.0f} % more {than}"


@dataclass(frozen=True, slots=True)
class Count:
    """How many there were of something in a bout, in % more than the most of some days: known to the last one."""

    foot: ClassVar[str] = ""
    behind: ClassVar[str] = ""
    option: ClassVar[str] = ""
    label: str
    things: str  # "steps"
    days: int
    found: str  # the title where it was passed
    known: str  # what is known of it

    def title(self, flag: Flag) -> str:  # noqa: ARG002
        """Say that it was passed; that has no end within the bout."""
        return self.found

    def observation(self, finding: Finding, since: str = "") -> str:  # noqa: ARG002
        """Say how many there were so far: that is since the bout began."""
        runs = quantity(finding.bouts, "run")
        count, more = 2 * finding.strides, f"{finding.value:.0f} % more"
        return f"{count} {self.things} so far, {more} than in the longest of your {runs} of {self.days} days."

    def context(self, finding: Finding) -> str:  # noqa: ARG002
        """Say what is known of it."""
        return self.known

    def headline(self, verdict: Verdict) -> str:
        """Name how many more there were."""
        return f"{verdict.value:.0f} % more {self.things} than in {self.days} days"

    def change(self, finding: Finding) -> str:
        """Say how many more or fewer there were than usual."""
        off, low, high = off_usual(finding)
        return f"{abs(off):.0f} % {'more' if off > 0 else 'fewer'} {self.things} {off_normal(off, low, high, 0)}"
