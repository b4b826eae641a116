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
SETTLING_NS = SECOND
"""How long before and after a second in which an insole's clock settles steps are left out too (choice: a link's
account is by arrival, which comes later than the sample by less)."""
ACCOUNT_NS = SETTLING_NS + SECOND
"""How much later than a step it is known what is told of its second, and of those beside it: each when it is over."""
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

# --- tiers: what an insole can tell. Places as in `Sensors.ml` and `ap`, regions after the anatomical masks of pressure
# mats: heel to 31 % of the length, metatarsal heads from 55 % to 82 %, the first of them medial of 64 % of the width,
# the fifth lateral of 37.5 % (choice within what is common)
HEEL_UNTIL = 0.31
FOREFOOT_FROM = 0.55
BALL_UNTIL = 0.82
MIDLINE = 0.5
FIRST_RAY_FROM = 0.64
FIFTH_RAY_UNTIL = 0.375
TIER_SENSORS = (0, 3, 5, 10, 32)
"""Fewest sensors of each tier (choice; with 16 the center of pressure is 15 to 18 mm off along the foot and 7 to 9 mm
across: Morin 2022, Sensors 22:5628; with 3 it cannot be told across: McNeese 2025, Sensors 26:66)."""

# --- regions of the sole, and what each sensor stands for
REGION_SENSORS = 0.3
"""Sensors, as the sum of the shares of their cells, below which a region is not observed (choice)."""
MAX_CELL = 3.0
"""Most area that a sensor stands for, of the median: the rim of a sparse layout is far from any sensor (choice)."""
HEEL_AT = 0.13
BALL_AT = 0.72
"""Middle of the heel and of the metatarsal heads along the foot (choice, as the masks have them)."""
HEEL_COVERED = 0.5
"""Width of the heel's sensors, of the insole's, from which on they tell where the heel's middle is: a heel is two
thirds as wide as the forefoot (choice)."""

# --- sensors that are broken. What is asked for is after common practice with in-shoe sensors; the numbers are choices,
# checked on simulated insoles (nothing found on sound ones) and on recordings
DROP_NS = BEHIND_NS + RESET_NS
"""From when a fault was found until the sensor is left out on both feet, at the same event time: no foot that counts as
present has come so far ahead of the other."""
FORGET_CELLS = 3
"""Stretches of `RESET_NS` without a step after which a foot is watched anew: fewer than any bout's end has."""
WATCH_BLOCKS = 20
"""Blocks in which the range of a sensor is looked at: 2 s hold a stride of the slowest walk."""
WATCH_CYCLES = 15
"""Loadings of the foot without which nothing is said of its sensors (about twenty steps were the aim; a slow walker has
eighteen in `RESET_NS`)."""
WATCH_MOVING = 0.5
"""Share of the highest range of all sensors, and of the usual range of a sensor's neighbors, that counts as moving."""
WATCH_DECAY = 0.4
"""Range of all sensors over their high: less is standing, whatever sways."""
TOGETHER = 0.35
"""Range of the mean of all sensors, each over its own range: steps have 0.5 and more, standing has 0.2."""
UP = 0.5
DOWN = 0.25
"""Mean load of the sensors, of its range, that makes a loading, and ends one."""
SILENT = 0.10
"""Range over its own usual one below which a sensor is silent."""
SILENT_HERE = 0.05
"""The same over the range of its neighbors, where everybody loads the sole: under the heel and the metatarsal heads."""
HERE_LOADED = 0.3
"""Range of those neighbors, of the highest of all sensors, from which on they bear witness."""
MATTERS = 0.15
"""Range of a sensor, of the highest, below which it may be still for a while: arches and toes are."""
CONSTANT = 0.5
"""Range of a sensor over the sensors' noise below which it is no reading."""
SILENT_WINDOWS = 4
"""Windows of silence to the end, after which a sensor that has followed is dead."""
SILENT_WINDOWS_AT_FIRST = 8
"""The same for one that has not been seen to follow."""
PATCHY = 0.2
GONE = 0.5
"""Share of silent windows, or of missing readings, from which on a sensor is intermittent; of missing ones that make it
dead."""
JUMP = 0.25
JUMPS = 1.5
"""Jump from one sample to the next, of the sensor's range, that counts; and the sum of them over the sum of a single
rise and fall with each step, from which on the sensor is intermittent."""
STUCK_LEVEL = 0.10
"""Level over the others' rest, of their usual range, from which on a silent sensor is stuck and not dead."""
FULL_SCALE = 1e-4
"""Distance from the full scale within which a reading is at it, of the scale: less than a step of twelve bits."""
SATURATED = 0.05
"""Share of the loaded samples at full scale from which on a sensor is saturated: on the whole, or in every fifth window
(`PATCHY`)."""
BROKEN_INSOLE = 1 / 3
"""Share of the sensors that are broken beyond which the insole is, and nothing is made up for."""

