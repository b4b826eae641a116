"""Which changes are an imbalance or over-pronation, and which are something else's doing."""

from __future__ import annotations

import math

from service.gait import thresholds as p
from service.gait.blocks.medial_loading import common_and_opposite, shifted
from service.gait.detectors.change import Change
from service.gait.detectors.measures import CONTACT, GAIN, IMPULSE, LEFT_BOW, LEFT_INDEX, RIGHT_BOW, RIGHT_INDEX
from service.gait.detectors.watch import ChangeOf


def imbalance(look: ChangeOf) -> Change | None:
    """Return the change that is an imbalance, None if there is none.

    Contact time needs no gain; impulse does, and a gain that drifts on one side is no imbalance: contact time has to
    show a part of it, too. In running the gains are known (`gains.ballistic_ratio`), and what they explain does not
    count: Newton's law leaves no more to impulse than contact time shows.
    """
    contact, impulse = look(CONTACT), look(IMPULSE)
    if contact.exceeds:
        return contact
    agrees = contact.off * impulse.off > 0 and abs(contact.off) >= p.IMPULSE_NEEDS_CONTACT * abs(impulse.off)
    return impulse if impulse.exceeds and agrees and not by_gain(impulse, look(GAIN)) else None


def by_gain(force: Change, gain: Change) -> bool:
    """Tell whether the insoles' gains explain the change of a force's symmetry index; False where they are unknown.

    A left insole that reads more makes the index smaller by as many percent.
    """
    own = force.off + 100 * math.log(gain.value / gain.normal)
    return not math.isnan(own) and (own * force.off <= 0 or abs(own) <= force.limit)


def medial(look: ChangeOf) -> Change | None:
    """Return the foot whose loading changed, if the other one changed the same way; the clearer one of two.

    Feet that move in opposite directions are on a camber or in a turn (Damavandi 2012).
    """
    left, right = look(LEFT_INDEX), look(RIGHT_INDEX)
    parts = common_and_opposite(left.off, right.off)
    together = abs(parts.opposite) <= p.OPPOSITE_OF_COMMON * abs(parts.common)
    ranked = [left, right] if left.rank >= right.rank else [right, left]
    return next((foot for foot in ranked if together and foot.exceeds), None)


def moved(found: Change, look: ChangeOf) -> bool:
    """Tell whether a change of a foot's medial loading is that of an insole that lies otherwise."""
    return shifted(found.off, look(LEFT_BOW if found.measure is LEFT_INDEX else RIGHT_BOW).off)


def over_pronation(look: ChangeOf) -> Change | None:
    """Return the foot that is loaded more medially while the other one goes along, and not by the insole's doing."""
    found = medial(look)
    return found if found is not None and found.off > 0 and not moved(found, look) else None
