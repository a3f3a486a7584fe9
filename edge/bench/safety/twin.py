"""The signal controller as a pure function of small integers: `simulators.signal_controller`, fast.

A test walks both side by side. `careless` is the same controller without its own checks of minimum
green and yellow trap while it is steered: what keeps those is then the shield alone.
"""

from typing import NamedTuple

from control.model import Junction, Lamp

RED, YELLOW, GREEN = int(Lamp.RED), int(Lamp.YELLOW), int(Lamp.GREEN)
DARK, FLASH = int(Lamp.DARK), int(Lamp.FLASH)
LOCAL_GREEN_S = 30


class Controller(NamedTuple):
    """Masks have a bit a group."""

    green: int
    clock_s: tuple[int, ...]
    """For a green how long it has lasted, else how long ago the last one ended; stops at a cap."""
    calls: int
    startup_s: int
    local: int
    led: bool
    """Whether it was steered in the last second."""
    stopped: int = RED
    """DARK or FLASH, or RED while it runs."""


class Orders(NamedTuple):
    """An actuation as masks."""

    remote: bool
    hold: int = 0
    force_off: int = 0
    omit: int = 0
    call: int = 0


class Twin:
    """One junction's controller."""

    def __init__(self, junction: Junction, *, careless: bool = False) -> None:
        groups = junction.groups
        count = range(len(groups))
        self.careless = careless
        self.count = len(groups)
        self.every = (1 << self.count) - 1
        self._startup_s = junction.startup_red_s
        self._start_stage = junction.start_stage
        self._yellow_s = [group.yellow_s for group in groups]
        self._minimum_s = [group.minimum_green_s for group in groups]
        self._local_s = [min(group.maximum_green_s, LOCAL_GREEN_S) for group in groups]
        self._back_s = [group.yellow_s + group.red_revert_s for group in groups]
        self._before = [
            [(h, 1 << h, junction.intergreen_s[h, g]) for h in sorted(junction.conflicting(g))]
            for g in count
        ]
        self._priority = [sum(1 << h for y, h in junction.yields if y == g) for g in count]
        self._stages = [sum(1 << g for g in stage.green) for stage in junction.stages]
        self._green_cap_s = [max(self._minimum_s[g], self._local_s[g]) for g in count]
        self._off_cap_s = [
            max([self._back_s[g], *(junction.intergreen_s[g, h] for h in junction.conflicting(g))])
            for g in count
        ]

    def first(self) -> Controller:
        """Just switched on."""
        clock_s = tuple(self._off_cap_s)
        return Controller(0, clock_s, 0, self._startup_s, self._start_stage, led=False)

    def lamps(self, state: Controller) -> tuple[int, ...]:
        """What it shows."""
        if state.stopped:
            return (state.stopped,) * self.count
        return tuple(
            GREEN if state.green >> g & 1 else YELLOW if clock < self._yellow_s[g] else RED
            for g, clock in enumerate(state.clock_s)
        )

    def stop(self, state: Controller, lamp: int) -> Controller:
        """Flash, or no power."""
        clock_s = tuple(
            0 if state.green >> g & 1 else clock for g, clock in enumerate(state.clock_s)
        )
        calls = 0 if lamp == DARK else state.calls
        return state._replace(green=0, clock_s=clock_s, calls=calls, led=False, stopped=lamp)

    def start(self, state: Controller) -> Controller:
        """Back from flash or darkness, through all red."""
        return state._replace(
            stopped=RED, startup_s=self._startup_s, local=self._start_stage, calls=self.every
        )

    def step(self, state: Controller, told: Orders) -> Controller:
        """One second."""
        green, before, calls, startup_s, local, _, stopped = state
        clock_s = [
            min(clock + 1, (self._green_cap_s if green >> g & 1 else self._off_cap_s)[g])
            for g, clock in enumerate(before)
        ]
        if stopped:
            return state._replace(clock_s=tuple(clock_s))
        if startup_s:
            return state._replace(clock_s=tuple(clock_s), startup_s=startup_s - 1)
        calls |= told.call
        remote = told.remote
        if not remote:
            if state.led:
                local = self._nearest(green)
            local = self._turn(local, green, calls, clock_s)
            target = self._stages[local]
            told = Orders(False, green & target, green & ~target, self.every & ~target)
        ending = told.force_off & green & ~told.hold
        if not (self.careless and remote):
            for g in range(self.count):
                if ending >> g & 1 and clock_s[g] < self._minimum_s[g]:
                    ending &= ~(1 << g)
            ending = self._without_trap(ending, green)
        for g in range(self.count):
            if ending >> g & 1:
                clock_s[g] = 0
        green &= ~ending
        for g in range(self.count):
            bit = 1 << g
            if (
                calls & bit
                and not (green | told.omit) & bit
                and clock_s[g] >= self._back_s[g]
                and all(
                    not green & other and clock_s[h] >= needed_s
                    for h, other, needed_s in self._before[g]
                )
            ):
                green |= bit
                clock_s[g] = 0
                calls &= ~bit
        return Controller(green, tuple(clock_s), calls, 0, local, remote)

    def _without_trap(self, ending: int, green: int) -> int:
        while True:
            trapped = 0
            for g in range(self.count):
                if ending >> g & 1 and self._priority[g] & green & ~ending:
                    trapped |= 1 << g
            if not trapped:
                return ending
            ending &= ~trapped

    def _nearest(self, green: int) -> int:
        stages = self._stages
        return max(range(len(stages)), key=lambda s: ((stages[s] & green).bit_count(), -s))

    def _turn(self, local: int, green: int, calls: int, clock_s: list[int]) -> int:
        """The stage that its own program is in."""
        now = self._stages[local]
        waiting = calls & ~now
        done = green & now == now or not calls & now
        if not waiting or not done:
            return local
        for g in range(self.count):
            if green & now & 1 << g and clock_s[g] < self._local_s[g]:
                return local
        count = len(self._stages)
        for ahead in range(1, count):
            candidate = (local + ahead) % count
            if self._stages[candidate] & waiting:
                return candidate
        return local
