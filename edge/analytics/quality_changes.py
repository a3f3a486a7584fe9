"""Which points became better or worse, and why: told once for each transition of a scan."""

import msgspec
import numpy as np
import numpy.typing as npt

from edge.analytics.link import is_cut_off
from edge.model.event import Detail, Event, EventKind
from edge.model.quality import Quality, QualityArray, name_of
from edge.model.scan import Scan

Mask = npt.NDArray[np.bool_]


class _Told(msgspec.Struct, array_like=True):
    fingerprint: str
    quality: bytes
    """Of each point, as last told; before an outage of the whole device, while it lasts."""
    standing: bytes
    """Of each point, as it is."""
    is_settled: bool = False
    """Whether a scan that leaves `standing` as it is has nothing to tell."""


class QualityChanges:
    """Events where the grade or the cause of points changed; a point is expected to begin good.

    While the whole device cannot be reached nothing is said of its points, and when it is back
    each is compared with what it was before: that the device went and came is another rule's word.
    """

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def watch(self, scan: Scan) -> list[Event]:
        """One event for each transition, with the points that made it."""
        device = scan.columns.device
        told = self._told.get(device)
        if told is None or told.fingerprint != scan.columns.fingerprint:
            told = self._told[device] = _begun(scan)
        if told.is_settled and scan.present is None and scan.quality.tobytes() == told.standing:
            return []
        came = np.ones(len(scan.columns), np.bool_) if scan.present is None else scan.present
        standing = np.where(came, scan.quality, np.frombuffer(told.standing, np.uint8))
        told.standing = standing.tobytes()
        told.is_settled = is_cut_off(standing)
        if told.is_settled:
            return []
        before = np.frombuffer(told.quality, np.uint8)
        told.quality = np.where(came, scan.quality, before).tobytes()
        told.is_settled = told.quality == told.standing
        return _transitions(scan, before, (scan.quality != before) & came)

    def state_of(self, device: str) -> bytes:
        """What is remembered of the device; empty where it was not seen."""
        told = self._told.get(device)
        return b"" if told is None else msgspec.msgpack.encode(told)

    def restore(self, device: str, state: bytes) -> None:
        """Take back what `state_of` gave."""
        if state:
            self._told[device] = msgspec.msgpack.decode(state, type=_Told)


def _begun(scan: Scan) -> _Told:
    expected = bytes([Quality.GOOD]) * len(scan.columns)
    return _Told(scan.columns.fingerprint, expected, bytes(len(scan.columns)))


def _transitions(scan: Scan, before: QualityArray, changed: Mask) -> list[Event]:
    positions = np.flatnonzero(changed)
    steps = before[positions].astype(np.uint16) * 256 + scan.quality[positions]
    events = []
    for step in np.unique(steps).tolist():
        names = [scan.columns.names[i] for i in positions[steps == step]]
        detail: dict[str, Detail] = {
            "from": name_of(step // 256),
            "to": name_of(step % 256),
            "points": names,
        }
        subject = scan.columns.device
        events.append(Event(EventKind.QUALITY_CHANGED, scan.measured_at, subject, detail))
    return events