# --- events: an adaptive two-level detector on the causal envelope. The levels are choices; they are checked against
# the annotation of Hausdorff 2000, J Appl Physiol 88:2045 (gaitndd), and after Blades 2023, Sensors 23:2736
ENVELOPE_BLOCKS = 25
"""Blocks of the envelope: 2.5 s hold a whole stride of the slowest walk."""
MEMORY_BLOCKS = 300
"""Blocks over which the range is remembered, to tell a lifted foot's noise from a step."""
MIN_RANGE_OF_HIGH = 0.40
"""Range of the envelope over its high: less is standing."""
MIN_RANGE_OF_MEMORY = 0.20
"""Range of the envelope over the remembered one: less is a foot in the air."""
LEAST_LOAD_N = 20.0
LEAST_LOAD_OF_FULL = 0.01
"""Least range that is a step's: in newtons what a force plate's threshold is (20 N is the lowest in use), else of the
load at full scale (choice)."""
MAX_NEGATIVE = 0.5
"""How far below zero the envelope's low may be, of its high: a foot does not pull (choice, wide of any drift)."""
LOADED = 0.35
UNLOADED = 0.25
"""Levels of the hysteresis, as fractions of the envelope's range above its low."""
MERGE_S = 0.20
"""Unloading shorter than this is the mid-stance valley of walking; no foot swings as fast."""
MERGE_BOTH_S = 0.04
"""The same where both feet are in one signal: flight is 0.05 s and longer, save in grounded running (choice)."""
GUARD_S = 0.20
"""Unloaded stretch after foot-off in which its edge is looked for (choice)."""
MIN_STANCE_S = 0.10
MAX_STANCE_S = 2.50
"""Loads outside are no stances: a scuffed toe, standing."""
QUIET_S = 0.25
"""Unloaded stretch before contact that gives the local zero (a shoe's preload, a drifted sensor)."""
QUIET_QUANTILE = 0.25
EDGE = 0.0225
"""Height above the local zero that counts as contact, of the stance's range: Blades 2023 used 40 N, which is 2.25 % of
the peak in running (2.35 body weights of 77 kg: Alcantara 2022, PeerJ 10:e12752)."""
CORNER = 0.20
"""Height up to which the edge's corner is looked for, of the same range (choice); a load that does not begin below it,
of the envelope's range, was not seen to rise."""
RISE_CHORDS_S = (0.05, 0.10, 0.20)
FALL_CHORDS_S = (0.17,)
"""Lengths of the chords under which the corners are looked for, the shortest first: heel and forefoot strike within
some 30 ms, save for slow loading; toes leave the ground in some 100 ms (choice, fitted to the annotation)."""
MIN_BEND = 0.20
"""Least depth of a corner below its chord, of the chord's height: a straight rise has none (choice)."""
BACKWARD = 0.5
BACKWARD_S = 0.010
STILL_STEEPER = 2.0
"""Part of the way that an edge between two samples is moved towards the line through the next two, the distance of
samples from which on it is so far, and how much a slope that still grows counts for less (choice, fitted to the
treadmill's force at lower rates, and to virtual walkers)."""
NEAR_S = 0.03
"""Missing data nearer to a contact costs the step (choice)."""
MIN_RATE_HZ = 20.0
"""Samples a second below which a stance is counted and not measured: ten in a contact of walking (choice)."""
MIN_RATE_RUNNING_HZ = 50.0
"""The same on the run, where contacts of 0.20 to 0.25 s are common (Mann 2014, Gait Posture): ten samples in one."""
STEEP_FROM = 0.10
MAX_EDGE_S = 0.20
"""Longest rise or fall of a step between this height, of its range, and the level that counts as loaded: 99.5 % of the
7800 stances in gaitndd take less than 0.09 s, all less than 0.17 s."""
MAX_UNQUIET = 0.20
MAX_ROUGH = 0.06
"""Spread (10th to 90th percentile) and mean second difference of the unloaded load before and after, of the stance's
range: noise has more (choice; 99.5 % of the stances in gaitndd are below 0.17 and, at 100 Hz, 0.012)."""

