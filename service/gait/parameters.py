"""Every threshold of the measures, once, each with where it comes from.

A number without a paper is an engineering choice and says so. Times are nanoseconds where they end in `_NS`, seconds
where they end in `_S`; loads are fractions, never newtons, since body mass and gain may be unknown.
"""

from __future__ import annotations

from firmware_bridge import SECOND

# --- time
BLOCK_NS = SECOND // 10
"""Samples are looked at in whole blocks of event time, on one grid for all, so that chunks cannot matter (choice)."""
RESET_NS = 30 * SECOND
"""A foot without a step forgets everything at the next multiple of this, so that a fresh start agrees (choice)."""
LATENESS_NS = 2 * SECOND
"""How long a foot's samples may come behind its own link's account (choice; far above any radio's delay)."""
BEHIND_NS = 180 * SECOND
"""How far one foot may be behind the other before it counts as lost (choice: then its block is void anyway)."""
ABSENT_NS = 30 * SECOND
"""The same for a foot whose insole nobody described and of which nothing was heard (choice: somebody with one insole
should not wait long)."""
BOUT_NS = 120 * SECOND
"""Silence of both feet that ends a bout (choice)."""
HOLE_SAMPLES = 3.5
"""Samples apart from which on a hole is a gap: two lost samples are bridged by a line (choice)."""
HOLE_S = 0.020
"""No hole up to this length is a gap, whatever the rate (choice: below the shortest loading phase of running)."""

# --- load
MIN_SENSOR_SHARE = 0.5
"""Share of the insole's area that must have a reading, else the sample counts as missing (choice)."""
SOFT_EDGE_MM = 20.0
"""Distance from the midline at which a sensor counts as wholly medial or lateral (choice; soft, so that a sensor on
the midline cannot tip the balance)."""

# --- events: an adaptive two-level detector on the causal envelope. The levels are choices; they are checked against
# the annotation of Hausdorff 2000, J Appl Physiol 88:2045 (gaitndd), and after Blades 2023, Sensors 23:2736
ENVELOPE_BLOCKS = 25
"""Blocks of the envelope: 2.5 s hold a whole stride of the slowest walk."""
MEMORY_BLOCKS = 300
"""Blocks over which the highest load is remembered, to tell a lifted foot's noise from a step."""
MIN_RANGE_OF_HIGH = 0.40
"""Range of the envelope over its high: less is standing."""
MIN_RANGE_OF_MEMORY = 0.20
"""Range of the envelope over the remembered high: less is a foot in the air."""
LOADED = 0.35
UNLOADED = 0.25
"""Levels of the hysteresis, as fractions of the envelope's range above its low."""
MERGE_S = 0.20
"""Unloading shorter than this is the mid-stance valley of walking; no foot swings as fast."""
MIN_STANCE_S = 0.10
MAX_STANCE_S = 2.50
"""Loads outside are no stances: a scuffed toe, standing."""
QUIET_S = 0.25
"""Unloaded stretch before contact that gives the local zero (a shoe's preload, a drifted sensor)."""
QUIET_QUANTILE = 0.25
EDGE = 0.025
"""Height above the local zero that counts as contact, of the range: Blades 2023 used 40 N, about 2.5 % in running."""
CHORD_S = 0.10
"""Length of the chord under which the corner of the rising edge is looked for."""

# --- measures of a step
INDEX_FROM = 0.10
INDEX_TO = 0.75
"""Stance fractions of the medial-lateral index: from loading to push-off (De Cock 2005, Gait Posture 21:432)."""
COP_AT = (0.10, 0.30, 0.50, 0.70, 0.90)
COP_MIN_LOAD = 0.05
"""Load over peak below which a center of pressure is noise (5 % of body weight: Morin 2022, Sensors 22:5628)."""
MIN_FINITE = 0.8
"""Share of the samples in which every sensor has to have a reading for the measures across the foot (choice)."""

# --- activity: from the definition of gait, flight or double support (Cavagna 1976, J Physiol 262:639)
RUNNING_BELOW = 0.48
WALKING_ABOVE = 0.52
"""Duty factor; between them lies grounded running, left out of both."""
SETTLE_STRIDES = 4
"""Strides in a row that change the state (choice)."""
FIRST_STRIDES = 3
"""Strides in a row that make the first state of a bout (choice)."""
WALKING_STRIDE_S = (0.7, 2.0)
"""Stride time of walking (choice; comfortable is 1.0 to 1.2 s: Frenkel-Toledo 2005, J Neuroeng Rehabil 2:23)."""
MAX_STRIDE_S = 3.0
"""A longer pause between two contacts of a foot is no stride (choice)."""

