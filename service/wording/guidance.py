"""What may be said about pain, shoes and exercise: fixed texts, each with its grade and its source.

Nothing here depends on a measurement. The signs that need a doctor stand first, whatever the sensors say.
"""

from __future__ import annotations

from dataclasses import dataclass

DISCLAIMER = "insole describes patterns in your own data. It is not a medical device and gives no diagnosis."


@dataclass(frozen=True, slots=True)
class RedFlag:
    """A sign that needs a doctor, whatever the sensors say. `urgency` is "emergency" or "soon"."""

    sign: str
    urgency: str


RED_FLAG_ADVICE = {
    "emergency": "Go to an emergency department at once.",
    "soon": "See a doctor at once, before the next run.",
}
RED_FLAG_SOURCE = "after Finucane 2020 (IFOMPT framework); single signs are weak evidence, so rather ask once too often"

RED_FLAGS: tuple[RedFlag, ...] = (
    RedFlag("New trouble holding or passing urine or stool.", "emergency"),
    RedFlag("Numbness around the saddle area: the inner thighs, the genitals, the bottom.", "emergency"),
    RedFlag("Weakness or numbness in both legs, or weakness that quickly gets worse.", "emergency"),
    RedFlag("Strong pain after a fall, or pain with fragile bones or long use of cortisone.", "soon"),
    RedFlag("Pain and you have or have had cancer, or you lose weight without knowing why.", "soon"),
    RedFlag("Constant pain at night that no position eases.", "soon"),
    RedFlag("Pain with fever, a recent infection, a weakened immune system or injected drugs.", "soon"),
    RedFlag("Pain at one spot of a bone that grows while running, at night or when hopping.", "soon"),
    RedFlag("Pain in a calf that is swollen, or a joint that swells or locks.", "soon"),
    RedFlag("Pain of 7 or more out of 10, for more than six weeks, or rising over three runs.", "soon"),
)
"""Asked at the start, and shown wherever pain is entered."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one study found, said without more than it showed."""

    text: str
    source: str

    @property
    def sentence(self) -> str:
        """The finding with its source in brackets."""
        return f"{self.text.removesuffix('.')} ({self.source})."


@dataclass(frozen=True, slots=True)
class Guidance:
    """Something that people commonly try. `grade` says how well it is supported."""

    text: str
    grade: str
    source: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """What guidance is given for: what is known of it, and what people commonly try, in the order that is shown."""

    heading: str
    evidence: tuple[Evidence, ...]
    guidance: tuple[Guidance, ...]


LONGER_RUNS = Evidence(
    "Among 5,205 runners, a run more than a tenth longer than any of the month before went together with getting hurt "
    "by overuse more often.",
    "Frandsen 2025",
)

EASIER = Guidance(
    "Go easier for some days and come back step by step; stay active as far as it is comfortable.",
    "general advice",
    "NICE NG59",
)
HEAT = Guidance(
    "Damp heat, a hot bath or a heat rub are commonly used for comfort.",
    "general wellness; recommended for relief in guidelines, on few trials",
    "NICE NG59",
)
STRETCHING = Guidance(
    "Gentle stretching of hip, buttock, hamstring and lower back is commonly tried.",
    "general wellness; trials are few and mostly without a comparison",
    "NICE NG59",
)
EXERCISE = Guidance(
    "Regular exercise strengthens the abdomen, the lower back and the hips.", "general advice", "NICE NG59"
)
LOOK_CLOSELY = Guidance(
    "Differing feet are normal. Before you change anything, look closely: is it so on level ground, in other shoes, on "
    "several days, with the insoles lying flat?",
    "moderate: several hundred runners who differed more did not get hurt more often",
    "Malisoux 2024; Bredeweg 2013",
)
LEG_LENGTH = Guidance(
    "One of many possible reasons is a difference in leg length; a physiotherapist can measure that in minutes. A lift "
    "in one shoe is something to try only after your leg length was measured by a professional.",
    "low: small trials of people whose legs had been measured",
    "Campbell 2018; Rannisto 2019",
)
STABILITY_SHOES = Guidance(
    "Some runners with a strongly medial pattern do better in stability (motion-control) shoes. Comfort and a gradual "
    "change matter; compare two pairs over several runs each.",
    "low: one trial for it, an overview of trials with low certainty",
    "Malisoux 2016; Willems 2021",
)
INSERTS = Guidance(
    "Insoles or inserts against back pain are not recommended here: trials do not show enough.",
    "insufficient: an overview of trials",
    "Chuter 2014; NICE NG59",
)
SHORTER_RUN = Guidance(
    "Let a shorter run follow a much longer one, and add to the longest run in small steps.",
    "low: an association among runners, not a trial",
    "Frandsen 2025",
)
MEDICINES = Guidance("About medicines, ask a doctor or pharmacist.", "general advice", "")
PROFESSIONAL = Guidance(
    "If pain stays, see a professional, who can examine hip, pelvis and spine and look for what is behind it; take the "
    "report of your last weeks with you.",
    "general advice",
    "",
)

GUIDANCE: tuple[Guidance, ...] = (
    EASIER,
    HEAT,
    STRETCHING,
    EXERCISE,
    LOOK_CLOSELY,
    LEG_LENGTH,
    STABILITY_SHOES,
    INSERTS,
    SHORTER_RUN,
    MEDICINES,
    PROFESSIONAL,
)
"""All of it, as a report lists it."""

IF_IT_HURTS = Pattern("If something hurts", (), (EASIER, HEAT, STRETCHING, EXERCISE, INSERTS, MEDICINES, PROFESSIONAL))
