"""Detectors: from blocks to flags. Statistical, practical and persistent, or silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pkgutil import resolve_name
from typing import Protocol, cast

from service.gait.detectors.baseline import Baseline
from service.gait.detectors.imbalance_and_pronation import imbalance, over_pronation
from service.gait.detectors.measures import CONTACT, GAIN, IMPULSE
from service.gait.detectors.watch import Watch
from service.records.rows import Block, Flag
from service.records.topics import IMBALANCE, OVER_PRONATION, TOPICS


class Detector(Protocol):
    """Watch the blocks of one bout, in their order."""

    @property
    def topic(self) -> str:
        """What its flags are about."""
        ...

    def update(self, block: Block) -> Iterator[Flag]:
        """Take a block, whatever its data is worth; yield what began or ended with it."""
        ...


def balance_watch(baseline: Baseline) -> Watch:
    """Watch for an imbalance, by both rules."""
    return Watch(IMBALANCE.name, imbalance, baseline, within=(CONTACT, IMPULSE, GAIN))


def pronation_watch(baseline: Baseline) -> Watch:
    """Watch for over-pronation, against the normal alone.

    Within a bout the index creeps with the sensors (Arndt 2003, J Biomech), and feet tire (Cowley 2013, J Foot Ankle
    Res 6:20): both are a part of every bout, and of the normal.
    """
    return Watch(OVER_PRONATION.name, over_pronation, baseline)


def detectors(baseline: Baseline) -> list[Detector]:
    """Return fresh detectors for one bout; what is wrong with an insole comes before what may be with the wearer."""
    return [_maker(topic.detector)(baseline) for topic in sorted(TOPICS.values(), key=lambda t: not t.about_insole)]


@cache
def _maker(path: str) -> Callable[[Baseline], Detector]:
    return cast("Callable[[Baseline], Detector]", resolve_name(path))
