"""A signal cabinet: controller, conflict monitor, lamps that can fail, detectors, remote control.

One device of a site: `update` lets its seconds pass, `write` is what a gateway sets. Between the
controller and the street stands the monitor: what burns is what the controller switched, as far as
the lamps do, until the monitor trips; then everything flashes, and only `reset_by_hand` ends it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from control.model import Junction, Lamp, Role
from control.safety_tables import mask_of
from edge.model.clock import Instant
from simulators.conflict_monitor import Burning, Card, ConflictMonitor, Trip
from simulators.countdown_display import CountdownDisplay
from simulators.device import Grid, Step
from simulators.remote_control import GROUPS, RemoteControl
from simulators.signal_controller import Mode, SignalController
from simulators.street import Sensed, Traffic

DETECTORS = 64
"""What the register map has room for."""
LEAST_FLASH_S = 6
"""Flash is never shorter (NEMA TS 2: 6 to 16 s, by the card)."""
FLASH_SHOWN, DARK_SHOWN = 4, 5
"""Codes of `signal_k`; red, yellow and green are 0, 1 and 2."""

_SWITCHED = {
    Lamp.RED: Burning(red=True),
    Lamp.YELLOW: Burning(yellow=True),
    Lamp.GREEN: Burning(green=True),
}
_SHOWN = {Lamp.DARK: DARK_SHOWN, Lamp.FLASH: FLASH_SHOWN}


@dataclass(slots=True)
class Damage:
    """What is broken in the cabinet and on the poles; tests and fault files break things here."""

    burnt_out: set[tuple[int, Lamp]] = field(default_factory=set)
    """Lamps that give no light whatever is switched."""
    welded: set[tuple[int, Lamp]] = field(default_factory=set)
    """Lamps whose contact does not open any more."""
    stuck_detectors: dict[int, float] = field(default_factory=dict)
    """Detector → the share of each second for which it says it is covered."""
    cut_yellow_s: int | None = None
    """A controller whose memory lies to it about its yellow."""


class SignalCabinet:
    """One junction's cabinet, with the street in front of it."""

    def __init__(
        self, junction: Junction, traffic: Traffic, config_hash: int, *, backup_s: int = 10
    ) -> None:
        if len(junction.groups) > GROUPS or len(junction.detectors) > DETECTORS:
            raise ValueError(
                f"{junction.id}: {len(junction.groups)} groups and {len(junction.detectors)}"
                f" detectors; the register map has room for {GROUPS} and {DETECTORS}"
            )
        self.junction = junction
        self.traffic = traffic
        self.config_hash = config_hash
        self.controller = SignalController(junction)
        self.monitor = ConflictMonitor(Card.soldered(junction))
        self.remote = RemoteControl(backup_s)
        self.display = CountdownDisplay(junction)
        self.damage = Damage()
        self.powered = True
        self.preempt = 0
        """Group that an emergency vehicle asks for, counted from 1; 0 none."""
        self._burning = [_SWITCHED[lamp] for lamp in self.controller.lamps]
        self._grid = Grid(1.0)
        self._seconds = 0
        self._starts = 1
        self._flashing_s = 0
        self._counts = [0] * len(junction.detectors)
        self._occupancy = [math.nan] * len(junction.detectors)
        self._active = [False] * len(junction.detectors)

    def update(self, at: Instant, inputs: Mapping[str, float]) -> Step:  # noqa: ARG002
        """Let whole seconds pass until `at`; what was written takes effect with the next."""
        for _ in self._grid.steps(at):
            self.second()
        return Step(self.outputs(), self._grid.next)

    def write(self, point: str, value: float) -> None:
        """A gateway sets a register. A cabinet without power takes nothing."""
        if self.powered:
            self.remote.write(point, value)

    def lose_power(self) -> None:
        """The mains fail: dark, and nothing is remembered but the monitor's trip."""
        self.powered = False
        self.controller.power_off()
        self.remote.forget()
        self.display.blank()
        self.monitor.blind()

    def restore_power(self) -> None:
        """The mains are back: start-up, or flash where the monitor is still latched."""
        self.powered = True
        self._starts += 1
        self._seconds = self._flashing_s = 0
        self.controller.start()

    def reset_by_hand(self) -> None:
        """Somebody stands before the cabinet and presses the monitor's button."""
        self.monitor.reset_by_hand()

    def second(self) -> None:
        """One second of everything: controller, monitor, lamps, and the street under them."""
        if self.powered:
            self._seconds += 1
            self._control()
        else:
            self.controller.step()
        self._sense(self.traffic.second(self.seen()))

    def _control(self) -> None:
        told, displays = self.remote.told()
        self._flash_or_start()
        self.controller.step(replace(told, call=told.call | self._called()))
        self.display.second(self.controller.lamps, displays)
        if self.controller.mode is Mode.FLASHING:
            return
        self._cut_yellow()
        switched = [_SWITCHED[lamp] for lamp in self.controller.lamps]
        self._burning = [self._burns(group, lamp) for group, lamp in enumerate(switched)]
        if self.monitor.look(self._burning, switched) is not Trip.NONE:
            self._flash()

    def _flash_or_start(self) -> None:
        if self.controller.mode is Mode.FLASHING:
            self._flashing_s += 1
            held = self.monitor.trip is not Trip.NONE or self.remote.wants_flash
            if not held and self._flashing_s >= LEAST_FLASH_S:
                self.controller.start()
        elif self.monitor.trip is not Trip.NONE or self.remote.wants_flash:
            self._flash()

    def _flash(self) -> None:
        self._flashing_s = 0
        self.controller.flash()
        self.display.blank()
        self.monitor.blind()

    def _burns(self, group: int, switched: Burning) -> Burning:
        lit = dict(zip(Lamp, switched, strict=False))
        for lamp in lit:
            if (group, lamp) in self.damage.welded:
                lit[lamp] = True
            if (group, lamp) in self.damage.burnt_out:
                lit[lamp] = False
        return Burning(lit[Lamp.RED], lit[Lamp.YELLOW], lit[Lamp.GREEN])

    def _cut_yellow(self) -> None:
        cut_s = self.damage.cut_yellow_s
        if cut_s is None:
            return
        for group, lamp in enumerate(self.controller.lamps):
            if lamp is Lamp.YELLOW and self.controller.age_s[group] >= cut_s:
                self.controller.lamps[group] = Lamp.RED
                self.controller.age_s[group] = 0

    def seen(self) -> tuple[Lamp, ...]:
        """What a person in the street sees; dark where a group contradicts itself."""
        if self.controller.mode in {Mode.FLASHING, Mode.OFF}:
            return tuple(self.controller.lamps)
        seen = []
        for burning in self._burning:
            lit = [lamp for lamp, on in zip(Lamp, burning, strict=False) if on]
            seen.append(lit[0] if len(lit) == 1 else Lamp.DARK)
        return tuple(seen)

    def _sense(self, sensed: Sensed) -> None:
        for d, (count, share) in enumerate(zip(sensed.passages, sensed.covered, strict=True)):
            stuck = self.damage.stuck_detectors.get(d)
            self._counts[d] += count if stuck is None else 0
            self._active[d] = share > 0 or count > 0 if stuck is None else stuck > 0
            self._occupancy[d] = share if stuck is None else stuck

    def _called(self) -> frozenset[int]:
        """Groups that somebody stands before, or has pressed the button of, while not green."""
        lamps = self.controller.lamps
        return frozenset(
            g
            for d, detector in enumerate(self.junction.detectors)
            if self._active[d] and detector.role in {Role.PUSH_BUTTON, Role.STOP_LINE}
            for g in detector.groups
            if lamps[g] is not Lamp.GREEN
        )

    def outputs(self) -> dict[str, float]:
        """Every point of the register map, in its unit; NaN where there is nothing to say."""
        controller, monitor = self.controller, self.monitor
        mode = controller.mode
        out: dict[str, float] = {
            "heartbeat": self._seconds % 65536,
            "controller_mode": mode,
            "starts": self._starts % 65536,
            "monitor_trip": monitor.trip,
            "conflict_monitor": monitor.trip is not Trip.NONE,
            "remote_flash": self.remote.wants_flash,
            "remote_in_force": self.remote.holds,
            "lamp_fault": bool(self.damage.burnt_out or self.damage.welded),
            "mains_failed": not self.powered,
            "config_hash": self.config_hash,
            "backup_time": self.remote.backup_s,
            "groups_fitted": len(self.junction.groups),
            "detectors_fitted": len(self.junction.detectors),
            "preempt": self.preempt,
            "calls": mask_of(controller.called),
        }
        out |= {point: float(value) for point, value in self.remote.registers.items()}
        for k in range(1, GROUPS + 1):
            fitted = k <= len(self.junction.groups)
            lamp = controller.lamps[k - 1] if fitted else Lamp.DARK
            out[f"signal_{k}"] = _SHOWN.get(lamp, int(lamp)) if fitted else math.nan
            out[f"age_{k}"] = min(controller.age_s[k - 1], 65000) if fitted else math.nan
            shown = self.display.shown.get(k - 1)
            out[f"countdown_{k}"] = math.nan if shown is None else shown
        for k in range(1, DETECTORS + 1):
            fitted = k <= len(self._counts)
            out[f"count_{k}"] = self._counts[k - 1] % 65536 if fitted else math.nan
            out[f"occupancy_{k}"] = 100.0 * self._occupancy[k - 1] if fitted else math.nan
        return {name: float(value) for name, value in out.items()}
