"""Every device of a site, served: physics in step with a clock, sockets in front, faults around."""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from drivers.settings import DeviceSettings, Link, ModbusRtu, ModbusTcp, OpcUa
from edge.errors import ConfigError
from edge.model.clock import NS_PER_S, Clock, Instant
from simulators.addresses import Address, addresses, moved
from simulators.fault_file import befalls, check_faults
from simulators.faults import AnyFault, Away, Schedule
from simulators.modbus_rtu import RtuBus
from simulators.modbus_station import Station
from simulators.modbus_tcp import TcpPort
from simulators.plant import NO_CABINETS, Plant
from simulators.record import FLUSH_S, STOOD_STILL_S, Record
from simulators.signal_cabinet import SignalCabinet
from simulators.value_faults import Shown, ValueSpoiler

SLOWEST_S = 0.5
"""Physics and faults are never further behind than this."""
FASTEST_S = 0.02
AWAY_CHECK_S = 0.05
STEP_S = 0.1
"""Physics moves this often: so two readings of a device are hardly ever the same by chance."""
OPCUA_EVERY_S = 0.5
"""A server that samples its sensors faster than twice a second would drown its subscribers."""


class _Port(Protocol):
    """What can be opened, pulled out, and put back."""

    @property
    def is_open(self) -> bool: ...
    def away(self) -> bool: ...
    async def reopen(self) -> None: ...
    async def close(self) -> None: ...


class _Face(Protocol):
    """Where a device's values are seen."""

    async def show(self, device: str, shown: Shown, at: Instant) -> None: ...


@dataclass(frozen=True, slots=True)
class Served:
    """A site that answers."""

    devices: tuple[DeviceSettings, ...]
    """As they were given, with links to where they are served."""
    links: Mapping[Link, Link]
    """From the site's link to the one that leads here, for `rewritten_site`."""
    plant: Plant


@asynccontextmanager
async def serve(
    devices: Sequence[DeviceSettings],
    *,
    clock: Clock,
    rng: random.Random,
    record: Record | None = None,
    faults: Sequence[AnyFault] = (),
    bind: str = "127.0.0.1",
    folder: Path | None = None,
    paced: bool = False,
    cabinets: Mapping[str, SignalCabinet] = NO_CABINETS,
) -> AsyncIterator[Served]:
    """Serve these devices until the block ends.

    Args:
        devices: From the site file. Those that share an address are served by one server.
        clock: Physics and faults follow it; faults count from its time now.
        rng: Seeds everything: the same seed and the same times give the same values.
        record: Where to write down what was answered.
        faults: What goes wrong, as `load_faults` gives it.
        bind: Where devices are served that the site has elsewhere.
        folder: For the links to pseudo-terminals and for certificates; a temporary one if None.
        paced: Serial answers take as long as the baud rate says.
        cabinets: Signal controllers with their junctions, by device.

    Raises:
        ConfigError: an address cannot be opened, two devices share a unit, a fault cannot happen.
    """
    check_faults(faults, devices)
    schedule = Schedule(faults, [settings.id for settings in devices], clock.now())
    async with AsyncExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ria-site-")))
        site = _Site(devices, clock, schedule, rng, record, cabinets)
        for address in addresses(devices, bind=bind, folder=folder):
            stack.push_async_callback((await site.open(address, folder, paced=paced)).close)
        failed: Exception | None = None
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(live, name=name) for name, live in site.lives()]
            try:
                yield Served(site.served(), site.links, site.plant)
            except Exception as error:  # noqa: BLE001  the group would wrap the caller's own error
                failed = error
            for task in tasks:
                task.cancel()
        if record is not None:
            record.flush()
        if failed is not None:
            raise failed


