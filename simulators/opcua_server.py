"""OPC UA devices behind one endpoint, their nodes taken from their profiles."""

import base64
import math
import uuid
from collections.abc import Callable, Sequence
from typing import NamedTuple

from asyncua.common.callback import CallbackType, ServerItemCallback
from asyncua.server.server import Server

from drivers.opcua.nodes import STANDARD, parse
from drivers.profile import PointSpec
from drivers.row import law_of
from drivers.settings import DeviceSettings
from edge.errors import ConfigError
from edge.model.clock import Clock, Instant
from edge.model.point import Kind
from simulators.faults import Away, BadStatus, Schedule
from simulators.opcua_identity import APPLICATION_URI, ServerIdentity
from simulators.opcua_witness import NodePlace, WitnessedServer, stamp_of, ua
from simulators.record import Record
from simulators.value_faults import Shown

_SECURED = [
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
]
_TYPES = {Kind.BIT: ua.VariantType.Boolean, Kind.STATE: ua.VariantType.Int32}
_CURRENT_TIME = ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)


class _Node(NamedTuple):
    id: ua.NodeId
    spec: PointSpec
    type: ua.VariantType


class OpcUaEndpoint:
    """One server. Anybody may read; what a profile marks writable may be written, within bounds."""

    def __init__(
        self,
        devices: Sequence[DeviceSettings],
        *,
        clock: Clock,
        schedule: Schedule,
        record: Record | None,
        on_write: Callable[[str, str, float], None],
        identity: ServerIdentity | None = None,
    ) -> None:
        self.devices = {settings.id: settings for settings in devices}
        self._clock = clock
        self._schedule = schedule
        self._record = record
        self._on_write = on_write
        self._identity = identity
        self._server: Server | None = None
        self._nodes: dict[str, dict[str, _Node]] = {}
        self._path = ""
        self.host = ""
        self.port = 0
        for settings in devices:
            for fault in schedule.all_of(settings.id):
                if isinstance(fault, BadStatus) and not hasattr(ua.StatusCodes, fault.status):
                    raise ConfigError(
                        f"a bad_status fault of {settings.id} names the status {fault.status!r}: "
                        "name one of OPC 10000-6 A.2, such as BadSensorFailure"
                    )

    async def open(self, host: str, port: int, path: str = "") -> None:
        """Build the address space and listen; port 0 finds a free one, which `port` then tells.

        Raises:
            ConfigError: two devices name the same node.
        """
        places: dict[ua.NodeId, NodePlace] = {}
        internal = WitnessedServer(places, self._record)
        server = Server(internal)
        await server.init()
        await server.set_application_uri(APPLICATION_URI)
        server.set_server_name("Ria simulator")
        server.set_endpoint(f"opc.tcp://{host}:{port}{path}")
        server.allow_remote_admin(False)
        server.disable_clock()
        policies = [ua.SecurityPolicyType.NoSecurity]
        if self._identity is not None:
            await server.load_certificate(self._identity.certificate)
            await server.load_private_key(self._identity.private_key)
            policies += _SECURED
        server.set_security_policy(policies)
        server.set_identity_tokens([ua.AnonymousIdentityToken])
        for settings in self.devices.values():
            self._nodes[settings.id] = await _populate(server, settings, places)
        server.subscribe_server_callback(CallbackType.PostRead, self._was_read)
        server.subscribe_server_callback(CallbackType.PreWrite, self._is_written)
        server.subscribe_server_callback(CallbackType.PostWrite, self._was_written)
        await server.start()
        self._server, self._path, self.host = server, path, host
        self.port = server.bserver.port if server.bserver is not None else port

    async def reopen(self) -> None:
        """Start anew where it stood, as a server does that was switched off and on."""
        await self.open(self.host, self.port, self._path)

    async def close(self) -> None:
        """Switch it off."""
        if self._server is not None:
            server, self._server = self._server, None
            ids = list(server.iserver.subscription_service.subscriptions)
            await server.iserver.subscription_service.delete_subscriptions(ids)
            await server.stop()

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def away(self) -> bool:
        """Whether it is switched off: an `away` fault of any of its devices."""
        at = self._clock.now()
        return any(
            isinstance(fault, Away)
            for device in self.devices
            for fault in self._schedule.active(device, at)
        )

    async def show(self, device: str, shown: Shown, at: Instant) -> None:
        """Bring a device's nodes up to what it tells now, all with this one source time."""
        server = self._server
        if server is None:
            return
        stamp = stamp_of(at)
        good = ua.StatusCode(ua.StatusCodes.Good)
        for point, node in self._nodes[device].items():
            if point not in shown.values:
                continue
            status = good
            if point in shown.status:
                status = ua.StatusCode(getattr(ua.StatusCodes, shown.status[point]))
            raw = math.nan if point in shown.nan else _raw(node.spec, shown.values[point])
            variant = ua.Variant(_typed(raw, node.type), node.type)
            reading = ua.DataValue(variant, status, stamp, stamp)
            await server.write_attribute_value(node.id, reading)
        now = ua.DataValue(ua.Variant(stamp, ua.VariantType.DateTime), good, stamp, stamp)
        await server.write_attribute_value(_CURRENT_TIME, now)

    def _place(self, node: ua.NodeId) -> NodePlace | None:
        internal = self._server.iserver if self._server is not None else None
        return internal.places.get(node) if isinstance(internal, WitnessedServer) else None

    def _was_read(self, event: ServerItemCallback, _: object) -> None:
        internal = self._server.iserver if self._server is not None else None
        if not event.is_external or not isinstance(internal, WitnessedServer):
            return
        asked = event.request_params.NodesToRead
        internal.tell(
            "read",
            (
                (place, reading)
                for item, reading in zip(asked, event.response_params, strict=True)
                if item.AttributeId == ua.AttributeIds.Value
                and (place := internal.places.get(item.NodeId)) is not None
            ),
        )

    def _is_written(self, event: ServerItemCallback, _: object) -> None:
        """Refuse what is out of bounds; stamp the rest, for clients send no source time."""
        if not event.is_external:
            return
        stamp = stamp_of(self._clock.now())
        for item in event.request_params.NodesToWrite:
            place = self._place(item.NodeId)
            if place is None or item.AttributeId != ua.AttributeIds.Value:
                continue
            spec = self._nodes[place.device][place.point].spec
            value = item.Value.Value.Value if item.Value.Value is not None else None
            if spec.writable is not None:
                low, high = spec.writable
                if value is None or not low <= _value(spec, float(value)) <= high:
                    raise ua.UaStatusCodeError(ua.StatusCodes.BadOutOfRange)
            item.Value = ua.DataValue(
                item.Value.Value, ua.StatusCode(ua.StatusCodes.Good), stamp, stamp
            )

    def _was_written(self, event: ServerItemCallback, _: object) -> None:
        if not event.is_external:
            return
        items = event.request_params.NodesToWrite
        for item, status in zip(items, event.response_params, strict=True):
            place = self._place(item.NodeId)
            if place is not None and status.is_good():
                spec = self._nodes[place.device][place.point].spec
                self._on_write(
                    place.device, place.point, _value(spec, float(item.Value.Value.Value))
                )


