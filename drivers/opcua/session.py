"""The questions that a gateway asks of an OPC UA server. Imported when a session opens."""

import asyncio
import base64
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import variant_from_binary

from drivers.opcua import frames
from drivers.opcua.channel import Channel, Question, done_within, meaning_of, ua
from drivers.opcua.frames import MAX_NOTIFICATIONS, Publication, Readings
from drivers.opcua.nodes import NodeName
from drivers.opcua.numbers import fitted
from drivers.settings import OpcUa
from edge.errors import BadFrame, DeviceRefused, NoAnswer
from edge.model.clock import Instant

_NAMESPACE_ARRAY = ua.NodeId(2255)
_MAX_NODES_PER_READ = ua.NodeId(11705)
_MAX_ITEMS_PER_CALL = ua.NodeId(11714)
_BATCH = 500
"""Nodes in one request, where the server sets no lower limit."""
_QUEUE = 10
"""Values that the server keeps of one item while we cannot fetch them."""
_SUBSCRIPTION_S = 60.0
"""How long a server keeps the subscription of a gateway that has fallen silent, at the least."""
_LONGEST_TEXT = 200
_NO_SUCH_NODE = {ua.StatusCodes.BadNodeIdUnknown, ua.StatusCodes.BadNodeIdInvalid}


@dataclass(frozen=True, slots=True)
class Fitted:
    """A number ready to be written."""

    node: Any
    variant: Any
    exact: float
    """What reading the node back must show."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What the server made of the pace it was asked for (Part 4 §5.13.2, §7.21)."""

    publishing_s: float
    keep_alive_s: float
    sampling_s: float


