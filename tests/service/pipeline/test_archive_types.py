"""The types of fields are fixed by their first write: a database that is there would refuse every row of a change.

A new field may be added at the end of its kind's line. A changed type, or a key that becomes a value, needs a new name.
"""

from __future__ import annotations

import pytest

from firmware_bridge import Frames, columns, kind_name
from service.pipeline.mirror_selection import COPIED

LETTERS = {bool: "b", str: "s", int: "i", float: "f"}
KEPT: dict[str, tuple[str, str]] = {  # kind: its tags, and its fields with their types
    "device": (
        "device side wearer",
        "profile:s calibration:s",
    ),
    "link": (
        "side wearer",
        "device:s connected:b received:i lost:i corrupt:i duplicate:i dropped:i reconnects:i battery_pct:f",
    ),
    "pace": (
        "wearer",
        "speed_mps:f cadence_spm:f stride_m:f distance_m:f running:b battery_pct:f",
    ),
    "step": (
        "side wearer",
        (
            "foot_off:i contact_time_s:f stride_time_s:f duty_factor:f cadence_spm:f peak:f impulse:f unit:s "
            "medial_lateral_index:f cop_ml_10:f cop_ml_30:f cop_ml_50:f cop_ml_70:f cop_ml_90:f cop_ap_10:f "
            "cop_ap_30:f cop_ap_50:f cop_ap_70:f cop_ap_90:f completeness:f activity:s valid:b reason:s bout:i "
            "analysis:i medial_lateral_early:f medial_lateral_mid:f midfoot_share:f heel_off:f strike_index:f cpei:f "
            "cop_bow:f tier:i sensors:i faulty:s"
        ),
    ),
    "second": (
        "side wearer",
        "samples:i force_mean:f force_peak:f cop_ml:f cop_ap:f unit:s analysis:i",
    ),
    "block": (
        "wearer",
        (
            "stop:i bout:i number:i activity:s strides_left:i strides_right:i rejected_left:i rejected_right:i "
            "received_left:f received_right:f void:b reason:s contact_time_left_s:f contact_time_right_s:f "
            "cadence_spm:f contact_time_si_pct:f contact_time_si_low_pct:f contact_time_si_high_pct:f impulse_si_pct:f "
            "impulse_si_low_pct:f impulse_si_high_pct:f medial_lateral_left:f medial_lateral_left_se:f "
            "medial_lateral_right:f medial_lateral_right_se:f unit:s analysis:i peak_si_pct:f peak_si_low_pct:f "
            "peak_si_high_pct:f gain_ratio:f gain_ratio_low:f gain_ratio_high:f sensors_left:i sensors_right:i "
            "faulty:s cop_bow_left:f cop_bow_left_se:f cop_bow_right:f cop_bow_right_se:f"
        ),
    ),
    "flag": (
        "measure topic wearer",
        (
            "raised:b bout:i activity:s since:i value:f low:f high:f normal:f normal_low:f normal_high:f bouts:i "
            "strides:i analysis:i rule:s"
        ),
    ),
    "verdict": (
        "topic wearer",
        (
            "stop:i activity:s answer:s reason:s measure:s value:f low:f high:f normal:f normal_low:f normal_high:f "
            "bouts:i blocks:i strides:i steps_used:i steps_expected:i analysis:i rule:s beyond_pct:f"
        ),
    ),
    "alert": (
        "measure topic wearer",
        "missed:s outcome:s decided:i text:s",
    ),
    "note": (
        "topic wearer",
        "text:s",
    ),
}


@pytest.mark.parametrize("kind", [kind for kind in COPIED if kind is not Frames], ids=kind_name)
def test_no_field_changes_its_type(kind: type) -> None:
    tags, kept = KEPT[kind_name(kind)]
    assert " ".join(sorted(c.name for c in columns(kind) if c.key)) == tags
    found = {c.name: _letter(c.type) for c in columns(kind) if not c.key and c.name != "time"}
    was = dict(field.split(":") for field in kept.split())
    assert {name: found.get(name) for name in was} == was
    assert set(found) == set(was), "a new field: add it here"


def test_no_tag_is_a_field_and_tags_are_few() -> None:
    for tags, kept in KEPT.values():
        assert not set(tags.split()) & {field.split(":")[0] for field in kept.split()}
        assert len(tags.split()) <= 3


def _letter(kind: type) -> str:
    return next(letter for plain, letter in LETTERS.items() if issubclass(kind, plain))
