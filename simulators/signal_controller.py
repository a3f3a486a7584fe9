"""A group-based signal controller: times its own intervals; obeys hold, force-off, omit, call.

One `step` is one second. What it is told can end a green or keep one from starting; yellow,
clearance, minimum green and red revert are its own configuration's (NTCIP 1202 behaves so).
Without remote control it runs actuated by its calls, stage after stage, each green to its maximum
while something else waits. From flash and from darkness it comes back through all red alone.
"""

from enum import IntEnum

from control.model import Junction, Lamp
from control.requests import LOCAL, Actuation

_LONG_AGO_S = 10_000


class Mode(IntEnum):
    """What it is doing; the codes of `controller_mode` in docs/reference/traffic-plc.md."""

    ACTUATED = 2
    ADAPTIVE = 4
    """Under remote control."""
    FLASHING = 6
    ALL_RED = 7
    """Starting."""
    OFF = 8


class SignalController:
    """The lamps of one junction, and for how long each has shown what it shows."""

    def __init__(self, junction: Junction) -> None:
        self.junction = junction
        count = len(junction.groups)
        self.lamps = [Lamp.RED] * count
        self.age_s = [0] * count
        """How long each group has shown its lamp."""
        self.since_green_s = [_LONG_AGO_S] * count
        """Since the end of its last green."""
        self.calls = [False] * count
        self._startup_s = junction.startup_red_s
        self._conflicting = [tuple(junction.conflicting(g)) for g in range(count)]
        self._yields_to = [tuple(h for g, h in junction.yields if g == k) for k in range(count)]
        self._local = junction.start_stage
        self._stopped: Mode | None = None
        self._led = False

    @property
    def mode(self) -> Mode:
        """What it is doing."""
        if self._stopped is not None:
            return self._stopped
        if self._startup_s > 0:
            return Mode.ALL_RED
        return Mode.ADAPTIVE if self._led else Mode.ACTUATED

    @property
    def called(self) -> frozenset[int]:
        """The groups whose call it remembers."""
        return frozenset(g for g, stands in enumerate(self.calls) if stands)

    def flash(self) -> None:
        """Every lamp flashes until `start`."""
        self._stop(Mode.FLASHING, Lamp.FLASH)

    def power_off(self) -> None:
        """The mains have failed: every lamp is dark, and what was called is forgotten."""
        self._stop(Mode.OFF, Lamp.DARK)
        self.calls = [False] * len(self.lamps)

    def start(self) -> None:
        """From flash or darkness: all red, then the start stage; everybody counts as waiting."""
        self._stopped = None
        self._startup_s = self.junction.startup_red_s
        self._local = self.junction.start_stage
        for group in range(len(self.lamps)):
            self._show(group, Lamp.RED)
            self.calls[group] = True

    def _stop(self, mode: Mode, lamp: Lamp) -> None:
        if self._stopped is mode:
            return
        self._stopped, self._led = mode, False
        for group in range(len(self.lamps)):
            if self.lamps[group] is Lamp.GREEN:
                self.since_green_s[group] = 0
            self._show(group, lamp)

    def step(self, told: Actuation = LOCAL) -> None:
        """Let one second pass under what was told."""
        for group in range(len(self.lamps)):
            self.age_s[group] += 1
            if self.lamps[group] is not Lamp.GREEN:
                self.since_green_s[group] += 1
        if self._stopped is not None:
            return
        if self._startup_s > 0:
            self._startup_s -= 1
            return
        for group in told.call:
            self.calls[group] = True
        if not told.remote:
            if self._led:
                self._local = self._nearest_stage()
            told = self._own(told)
            self._led = False
        else:
            self._led = True
        self._yellow_to_red()
        self._end_greens(told)
        self._begin_greens(told)

    def _yellow_to_red(self) -> None:
        for group, lamp in enumerate(self.lamps):
            if lamp is Lamp.YELLOW and self.age_s[group] >= self.junction.groups[group].yellow_s:
                self._show(group, Lamp.RED)

    def _end_greens(self, told: Actuation) -> None:
        ending = {
            group
            for group, lamp in enumerate(self.lamps)
            if lamp is Lamp.GREEN
            and group in told.force_off
            and group not in told.hold
            and self.age_s[group] >= self.junction.groups[group].minimum_green_s
        }
        # a yielding green that turned yellow beside a green it yields to would be a trap (I31)
        while trapped := self._trapped(ending):
            ending -= trapped
        for group in ending:
            self.since_green_s[group] = 0
            self._show(group, Lamp.YELLOW if self.junction.groups[group].yellow_s else Lamp.RED)

    def _trapped(self, ending: set[int]) -> set[int]:
        return {
            group
            for group in ending
            if any(
                self.lamps[other] is Lamp.GREEN and other not in ending
                for other in self._yields_to[group]
            )
        }

    def _begin_greens(self, told: Actuation) -> None:
        for group, lamp in enumerate(self.lamps):
            if (
                lamp is Lamp.RED
                and self.calls[group]
                and group not in told.omit
                and self._since_red(group) >= self.junction.groups[group].red_revert_s
                and all(self._cleared(other, group) for other in self._conflicting[group])
            ):
                self._show(group, Lamp.GREEN)
                self.calls[group] = False

    def _since_red(self, group: int) -> int:
        return self.age_s[group] if self.since_green_s[group] < _LONG_AGO_S else _LONG_AGO_S

    def _cleared(self, other: int, group: int) -> bool:
        """Whether `other` is red and the intergreen from it has passed."""
        return (
            self.lamps[other] is Lamp.RED
            and self.since_green_s[other] >= self.junction.intergreen_s[other, group]
        )

    def _show(self, group: int, lamp: Lamp) -> None:
        self.lamps[group] = lamp
        self.age_s[group] = 0

    def _nearest_stage(self) -> int:
        """Where to go on when remote control ends: the stage that is most nearly shown."""
        green = {g for g, lamp in enumerate(self.lamps) if lamp is Lamp.GREEN}
        stages = self.junction.stages
        return max(range(len(stages)), key=lambda s: (len(stages[s].green & green), -s))

    def _own(self, told: Actuation) -> Actuation:
        """Its own wishes: serve what is called, stage after stage."""
        stages = self.junction.stages
        now = stages[self._local].green
        green = {g for g, lamp in enumerate(self.lamps) if lamp is Lamp.GREEN}
        waiting = self.called - now
        done = green >= now or not any(self.calls[g] for g in now)
        due = all(
            self.age_s[g] >= min(self.junction.groups[g].maximum_green_s, 30) for g in green & now
        )
        if waiting and done and due:
            count = len(stages)
            for ahead in range(1, count):
                candidate = (self._local + ahead) % count
                if stages[candidate].green & waiting:
                    self._local = candidate
                    break
        target = stages[self._local].green
        return Actuation(
            hold=frozenset(green & target),
            force_off=frozenset(green - target),
            omit=frozenset(range(len(self.lamps))) - target,
            call=told.call,
        )
