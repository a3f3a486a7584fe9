"""Detectors that fail in mid-run, drawn at random: stuck on, stuck off, chattering, or silent."""

import random
import zlib

import numpy as np

from control.observe import Floats
from edge.bench.signals.spec import DetectorFailures

KINDS = ("on", "off", "chatter", "silent")


class Broken:
    """What one junction's detectors say once some have failed."""

    def __init__(
        self, failures: DetectorFailures | None, begin_s: int, signal: str, detectors: int
    ) -> None:
        self._from_s = None if failures is None else begin_s + failures.after_s
        self._kinds: dict[int, str] = {}
        self._rng = random.Random(0)
        if failures is not None:
            self._rng = random.Random(failures.seed * 1_000_003 + zlib.crc32(signal.encode()))
            for detector in range(detectors):
                if self._rng.random() < failures.share:
                    self._kinds[detector] = self._rng.choice(KINDS)

    def second(self, at_s: int, count: Floats, occupancy: Floats) -> tuple[Floats, Floats]:
        """Counts and occupancy as the planner gets them."""
        if self._from_s is None or at_s < self._from_s:
            return count, occupancy
        count, occupancy = count.copy(), occupancy.copy()
        for detector, kind in self._kinds.items():
            match kind:
                case "on":
                    count[detector], occupancy[detector] = 0.0, 1.0
                case "off":
                    count[detector], occupancy[detector] = 0.0, 0.0
                case "chatter":
                    count[detector] = float(self._rng.randrange(6))
                    occupancy[detector] = self._rng.random()
                case _:
                    count[detector] = occupancy[detector] = np.nan
        return count, occupancy
