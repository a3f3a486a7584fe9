"""Which detector channel tells what about which phase, and what its pulses mean.

The file is that of the `atspm` package: `DeviceId,Phase,Parameter,Function` with the functions
Advance (arrivals), Presence (occupancy at the stop line) and Yellow_Red (crossings of it). Two
more columns may follow: `DistanceM` upstream of the stop line and `SpeedMs`.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from control.measures.events import Code, Log, Times
from control.model import Junction, Kind, Role
from edge.errors import ConfigError

COLUMNS = ("DeviceId", "Phase", "Parameter", "Function", "DistanceM", "SpeedMs")


class Function(StrEnum):
    """What a channel is read for."""

    ADVANCE = "Advance"
    PRESENCE = "Presence"
    YELLOW_RED = "Yellow_Red"


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel in one function for one phase."""

    device: str
    phase: int
    channel: int
    function: Function
    distance_m: float = 0.0
    speed_ms: float = 0.0
    """Approach speed; 0: not known, and an arrival is counted where it was seen."""

    @property
    def travel_ms(self) -> int:
        """From the detector to the stop line."""
        return round(1000 * self.distance_m / self.speed_ms) if self.speed_ms > 0 else 0


def channels_of(junction: Junction, speed_ms: float = 0.0) -> list[Channel]:
    """What the recorder's channels mean for a junction of this description."""
    functions = {
        Role.STOP_LINE: (Function.PRESENCE, Function.YELLOW_RED),
        Role.ADVANCE: (Function.ADVANCE,),
    }
    return [
        Channel(junction.id, group + 1, place + 1, function, detector.distance_m, speed_ms)
        for place, detector in enumerate(junction.detectors)
        for group in sorted(detector.groups)
        if junction.groups[group].kind is Kind.VEHICLE
        for function in functions.get(detector.role, ())
    ]


def write(channels: Iterable[Channel]) -> str:
    """The file that `read` reads."""
    rows = [
        f"{c.device},{c.phase},{c.channel},{c.function},{c.distance_m:g},{c.speed_ms:g}"
        for c in channels
    ]
    return "\n".join((",".join(COLUMNS), *rows, ""))


def read(text: Iterable[str]) -> list[Channel]:
    """All channels whose function is known here; others are passed over.

    Raises:
        ConfigError: A column is missing or a line has no numbers where it should.
    """
    rows = csv.DictReader(text)
    if missing := [name for name in COLUMNS[:4] if name not in (rows.fieldnames or ())]:
        raise ConfigError(
            f"line 1 names no column {' and no '.join(missing)}; "
            f"a detector file begins with {','.join(COLUMNS[:4])}"
        )
    found = []
    for row in rows:
        try:
            function = Function((row["Function"] or "").strip())
        except ValueError:
            continue
        try:
            found.append(
                Channel(
                    row["DeviceId"].strip(),
                    int(row["Phase"]),
                    int(row["Parameter"]),
                    function,
                    float(row.get("DistanceM") or 0),
                    float(row.get("SpeedMs") or 0),
                )
            )
        except (TypeError, ValueError):
            raise ConfigError(
                f"line {rows.line_num}: phase {row['Phase']!r} or channel {row['Parameter']!r} is "
                "no whole number, or distance or speed is no number"
            ) from None
    return sorted(set(found), key=lambda c: (c.device, c.phase, c.channel, c.function))


def phases(channels: Iterable[Channel], device: str, function: Function) -> list[int]:
    """Whose phases have a channel of the function."""
    return sorted({c.phase for c in channels if c.device == device and c.function is function})


def of_phase(
    channels: Iterable[Channel], device: str, phase: int, function: Function
) -> list[Channel]:
    """The channels of one phase in one function."""
    return [c for c in channels if (c.device, c.phase, c.function) == (device, phase, function)]


def arrivals(log: Log, channels: Iterable[Channel], latency_ms: int) -> Times:
    """When vehicles reach the stop line: int64 ms, in order.

    Begin of each pulse plus distance over speed, less the detector's latency (udot-atspm does so).
    """
    pulses = [log.times(Code.DETECTOR_ON, c.channel) + (c.travel_ms - latency_ms) for c in channels]
    return np.sort(np.concatenate(pulses)) if pulses else np.empty(0, dtype=np.int64)
