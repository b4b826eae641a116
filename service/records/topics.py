"""Topics: what flags, verdicts and alerts are about. Here are the facts of each, in `wording.topics` its sentences.

How to add a topic: write its `Topic` here, enter it in `TOPICS`, and enter its sentences under the same name in
`service.wording.topics.TOPIC_WORDING`; a measure that has no words yet gets them in `service.wording.measures`. The
detector that it names is found by its path. Settings, mutes, episodes, alerts and pages read the tables; no module
compares with a topic's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NORMAL, DIFFERS, CANNOT_TELL = "normal", "differs", "cannot_tell"
"""What a verdict answers."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Which later bout ends an episode: one without such a flag, of which a verdict says enough.

    Verdicts on any topic show that there was a bout, and what it was worth: so a topic without verdicts of its own has
    an end, too. That a flag was cleared within its bout is told to people, but ends no episode: the next bout may
    begin with the same.
    """

    answers: frozenset[str]  # of a verdict that counts
    own_verdict: bool = False  # one on the topic itself counts; else one on any topic
    same_activity: bool = True  # walks do not end what shows on runs
    told: bool = True  # to those who were told of the flag


@dataclass(frozen=True, slots=True)
class Topic:
    """What holds of a topic whatever is said of it.

    Raises:
        ValueError: its episodes would end by a verdict that there never is.
    """

    name: str  # as stored, set and muted
    detector: str  # "module:attribute": makes of a baseline what raises its flags
    has_verdict: bool  # each bout is judged on it; else it only raises flags
    ending: Ending
    may_be_muted: bool = True
    about_insole: bool = False  # and not about the wearer: it comes first, what follows may be its doing
    by_measure: bool = False  # each measure has episodes of its own
    by_gait: bool = True  # it is about how one goes, which pace and cadence may go together with, and not how much

    def __post_init__(self) -> None:
        if self.ending.own_verdict and not self.has_verdict:
            raise ValueError(f"{self.name} has no verdicts: what raises no more flags has to end its episodes")


WITHOUT_IT = Ending(frozenset({NORMAL, DIFFERS}))
"""How a topic without verdicts ends: by the next bout of the activity that had data enough, and no such flag."""
_JUDGED_NORMAL = Ending(frozenset({NORMAL}), own_verdict=True)

IMBALANCE = Topic("imbalance", "service.gait.detectors.built_in:balance_watch", True, _JUDGED_NORMAL)
OVER_PRONATION = Topic("over_pronation", "service.gait.detectors.built_in:pronation_watch", True, _JUDGED_NORMAL)
INSOLE = Topic(
    "insole",
    "service.gait.detectors.gain_mismatch:Mismatch",  # broken sensors are found on the way to it, by `sensor_health`
    has_verdict=False,
    ending=Ending(frozenset({NORMAL, DIFFERS}), same_activity=False),  # the insoles were good enough to tell
    about_insole=True,
    by_measure=True,
)
TRAINING_LOAD = Topic(
    "training_load",
    "service.gait.detectors.training_load:LongestRun",
    has_verdict=False,
    ending=Ending(frozenset({NORMAL, DIFFERS, CANNOT_TELL}), told=False),  # it counts steps, good or not
    by_gait=False,
)

TOPICS: Mapping[str, Topic] = {topic.name: topic for topic in (IMBALANCE, OVER_PRONATION, INSOLE, TRAINING_LOAD)}
"""All of them, by name, in the order in which people read them."""


def topic_of(name: str) -> Topic:
    """Return the topic of a stored row; one that another version wrote is taken for one without verdicts."""
    return TOPICS.get(name) or Topic(name, "", has_verdict=False, ending=WITHOUT_IT)
