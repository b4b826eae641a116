"""What the service derives and what a person says, as rows (see `firmware_bridge.model.Row`).

Derived rows carry `analysis`, the version of the measures that made them, and no prose: the sentence for a person is
made from the numbers when it is shown. Percentages are signed right minus left: positive means that the right foot
has more. A missing number is NaN.

What a number is stands on its field (`service.records.quantities`), and with it the least that a layout has to see:
the timing of one foot takes any sensor, and so does a force as it is read, which of a sensor or two is no ground
reaction force. Along the foot, a heel and a forefoot are enough. Across it three-zone insoles fail (McNeese 2025,
Sensors 26:66), and sums from five zones on carry it. A region's share needs the other regions to be seen. The path of
the center of pressure is 7 to 9 mm off with 16 sensors (Morin 2022, Sensors 22:5628), about as much as it moves, and
fewer draw it to where they lie.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from firmware_bridge import Key, Row, Side, kind_name
from service.records.quantities import (
    DATA,
    FORCE,
    INVERTED,
    MEAN,
    MEDIAN,
    RATIO,
    SAME,
    SWAPPED,
    SYMMETRY,
    TIMING,
    Carried,
    High,
    Low,
    OfMeasure,
    Quantity,
    StandardError,
    Tier,
)

ANALYSIS = 3
"""Version of the measures: raise it when the same frames would give other rows."""

_NAN = float("nan")
_Across = Annotated[float, Quantity("of the width", 2, RATIO, Tier.T3, SAME)]
_Along = Annotated[float, Quantity("of the length", 2, RATIO, Tier.T1, SAME)]


@dataclass(frozen=True, slots=True)
class Step:
    """One stance of one foot; `time` is its initial contact."""

    time: int
    wearer: Key[str]
    side: Key[Side]
    foot_off: int  # UTC ns
    contact_time_s: Annotated[float, Quantity("s", 3, TIMING, Tier.T0, SAME)]
    # since this foot's previous contact; NaN where there is none or a gap lies between
    stride_time_s: Annotated[float, Quantity("s", 3, TIMING, Tier.T0, SAME)]
    duty_factor: Annotated[float, Quantity("1", 2, TIMING, Tier.T0, SAME)]  # contact time / stride time
    # steps of both feet a minute: 120 / stride time
    cadence_spm: Annotated[float, Quantity("steps/min", 0, TIMING, Tier.T0, SAME)]
    peak: Annotated[float, Quantity("N", 0, FORCE, Tier.T0, SAME)]  # highest force, in `unit`
    # force times time over the stance, in `unit`·s
    impulse: Annotated[float, Quantity("N·s", 1, FORCE, Tier.T0, SAME)]
    unit: str  # "N", or "raw" where the insole is not calibrated
    # %, (medial - lateral) / (medial + lateral) load between 10 and 75 % of stance
    medial_lateral_index: Annotated[float, Quantity("%", 1, RATIO, Tier.T2, SAME)]
    cop_ml_10: _Across  # center of pressure across the foot, 0 lateral to 1 medial, at 10 % of stance
    cop_ml_30: _Across
    cop_ml_50: _Across
    cop_ml_70: _Across
    cop_ml_90: _Across
    cop_ap_10: _Along  # center of pressure along the foot, 0 heel to 1 toe, at 10 % of stance
    cop_ap_30: _Along
    cop_ap_50: _Along
    cop_ap_70: _Along
    cop_ap_90: _Along
    # share of the stance's expected samples that arrived, 0 to 1
    completeness: Annotated[float, Quantity("of the samples", 3, DATA, Tier.T0, SAME)]
    activity: str  # "walking", "running", "transition" or "unknown"
    valid: bool  # counts in blocks
    reason: str  # why it is not valid, "" where it is
    bout: int  # time of the bout's first contact
    analysis: int
    # %, between 8 and 20 % of stance; none of a forefoot strike
    medial_lateral_early: Annotated[float, Quantity("%", 1, RATIO, Tier.T2, SAME)] = _NAN
    # %, between 20 % and 45 % (running) or 60 % (walking)
    medial_lateral_mid: Annotated[float, Quantity("%", 1, RATIO, Tier.T2, SAME)] = _NAN
    midfoot_share: Annotated[float, Quantity("1", 2, RATIO, Tier.T2, SAME)] = _NAN  # of the stance's load, 0 to 1
    # share of stance after which the heel stays unloaded; none of a forefoot strike
    heel_off: Annotated[float, Quantity("of stance", 2, RATIO, Tier.T1, SAME)] = _NAN
    # %, where the foot lands: center of pressure at contact, from the heel
    strike_index: Annotated[float, Quantity("%", 1, RATIO, Tier.T1, SAME)] = _NAN
    # %, lateral bow of the path of the center of pressure, of the width; walking only
    cpei: Annotated[float, Quantity("%", 1, RATIO, Tier.T3, SAME)] = _NAN
    # %, how much more medial it is at 50 % of stance than at 10 and 90 %, of the width
    cop_bow: Annotated[float, Quantity("%", 1, RATIO, Tier.T3, SAME)] = _NAN
    tier: int = 0  # what the working sensors can tell, 0 to 4 (`quantities.Tier`)
    sensors: int = 0  # how many of them are in use
    faulty: str = ""  # why no force is told: "dead", "stuck", "saturated", "intermittent", "suspect", "change"


@dataclass(frozen=True, slots=True)
class Second:
    """One foot's samples of one second, in short; `time` is the second's beginning, a whole second of UTC."""

    time: int
    wearer: Key[str]
    side: Key[Side]
    samples: int  # that had readings
    # over them, in `unit`, with what the unloaded insole reads
    force_mean: Annotated[float, Quantity("N", 0, FORCE, Tier.T0, SAME)]
    force_peak: Annotated[float, Quantity("N", 0, FORCE, Tier.T0, SAME)]
    # center of pressure, by load: 0 lateral to 1 medial, of the width
    cop_ml: Annotated[float, Quantity("of the width", 2, RATIO, Tier.T2, SAME)]
    cop_ap: Annotated[float, Quantity("of the length", 2, RATIO, Tier.T1, SAME)]  # 0 heel to 1 toe, of the length
    unit: str  # "N", or "raw" where the insole is not calibrated
    analysis: int


@dataclass(frozen=True, slots=True)
class Block:
    """What both feet did until each had its number of valid strides; `time` is the block's first contact."""

    time: int
    wearer: Key[str]
    stop: int  # the last contact of the block
    bout: int
    number: int  # 0, 1, 2 ... within the bout
    activity: str
    strides_left: int  # valid
    strides_right: int
    rejected_left: int  # seen, but not valid
    rejected_right: int
    # share of the expected samples that arrived, 0 to 1
    received_left: Annotated[float, Quantity("of the samples", 3, DATA, Tier.T0, SWAPPED)]
    received_right: Annotated[float, Quantity("of the samples", 3, DATA, Tier.T0, SWAPPED)]
    void: bool  # not to be used for any statement
    reason: str  # why it is void, "" where it is not
    contact_time_left_s: Annotated[float, Carried(Step, "contact_time_s", MEDIAN, Side.LEFT)]
    contact_time_right_s: Annotated[float, Carried(Step, "contact_time_s", MEDIAN, Side.RIGHT)]
    cadence_spm: Annotated[float, Carried(Step, "cadence_spm", MEDIAN)]
    # symmetry index 200 (R - L) / (R + L)
    contact_time_si_pct: Annotated[float, Carried(Step, "contact_time_s", SYMMETRY)]
    contact_time_si_low_pct: Low  # 95 % interval
    contact_time_si_high_pct: High
    impulse_si_pct: Annotated[float, Carried(Step, "impulse", SYMMETRY)]
    impulse_si_low_pct: Low
    impulse_si_high_pct: High
    # mean medial-lateral index, %
    medial_lateral_left: Annotated[float, Carried(Step, "medial_lateral_index", MEAN, Side.LEFT)]
    medial_lateral_left_se: StandardError  # its standard error
    medial_lateral_right: Annotated[float, Carried(Step, "medial_lateral_index", MEAN, Side.RIGHT)]
    medial_lateral_right_se: StandardError
    unit: str  # of the force measures
    analysis: int
    peak_si_pct: Annotated[float, Carried(Step, "peak", SYMMETRY)] = _NAN  # of the highest force
    peak_si_low_pct: Low = _NAN
    peak_si_high_pct: High = _NAN
    # the left insole's gain over the right one's, by the ballistics of running
    gain_ratio: Annotated[float, Quantity("1", 3, RATIO, Tier.T1, INVERTED)] = _NAN
    gain_ratio_low: Low = _NAN  # 95 % interval
    gain_ratio_high: High = _NAN
    sensors_left: int = 0  # in use, 0 where nobody knows
    sensors_right: int = 0
    faulty: str = ""  # why force and medial load are not told although they were measured, "" where they are
    cop_bow_left: Annotated[float, Carried(Step, "cop_bow", MEAN, Side.LEFT)] = _NAN  # mean of the steps'
    cop_bow_left_se: StandardError = _NAN
    cop_bow_right: Annotated[float, Carried(Step, "cop_bow", MEAN, Side.RIGHT)] = _NAN
    cop_bow_right_se: StandardError = _NAN
    unsettled_left: int = 0  # left out beside the rejected ones, while the clock of either insole was settling
    unsettled_right: int = 0


