"""What is left of a pair of insoles when sensors are broken, from when on, and how a wearer gets to know."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from firmware_bridge import Calibration, Device, Side, parse_calibration, parse_profile
from service.gait import thresholds as p
from service.gait.sensor_health.health import WHOLE_INSOLE, Defect, SensorMap, sensor_map
from service.gait.signal.load import Layout, layout_of, plain_layout
from service.records.rows import ANALYSIS, Flag
from service.records.topics import INSOLE

NONE: frozenset[int] = frozenset()


class SensorSet:
    """One described insole, with all of its sensors or without some."""

    def __init__(self, layout: Layout, device: Device | None = None) -> None:
        """Take its layout, and the row that it was made of; without one its sensors are not watched."""
        self.layout = layout
        self.places: SensorMap | None = None
        self._device = device
        self._without: dict[frozenset[int], Layout] = {NONE: layout}
        if device is not None:
            calibration = parse_calibration(device.calibration) if device.calibration else Calibration()
            self.places = sensor_map(parse_profile(device.profile, f"device {device.device}"), calibration.zero)

    @classmethod
    def described(cls, device: Device) -> SensorSet:
        """Compile a device row.

        Raises:
            ConfigError: the stored profile or calibration cannot be read.
        """
        return cls(layout_of(device), device)

    @classmethod
    def plain(cls, count: int) -> SensorSet:
        """Return an insole that nobody described."""
        return cls(plain_layout(count))

    def without(self, dropped: frozenset[int]) -> Layout:
        """Return the layout without some sensors."""
        if dropped not in self._without:
            assert self._device is not None
            self._without[dropped] = layout_of(self._device, dropped)
        return self._without[dropped]


@dataclass(frozen=True, eq=False)
class DetectedFault:
    """A broken sensor of one foot (or `WHOLE_INSOLE` of them)."""

    time: int  # when it was found, a multiple of `RESET_NS`
    side: Side
    fault: Defect
    across_mm: float
    along_mm: float
    ends: dict[Side, int] = field(default_factory=dict)  # when each foot forgot it

    def holds(self, side: Side, time: int) -> bool:
        """Tell whether a foot has it in mind."""
        return self.time <= time < self.ends.get(side, time + 1)


class Findings:
    """What was found broken on both feet.

    A sensor is left out on both feet from `DROP_NS` after it was found, with its counterpart: the sensor of the other
    foot that is nearest to the same place. Else a fault would be an imbalance. Law: what holds for a foot at a time
    depends on what both feet showed `DROP_NS` before it, and on nothing before the foot had last forgotten everything.
    """

    def __init__(self) -> None:
        self._found: list[DetectedFault] = []
        self._forgot: Mapping[Side, deque[int]] = {side: deque(maxlen=_FORGOTTEN) for side in Side}

    def add(self, side: Side, time: int, places: SensorMap, fault: Defect) -> None:
        """Take what was found at a time."""
        if any(f.side is side and f.fault.sensor == fault.sensor and f.holds(side, time) for f in self._found):
            return
        across, along = (math.nan, math.nan) if fault.sensor == WHOLE_INSOLE else places.at(fault.sensor)
        ends = {foot: [at for at in forgot if at >= time] for foot, forgot in self._forgot.items()}
        new = DetectedFault(time, side, fault, across, along, {foot: at[0] for foot, at in ends.items() if at})
        old = time - _KEPT_NS
        self._found = [f for f in self._found if len(f.ends) < len(Side) or max(f.ends.values()) > old]
        self._found.append(new)
        self._found.sort(key=lambda f: (f.time, f.side is Side.RIGHT, f.fault.sensor))

    def forget(self, side: Side, time: int) -> None:
        """Let a foot forget what was found until now."""
        self._forgot[side].append(time)
        for finding in self._found:
            if finding.time <= time:
                finding.ends.setdefault(side, time)

    def broken(self, side: Side, time: int) -> dict[int, str]:
        """Return a foot's own broken sensors and how they are."""
        return {f.fault.sensor: f.fault.kind for f in self._found if f.side is side and f.holds(side, time)}

    def dropped(self, side: Side, time: int, insole: SensorSet) -> frozenset[int]:
        """Return the sensors that are left out of a foot's insole: none where too few would be left."""
        places = insole.places
        if places is None:
            return NONE
        due = [
            f
            for f in self._found
            if f.time + p.DROP_NS <= time and f.holds(side, time) and f.fault.sensor != WHOLE_INSOLE
        ]
        out = {f.fault.sensor if f.side is side else places.nearest(f.across_mm, f.along_mm) for f in due}
        return frozenset(out) if len(out) <= p.BROKEN_INSOLE * places.count else NONE

    def during(self, chain: int, bout: int, time: int) -> Iterator[DetectedFault]:
        """Yield what holds in a bout until a time: found in it, or in one that only a stop note parts from it."""
        for f in self._found:
            if chain < f.time <= time and (f.time > bout or f.holds(f.side, bout)):
                yield f


_FORGOTTEN = 64
_KEPT_NS = 3600 * 10**9


class FaultReporter:
    """Say what is broken, once in a bout for each foot and kind of fault."""

    def __init__(self, wearer: str, chain: int, bout: int, findings: Findings) -> None:
        self._wearer, self._chain, self._bout, self._findings = wearer, chain, bout, findings
        self._said: set[str] = set()

    def until(self, time: int, activity: str) -> Iterator[Flag]:
        """Yield a flag for what was found until a time and not told yet."""
        for found in self._findings.during(self._chain, self._bout, time):
            whole = found.fault.sensor == WHOLE_INSOLE
            measure = f"{found.fault.kind}_{'insole' if whole else 'sensor'}_{found.side.value}"
            if measure not in self._said:
                self._said.add(measure)
                yield self._flag(found, measure, activity)

    def _flag(self, found: DetectedFault, measure: str, activity: str) -> Flag:
        nan = math.nan
        return Flag(
            time=max(found.time, self._bout),
            wearer=self._wearer,
            topic=INSOLE.name,
            measure=measure,
            raised=True,
            bout=self._bout,
            activity=activity,
            since=found.time - p.RESET_NS,
            value=nan if found.fault.sensor == WHOLE_INSOLE else float(found.fault.sensor),
            low=nan,
            high=nan,
            normal=nan,
            normal_low=nan,
            normal_high=nan,
            bouts=0,
            strides=0,
            analysis=ANALYSIS,
        )
