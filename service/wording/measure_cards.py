"""What stands behind each number: its formula, its unit, what it is good for, and how far off it was where checked.

`insole explain` prints these cards and the page shows them. Nothing here is computed: the figures are those that
`insole validate` prints, and a test holds them to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from service.gait.blocks.medial_loading import probability
from service.gait.signal.tier import NEEDS, Tier

LAYOUTS: Mapping[Tier, str] = {
    Tier.T0: "any sensor",
    Tier.T1: "3 sensors: heel, and both sides of the forefoot",
    Tier.T2: "5 sensors, of them the heel and the balls of the big and the little toe",
    Tier.T3: "10 sensors, of them both sides of the heel and the midfoot",
    Tier.T4: "32 sensors",
}


class _Measured(NamedTuple):
    """One figure of a validation: the set, the quantity as its table names it, and what was found."""

    recordings: str
    quantity: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Card:
    """One measure, for somebody who wants to know whether to trust it. `name` is the field that holds it."""

    name: str
    title: str
    formula: str
    unit: str
    good_for: str
    not_for: str
    source: str
    measured: tuple[_Measured, ...] = ()


CARDS: tuple[Card, ...] = (
    Card(
        "contact_time_s",
        "Ground contact time",
        "foot-off minus initial contact: where the load leaves its local unloaded level, between two samples if so",
        "s",
        "how long a foot carries; comparing both feet and days, since no calibration is needed",
        "comparing insoles that rest differently in their shoes: a stiff or slack fit moves both events",
        "Blades 2023, Sensors 23:2736; Hausdorff 2000, J Appl Physiol 88:2045",
        (
            _Measured("gaitndd", "stance, mean absolute error, controls", 5.1, "ms"),
            _Measured("running-grf", "contact at 100 Hz, mean absolute error", 1.6, "ms"),
            _Measured("running-grf", "foot-off at 100 Hz, mean absolute error", 1.5, "ms"),
        ),
    ),
    Card(
        "stride_time_s",
        "Stride time",
        "initial contact minus the same foot's previous one",
        "s",
        "rhythm and its variation; it does not depend on the clocks of the two insoles",
        "strides across a gap in the data: they have none",
        "Frenkel-Toledo 2005, J Neuroeng Rehabil 2:23",
        (_Measured("gaitndd", "right stride, mean absolute error, controls", 2.9, "ms"),),
    ),
    Card(
        "duty_factor",
        "Duty factor",
        "contact time / stride time",
        "1",
        "telling walking (above 0.52) from running (below 0.48), by one foot alone",
        "grounded running, which lies between and is left out of both",
        "Cavagna 1976, J Physiol 262:639",
    ),
    Card(
        "cadence_spm",
        "Cadence",
        "120 / stride time",
        "steps/min",
        "the rhythm of both feet, from either of them",
        "judging technique: it follows speed and leg length",
        "by definition",
    ),
    Card(
        "peak",
        "Highest force",
        "largest sum over the sensors of pressure times the area that each stands for, within a stance",
        "N, or raw",
        "one foot in one insole from step to step",
        "newtons to be trusted: gain drifts by up to 17 % in hours, and an insole feels only what is normal to it",
        "Arndt 2003, J Biomech 36:1813; Cramer 2022, Sensors (Insole3)",
    ),
    Card(
        "impulse",
        "Load per step",
        "integral of force over a stance by the trapezoid rule",
        "N·s, or raw·s",
        "one foot in one insole from step to step",
        "total training load: over a stride both feet together carry body weight, whatever the technique",
        "Newton's second law; Blickhan 1989, J Biomech 22:1217",
        (_Measured("gaitpdb", "force by the streamed gain, highest walk", 1.02, "body weights"),),
    ),
    Card(
        "contact_time_si_pct",
        "Left and right: ground contact time",
        "200 (R - L) / (R + L) of both feet's geometric means over a block of 50 valid strides each: 200 tanh(a/2) "
        "of their log ratio a; 95 % interval from batch means with Student's t",
        "%",
        "the most trustworthy comparison of the feet: no calibration, no common clock",
        "calling somebody uneven: healthy runners show 2 to 2.5 %, and it does not foretell who gets hurt",
        "Robinson 1987, J Manipulative Physiol Ther 10:172; Girard 2019, Front Sports Act Living 1:36; Malisoux 2024",
        (
            _Measured("virtual", "symmetry index, contact time, ordinary sensors, RMSE", 0.36, "%"),
            _Measured("gaitndd", "symmetry index of stance, mean error, controls", 0.61, "%"),
        ),
    ),
    Card(
        "impulse_si_pct",
        "Left and right: load per step",
        "as for contact time, of the impulse; where running allows, after the insoles' gain ratio is known",
        "%",
        "load that moved from one foot to the other, where contact time says so too",
        "insoles that were never compared: 10 % of gain is 10 % of imbalance",
        "Robinson 1987; Herzog 1989, Med Sci Sports Exerc 21:110",
        (
            _Measured("virtual", "symmetry index, impulse, ordinary sensors, RMSE", 3.0, "%"),
            _Measured("virtual", "the same of impulse, running, gain ratio known, RMSE", 0.4, "%"),
        ),
    ),
    Card(
        "peak_si_pct",
        "Left and right: highest force",
        "as for contact time, of the highest force",
        "%",
        "a look at where a difference comes from",
        "alerts: healthy runners show 6 to 10 %",
        "Girard 2019, Front Sports Act Living 1:36",
        (_Measured("virtual", "symmetry index, peak, ordinary sensors, RMSE", 2.2, "%"),),
    ),
    Card(
        "gain_ratio",
        "Left insole's gain over the right one's",
        "[J_L / (t_L + f)] / [J_R / (t_R + f)], J impulse, t contact time, f mean flight time: in steady running each "
        "foot's impulse is body weight times its contact time and half of both flights",
        "1",
        "finding an insole that reads too much or too little, before the body is blamed",
        "walking, or flight times under 70 ms",
        "the momentum theorem; Blickhan 1989, J Biomech 22:1217",
    ),
    Card(
        "medial_lateral",
        "Inner against outer side, of a block",
        "mean of the medial-lateral index of a foot's valid steps, with the standard error of batch means",
        "%",
        "change of one foot in the same insole and shoe, against its own usual",
        "the angle of the ankle; comparing people or insoles",
        "Willems 2006, Gait Posture 23:91; Schmeiser 1982, Oper Res 30:556",
    ),
    Card(
        "medial_lateral_index",
        "Inner against outer side",
        "100 (M - L) / (M + L), loads between 10 and 75 % of stance, sensors weighted softly by their distance from "
        "the midline; a block's mean with the standard error of batch means",
        "%",
        "change of one foot in the same insole and shoe, against its own usual",
        "the angle of the ankle: the path of pressure explains a quarter of it (r = 0.5), and of people who load the "
        f"inner side more than 97 of 100 others do, no more than {100 * probability(2.0, 0.0):.0f} in 100 have a heel "
        "that turns in strongly; comparing people or insoles",
        "Willems 2006, Gait Posture 23:91; Dixon 2006, J Am Podiatr Med Assoc 96:305",
        (_Measured("virtual", "index against latent pronation within a person, worst walker", 0.998, "r"),),
    ),
    Card(
        "medial_lateral_early",
        "Inner against outer side, landing",
        "the same between 8 and 20 % of stance",
        "%",
        "seeing when in the step a change happens",
        "forefoot strikes: they have none",
        "De Cock 2005, Gait Posture 21:432",
    ),
    Card(
        "medial_lateral_mid",
        "Inner against outer side, foot flat",
        "the same from 20 % of stance to 45 % in running, to 60 % in walking",
        "%",
        "seeing when in the step a change happens",
        "the angle of the ankle",
        "De Cock 2005, Gait Posture 21:432",
    ),
    Card(
        "cop_ml",
        "Center of pressure across the foot",
        "sum of force times place over force, 0 lateral to 1 medial, at 10, 30, 50, 70 and 90 % of stance",
        "of the width",
        "the path in one shoe from day to day",
        "millimeters: with 16 sensors it is 7 to 9 mm off",
        "Morin 2022, Sensors 22:5628; McNeese 2025, Sensors 26:66",
    ),
    Card(
        "cop_ap",
        "Center of pressure along the foot",
        "sum of force times place over force, 0 heel to 1 toe, at 10, 30, 50, 70 and 90 % of stance",
        "of the length",
        "how the foot rolls over",
        "millimeters: with 16 sensors it is 15 to 18 mm off",
        "Morin 2022, Sensors 22:5628",
    ),
    Card(
        "strike_index",
        "Where the foot lands",
        "center of pressure along the foot at first load, of its length",
        "%",
        "telling heel, midfoot and forefoot landing apart",
        "fine differences: sensors between heel and forefoot are few",
        "Cavanagh and Lafortune 1980, J Biomech 13:397; Mann 2014, Gait Posture",
    ),
    Card(
        "heel_off",
        "Heel-off",
        "share of stance after which the heel stays under 5 % of its highest load",
        "of stance",
        "change of one foot against its own usual",
        "forefoot strikes: they have none",
        "De Cock 2005, Gait Posture 21:432",
    ),
    Card(
        "midfoot_share",
        "Midfoot share",
        "load under the midfoot over all load of the stance",
        "1",
        "change of one foot in the same shoe",
        "arch type: the support of the shoe fills the arch",
        "Cavanagh and Rodgers 1987, J Biomech 20:547",
    ),
    Card(
        "cop_bow",
        "Bow of the path of pressure",
        "center of pressure across the foot at 50 % of stance minus the mean of those at 10 and 90 %, of the width",
        "%",
        "telling a foot that turns in from an insole that lies differently: one bends the path, the other shifts it",
        "comparing people",
        "after Dixon 2006, J Am Podiatr Med Assoc 96:305, and Song 1996, J Am Podiatr Med Assoc 86:16",
    ),
    Card(
        "cpei",
        "Lateral bow of the path of pressure (CPEI)",
        "distance between the path and its chord at two thirds of the length, of the width; lateral positive",
        "%",
        "walking on an insole of 10 sensors or more, against its own usual",
        "telling flat feet: means of flat, ordinary and high arches lie within two points of each other",
        "Song 1996, J Am Podiatr Med Assoc 86:16; Hagedorn 2013, PLoS One 8:e74364",
    ),
    Card(
        "longest_run",
        "Longest run in 30 days",
        "this run over the longest one of the 30 days before it, minus 1",
        "%",
        "noticing a leap: of 5,205 runners, those with runs more than a tenth longer got hurt by overuse more often",
        "judging a single run: it is an association between people",
        "Frandsen 2025, Br J Sports Med 59:1203",
    ),
)


def card(name: str) -> Card | None:
    """Return the card of a field of `Step` or `Block`; fields that belong together (`cop_ml_10`) share one."""
    fitting = [known for known in CARDS if name == known.name or name.startswith(f"{known.name}_")]
    return max(fitting, key=lambda known: len(known.name), default=None)


def needs(shown: Card) -> str:
    """Return the least that an insole has to see for this measure, as a person says it."""
    tier = NEEDS.get(shown.name)
    return "" if tier is None else LAYOUTS[tier]


def card_lines(shown: Card) -> list[tuple[str, str]]:
    """Return a card as pairs of a heading and a text, in the order in which they are read."""
    figures = "; ".join(
        f"{figure.quantity}: {figure.value:g} {figure.unit} (insole validate {figure.recordings})"
        for figure in shown.measured
    )
    return [
        ("measure", f"{shown.title} ({shown.name})"),
        ("formula", shown.formula),
        ("unit", shown.unit),
        ("needs", needs(shown)),
        ("good for", shown.good_for),
        ("not for", shown.not_for),
        ("how far off", figures or "not checked against anybody else's measurement"),
        ("source", shown.source),
    ]
