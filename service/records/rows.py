"""What the service derives and what a person says, as rows (see `firmware_bridge.model.Row`).

Derived rows carry `analysis`, the version of the measures that made them, and no prose: the sentence for a person is
made from the numbers when it is shown. Percentages are signed right minus left: positive means that the right foot
has more. A missing number is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_bridge import Key, Side

ANALYSIS = 3
"""Version of the measures: raise it when the same frames would give other rows."""


@dataclass(frozen=True, slots=True)
class Step:
    """One stance of one foot; `time` is its initial contact."""

    time: int
    wearer: Key[str]
    side: Key[Side]
    foot_off: int  # UTC ns
    contact_time_s: float
    stride_time_s: float  # since this foot's previous contact; NaN where there is none or a gap lies between
    duty_factor: float  # contact time / stride time
    cadence_spm: float  # steps of both feet a minute: 120 / stride time
    peak: float  # highest force, in `unit`
    impulse: float  # force times time over the stance, in `unit`·s
    unit: str  # "N", or "raw" where the insole is not calibrated
    medial_lateral_index: float  # %, (medial - lateral) / (medial + lateral) load between 10 and 75 % of stance
    cop_ml_10: float  # center of pressure across the foot, 0 lateral to 1 medial, at 10 % of stance
    cop_ml_30: float
    cop_ml_50: float
    cop_ml_70: float
    cop_ml_90: float
    cop_ap_10: float  # center of pressure along the foot, 0 heel to 1 toe, at 10 % of stance
    cop_ap_30: float
    cop_ap_50: float
    cop_ap_70: float
    cop_ap_90: float
    completeness: float  # share of the stance's expected samples that arrived, 0 to 1
    activity: str  # "walking", "running", "transition" or "unknown"
    valid: bool  # counts in blocks
    reason: str  # why it is not valid, "" where it is
    bout: int  # time of the bout's first contact
    analysis: int
    medial_lateral_early: float = float("nan")  # %, between 8 and 20 % of stance; none of a forefoot strike
    medial_lateral_mid: float = float("nan")  # %, between 20 % and 45 % (running) or 60 % (walking)
    midfoot_share: float = float("nan")  # of the stance's load, 0 to 1
    heel_off: float = float("nan")  # share of stance after which the heel stays unloaded; none of a forefoot strike
    strike_index: float = float("nan")  # %, where the foot lands: center of pressure at contact, from the heel
    cpei: float = float("nan")  # %, lateral bow of the path of the center of pressure, of the width; walking only
    cop_bow: float = float("nan")  # %, how much more medial it is at 50 % of stance than at 10 and 90 %, of the width
    tier: int = 0  # what the working sensors can tell, 0 to 4 (`service.gait.signal.tier`)
    sensors: int = 0  # how many of them are in use
    faulty: str = ""  # why no force is told: "dead", "stuck", "saturated", "intermittent", "suspect", "change"


@dataclass(frozen=True, slots=True)
class Second:
    """One foot's samples of one second, in short; `time` is the second's beginning, a whole second of UTC."""

    time: int
    wearer: Key[str]
    side: Key[Side]
    samples: int  # that had readings
    force_mean: float  # over them, in `unit`, with what the unloaded insole reads
    force_peak: float
    cop_ml: float  # center of pressure, by load: 0 lateral to 1 medial, of the width
    cop_ap: float  # 0 heel to 1 toe, of the length
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
    received_left: float  # share of the expected samples that arrived, 0 to 1
    received_right: float
    void: bool  # not to be used for any statement
    reason: str  # why it is void, "" where it is not
    contact_time_left_s: float  # median
    contact_time_right_s: float
    cadence_spm: float
    contact_time_si_pct: float  # symmetry index 200 (R - L) / (R + L)
    contact_time_si_low_pct: float  # 95 % interval
    contact_time_si_high_pct: float
    impulse_si_pct: float
    impulse_si_low_pct: float
    impulse_si_high_pct: float
    medial_lateral_left: float  # mean medial-lateral index, %
    medial_lateral_left_se: float  # its standard error
    medial_lateral_right: float
    medial_lateral_right_se: float
    unit: str  # of the force measures
    analysis: int
    peak_si_pct: float = float("nan")  # of the highest force
    peak_si_low_pct: float = float("nan")
    peak_si_high_pct: float = float("nan")
    gain_ratio: float = float("nan")  # the left insole's gain over the right one's, by the ballistics of running
    gain_ratio_low: float = float("nan")  # 95 % interval
    gain_ratio_high: float = float("nan")
    sensors_left: int = 0  # in use, 0 where nobody knows
    sensors_right: int = 0
    faulty: str = ""  # why force and medial load are not told although they were measured, "" where they are
    cop_bow_left: float = float("nan")  # mean of the steps'
    cop_bow_left_se: float = float("nan")
    cop_bow_right: float = float("nan")
    cop_bow_right_se: float = float("nan")


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
    value: float
    low: float  # 95 % interval of the value
    high: float
    normal: float  # the wearer's own normal, and its band
    normal_low: float
    normal_high: float
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
    value: float
    low: float
    high: float
    normal: float
    normal_low: float
    normal_high: float
    bouts: int
    blocks: int
    strides: int
    steps_used: int
    steps_expected: int
    analysis: int
    rule: str = ""  # which rule tells that it differs, as in `Flag`; "A" where a habit is beyond what is common
    beyond_pct: float = float("nan")  # the limit of healthy people that the value is beyond; NaN: none


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
