"""How each measure is spoken of.

How to give a measure its words: enter it in `MEASURE_WORDING` under the name that flags and verdicts carry (a field of
`Block`, or the detector's own), with the kind that fits. There is no sentence for a measure without an entry: a test
fails for every measure of a block, and of a detector, that has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.wording.guidance import LONGER_RUNS
from service.wording.measure_kinds import Count, LeftOverRight, Level, MeasureWording, OneFoot, Symmetry

MEASURE_WORDING: Mapping[str, MeasureWording] = {
    "contact_time_si_pct": Symmetry("ground contact time", "stayed on the ground", "longer", "longer on the ground"),
    "impulse_si_pct": Symmetry("load per step", "carried", "more load", "more load"),
    "peak_si_pct": Symmetry("highest force", "pressed", "harder", "pressed harder"),
    "medial_lateral_left": OneFoot("inner side load, left", "left"),
    "medial_lateral_right": OneFoot("inner side load, right", "right"),
    "cop_bow_left": Level("bow of the path of pressure", "% of the width", 1, "left"),
    "cop_bow_right": Level("bow of the path of pressure", "% of the width", 1, "right"),
    "contact_time_left_s": Level("ground contact time", "s", 3, "left", "longer", "shorter"),
    "contact_time_right_s": Level("ground contact time", "s", 3, "right", "longer", "shorter"),
    "cadence_spm": Level("cadence", "steps a minute"),
    "gain_ratio": LeftOverRight(
        "left insole's gain over the right one's",
        thing="insole",
        does="reads",
        apart="The two insoles do not weigh alike",
        alike="The insoles weigh alike again",
        again="Both insoles read as they usually do",
        means="Loads of the feet are judged with that in mind, contact times are not touched by it.",
        behind="It follows from how long you were on the ground and in the air; it is about the insoles, not about "
        "you.",
        option="See whether both insoles lie flat; if it stays so, calibrate them.",
    ),
    "longest_run": Count("longest run", "steps", 30, "Your longest run in 30 days", LONGER_RUNS.sentence),
}
"""By the name under which flags and verdicts carry it."""
