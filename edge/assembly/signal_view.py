"""A signal controller's scan is a read-back to the shield and an observation to the planner."""

from collections.abc import Sequence

import numpy as np

from control.fingerprint import spelt
from control.model import Junction, Lamp
from control.observe import Floats, Observation
from control.safety import ReadBack
from control.safety_tables import groups_of
from edge.model.clock import NS_PER_MS
from edge.model.point import Columns
from edge.model.quality import is_good
from edge.model.scan import Scan

COUNTER = 65536
OFF = 8
"""Of `controller_mode`."""
_LAMPS = {0: Lamp.RED, 1: Lamp.YELLOW, 2: Lamp.GREEN, 4: Lamp.FLASH, 5: Lamp.DARK}


class SignalView:
    """Reads the scans of one junction's controller; it remembers the last counts alone."""

    def __init__(self, junction: Junction, columns: Columns, detectors: Sequence[str]) -> None:
        """`detectors` are the junction's detectors in the order of the controller's numbers."""
        place = {name: i for i, name in enumerate(columns.names)}
        groups = range(1, len(junction.groups) + 1)
        self._place = place
        self._lamps = np.array([place[f"signal_{k}"] for k in groups])
        self._ages = np.array([place[f"age_{k}"] for k in groups])
        known = {detector.id: d for d, detector in enumerate(junction.detectors)}
        self._own = np.array([known[name] for name in detectors], np.intp)
        wired = range(1, len(detectors) + 1)
        self._counts = np.array([place[f"count_{k}"] for k in wired], np.intp)
        self._covered = np.array([place[f"occupancy_{k}"] for k in wired], np.intp)
        self._detectors = len(junction.detectors)
        self._groups = len(junction.groups)
        self._last: tuple[float, Floats] | None = None
        """Starts and counts of the last scan."""

    def read_back(self, scan: Scan | None, now_ms: int) -> ReadBack | None:
        """What the shield compares with; None where anything of it was not read."""
        if scan is None:
            return None
        codes = self._good(scan, self._lamps)
        mode, calls = self.value(scan, "controller_mode"), self.value(scan, "calls")
        trip, remote = self.value(scan, "conflict_monitor"), self.value(scan, "remote_in_force")
        number = self.value(scan, "config_hash")
        if np.isnan([*codes, mode, calls, trip, remote, number]).any():
            return None
        if any(int(code) not in _LAMPS for code in codes):
            return None
        lamps = tuple(_LAMPS[int(code)] for code in codes)
        return ReadBack(
            lamps,
            remote=bool(remote),
            config_hash=spelt(int(number)),
            flash=Lamp.FLASH in lamps or bool(trip),
            fault=int(mode) == OFF or Lamp.DARK in lamps,
            calls=frozenset(g for g in groups_of(int(calls)) if g < self._groups),
            age_ms=max(0, now_ms - scan.mono_ns // NS_PER_MS),
        )

    def observation(self, scan: Scan, seen: ReadBack, at_s: int) -> Observation:
        """What the planner is told; a detector that was not read, or is not wired, is NaN."""
        count = np.full(self._detectors, np.nan)
        covered = np.full(self._detectors, np.nan)
        count[self._own] = self._passed(scan)
        covered[self._own] = self._good(scan, self._covered) / 100.0
        ages = np.nan_to_num(self._good(scan, self._ages))
        preempt = self.value(scan, "preempt")
        return Observation(
            at_s,
            seen.lamps,
            tuple(int(age) for age in ages),
            count,
            covered,
            seen.calls,
            preempt=int(preempt) - 1 if 1 <= preempt <= self._groups else None,
        )

    def value(self, scan: Scan, point: str) -> float:
        """One value; NaN where it is not good."""
        i = self._place[point]
        return float(scan.values[i]) if is_good(scan.quality[i]) else float("nan")

    def _good(self, scan: Scan, places: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> Floats:
        return np.where(is_good(scan.quality[places]), scan.values[places], np.nan)

    def _passed(self, scan: Scan) -> Floats:
        """Counts since the last scan; NaN over a restart, for then they began anew."""
        counts = self._good(scan, self._counts)
        starts = self.value(scan, "starts")
        last, self._last = self._last, (starts, counts)
        if last is None or last[0] != starts:
            return np.full(len(counts), np.nan)
        passed: Floats = (counts - last[1]) % COUNTER
        return passed