class _Site:
    """The plant, its ports, and the loops that keep them together."""

    def __init__(
        self,
        devices: Sequence[DeviceSettings],
        clock: Clock,
        schedule: Schedule,
        rng: random.Random,
        record: Record | None,
        cabinets: Mapping[str, SignalCabinet],
    ) -> None:
        self.plant = Plant(devices, rng, step_s=STEP_S, cabinets=cabinets)
        self.links: dict[Link, Link] = {}
        self._devices = {settings.id: settings for settings in devices}
        self._link_of: dict[str, Link] = {}
        self._clock = clock
        self._schedule = schedule
        self._rng = random.Random(rng.getrandbits(64))
        self._record = record
        self._faces: dict[str, _Face] = {}
        self._ports: list[tuple[Address, _Port]] = []
        self._spoilers = {s.id: ValueSpoiler(s.profile) for s in devices if schedule.all_of(s.id)}
        self._shown: dict[str, Mapping[str, float]] = {}
        self._shown_at: dict[str, Instant] = {}
        self._shown_faults: dict[str, Sequence[AnyFault]] = {}
        self.plant.advance(clock.now())

    def served(self) -> tuple[DeviceSettings, ...]:
        """The devices with the links that lead here."""
        return tuple(replace(s, link=self._link_of[s.id]) for s in self._devices.values())

    async def open(self, address: Address, folder: Path, *, paced: bool) -> _Port:
        """Serve one address."""
        try:
            port = await self._open(address, folder, paced=paced)
        except OSError as error:
            where = address.path if isinstance(address.link, ModbusRtu) else address.port
            raise ConfigError(
                f"cannot serve {', '.join(s.id for s in address.devices)} at {where}: "
                f"{error.strerror or error}; give the link another address, or port 0"
            ) from error
        self._ports.append((address, port))
        await self._show_all([settings.id for settings in address.devices])
        return port

    async def _open(self, address: Address, folder: Path, *, paced: bool) -> _Port:
        link = address.link
        if isinstance(link, OpcUa):
            return await self._open_opcua(address, folder)
        stations = {}
        for settings in address.devices:
            station = Station(
                settings, clock=self._clock, schedule=self._schedule, rng=self._rng,
                record=self._record, on_write=self.plant.write,
            )  # fmt: skip
            stations[settings.unit] = self._faces[settings.id] = station
        # Values stand in the registers before anybody can ask for them.
        await self._show_all([settings.id for settings in address.devices])
        if isinstance(link, ModbusTcp):
            port = TcpPort(stations, clock=self._clock)
            await port.open(address.host, address.port)
            self._lead(address, port.host, port.port)
            return port
        bus = RtuBus(link, stations, clock=self._clock, paced=paced)
        await bus.open(address.path)
        self._lead(address, "", 0)
        return bus

    async def _open_opcua(self, address: Address, folder: Path) -> _Port:
        # asyncua is heavy: only a site with OPC UA pays for it.
        from simulators.opcua_identity import server_identity  # noqa: PLC0415
        from simulators.opcua_server import OpcUaEndpoint  # noqa: PLC0415

        links = [settings.link for settings in address.devices]
        secured = any(isinstance(link, OpcUa) and link.security != "None" for link in links)
        identity = await server_identity(folder) if secured else None
        endpoint = OpcUaEndpoint(
            address.devices, clock=self._clock, schedule=self._schedule, record=self._record,
            on_write=self.plant.write, identity=identity,
        )  # fmt: skip
        path = "" if address.path == Path() else str(address.path)
        await endpoint.open(address.host, address.port, path)
        self._faces.update(dict.fromkeys(endpoint.devices, endpoint))
        trusted = str(identity.certificate) if identity is not None else ""
        self._lead(address, endpoint.host, endpoint.port, trusted)
        return endpoint

    def _lead(self, address: Address, host: str, port: int, trusted: str = "") -> None:
        for settings in address.devices:
            link = moved(settings.link, host, port, address.path, trusted=trusted)
            self._link_of[settings.id] = self.links[settings.link] = link

    def lives(self) -> list[tuple[str, Coroutine[None, None, None]]]:
        """The loops that keep the site alive, by name."""
        loops = [("physics", self._live())]
        if self._record is not None:
            loops.append(("record", self._keep_record(self._record)))
        for address, port in self._ports:
            if any(
                isinstance(f, Away) for s in address.devices for f in self._schedule.all_of(s.id)
            ):
                loops.append((f"away[{address.devices[0].id}]", self._keep_away(port)))
        return loops

    async def _live(self) -> None:
        while True:
            at = self._clock.now()
            call_at = self.plant.advance(at)
            await self._show_all(self._devices)
            wait_s = SLOWEST_S if call_at is None else (call_at - at) / NS_PER_S
            await asyncio.sleep(min(max(wait_s, FASTEST_S), SLOWEST_S))

    async def _show_all(self, devices: Sequence[str] | Mapping[str, object]) -> None:
        at = self._clock.now()
        for device in devices:
            values = self.plant.outputs(device)
            faults: Sequence[AnyFault] = ()
            spoiler = self._spoilers.get(device)
            if spoiler is not None:
                settings = self._devices[device]
                faults = [f for f in self._schedule.active(device, at) if befalls(f, settings)]
            unmoved = values is self._shown.get(device) or self._too_soon(device, at)
            if unmoved and faults == self._shown_faults.get(device, ()):
                continue
            shown = Shown(dict(values)) if spoiler is None else spoiler.spoil(values, faults)
            face = self._faces.get(device)
            if face is not None:
                await face.show(device, shown, at)
                self._shown[device] = values
                self._shown_at[device] = at
                self._shown_faults[device] = faults

    def _too_soon(self, device: str, at: Instant) -> bool:
        """Whether an OPC UA device has told its values a moment ago."""
        if not isinstance(self._devices[device].link, OpcUa) or device not in self._shown:
            return False
        return 0 <= at - self._shown_at[device] < round(OPCUA_EVERY_S * NS_PER_S)

    async def _keep_record(self, record: Record) -> None:
        while True:
            since, since_ns = self._clock.now(), time.monotonic_ns()
            await asyncio.sleep(FLUSH_S)
            if time.monotonic_ns() - since_ns > (FLUSH_S + STOOD_STILL_S) * NS_PER_S:
                record.stood_still(since, self._clock.now())
            record.flush()

    async def _keep_away(self, port: _Port) -> None:
        while True:
            if port.is_open and port.away():
                await port.close()
            elif not port.is_open and not port.away():
                await port.reopen()
                self._shown.clear()
            await asyncio.sleep(AWAY_CHECK_S)