# --- measures of a step
INDEX_WINDOW = (0.10, 0.75)
"""Stance fractions of the medial-lateral index: from loading to push-off (De Cock 2005, Gait Posture 21:432)."""
EARLY_WINDOW = (0.08, 0.20)
"""The same from heel contact to the forefoot's contact, in running (De Cock 2005); in walking the end of loading, where
the first samples after the heel's contact hold little load."""
MID_WINDOW_RUNNING = (0.20, 0.45)
MID_WINDOW_WALKING = (0.20, 0.60)
"""The same while the foot is flat (running: De Cock 2005; in walking the heel rises later: choice)."""
WINDOW_POINTS = 40
"""Points at which a window is looked at, between samples too, so that a short one does not depend on where samples
happen to lie (choice)."""
COP_AT = (0.10, 0.30, 0.50, 0.70, 0.90)
COP_MIN_LOAD = 0.05
"""Load over peak below which a center of pressure is noise (5 % of body weight: Morin 2022, Sensors 22:5628)."""
STRIKE_FROM = 0.10
STRIKE_TO = 0.20
STRIKE_S = 0.015
"""Loads over peak, or the time, between which the place of landing is told (choice: after the first noise, before the
foot rolls)."""
FOREFOOT_STRIKE = 49.0
"""Strike index above which the forefoot lands first: in shoes the midfoot's strike ends at 49.1 % (Mann 2014, Gait
Posture)."""
HEEL_OFF = 0.05
HEEL_MIN_LOAD = 0.10
"""Heel load over its own peak that counts as lifted, and the heel's least peak over the whole peak (choice)."""
CPEI_AT = 2 / 3
"""Share of the length at which the path's bow is measured (Song 1996, J Am Podiatr Med Assoc 86:16)."""
CPEI_END_S = 0.021
CPEI_MIN_LENGTH = 0.50
"""Time that makes an end of the chord, three samples at 100 Hz, and the least length of the path, of the insole's
(choice: no sensor reaches the ends of the sole, so that a whole path is 0.6 long; that of a forefoot strike is 0.2)."""
EVERSION_R = 0.54
"""Correlation of the pressure's medial shift with the heel's peak eversion, in shod running (Dixon 2006, JAPMA 96:305:
33 runners; 0.46 with its range)."""
BOW_OF_INDEX = 0.065
"""Change of the center of pressure's bow (percent of the width) for each point of the index, below which a change is
the insole's: pronation makes 0.08 to 0.17 in the walking model, an insole 3 to 5 mm aside -0.12 to 0.05 (choice)."""
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
RUNNING_STRIDE_S = (0.4, 0.95)
"""Stride time of running: 126 steps a minute are fewer than any jogger's, 300 more than any sprinter's (choice; 173 to
205 in Alcantara 2022, PeerJ 10:e12752). A walk whose signal is upside down has the duty factor of a run and the stride
time of a walk."""
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
MIN_SPREAD = 0.025
"""Least relative spread an outlier is measured by. Strides of healthy people vary by 2 to 3 % (Hausdorff 1998, Mov
Disord 13:428), and the spread of thirty of them is often found smaller than it is."""
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
BLOCK_USUAL_NS = 60 * SECOND
"""How long a block takes at most of which nothing is missing: 50 strides of a comfortable walk take 1.0 to 1.2 s each
(Frenkel-Toledo 2005, J Neuroeng Rehabil 2:23). Where steps are missing, this tells whether time was short or data."""
MAX_REJECTED = 0.30
"""A block is void beyond (choice)."""
BATCHES = 10
"""Batches of a block for batch means: strides are correlated in time (Dingwell 2010, Gait Posture 32:348), batches
of five hardly are (Schmeiser 1982, Oper Res 30:556 on the number)."""

