"""Whether a device answers: told when that changes, with the cause and how long it had lasted."""

import msgspec
import numpy as np

from edge.analytics.link import is_cut_off, main_cause
from edge.model.clock import NS_PER_MS
from edge.model.event import Detail, Event, EventKind
from edge.model.quality import Quality, QualityArray, name_of
from edge.model.scan import Scan


class _Health(msgspec.Struct, array_like=True):
    fingerprint: str
    quality: bytes
    """The last cell's, of each point."""
    cause: int = 0
    """Why it is down; 0 while it is up."""
    since: int = 0
    since_mono_ns: int = 0
    boot: str = ""
    """Empty until the first scan has said whether it is up or down."""


class DeviceHealth:
    """Down: the newest cell of every point is bad with a link cause. Up: any is not.

    A scan that brought only some cells (a subscription) is judged together with the cells that
    stand, so that one lost node of a server does not make the whole server down. The first scan of
    a device says which of the two it is.
    """

    def __init__(self) -> None:
        self._health: dict[str, _Health] = {}

    def watch(self, scan: Scan) -> list[Event]:
        """One event where the device came up or went down with this scan."""
        device = scan.columns.device
        health = self._health.get(device)
        if health is None or health.fingerprint != scan.columns.fingerprint:
            health = self._health[device] = _begun(scan, health)
        elif scan.present is None and scan.quality.tobytes() == health.quality and health.boot:
            return []
        quality = _standing(scan, health)
        health.quality = quality.tobytes()
        if scan.present is not None and not scan.present.any():
            return []
        cause = main_cause(quality) if is_cut_off(quality) else Quality.BAD
        if health.boot and bool(cause) == bool(health.cause):
            return []
        return [_turned(scan, health, cause)]

    def state_of(self, device: str) -> bytes:
        """What is remembered of the device; empty where it was not seen."""
        health = self._health.get(device)
        return b"" if health is None else msgspec.msgpack.encode(health)

    def restore(self, device: str, state: bytes) -> None:
        """Take back what `state_of` gave."""
        if state:
            self._health[device] = msgspec.msgpack.decode(state, type=_Health)


def _begun(scan: Scan, before: _Health | None) -> _Health:
    unknown = bytes(len(scan.columns))
    fingerprint = scan.columns.fingerprint
    if before is None:
        return _Health(fingerprint, unknown)
    return msgspec.structs.replace(before, fingerprint=fingerprint, quality=unknown)


def _standing(scan: Scan, health: _Health) -> QualityArray:
    if scan.present is None:
        return scan.quality
    before = np.frombuffer(health.quality, np.uint8)
    return np.where(scan.present, scan.quality, before)


def _turned(scan: Scan, health: _Health, cause: Quality) -> Event:
    kind = EventKind.DEVICE_DOWN if cause else EventKind.DEVICE_UP
    detail: dict[str, Detail] = {}
    if cause or health.cause:
        detail["cause"] = name_of(cause or health.cause)
    if health.boot:
        detail["up_s" if cause else "down_s"] = _lasted_s(scan, health)
    health.cause = int(cause)
    health.since, health.since_mono_ns = scan.measured_at, scan.mono_ns
    health.boot = scan.boot
    return Event(kind, scan.measured_at, scan.columns.device, detail)


def _lasted_s(scan: Scan, health: _Health) -> float:
    if scan.boot == health.boot:
        lasted_ns = scan.mono_ns - health.since_mono_ns
    else:
        lasted_ns = scan.measured_at - health.since
    return round(max(lasted_ns, 0) / NS_PER_MS) / 1000
