"""What every device looks like now: one scan a device, judged for age when somebody looks."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge.model.clock import NS_PER_S, Clock
from edge.model.quality import Quality, is_bad
from edge.model.scan import Scan, Values

PERIODS_UNTIL_STALE = 2
SOONEST_STALE_S = 2.0
"""A machine that was busy for a second is not a device that fell silent."""


@dataclass(frozen=True, slots=True)
class _Kept:
    scan: Scan
    received_mono_ns: int
    version: int


class Latest:
    """The newest cell of every point. Memory is one scan for each device, whatever comes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}  # least recently updated first
        self.version = 0
        """Rises by one with every update."""

    def update(self, scan: Scan) -> None:
        """Take a scan; where it brought only some cells, the others stand as they were."""
        device = scan.columns.device
        before = self._kept.pop(device, None)
        if scan.present is not None:
            scan = _merged(before.scan if before else None, scan, scan.present)
        self.version += 1
        self._kept[device] = _Kept(scan, self._clock.mono_ns(), self.version)

    def devices(self) -> tuple[str, ...]:
        """The devices that were ever seen, the longest silent first."""
        return tuple(self._kept)

    def of(self, device: str) -> Scan | None:
        """The device's cells as they stand now; None where it was never seen.

        Nothing heard for more than two periods, and two seconds: what was not bad is `STALE`. Age
        is counted from the receipt, on the monotonic clock: a clock step makes nothing old.
        """
        kept = self._kept.get(device)
        return None if kept is None else self._aged(kept)

    def since(self, version: int) -> tuple[int, list[Scan]]:
        """The version now, and the devices updated after `version`, the newest first.

        Devices that have gone stale are always among them: no update will ever say so.
        """
        found = [
            self._aged(kept)
            for kept in reversed(self._kept.values())
            if kept.version > version or self._is_stale(kept)
        ]
        return self.version, found

    def _is_stale(self, kept: _Kept) -> bool:
        age_s = (self._clock.mono_ns() - kept.received_mono_ns) / NS_PER_S
        return age_s > max(PERIODS_UNTIL_STALE * kept.scan.columns.period_s, SOONEST_STALE_S)

    def _aged(self, kept: _Kept) -> Scan:
        scan = kept.scan
        if not self._is_stale(kept):
            return scan
        stale = np.where(is_bad(scan.quality), scan.quality, np.uint8(Quality.STALE))
        return replace(scan, quality=stale)


def _merged(before: Scan | None, scan: Scan, present: npt.NDArray[np.bool_]) -> Scan:
    if before is None or before.columns.fingerprint != scan.columns.fingerprint:
        values = np.where(present, scan.values, np.nan)
        quality = np.where(present, scan.quality, np.uint8(Quality.BAD))
    else:
        values = np.where(present, scan.values, before.values)
        quality = np.where(present, scan.quality, before.quality)
    return replace(scan, values=values, quality=quality, present=None)


class Thinned:
    """What one watcher of live values has not been shown: changes below the deadband stay unsaid.

    The change is counted from what was last shown, not from the last scan, so that a slow drift is
    shown too. The work is done when somebody looks, not when a scan comes.
    """

    def __init__(self, latest: Latest) -> None:
        self._latest = latest
        self._shown: dict[str, tuple[str, Values, bytes]] = {}

    def forget(self) -> None:
        """Show everything again next time, for a road that may lose what it was given."""
        self._shown.clear()

    def take(self) -> list[Scan]:
        """The devices of which something is worth showing; `present` says which cells."""
        return [shown for device in self._latest.devices() if (shown := self._news_of(device))]

    def _news_of(self, device: str) -> Scan | None:
        scan = self._latest.of(device)
        if scan is None:
            return None
        fingerprint, last, last_quality = self._shown.get(device, ("", scan.values, b""))
        if fingerprint != scan.columns.fingerprint:
            kept = (scan.columns.fingerprint, scan.values.copy(), scan.quality.tobytes())
            self._shown[device] = kept
            return scan
        with np.errstate(invalid="ignore", over="ignore"):
            change = np.abs(scan.values - last)
        news = (change >= scan.columns.deadband) & (scan.values != last)
        news |= np.isnan(scan.values) != np.isnan(last)
        news |= scan.quality != np.frombuffer(last_quality, np.uint8)
        if not news.any():
            return None
        last[news] = scan.values[news]
        self._shown[device] = (fingerprint, last, scan.quality.tobytes())
        return replace(scan, present=news)