# --- gains: what an insole's force is worth, from mechanics alone
GAIN_FIRST_STRIDES = 30
"""Strides from which the first gain is learned: 25 to 30 suffice for means (Melvin 2014, Gait Posture 40:682)."""
GAIN_MEMORY_STRIDES = 50
"""Strides within which an old gain fades to 1/e: slower than a turn, faster than creep (choice)."""
GAIN_STRIDES = 200
"""Strides behind a ratio of gains that is believed: two and a half minutes of running (choice)."""
GAIN_MIN_FLIGHT_S = 0.070
"""Flight below which take-off and landing heights matter too much (choice; see the next one)."""
GAIN_HEIGHT_M = 0.012
"""By how much the center of mass may fall or rise more from left to right than from right to left. One runner on a
force treadmill, which has one gain for both feet, shows 4 to 11 mm on the level and up to 17 mm downhill (worked out
from the forces of Alcantara 2022, PeerJ 10:e12752): 2 to 9 % of the ratio (choice)."""
GAIN_EDGE_S = 0.002
"""By how much one foot's contact may be read longer than the other's, as their edges differ in steepness (choice: the
error that events may have; Blades 2023 found 1 ms at contact and 5 ms at foot-off)."""
GAIN_MISMATCH = 0.05
"""Ratio of gains beyond 1 from which forces of the two feet are not compared (choice: the sensor gains of an ordinary
capacitive insole differ by as much)."""

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
PACE_BAND = 0.08
"""Contact time over the wearer's own usual one, as a log ratio, up to which the pace is the usual one: some 13 % of
speed in running and 12 % in walking, more than ordinary days differ by (choice; that pressure depends on speed: Pataky
2008, J Biomech 41:1987; that contact time does: Weyand 2000, J Appl Physiol 89:1991)."""
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
CONTACT_WANDER = {"running": 0.02, "walking": 0.02}
IMPULSE_WANDER = {"running": 0.3, "walking": 0.1}
PEAK_WANDER = {"running": 0.55, "walking": 0.15}
INDEX_WANDER = {"running": 0.7, "walking": 0.63}
"""Correlation of one block with the next: what sensors do in minutes comes on top of what strides do (choice, fitted on
hours of virtual gait with every ordinary error; strides alone are persistent: Dingwell 2010, Gait Posture 32:348). In
walking force differs more from stride to stride, and the sensors show less beside it."""
IMPULSE_SI_PCT = 5.0
"""Least change of the impulse symmetry index that matters (Herzog 1989, Med Sci Sports Exerc 21:110: 4 % at best)."""
IMPULSE_SI_SD_PCT = 1.0
IMPULSE_NEEDS_CONTACT = 0.3
"""Share of an impulse change that contact time has to show too: timing needs no gain, a drifting insole changes the
impulse alone. In steady running the share is 1/0.7 by Newton's second law, in a limp about one half (choice)."""
CONTACT_OF_IMPULSE = 0.5
"""Share of an impulse difference that contact time shows in a walking limp: what goes beyond it may be the insoles'
gains (choice, by the walking model)."""
PEAK_SI_PCT = 10.0
"""Least change of the peak's symmetry index that would matter: healthy runners show 6 to 10 % (Girard 2019)."""
PEAK_SI_SD_PCT = 1.0
GAIN_SD = 0.01
"""Least spread of the ratio of gains between bouts that is believed of few bouts (choice)."""
INDEX_POINTS = 5.0
"""Least change of the medial-lateral index that matters, in points (choice: about a third of the step from a neutral
to a pronated foot in the walking model)."""
INDEX_SD_POINTS = 2.0
"""Least spread between bouts that is believed of few bouts: with the soft edge, half a millimeter by which an insole
lies differently after it was put on again moves the index by this (choice)."""
INDEX_LEVEL = 0.995
"""Quantile of Student's t beyond which a change is no chance; 0.975 for the others. How insoles lie, cambers and creep
move the index by more than what matters, so that chance alone would speak in every twentieth bout (choice, by
simulation: one of a hundred)."""
OPPOSITE_OF_COMMON = 2 / 3
"""Most of what opposes, of what is common in the change of both feet: the other foot shows a fifth of it at least, in
the same direction. A camber or a turn moves the feet in opposite directions (Damavandi 2012)."""

