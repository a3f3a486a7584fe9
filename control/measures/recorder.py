"""The lamps and detectors of one second become rows of the log.

Group g is written as phase g + 1 and detector d as channel d + 1; a push-button under the phase
that it calls. The recorder remembers one second and decides nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from control.measures.events import Code, Event, Flash
from control.model import Junction, Kind, Lamp, Role
from control.requests import NOBODY


@dataclass(frozen=True, slots=True)
class Edge:
    """A detector was covered, or became free."""

    at_ms: int
    detector: int
    on: bool


@dataclass(frozen=True, slots=True)
class Second:
    """What is true at one instant; what is left out is not written about."""

    at_ms: int
    lamps: Sequence[Lamp]
    edges: Iterable[Edge] = ()
    """Since the last second, each with a time of its own."""
    calls: frozenset[int] = NOBODY
    """Groups called and not yet served."""
    ended_by: Mapping[int, Code] = field(default_factory=dict)
    """Why a green ends: `GAP_OUT`, `MAX_OUT` or `FORCE_OFF`; where known."""
    pattern: int | None = None
    preempt: int | None = None
    """The group an emergency vehicle has."""
    flash: Flash = Flash.NOT_FLASH
    alarms: frozenset[int] = NOBODY
    faults: Mapping[int, Code] = field(default_factory=dict)
    """Detectors held to be faulty, and how: `FAULT_OTHER` to `FAULT_CHATTER`."""


class Recorder:
    """The log of one junction, second by second.

    The first second tells what is shown and is no change: a green found running has no begin.
    """

    def __init__(self, junction: Junction) -> None:
        self.junction = junction
        count = len(junction.groups)
        self._lamps: list[Lamp] = []
        self._clear_at_ms: list[int | None] = [None] * count
        self._clearance_ms = [1000 * _clearance_s(junction, g) for g in range(count)]
        self._calls: frozenset[int] = NOBODY
        self._pattern: int | None = None
        self._preempt: int | None = None
        self._dwelling = False
        self._flash = Flash.NOT_FLASH
        self._alarms: frozenset[int] = NOBODY
        self._faults: dict[int, Code] = {}

    def second(self, now: Second) -> list[Event]:
        """All rows since the last call, in the order of time."""
        self._lamps = self._lamps or list(now.lamps)
        rows = [row for edge in now.edges for row in self._edge(edge)]
        rows += self._unit(now)
        rows += self._detector_faults(now)
        rows += self._called(now)
        for group, lamp in enumerate(now.lamps):
            if self.junction.groups[group].kind is Kind.PEDESTRIAN:
                rows += self._pedestrian(group, lamp, now.at_ms)
            else:
                rows += self._vehicle(group, lamp, now)
        rows += self._preempted(now)
        self._lamps = list(now.lamps)
        return sorted(rows)

    def _edge(self, edge: Edge) -> list[Event]:
        detector = self.junction.detectors[edge.detector]
        if detector.role is Role.PUSH_BUTTON:
            code = Code.BUTTON_ON if edge.on else Code.BUTTON_OFF
            return [Event(edge.at_ms, code, group + 1) for group in sorted(detector.groups)]
        code = Code.DETECTOR_ON if edge.on else Code.DETECTOR_OFF
        return [Event(edge.at_ms, code, edge.detector + 1)]

    def _vehicle(self, group: int, lamp: Lamp, now: Second) -> list[Event]:
        at_ms, before, phase = now.at_ms, self._lamps[group], group + 1
        codes: list[Code] = []
        clear_at_ms = self._clear_at_ms[group]
        rows = []
        if clear_at_ms is not None and (at_ms >= clear_at_ms or lamp is not Lamp.RED):
            rows.append(Event(min(clear_at_ms, at_ms), Code.RED_CLEARANCE_END, phase))
            self._clear_at_ms[group] = None
        if lamp is not before:
            if before is Lamp.GREEN:
                codes += [now.ended_by[group]] if group in now.ended_by else []
                codes.append(Code.GREEN_END)
                if lamp is Lamp.RED:  # a yellow of no length, so that readers find the cycle whole
                    codes += [Code.YELLOW, Code.YELLOW_END]
            if before is Lamp.YELLOW:
                codes.append(Code.YELLOW_END)
            if lamp is Lamp.YELLOW:
                codes.append(Code.YELLOW)
            if lamp is Lamp.GREEN:
                codes.append(Code.GREEN)
            if lamp is Lamp.RED and before in {Lamp.GREEN, Lamp.YELLOW}:
                codes.append(Code.RED_CLEARANCE)
                self._clear_at_ms[group] = at_ms + self._clearance_ms[group]
                if not self._clearance_ms[group]:
                    codes.append(Code.RED_CLEARANCE_END)
                    self._clear_at_ms[group] = None
        return rows + [Event(at_ms, code, phase) for code in codes]

    def _pedestrian(self, group: int, lamp: Lamp, at_ms: int) -> list[Event]:
        codes = {
            Lamp.GREEN: Code.WALK,
            Lamp.YELLOW: Code.PED_CLEARANCE,
            Lamp.RED: Code.DONT_WALK,
        }
        if lamp is self._lamps[group] or lamp not in codes:
            return []
        return [Event(at_ms, codes[lamp], group + 1)]

    def _called(self, now: Second) -> list[Event]:
        rows = []
        for group in sorted(now.calls ^ self._calls):
            new = group in now.calls
            if self.junction.groups[group].kind is Kind.VEHICLE:
                code = Code.CALL if new else Code.CALL_DROPPED
                rows.append(Event(now.at_ms, code, group + 1))
            elif new:
                rows.append(Event(now.at_ms, Code.PED_CALL, group + 1))
        self._calls = now.calls
        return rows

    def _unit(self, now: Second) -> list[Event]:
        rows = []
        if now.pattern is not None and now.pattern != self._pattern:
            rows.append(Event(now.at_ms, Code.PATTERN, now.pattern))
            self._pattern = now.pattern
        if now.flash is not self._flash:
            rows.append(Event(now.at_ms, Code.FLASH_STATUS, now.flash))
            self._flash = now.flash
        for alarm in sorted(now.alarms ^ self._alarms):
            code = Code.ALARM_ON if alarm in now.alarms else Code.ALARM_OFF
            rows.append(Event(now.at_ms, code, alarm))
        self._alarms = now.alarms
        return rows

    def _detector_faults(self, now: Second) -> list[Event]:
        rows = []
        for detector in sorted(self._faults.keys() | now.faults.keys()):
            fault = now.faults.get(detector)
            if fault is not self._faults.get(detector):
                rows.append(Event(now.at_ms, fault or Code.RESTORED, detector + 1))
        self._faults = dict(now.faults)
        return rows

    def _preempted(self, now: Second) -> list[Event]:
        before, rows = self._preempt, []
        if before is not None and now.preempt != before:
            rows += [
                Event(now.at_ms, code, before + 1)
                for code in (Code.PREEMPT_CALL_OFF, Code.PREEMPT_EXIT)
            ]
        if now.preempt is not None:
            if now.preempt != before:
                self._dwelling = False
                rows += [
                    Event(now.at_ms, code, now.preempt + 1)
                    for code in (Code.PREEMPT_CALL, Code.PREEMPT_ENTRY)
                ]
            if not self._dwelling and now.lamps[now.preempt] is Lamp.GREEN:
                self._dwelling = True
                rows.append(Event(now.at_ms, Code.PREEMPT_DWELL, now.preempt + 1))
        self._preempt = now.preempt
        return rows


def _clearance_s(junction: Junction, group: int) -> int:
    """From the end of yellow until the last of its conflicts may be green."""
    longest = max(
        (s for (ending, _), s in junction.intergreen_s.items() if ending == group), default=0
    )
    return max(0, longest - junction.groups[group].yellow_s)


def commitment(at_ms: int, group: int, remaining_s: int) -> Event:
    """A countdown promised that the lamp of `group` changes in so many seconds, below 1,000."""
    return Event(at_ms, Code.COMMITMENT, 1000 * (group + 1) + remaining_s)