class Session:
    """An open session, and the nodes it was opened for, known by their place in that list."""

    def __init__(
        self, channel: Channel, namespaces: Sequence[str], names: Sequence[NodeName]
    ) -> None:
        self.monitored: set[int] = set()
        """Places of the nodes that the subscription watches."""
        self._channel = channel
        self._namespaces = namespaces
        self._nodes = [self._node_id(name) for name in names]
        self._batch_items = _BATCH
        self._questions: list[tuple[list[int], ua.ReadRequest]] = []
        self._subscription = 0
        self._publishing: Question | None = None
        self._looked: Question | None = None
        self._acknowledge: list[ua.SubscriptionAcknowledgement] = []

    def ask_in_batches(self, nodes_per_read: int, items_per_call: int) -> None:
        """Keep to the server's OperationLimits (Part 5 §6.3.11); 0 is no limit."""
        self._batch_items = min(_BATCH, items_per_call or _BATCH)
        size = min(_BATCH, nodes_per_read or _BATCH)
        known = [(i, node) for i, node in enumerate(self._nodes) if node is not None]
        batches = [known[start : start + size] for start in range(0, len(known), size)]
        self._questions = [
            ([place for place, _ in batch], _question([node for _, node in batch]))
            for batch in batches
        ]

    @property
    def spoke_first(self) -> bool:
        """Whether a publication that nobody has fetched came before the last look's answer."""
        waiting, looked = self._publishing, self._looked
        return waiting is not None and looked is not None and waiting.came_before(looked)

    async def look(self) -> Readings:
        """Every node's value as it stands now, in order; one question for each batch."""
        await self._channel.renew()
        told = Readings()
        for places, request in self._questions:
            self._looked = self._channel.begin(request)
            answer = await self._read(self._looked, request)
            told.handle += places
            told.value += answer.value
            told.status += answer.status
            told.source_at += answer.source_at
        for place, node in enumerate(self._nodes):
            if node is None:
                told.handle.insert(place, place)
                told.value.insert(place, math.nan)
                told.status.insert(place, ua.StatusCodes.BadNodeIdUnknown)
                told.source_at.insert(place, 0)
        return told

    async def texts(self, names: Sequence[NodeName]) -> list[str | None]:
        """Nodes' values as texts, at most 200 characters each; None where there is none."""
        nodes = [self._node_id(name) for name in names]
        known = [node for node in nodes if node is not None]
        if not known:
            return [None] * len(nodes)
        results = iter((await self._channel.ask(_question(known), ua.ReadResponse)).Results)
        return [None if node is None else _text(next(results)) for node in nodes]

    async def subscribe(self, period_s: float) -> Pace:
        """Have changes of every node published, and a sign of life each period without any."""
        request = ua.CreateSubscriptionRequest()
        asked = request.Parameters
        # twice a period: some servers send no keep-alive before the second publishing
        asked.RequestedPublishingInterval = period_s * 1000 / 2
        asked.RequestedMaxKeepAliveCount = 2
        asked.RequestedLifetimeCount = max(10, math.ceil(2 * _SUBSCRIPTION_S / period_s))
        asked.MaxNotificationsPerPublish = MAX_NOTIFICATIONS
        asked.PublishingEnabled = True
        made = (await self._channel.ask(request, ua.CreateSubscriptionResponse)).Parameters
        self._subscription = made.SubscriptionId
        sampling_s = await self.monitor(range(len(self._nodes)), period_s)
        publishing_s = made.RevisedPublishingInterval / 1000
        keep_alive_s = publishing_s * max(1, made.RevisedMaxKeepAliveCount)
        return Pace(publishing_s, keep_alive_s, sampling_s)

    async def monitor(self, places: Sequence[int], period_s: float) -> float:
        """Watch the nodes at these places; one that is refused does not harm the others.

        Returns:
            The longest sampling interval that the server settled for, in seconds.
        """
        known = [place for place in places if self._nodes[place] is not None]
        sampling_ms = 0.0
        for start in range(0, len(known), self._batch_items):
            batch = known[start : start + self._batch_items]
            request = ua.CreateMonitoredItemsRequest()
            asked = request.Parameters
            asked.SubscriptionId = self._subscription
            asked.TimestampsToReturn = ua.TimestampsToReturn.Source
            asked.ItemsToCreate = [self._item(place, period_s) for place in batch]
            answer = await self._channel.ask(request, ua.CreateMonitoredItemsResponse)
            for place, result in zip(batch, answer.Results, strict=False):
                if result.StatusCode.is_good():
                    self.monitored.add(place)
                    sampling_ms = max(sampling_ms, result.RevisedSamplingInterval)
        return sampling_ms / 1000

    async def publication(
        self, timeout_s: float, interrupt: asyncio.Future[None]
    ) -> Publication | None:
        """What the server publishes next; None where nothing came in time, or on `interrupt`.

        The question stays open through a None: nothing is lost by asking again.
        """
        await self._channel.renew()
        if self._publishing is None:
            request = ua.PublishRequest()
            request.Parameters.SubscriptionAcknowledgements = self._acknowledge
            self._acknowledge = []
            self._publishing = self._channel.begin(request)
        await done_within({self._publishing.future, interrupt}, timeout_s)
        return self._published()

    async def last_word(self) -> Publication | None:
        """End the subscription; what the server had published by then and nobody has fetched.

        Raises as `publication` does, also where the server does not answer in time.
        """
        if self._publishing is None:
            return None
        request = ua.DeleteSubscriptionsRequest()
        request.Parameters.SubscriptionIds = [self._subscription]
        await self._channel.ask(request, ua.DeleteSubscriptionsResponse)
        try:
            return self._published()
        except DeviceRefused:  # there is nothing left to publish for: how most servers say so
            return None

    def _published(self) -> Publication | None:
        waiting = self._publishing
        if waiting is None or not waiting.future.done():
            return None
        self._publishing = None
        told = frames.publication(self._channel.end(waiting), end_of_variant)
        if told.subscription != self._subscription:
            raise BadFrame(f"the server publishes for subscription {told.subscription}, not ours")
        if not told.keep_alive:
            self._acknowledge.append(
                ua.SubscriptionAcknowledgement(told.subscription, told.sequence)
            )
        if told.readings.handle and max(told.readings.handle) >= len(self._nodes):
            raise BadFrame(f"the server publishes for item {max(told.readings.handle)}, not ours")
        return told

    async def fit(self, place: int, raw: float) -> Fitted:
        """The number in the type that the node has now; nothing is written yet.

        Raises:
            ValueError: the node's type cannot hold the number.
            DeviceRefused: the server does not know the node.
        """
        node = self._nodes[place]
        if node is None:
            status = ua.StatusCodes.BadNodeIdUnknown
            raise DeviceRefused(status, meaning_of(status))
        (held,) = (await self._channel.ask(_question([node]), ua.ReadResponse)).Results
        if held.StatusCode.value in _NO_SUCH_NODE:
            raise DeviceRefused(held.StatusCode.value, meaning_of(held.StatusCode.value))
        if held.Value is None or held.Value.is_array:
            raise ValueError("the node holds no single value now, so its type is not known")
        kind = held.Value.VariantType
        number = fitted(kind.value, raw)
        return Fitted(node, ua.Variant(number, kind), float(number))

    async def write(self, number: Fitted) -> Readings:
        """Write once, and read what the node shows then.

        Raises:
            DeviceRefused: the server refused the write.
            NoAnswer: it took the write, and did not let the node be read.
        """
        request = ua.WriteRequest()
        # without timestamps: many servers refuse those of a client (BadWriteNotSupported)
        value = ua.DataValue(number.variant)
        request.Parameters.NodesToWrite = [
            ua.WriteValue(number.node, ua.AttributeIds.Value, Value=value)
        ]
        (result,) = (await self._channel.ask(request, ua.WriteResponse)).Results
        if not result.is_good():
            raise DeviceRefused(result.value, meaning_of(result.value))
        try:
            request = _question([number.node])
            return await self._read(self._channel.begin(request), request)
        except DeviceRefused as error:
            raise NoAnswer(f"the write was taken; reading it back: {error}") from error

    async def close(self) -> None:
        """End the session if the server still answers, and hang up in any case."""
        if self._publishing is not None:
            publishing, self._publishing = self._publishing.future, None
            if not publishing.cancel() and not publishing.cancelled():
                publishing.exception()  # taken note of, lest it be reported as never retrieved
        await self._channel.close()

    async def _read(self, question: Question, request: ua.ReadRequest) -> Readings:
        body = await self._channel.answer(question)
        return frames.values(body, len(request.Parameters.NodesToRead), end_of_variant)

    def _item(self, place: int, period_s: float) -> ua.MonitoredItemCreateRequest:
        item = ua.MonitoredItemCreateRequest()
        item.ItemToMonitor.NodeId = self._nodes[place]
        item.ItemToMonitor.AttributeId = ua.AttributeIds.Value
        item.MonitoringMode = ua.MonitoringMode.Reporting
        item.RequestedParameters.ClientHandle = place
        item.RequestedParameters.SamplingInterval = period_s * 1000
        item.RequestedParameters.QueueSize = _QUEUE
        item.RequestedParameters.DiscardOldest = True
        return item

    def _node_id(self, name: NodeName) -> ua.NodeId | None:
        index = name.index_in(self._namespaces)
        if index is None:
            return None
        identifier: int | str | bytes | uuid.UUID = name.identifier
        if name.kind == "i":
            identifier = int(name.identifier)
        elif name.kind == "g":
            identifier = uuid.UUID(name.identifier)
        elif name.kind == "b":
            identifier = base64.b64decode(name.identifier)
        return ua.NodeId(identifier, index)