GAIN_AT_FIRST = 0.10
"""Ratio of gains beyond 1 from which it is told where no usual one is known: pairs of ordinary insoles differ by 5 % as
they come, which spoils no comparison with the own normal (choice; later on it is `GAIN_MISMATCH`)."""

# --- a change within a bout: an exponentially weighted mean against the bout's own beginning
REFERENCE_BLOCKS = 12
"""Blocks after the warm-up that the rest of the bout is compared with (choice: their mean is then off by less than a
tenth of the change that matters)."""
WITHIN_WEIGHT = 0.1
"""Weight of the latest block (Roberts 1959, Technometrics 1:239; Baldewijns 2016, BMC Med Res Methodol 16:23 on this
chart for gait)."""
WITHIN_SDS = 3.6
"""Standard errors that the weighted mean must be off by, the reference's own among them: the usual 3 would find
something in every third bout once the reference is estimated (choice, by simulation)."""

# --- absolute: how unlike the feet of healthy people are. A habit is no finding; it is noted once it is beyond these
ABSOLUTE_CONTACT_PCT = (5.0, 8.0)
"""95 and 99 in a hundred healthy runners are below 6.2 and 8.1 % (half-normal, from the means of Girard 2019 and of
Mtibaa 2023, Front Physiol 14:1289172); Karamanidis 2003, Med Sci Sports Exerc 35:1009, found less than 8 %."""
ABSOLUTE_IMPULSE_PCT = (5.0, 8.0)
"""In running 8 % takes 11 % of contact time by Newton's law; in walking 4 % is the least limit of Herzog 1989."""
ABSOLUTE_PEAK_PCT = (10.0, 15.0)
"""Healthy runners show 6 to 10 % (Girard 2019; 2024, Front Sports Act Living 6:1278454); 15 % is a convention."""
ABSOLUTE_SURE = 0.95
ABSOLUTE_STRIDES = 200
"""Probability and strides a foot from which it is said: 200 strides give an index to about 1 % (choice; Godi 2014, J
Neuroeng Rehabil 11:95 asks for as many)."""
ABSOLUTE_BOUTS = 3
ABSOLUTE_TIMES = 2
"""The higher limit is said to be passed where that was so in so many of the latest bouts (choice)."""

# --- training load: the longest run of a month. A longer one went together with more injuries, in 5205 runners
SPIKES = (0.10, 0.30, 1.00)
"""Steps of a run over those of the longest one before, less 1 (Frandsen 2025, Br J Sports Med 59:1203: hazard ratios of
1.64, 1.52 and 2.28 above them)."""
SPIKE_NS = 30 * 86_400 * SECOND
"""How far back it looks, and for how long runs have to be known (Frandsen 2025)."""
SPIKE_RUNS = 3
"""Runs that have to be known within it (choice)."""