async def _populate(
    server: Server, settings: DeviceSettings, places: dict[ua.NodeId, NodePlace]
) -> dict[str, _Node]:
    """An object for the device, a variable for each point and fact."""
    folder_ns = await server.register_namespace(APPLICATION_URI)
    folder = await server.nodes.objects.add_object(
        ua.NodeId(f"device/{settings.id}", folder_ns), settings.id
    )
    unborn = ua.DataValue(StatusCode=ua.StatusCode(ua.StatusCodes.BadWaitingForInitialData))
    nodes: dict[str, _Node] = {}
    for spec in settings.profile.points:
        node_id = await _node_id(server, spec.node)
        if node_id in places:
            other = places[node_id]
            raise ConfigError(
                f"{settings.id}.{spec.name} and {other.device}.{other.point} are both the node "
                f"{spec.node}: give one of the devices an endpoint of its own"
            )
        kind = _TYPES.get(spec.kind, ua.VariantType.Double)
        if spec.kind is Kind.STATE and spec.type in {"uint32", "uint64"}:
            kind = ua.VariantType.Int64  # masks and hashes are longer than codes
        variable = await folder.add_variable(node_id, spec.name, _typed(0.0, kind), kind)
        await variable.write_value(unborn)
        if spec.writable is not None:
            await variable.set_writable()
        places[node_id] = NodePlace(settings.id, spec.name, law_of(spec))
        nodes[spec.name] = _Node(node_id, spec, kind)
    for fact in settings.profile.facts:
        if fact.node:
            text = f"SIM-{settings.id}"
            await folder.add_variable(await _node_id(server, fact.node), fact.name, text)
    return nodes


async def _node_id(server: Server, text: str) -> ua.NodeId:
    name = parse(text)
    index = 0 if name.uri == STANDARD else await server.register_namespace(name.uri)
    match name.kind:
        case "i":
            return ua.NodeId(int(name.identifier), index)
        case "g":
            return ua.NodeId(uuid.UUID(name.identifier), index)
        case "b":
            return ua.NodeId(base64.b64decode(name.identifier), index)
        case _:
            return ua.NodeId(name.identifier, index)


def _typed(raw: float, kind: ua.VariantType) -> float | int | bool:
    if kind is ua.VariantType.Double:
        return raw
    whole = 0 if math.isnan(raw) else round(raw)
    return bool(whole) if kind is ua.VariantType.Boolean else whole


def _raw(spec: PointSpec, value: float) -> float:
    law = law_of(spec)
    return (value * law.over - law.plus) / law.times


def _value(spec: PointSpec, raw: float) -> float:
    law = law_of(spec)
    return (raw * law.times + law.plus) / law.over