@dataclass(frozen=True, slots=True)
class Flag:
    """A finding that began (`raised`) or ended; `time` is when the data showed it."""

    time: int
    wearer: Key[str]
    topic: Key[str]  # `service.records.topics` knows them
    measure: Key[str]  # what changed: a field of `Block` ("contact_time_si_pct", "gain_ratio" ...), or "longest_run"
    raised: bool
    bout: int
    activity: str
    since: int  # when the change began to be seen
    value: OfMeasure
    low: Low  # 95 % interval of the value
    high: High
    normal: OfMeasure  # the wearer's own normal, and its band
    normal_low: Low
    normal_high: High
    bouts: int  # earlier bouts that make the normal, 0 where this bout itself does
    strides: int  # strides per foot behind the value
    analysis: int
    rule: str = ""  # "S": against the own normal, "W": against the same bout's beginning, "A": beyond a fixed limit


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a bout on one topic; `time` is the bout's start, and a later verdict replaces it."""

    time: int
    wearer: Key[str]
    topic: Key[str]
    stop: int  # the end of what was looked at
    activity: str
    answer: str  # "normal", "differs" or "cannot_tell"
    reason: str  # why it cannot be told: "too_short", "no_baseline", "data_quality", "one_foot", "loss", "sensor" ...
    measure: str
    value: OfMeasure
    low: Low
    high: High
    normal: OfMeasure
    normal_low: Low
    normal_high: High
    bouts: int
    blocks: int
    strides: int
    steps_used: int
    steps_expected: int
    analysis: int
    rule: str = ""  # which rule tells that it differs, as in `Flag`; "A" where a habit is beyond what is common
    # the limit of healthy people that the value is beyond; NaN: none
    beyond_pct: Annotated[float, Quantity("%", 0, RATIO, Tier.T0, SAME)] = _NAN