# --- quality of a step
CONTACT_S = {"running": (0.12, 0.45), "walking": (0.40, 1.20)}
"""Contact times that are believed (choice, wide around Mann 2014, Gait Posture)."""
OUTLIER_Z = 3.5
"""Robust z above which a stride is left out (Iglewicz and Hoaglin 1993)."""
OUTLIER_WINDOW = 30
OUTLIER_MIN = 10
"""Strides that the median and the MAD are taken from, and the fewest (choice)."""
MAD_TO_SD = 1.4826
MIN_SPREAD = 0.01
"""Least relative spread an outlier is measured by: a metronome has no outliers at 3 % (choice)."""
MAX_STRIDE_CHANGE = 0.10
"""Change of stride time against the stride before: acceleration, a turn, a stumble (choice)."""
START_STRIDES = 3
"""Strides left out at the start of a bout and after a pause (choice; Oliveira 2021, Sci Rep, on steps needed)."""
PAUSE_NS = 5 * SECOND
"""Time without a step after which a start is a start again (choice)."""

# --- blocks
BLOCK_STRIDES = 50
"""Valid strides per foot: 25 to 30 steps suffice for means (Oliveira 2021; Melvin 2014, Gait Posture 40:682)."""
BLOCK_MAX_NS = 180 * SECOND
MAX_REJECTED = 0.30
"""A block is void beyond (choice)."""
BATCHES = 10
"""Batches of a block for batch means: strides are correlated in time (Dingwell 2010, Gait Posture 32:348), batches
of five hardly are (Schmeiser 1982, Oper Res 30:556 on the number)."""

# --- baseline and flags
WARM_UP_NS = 220 * SECOND
"""Start of a bout that is left out, while the shoe warms and the sensors creep (Arndt 2003, J Biomech; the number is a
choice: six blocks of a run, four of a walk)."""
MIN_BOUTS = 3
"""Earlier bouts that make a normal (choice; five are better)."""
MIN_BASELINE_BLOCKS = 3
"""Usable blocks that a bout must have to count for the normal (choice)."""
MAX_BOUTS = 20
"""The latest bouts that make the normal: shoes and bodies change (choice)."""
MIN_VALID = 0.80
MAX_LOSS_DIFFERENCE = 0.05
"""Data quality without which nothing is said: share of valid steps, and of samples lost on one foot only (choice)."""
PERSIST_BLOCKS = 3
"""Blocks that must agree (choice: with the interval rule of `change`, one false flag in a hundred simulated sessions
of forty blocks, where contact-time symmetry differs by 1 % from bout to bout and the normal is made of five)."""
EACH_BLOCK = 0.5
"""Share of the limit that each of them must pass by itself (choice)."""
CLEAR = 0.6
"""Share of the limit below which a flag is cleared: hysteresis (choice)."""
CONTACT_SI_PCT = 3.0
"""Least change of the contact-time symmetry index that matters: twice the 95 % half-width of a long block; healthy
runners show 2 to 2.5 % by themselves (Girard 2019, Front Sports Act Living 1:36)."""
CONTACT_SI_SD_PCT = 0.5
"""Least spread between bouts that is believed of few bouts (choice)."""
IMPULSE_SI_PCT = 5.0
"""Least change of the impulse symmetry index that matters (Herzog 1989, Med Sci Sports Exerc 21:110: 4 % at best)."""
IMPULSE_SI_SD_PCT = 1.0
IMPULSE_NEEDS_CONTACT = 0.3
"""Share of an impulse change that contact time has to show too: timing needs no gain, a drifting insole changes the
impulse alone. In steady running the share is 1/0.7 by Newton's second law, in a limp about one half (choice)."""
INDEX_POINTS = 5.0
"""Least change of the medial-lateral index that matters, in points (choice: about a third of the step from a neutral
to a pronated foot in the walking model)."""
INDEX_SD_POINTS = 2.0
"""Least spread between bouts that is believed of few bouts: with the soft edge, half a millimeter by which an insole
lies differently after it was put on again moves the index by this (choice)."""
INDEX_SDS = 2.0
"""Between-bout standard deviations that a change must exceed (choice)."""
COMMON_MODE = 0.2
"""Share of one foot's change that the other has to show in the same direction. A camber or a turn moves the feet in
opposite directions (Damavandi 2012)."""
