"""What time it is for one device: never backwards, except where the wall clock was stepped."""

from dataclasses import dataclass
from typing import NamedTuple

from edge.model.clock import NS_PER_S, Instant
from edge.model.scan import Scan

STEP_NS = NS_PER_S // 2
"""Wall time that differs by more than this from monotonic time was stepped, not slewed."""


class Passage(NamedTuple):
    """The time from the newest scan to the next one, as far as it was not given out yet."""

    run_ns: int
    """Time that truly passed."""
    until: Instant
    """Where the device's time stands after it, by the clock as it was before any step."""
    step_ns: int
    """How far the wall clock was stepped; 0 where it was not."""


@dataclass(slots=True)
class Timeline:
    """A device's place in time.

    A Scan's `measured_at` and `mono_ns` must name the same moment on two clocks. In one boot the
    monotonic clock says how long something lasted; the wall clock says only in which window.
    """

    boot: str
    wall: Instant
    """Wall time of the newest scan, as it was stamped."""
    mono_ns: int
    """Monotonic time of the newest scan."""
    at: Instant
    """Wall time up to which time was given out."""
    gone_ns: int = 0
    """Time given out since the newest scan."""
    life_ns: int = 0
    """Time between the first scan and the newest: the axis on which rates are judged."""

    @classmethod
    def begun_by(cls, scan: Scan) -> "Timeline":
        """The first scan of a device."""
        return cls(scan.boot, scan.measured_at, scan.mono_ns, scan.measured_at)

    def passage(self, scan: Scan, hold_ns: int) -> Passage:
        """What passes between the newest scan and this one; a late scan passes nothing.

        Within a boot the two clocks are compared. Between boots only a jump back by more than
        `hold_ns` can be told from an ordinary gap.
        """
        moved_ns = scan.measured_at - self.wall
        if scan.boot == self.boot:
            run_ns = scan.mono_ns - self.mono_ns
            step_ns = moved_ns - run_ns
            if -STEP_NS <= step_ns <= STEP_NS:
                step_ns = 0
        else:
            run_ns = max(moved_ns, 0)
            step_ns = moved_ns if moved_ns < -hold_ns else 0
        left_ns = max(run_ns - self.gone_ns, 0)
        until = Instant(self.at + left_ns) if step_ns else max(scan.measured_at, self.at)
        return Passage(left_ns, until, step_ns)

    def arrive(self, scan: Scan, *, stepped: bool) -> None:
        """Make `scan` the newest; a late one of the same boot leaves the newest as it is."""
        if scan.boot == self.boot:
            run_ns = scan.mono_ns - self.mono_ns
            if run_ns < 0 and not stepped:
                return
        else:
            run_ns = scan.measured_at - self.wall
        self.life_ns += max(run_ns, 0)
        self.boot, self.wall, self.mono_ns = scan.boot, scan.measured_at, scan.mono_ns
        self.gone_ns = 0
        if stepped:
            self.at = scan.measured_at