async def open_session(
    link: OpcUa, names: Sequence[NodeName], period_s: float, now: Instant
) -> Session:
    """Connect, and find the nodes by their namespaces' URIs; raises as `Channel.open` does."""
    channel = Channel(link, period_s)
    await channel.open(now)
    try:
        asked = [_NAMESPACE_ARRAY, _MAX_NODES_PER_READ, _MAX_ITEMS_PER_CALL]
        answer = await channel.ask(_question(asked), ua.ReadResponse)
        namespaces, nodes_per_read, items_per_call = (
            None if told.Value is None else told.Value.Value for told in answer.Results
        )
        # without a NamespaceArray no node is found, and each point says so
        session = Session(channel, namespaces or [], names)
        session.ask_in_batches(nodes_per_read or 0, items_per_call or 0)
    except BaseException:
        await channel.close()
        raise
    return session


def _question(nodes: Sequence[ua.NodeId]) -> ua.ReadRequest:
    request = ua.ReadRequest()
    request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
    request.Parameters.NodesToRead = [ua.ReadValueId(node, ua.AttributeIds.Value) for node in nodes]
    return request


def end_of_variant(body: bytes, at: int) -> int:
    """Where the Variant of whatever type that begins at `at` ends."""
    buffer = Buffer(body, at)
    variant_from_binary(buffer)
    return buffer.cur_pos


def _text(held: ua.DataValue) -> str | None:
    if held.Value is None or held.Value.Value is None or not held.StatusCode.is_good():
        return None
    value = held.Value.Value
    text = value.Text if isinstance(value, ua.LocalizedText) else value
    return str(text)[:_LONGEST_TEXT]
