"""One run: which scenario under which control, and what came of it.

Both travel between processes: plain values only.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from control.countdown import WHOLE_GREEN_S
from edge.errors import ConfigError

EVERY_SECOND_S = 1
"""The grid of whoever decides each second."""

Progress = Callable[[float], None]
"""Told the share of the run that has passed, 0 to 1."""


class Controller(StrEnum):
    """Who times the signals."""

    FIXED = "fixed"
    """The net's own program, as it stands."""
    ACTUATED = "actuated"
    """SUMO's own gap-out control."""
    DELAY = "delay"
    """SUMO's own delay-based control."""
    GREEDY = "greedy"
    """Max-wave: the stage with most vehicles."""
    MAX_PRESSURE = "maxpressure"
    RIA = "ria"

    @property
    def classical(self) -> bool:
        """Whether it may be the bar."""
        return self is not Controller.RIA


class Timing(StrEnum):
    """Which yellow, clearance and minimum green hold for all controllers alike."""

    RESCO = "resco"
    SCENARIO = "scenario"
    FIELD = "field"


class Sensing(StrEnum):
    """What a controller may see."""

    LOOPS = "loops"
    CAMERA = "camera"
    FULL = "full"
    SITE = "site"


class Stages(StrEnum):
    """Where the list of stages comes from."""

    NET = "net"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class DetectorFailures:
    """Some detectors, drawn at random, fail together in mid-run."""

    share: float
    """Of all detectors, 0 to 1."""
    after_s: int
    """Seconds after the begin of the run."""
    seed: int
    """Of the draw; the traffic has its own."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One controller on one scenario with one seed."""

    cfg: Path
    controller: Controller
    seed: int
    timing: Timing
    sensing: Sensing
    begin_s: int
    end_s: int
    """The horizon: vehicles due before it count."""
    stages: Stages
    grid_s: int = EVERY_SECOND_S
    """Stages change on multiples of it only."""
    drain_s: int = 7200
    """Longest time after the horizon in which the net may empty itself."""
    sumo: Path | None = None
    """A sumo program spoken to over TraCI; None: libsumo, in the same process."""
    failures: DetectorFailures | None = None
    countdown_s: int = 0
    """Last seconds on the displays of whoever is `ria`; `WHOLE_GREEN_S`: all of them."""
    bus_priority: bool = False
    """Whether buses call for their green where `ria` times it."""

    def __post_init__(self) -> None:
        """Raises ConfigError where two wishes cannot be had together."""
        if self.countdown_s and self.grid_s != EVERY_SECOND_S:
            raise ConfigError(
                f"a countdown needs changes at any second; on the grid of {self.grid_s} s of this"
                " timing there is none: leave --countdown out, or take --timing scenario or field"
            )

    @property
    def name(self) -> str:
        """The controller as a reader of the table knows it: `greedy 10 s`."""
        return named(self.controller, self.grid_s, self.countdown_s)


def named(controller: str, grid_s: int, countdown_s: int) -> str:
    """`fixed`, `greedy 10 s`, `ria, countdown 5 s`, `ria, countdown full`."""
    name = str(controller) if grid_s == EVERY_SECOND_S else f"{controller} {grid_s} s"
    if countdown_s == 0:
        return name
    return f"{name}, countdown {'full' if countdown_s >= WHOLE_GREEN_S else f'{countdown_s} s'}"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one run. Delays are means over the `n` vehicles due before the horizon."""

    controller: str
    grid_s: int
    seed: int
    n: int
    delay_s: float
    """timeLoss + departDelay; unfinished ones so far, never inserted ones horizon - due."""
    delay_published_s: float
    """As RESCO reckons it (traffic-signal benchmark, `readXML.py`)."""
    delay_drained_s: float
    """As `delay_s`, at the end of the drain."""
    max_call_wait_s: float
    max_vehicle_wait_s: float
    stops: float
    """Mean number of stops of a vehicle."""
    arrived: int
    unfinished: int
    """Under way at the horizon."""
    pending: int
    """Due and not inserted at the horizon."""
    teleports: int
    locked: bool
    """Vehicles were left and none arrived for 1,200 s."""
    co2_kg: float
    """Excess over free flow: idling and stops; see the reference page for the formula."""
    decision_p50_ms: float
    decision_p99_ms: float
    refusals: int
    violations: int
    # the rest is told to the reader, and to the file only where it is asked for
    countdown_s: int = 0
    promises: int = 0
    """Changes of stage that displays announced."""
    broken_promises: int = 0
    """Displays that had said something else than came."""
    empty_greens: int = 0
    """Greens given to a call in which nothing discharged."""
    drained_unfinished: int = 0
    """Vehicles still there when the drain ended."""
    buses: int = 0
    """Vehicles of SUMO's class `bus` among the `n`, less those that never got in."""
    bus_delay_s: float = 0.0
    """As `delay_s`, of those."""
    bus_priority: bool = False
    """Whether they called."""
    sumo: str = ""
    """SUMO's own version."""
    remarks: tuple[str, ...] = ()
    """Sentences of the monitor, at most 20, then of the run."""
    stage_list: tuple[str, ...] = ()
    """One line a stage, as the controllers had them."""

    def record(self) -> dict[str, Any]:
        """The fields of the JSON file; those of buses where these may call."""
        told = _TOLD - _OF_BUSES if self.bus_priority else _TOLD
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in told}


_OF_BUSES = {"buses", "bus_delay_s", "bus_priority"}
_TOLD = _OF_BUSES | {
    "countdown_s", "promises", "broken_promises", "empty_greens", "drained_unfinished", "sumo",
    "remarks", "stage_list",
}  # fmt: skip
