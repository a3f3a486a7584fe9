"""Sees what an OPC UA server hands to its clients, at the place where it does so."""

import gc
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import asyncua
from asyncua.server.internal_server import InternalServer
from asyncua.server.subscription_service import SubscriptionService

from drivers.row import Law
from edge.model.clock import Instant
from simulators.record import Record

ua: Any = asyncua.ua
"""Its names are made at run time; a type checker does not see them."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NodePlace(NamedTuple):
    """The point behind a node, and how its raw number becomes a value."""

    device: str
    point: str
    law: Law


Places = dict[ua.NodeId, NodePlace]
_Readings = Iterable[tuple[NodePlace, ua.DataValue]]


class WitnessedServer(InternalServer):
    """asyncua's server with a witness, and without memory of sessions whose connection is gone.

    A session taken up again on another connection would bypass the witness; many real servers
    refuse that as well.
    """

    def __init__(self, places: Places, record: Record | None) -> None:
        super().__init__()
        self.places = places
        self.record = record
        self._read_at: dict[NodePlace, Instant] = {}
        self.subscription_service = _WitnessedSubscriptions(self)
        self.isession.subscription_service = self.subscription_service

    async def load_standard_address_space(self, shelf_file: Path | None = None) -> None:
        """Six thousand nodes: the collector, walking them as they are made, doubles the time."""
        collecting = gc.isenabled()
        gc.disable()
        try:
            await super().load_standard_address_space(shelf_file)
        finally:
            if collecting:
                gc.enable()

    def lookup_external_session(self, auth_token: ua.NodeId) -> None:  # noqa: ARG002
        """No session: a client must begin a new one."""
        return

    def tell(self, how: str, readings: _Readings) -> None:
        """Put readings on record, one line for each device and source time, oldest first.

        A publication that is no newer than what a read has told is no news, and is left out: a new
        subscription sends every value once more.
        """
        if self.record is None:
            return
        lines: dict[tuple[Instant, str], dict[str, float]] = defaultdict(dict)
        for place, reading in readings:
            value = reading.Value.Value if reading.Value is not None else None
            good = reading.StatusCode is None or reading.StatusCode.is_good()
            if good and value is not None and reading.SourceTimestamp is not None:
                at = instant_of(reading.SourceTimestamp)
                if how == "read":
                    self._read_at[place] = at
                elif at <= self._read_at.get(place, at - 1):
                    continue
                law = place.law
                measured = (float(value) * law.times + law.plus) / law.over
                lines[at, place.device][place.point] = measured
        for (at, device), values in sorted(lines.items(), key=lambda line: line[0]):
            self.record.opcua(at, device, how, values)

    def is_reached(self, peer: object) -> bool:
        """Whether this peer's connection is open."""
        return any(
            transport.get_extra_info("peername") == peer and not transport.is_closing()
            for transport in self.asyncio_transports
        )


class _WitnessedSubscriptions(SubscriptionService):
    """Knows which point hides behind each client handle, and sees every publication leave."""

    def __init__(self, server: WitnessedServer) -> None:
        super().__init__(server.aspace, iserver=server)
        self._server = server
        self._items: dict[tuple[int, int], NodePlace] = {}

    async def create_subscription(
        self,
        params: ua.CreateSubscriptionParameters,
        callback: Callable[..., Any],
        session_id: ua.NodeId,
        request_callback: Callable[..., Any] | None = None,
    ) -> ua.CreateSubscriptionResult:
        seen = self._seen(callback)
        return await super().create_subscription(params, seen, session_id, request_callback)

    async def transfer_subscriptions(
        self,
        params: ua.TransferSubscriptionsParameters,
        session_id: ua.NodeId,
        callback: Callable[..., Any],
    ) -> list[ua.TransferResult]:
        return await super().transfer_subscriptions(params, session_id, self._seen(callback))

    async def create_monitored_items(
        self, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        for item in params.ItemsToCreate:
            place = self._server.places.get(item.ItemToMonitor.NodeId)
            if place is not None and item.ItemToMonitor.AttributeId == ua.AttributeIds.Value:
                handle = item.RequestedParameters.ClientHandle
                self._items[int(params.SubscriptionId), int(handle)] = place
        return await super().create_monitored_items(params)

    def _seen(self, callback: Callable[..., Any]) -> Callable[..., Any]:
        peer = getattr(getattr(callback, "__self__", None), "name", None)

        async def publish(result: ua.PublishResult, *request: object) -> None:
            await callback(result, *request)
            if request and self._server.is_reached(peer):
                self._server.tell("publish", self._readings(result))

        return publish

    def _readings(self, result: ua.PublishResult) -> _Readings:
        for notification in result.NotificationMessage.NotificationData:
            if isinstance(notification, ua.DataChangeNotification):
                for item in notification.MonitoredItems:
                    place = self._items.get((int(result.SubscriptionId), int(item.ClientHandle)))
                    if place is not None:
                        yield place, item.Value


def instant_of(stamp: datetime) -> Instant:
    """Nanoseconds of a source timestamp, to the microsecond."""
    since = stamp.replace(tzinfo=UTC) - _EPOCH
    return Instant((since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000)


def stamp_of(at: Instant) -> datetime:
    """A source timestamp, to the microsecond; what is finer is cut off."""
    return datetime.fromtimestamp(at // 10**9, UTC).replace(microsecond=at % 10**9 // 1000)