@dataclass(frozen=True, slots=True)
class Alert:
    """What became of a flag on its way to a person; the audit trail of messages."""

    time: int  # of the flag
    wearer: Key[str]
    topic: Key[str]
    measure: Key[str]
    outcome: str  # "sent", "resolved", "held", "failed", "stale", "cooling_down" ... (`alerts.Outcome`)
    decided: int  # when, by the wall clock
    text: str  # what was sent, for the audit; "" where nothing was
    missed: str = ""  # the receivers that do not have it while others do


@dataclass(frozen=True, slots=True)
class Note:
    """What a person says about a moment; `service.records.notes` knows the topics. An empty text withdraws the note."""

    time: int
    wearer: Key[str]
    topic: Key[str]
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage has come in a partition, put in the same transaction as its results; `time` is 0."""

    time: int
    wearer: str  # "" : a partition holds several wearers
    stage: Key[str]
    partition: Key[int]
    restart: int  # arrival number after which a fresh stage is fed again
    done: int  # arrival number up to which everything is put
    since: int = 0  # event time (UTC ns) before which a fresh stage leaves samples out
    again: int = 0  # arrival number up to which everything was taken in order of event time, notes first


@dataclass(frozen=True, slots=True)
class Replaced:
    """Everything of some kinds in [time, stop) was replaced by an analysis done again, or moved; tells who copies rows.

    Put in the same transaction as what replaced it. What of it was found by analysis is the result of the arrivals
    up to `done`; from `restart` on (or `since`, in event time) a fresh analyzer goes on from there.
    """

    time: int
    wearer: Key[str]
    kinds: Key[str]  # the names of the kinds, with blanks between
    stop: int
    restart: int  # as in Progress; all three are 0 where nothing was analyzed
    done: int
    since: int
    head: int  # highest arrival number before, so that each replacement is a new arrival


STORED_KINDS: tuple[type, ...] = (Step, Second, Block, Flag, Verdict, Alert, Note, Progress, Replaced)
"""Every kind of row that the service puts, beside what a bridge does; a test holds it complete."""


DERIVED: tuple[type[Row], ...] = (Step, Second, Block, Flag, Verdict)
"""What an analysis finds: what is replaced where a time is analyzed again."""


def kind_names(kinds: Iterable[type]) -> str:
    """Return the names of kinds as `Replaced` keeps them."""
    return " ".join(kind_name(kind) for kind in kinds)
