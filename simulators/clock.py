"""Time that moves when it is told to, and an event loop that tells it."""

import asyncio
import selectors

from edge.model.clock import NS_PER_S, ClockQuality, Instant

A_MONDAY_MORNING = Instant(1_767_571_200 * NS_PER_S)
"""2026-01-05T00:00:00Z, seven in the morning in Vũng Tàu."""


class ManualClock:
    """A clock that stands until `advance` moves it; the wall may also be stepped alone."""

    def __init__(self, at: Instant = A_MONDAY_MORNING, *, boot: str = "manual") -> None:
        self.boot = boot
        self._wall_ns = int(at)
        self._mono_ns = 0
        self._quality = ClockQuality.SYNCED

    def now(self) -> Instant:
        """Wall time."""
        return Instant(self._wall_ns)

    def mono_ns(self) -> int:
        """Monotonic time, from zero."""
        return self._mono_ns

    def quality(self) -> ClockQuality:
        """What `now()` is worth."""
        return self._quality

    def advance(self, seconds: float) -> None:
        """Both times move on.

        Raises:
            ValueError: `seconds` is negative; `step` is for that.
        """
        if seconds < 0:
            raise ValueError(f"time cannot advance by {seconds} s: step the wall clock instead")
        ns = round(seconds * NS_PER_S)
        self._wall_ns += ns
        self._mono_ns += ns

    def step(self, seconds: float, quality: ClockQuality = ClockQuality.SYNCED) -> None:
        """The wall clock alone is set, forward or back."""
        self._wall_ns += round(seconds * NS_PER_S)
        self._quality = quality


class _LeapingSelector(selectors.DefaultSelector):
    """Where the loop would wait for time, time comes at once."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready and timeout > 0:
            self._clock.advance(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands while anything can run, and leaps when all wait.

    For what lives in one process: a peer behind a real socket takes real time, over which this
    loop would leap.
    """

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(_LeapingSelector(clock))
        self._manual = clock
        # Timers are due a hair early, so that a leap cannot fall short of one by rounding.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """The clock's monotonic time, in seconds."""
        return self._manual.mono_ns() / NS_PER_S
