"""A simulated device is physics and nothing else: told the time, it says what can be seen."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from edge.model.clock import NS_PER_S, Instant

LONGEST_LEAP_S = 172_800.0
"""A clock that leaps further than two days is a clock being set: nothing happened in between."""


class Step(NamedTuple):
    """What a device shows from now on, and when it wants to be asked again."""

    outputs: dict[str, float]
    call_at: Instant | None
    """None where only a change of its inputs can change it."""


class SimDevice(Protocol):
    """One piece of the simulated world. Its random numbers and its time are handed to it."""

    def update(self, at: Instant, inputs: Mapping[str, float]) -> Step:
        """Live until `at` under these inputs.

        Asked for a time that is past, it shows what it showed last.
        """
        ...


class Grid:
    """Steps of one length, aligned to the epoch: what happens cannot depend on who looks when."""

    def __init__(self, step_s: float) -> None:
        self.step_s = step_s
        self._step_ns = round(step_s * NS_PER_S)
        self._last: int | None = None

    def steps(self, at: Instant) -> Iterator[Instant]:
        """The instants at which the steps since the last look begin, each `step_s` long."""
        here = at - at % self._step_ns
        last = here if self._last is None else self._last
        if last - here > NS_PER_S or here - last > LONGEST_LEAP_S * NS_PER_S:
            last = here
        self._last = last
        while self._last < here:
            begin = Instant(self._last)
            self._last += self._step_ns
            yield begin

    @property
    def next(self) -> Instant:
        """When the step under way ends."""
        return Instant((self._last or 0) + self._step_ns)
