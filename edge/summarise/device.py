"""One device's open window, from scan to scan."""

import numpy as np

from edge.model.clock import NS_PER_MS, Instant, Window
from edge.model.event import Event, EventKind
from edge.model.message import Lane
from edge.model.point import Columns
from edge.model.scan import Scan
from edge.ports import Letter
from edge.summarise.counters import Counters
from edge.summarise.layout import Layout
from edge.summarise.tally import Tally
from edge.summarise.timeline import Timeline


class DeviceDigest:
    """What is remembered of one device between two scans."""

    def __init__(
        self,
        layout: Layout,
        timeline: Timeline,
        window: Window,
        tally: Tally,
        counters: Counters,
    ) -> None:
        self.layout = layout
        self.timeline = timeline
        self.window = window
        self.tally = tally
        self.counters = counters

    @classmethod
    def begun_by(cls, scan: Scan) -> "DeviceDigest":
        """A device seen for the first time, before its first scan is taken."""
        layout = Layout(scan.columns)
        window = Window.containing(scan.measured_at, layout.window_ns)
        return cls(layout, Timeline.begun_by(scan), window, _blank(layout), Counters(layout))

    def succeeded_by(self, columns: Columns) -> "DeviceDigest":
        """The same device with other points; time goes on, and so do counters that stayed."""
        layout = Layout(columns)
        at = self.timeline.at
        window = Window(at, Window.containing(at, layout.window_ns).until)
        counters = Counters(layout)
        counters.inherit(self.counters)
        return DeviceDigest(layout, self.timeline, window, _blank(layout), counters)

    @property
    def columns(self) -> Columns:
        """The points it is a memory of."""
        return self.layout.columns

    def adopt(self, columns: Columns) -> None:
        """Go on with Columns that mean the same: their period or limits may differ."""
        layout = Layout(columns)
        self.layout = layout
        self.tally.adopt(layout)
        self.counters.adopt(layout)

    def absorb(self, scan: Scan) -> list[Letter]:
        """Let time pass until the scan, then take its cells."""
        with np.errstate(over="ignore", invalid="ignore"):
            letters = self.pass_until(scan)
            self.tally.take(scan.values, scan.quality, scan.present)
            if self.layout.counters.size:
                letters += self._count(scan)
        return letters

    def pass_until(self, scan: Scan) -> list[Letter]:
        """Let time pass, close what ended, and break the window off where the clock was stepped."""
        passage = self.timeline.passage(scan, self.layout.hold_ns)
        run_ns = passage.run_ns
        letters: list[Letter] = []
        if passage.until >= self.window.until:
            run_ns = self._close_through(passage.until, run_ns, letters)
        self._stand(run_ns)
        self.timeline.at = passage.until
        if passage.step_ns:
            letters += self.cut_short(stepped=True)
            end = Window.containing(scan.measured_at, self.layout.window_ns).until
            self.window = Window(scan.measured_at, end)
            letters.append(_stepped(scan, passage.step_ns))
        self.timeline.arrive(scan, stepped=passage.step_ns != 0)
        return letters

    def close_until(self, now: Instant) -> list[Letter]:
        """Close the windows that ended at or before `now`, though no scan said so."""
        letters: list[Letter] = []
        if now >= self.window.until and not self._is_idle():
            with np.errstate(over="ignore", invalid="ignore"):
                while now >= self.window.until and not self._is_idle():
                    self._stand(self.window.until - self.timeline.at)
                    letters += self._close()
        return letters

    def cut_short(self, *, stepped: bool) -> list[Letter]:
        """Close the window where the device's time stands, before its end."""
        return self._summarised(Window(self.window.since, self.timeline.at), stepped=stepped)

    def _close_through(self, until: Instant, run_ns: int, letters: list[Letter]) -> int:
        while until >= self.window.until:
            if self._is_idle():
                self.window = Window.containing(until, self.layout.window_ns)
                self.counters.open_window()
                return 0
            part_ns = min(self.window.until - self.timeline.at, run_ns)
            self._stand(part_ns)
            run_ns -= part_ns
            letters += self._close()
        return run_ns

    def _is_idle(self) -> bool:
        """Whether the open window has nothing to tell, and no value stands to change that."""
        expired = self.timeline.gone_ns >= self.layout.hold_ns or not self.tally.valid.any()
        return expired and self.tally.is_empty()

    def _stand(self, run_ns: int) -> None:
        gone_ns, hold_ns = self.timeline.gone_ns, self.layout.hold_ns
        self.timeline.gone_ns = gone_ns + run_ns
        self.tally.stand(min(gone_ns + run_ns, hold_ns) - min(gone_ns, hold_ns))

    def _close(self) -> list[Letter]:
        window = self.window
        letters = self._summarised(window, stepped=False)
        self.timeline.at = window.until
        self.window = Window.containing(window.until, self.layout.window_ns)
        return letters

    def _summarised(self, window: Window, *, stepped: bool) -> list[Letter]:
        letters: list[Letter] = []
        if not self.tally.is_empty():
            summary = self.tally.summary(window, self.counters, stepped=stepped)
            letters.append(Letter(Lane.INTERVAL, summary))
            self.tally = self.tally.next()
        self.counters.open_window()
        return letters

    def _count(self, scan: Scan) -> list[Letter]:
        tally, positions = self.tally, self.layout.counters
        good = tally.valid.take(positions)
        if scan.present is not None:
            good &= scan.present.take(positions)
        everyone = np.count_nonzero(good) == len(good)
        events = self.counters.take(
            scan.values.take(positions),
            None if everyone else good,
            self.timeline.life_ns,
            scan.measured_at,
        )
        return [Letter(Lane.EVENT, event) for event in events]


def _blank(layout: Layout) -> Tally:
    return Tally(layout, np.zeros(layout.size), np.zeros(layout.size, np.uint8))


def _stepped(scan: Scan, step_ns: int) -> Letter:
    event = Event(
        EventKind.CLOCK_STEPPED,
        scan.measured_at,
        scan.columns.device,
        {
            "from_ms": (scan.measured_at - step_ns) // NS_PER_MS,
            "to_ms": scan.measured_at // NS_PER_MS,
            "step_ms": round(step_ns / NS_PER_MS),
        },
    )
    return Letter(Lane.EVENT, event)
