"""The gateway as the page sees it."""

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from edge.assembly.links import address_of
from edge.assembly.version import VERSION
from edge.model.clock import NS_PER_MS, Instant
from edge.model.event import Event
from edge.web.cells import cells_of
from edge.web.source import (
    DeviceHealth,
    DeviceView,
    LaneView,
    Latest,
    PointView,
    SiteView,
    StoreView,
    SyncView,
    Trend,
)

if TYPE_CHECKING:
    from drivers.settings import DeviceSettings
    from edge.assembly.gateway import Gateway


class GatewaySource:
    """`edge.web.source.PageSource` over a running gateway."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        site = gateway.site
        self._site = SiteView(
            gateway=site.gateway,
            place=site.place.name,
            timezone=site.place.timezone,
            version=VERSION,
            devices=[_view_of(device) for device in site.devices],
        )
        self._facts: dict[str, dict[str, str]] = {}

    def site(self) -> SiteView:
        """The description, made anew when a device told new facts."""
        facts = {device.id: dict(device.columns.facts) for device in self._gateway.site.devices}
        if facts != self._facts:
            self._facts = facts
            devices = [_view_of(device) for device in self._gateway.site.devices]
            self._site = SiteView(
                gateway=self._site.gateway,
                place=self._site.place,
                timezone=self._site.timezone,
                version=VERSION,
                devices=devices,
            )
        return self._site

    def latest(self, since: int) -> Latest:
        """The devices whose cells changed after version `since`."""
        version, scans = self._gateway.latest.since(since)
        cells = [cells_of(scan) for scan in scans]
        return Latest(version=version, cells=cells)

    def health(self) -> Sequence[DeviceHealth]:
        """Every device of the site, in its order."""
        return [self._health_of(device.id) for device in self._gateway.site.devices]

    def _health_of(self, device: str) -> DeviceHealth:
        carried = self._gateway.carried[device]
        states: dict[bool | None, Literal["waiting", "up", "down"]]
        states = {None: "waiting", True: "up", False: "down"}
        return DeviceHealth(
            device=device,
            state=states[carried.up],
            since_ms=_ms(carried.turned_at),
            last_scan_ms=_ms(carried.last_at),
            cause=carried.cause,
            scans=carried.scans,
            failed=carried.failed,
        )

    def sync(self) -> SyncView:
        """How far the lanes have come."""
        uplink, sync = self._gateway.site.uplink, self._gateway.sync
        if uplink is None or sync is None:
            return SyncView(broker=uplink.url if uplink else "")
        status = sync.status()
        return SyncView(
            connected=status.connected,
            since_ms=_ms(status.since),
            broker=uplink.url,
            receiver_seen_ms=_ms(status.receiver_seen_at),
            lanes=[
                LaneView(
                    lane=lane.lane,
                    stored=lane.stored,
                    sent=lane.sent,
                    confirmed=lane.confirmed,
                    waiting=lane.depth,
                    confirmed_at_ms=_ms(lane.confirmed_at),
                )
                for lane in status.lanes
            ],
        )

    def store(self) -> StoreView:
        """The disk."""
        health = self._gateway.store.health()
        return StoreView(
            bytes=health.bytes_on_disk,
            limit_bytes=health.limit_bytes,
            last_commit_ms=_ms(health.last_commit),
            commits=health.commits,
            cells=health.cells_committed,
            degraded=health.degraded,
        )

    async def trend(self, device: str, point: str, since_ms: int, until_ms: int) -> Trend:
        """Committed cells of one point, oldest first."""
        since, until = Instant(since_ms * NS_PER_MS), Instant(until_ms * NS_PER_MS)
        times: list[int] = []
        values: list[float] = []
        quality: list[int] = []
        for scan in await self._gateway.store.read(device, since, until):
            if point not in scan.columns.names:
                continue
            at = scan.columns.names.index(point)
            if scan.present is None or scan.present[at]:
                times.append(scan.measured_at)
                values.append(scan.values[at])
                quality.append(scan.quality[at])
        return Trend.of(
            np.array(times, np.int64), np.array(values, np.float64), np.array(quality, np.uint8)
        )

    def events(self, limit: int) -> Sequence[Event]:
        """The newest events, newest first."""
        recent: deque[Event] = self._gateway.events
        return list(recent)[-limit:][::-1]


def _ms(at: Instant | None) -> int | None:
    return None if at is None else at // NS_PER_MS


def _view_of(device: "DeviceSettings") -> DeviceView:
    return DeviceView(
        id=device.id,
        labels=device.labels,
        title=device.profile.title,
        protocol=device.profile.protocol,
        address=address_of(device),
        period_s=device.columns.period_s,
        facts=dict(device.columns.facts),
        points=[
            PointView(
                name=point.name,
                kind=point.kind,
                quantity=point.quantity,
                unit=point.unit,
                labels=device.profile.by_name[point.name].label,
                states=device.profile.by_name[point.name].states,
            )
            for point in device.columns.points
        ],
    )
