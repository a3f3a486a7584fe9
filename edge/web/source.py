"""What the page needs from the rest of the gateway, and nothing more."""

import math
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from edge.model.event import Event
from edge.model.point import Kind
from edge.model.quality import QualityArray
from edge.model.scan import Values


class PointView(msgspec.Struct, frozen=True, kw_only=True):
    """One point as a person reads it."""

    name: str
    kind: Kind
    quantity: str = ""
    unit: str = "1"
    """UCUM code; the page prints it as people write it."""
    labels: dict[str, str] = {}
    """What people call it, by language: `vi`, `en`."""
    states: dict[int, str] = {}
    """Meaning of each value of a state."""


class DeviceView(msgspec.Struct, frozen=True, kw_only=True):
    """One device; the order of `points` is the order of its cells for as long as the view lives."""

    id: str
    labels: dict[str, str] = {}
    title: str = ""
    """Title of its profile."""
    protocol: Literal["modbus", "opcua"] = "modbus"
    address: str = ""
    """Where a technician finds it: `modbus+tcp://10.0.0.12 unit 1`."""
    period_s: float = 1.0
    facts: dict[str, str] = {}
    """Serial number, firmware: texts read at connect."""
    points: list[PointView] = []


class SiteView(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway and what it reads."""

    gateway: str
    place: str = ""
    timezone: str = "UTC"
    """IANA name: the page shows the site's time, wherever the reader is."""
    version: str = ""
    devices: list[DeviceView] = []


class Cells(msgspec.Struct, frozen=True, kw_only=True):
    """The latest of one device, in the order of its points."""

    device: str
    measured_at_ms: int | list[int]
    """Unix time; one number where all cells are of one look, else one for each cell."""
    values: list[float | None]
    quality: list[int]
    """Codes of `edge.model.quality`."""


class Latest(msgspec.Struct, frozen=True, kw_only=True):
    """What is newer than a version."""

    version: int
    """From 1, rising with every change; a caller hands it back as `since`."""
    cells: Sequence[Cells] = ()


class DeviceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a device answers, and since when it does or does not."""

    device: str
    state: Literal["waiting", "up", "down"]
    """`waiting` until the first look has ended."""
    since_ms: int | None = None
    last_scan_ms: int | None = None
    """The last look, successful or not."""
    cause: int | None = None
    """Quality code that most cells of the failed look carry; None while it is up."""
    detail: str = ""
    """What the driver said, in its own words."""
    scans: int = 0
    failed: int = 0
    """Looks that brought nothing, among `scans`."""


class LaneView(msgspec.Struct, frozen=True, kw_only=True):
    """How far one lane has come; all are numbers of messages in the present epoch."""

    lane: str
    stored: int = 0
    """The last number given out."""
    sent: int = 0
    """The last number handed to the broker."""
    confirmed: int = 0
    """Messages that the operations centre holds."""
    waiting: int = 0
    """Stored and not confirmed."""
    confirmed_at_ms: int | None = None
    """When a watermark last moved."""


class SyncView(msgspec.Struct, frozen=True, kw_only=True):
    """The road to the operations centre."""

    connected: bool = False
    since_ms: int | None = None
    broker: str = ""
    """Its address; empty where the site has no uplink."""
    receiver_seen_ms: int | None = None
    """When anything last came from the operations centre's receiver."""
    lanes: Sequence[LaneView] = ()


class StoreView(msgspec.Struct, frozen=True, kw_only=True):
    """The disk."""

    bytes: int = 0
    limit_bytes: int = 0
    last_commit_ms: int | None = None
    commits: int = 0
    cells: int = 0
    """Cells whose commit returned, since the process began."""
    degraded: str = ""
    """What is wrong, as a sentence; empty where nothing is."""


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """The stored cells of one point, oldest first."""

    measured_at_ms: list[int]
    values: list[float | None]
    quality: list[int]

    @classmethod
    def of(
        cls, measured_at: npt.NDArray[np.int64], values: Values, quality: QualityArray
    ) -> "Trend":
        """From columns as the store keeps them: int64[n] Instants, float64[n], uint8[n]."""
        return cls(
            measured_at_ms=(measured_at // 1_000_000).tolist(),
            values=numbers(values),
            quality=quality.tolist(),
        )


class PageSource(Protocol):
    """The rest of the gateway, seen from the page. Only `trend` may touch the disk."""

    def site(self) -> SiteView:
        """The same object until something in it changes: identity is how a change is noticed."""
        ...

    def latest(self, since: int) -> Latest:
        """The devices whose cells changed after version `since`; 0 asks for all of them."""
        ...

    def health(self) -> Sequence[DeviceHealth]:
        """Every device of the site, in its order."""
        ...

    def sync(self) -> SyncView:
        """Numbers in memory; no lane is counted for this call."""
        ...

    def store(self) -> StoreView:
        """Numbers in memory; no file is looked at for this call."""
        ...

    async def trend(self, device: str, point: str, since_ms: int, until_ms: int) -> Trend:
        """Committed cells with `since_ms <= measured_at < until_ms`, good or not.

        Raises:
            StoreFailed: the disk did not give them.
        """
        ...

    def events(self, limit: int) -> Sequence[Event]:
        """The newest `limit` events, newest first; the same objects each time."""
        ...


def numbers(values: Values) -> list[float | None]:
    """JSON knows neither NaN nor infinities: both become null."""
    if np.isfinite(values).all():
        plain: list[float | None] = values.tolist()
        return plain
    return [value if math.isfinite(value) else None for value in values.tolist()]
