"""Settings to objects to one tree of tasks: the gateway."""

import asyncio
import contextlib
import dataclasses
import logging
import math
import os
import random
import resource
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from cloud_sync import encode, topics
from cloud_sync.sync import Sync
from cloud_sync.thin import thin
from cloud_sync.uplink import BrokerUrl, MqttUplink
from edge.analytics.device_health import DeviceHealth
from edge.analytics.quality_changes import QualityChanges
from edge.assembly.carry import Carried, carry
from edge.assembly.letters import live_letter, site_letter
from edge.assembly.links import open_drivers, protocol_of
from edge.assembly.overheard import Overheard
from edge.assembly.version import VERSION
from edge.config.site import Site, UplinkSettings
from edge.errors import ConfigError
from edge.latest import Latest
from edge.model.clock import NS_PER_MS, NS_PER_S, Clock
from edge.model.event import Event, EventKind
from edge.ports import Driver
from edge.runtime import ServiceSupervisor, SystemClock, clock_steps, supervise
from edge.store.store import Store, open_store
from edge.summarise.raw import cut
from edge.summarise.summariser import Summariser

if TYPE_CHECKING:
    from edge.assembly.junctions import JunctionControl

log = logging.getLogger("ria.gateway")

Say = Callable[[str], None]
Service = tuple[str, Coroutine[None, None, None]]
"""A name and what runs under it."""
RECONNECT_S = 20.0
"""The longest wait between two tries at the broker: its return is noticed within that."""
STALLED_S = 20.0
"""A store that has committed nothing for so long while scans came is not alive."""


class Gateway:
    """One site, from its devices to the operations centre."""

    def __init__(self, site: Site, clock: SystemClock, rng: random.Random, say: Say) -> None:
        self.site = site
        self.clock: Clock = clock
        self._machine_clock = clock
        self._rng = rng
        self._say = say
        self.latest = Latest(clock)
        self.carried = {device.id: Carried(protocol_of(device)) for device in site.devices}
        self.sync: Sync | None = None
        self.junctions: dict[str, JunctionControl] = {}
        self.first_commit_cpu_s = math.nan
        self._stored = asyncio.Event()
        """Set once the first sample is on disk: page and uplink are loaded after it."""
        self._first_commit: Future[None] | None = None
        columns = {device.id: device.columns for device in site.devices}
        self._digest = Overheard(Summariser(columns, watchers=[DeviceHealth(), QualityChanges()]))
        self.events = self._digest.events
        self.store: Store

    async def run(self, stop: asyncio.Event, drain_s: float) -> None:
        """Run until `stop` is set; then read no more, and wait up to `drain_s` for the centre.

        Raises:
            ConfigError: the site cannot be run on this machine.
        """
        supervisor = ServiceSupervisor(dict(os.environ))
        async with AsyncExitStack() as stack:
            self.store = stack.enter_context(contextlib.closing(self._open_store()))
            drivers = await open_drivers(self.site.devices, self.clock, self._rng, stack)
            self._record(EventKind.GATEWAY_STARTED, {"version": VERSION})
            async with asyncio.TaskGroup() as services:
                tasks: list[asyncio.Task[None]] = [
                    services.create_task(run, name=name)
                    for name, run in (*self._services(supervisor), *self._signals(drivers, stop))
                ]
                await self._read_until(stop, drivers)
                supervisor.tell(STOPPING="1")
                await self._drain(drain_s)
                for task in tasks:
                    task.cancel()

    def _open_store(self) -> Store:
        compress = bool(self.site.uplink and self.site.uplink.compress)
        return open_store(
            self.site.store.path,
            gateway=self.site.gateway,
            clock=self.clock,
            digest=self._digest,
            encode=encode.encoder(compress=compress),
            cut=cut,
            thin=thin,
            limit_bytes=self.site.store.limit_bytes,
        )

    def _services(
        self, supervisor: ServiceSupervisor
    ) -> list[tuple[str, Coroutine[None, None, None]]]:
        services: list[tuple[str, Coroutine[None, None, None]]] = [
            ("clock", self._watch_clock()),
            ("ready", self._tell_ready(supervisor)),
            ("store", self.store.watch()),
        ]
        if supervisor.watchdog_s:
            services.append(("watchdog", supervisor.keep_alive(self._complaint)))
        if self.site.uplink:
            services.append(("sync", self._keep_sync()))
        if self.site.page:
            services.append(("page", self._serve_page()))
        return services

    def _signals(self, drivers: list[Driver], stop: asyncio.Event) -> list[Service]:
        """The signals of each junction, and its line to the planner."""
        if not self.site.junctions:
            return []
        from edge.assembly.junctions import JunctionControl  # noqa: PLC0415  # few sites have any
        from edge.assembly.planner_link import PlannerLink  # noqa: PLC0415

        by_id = {driver.device: driver for driver in drivers}
        services: list[Service] = []
        for junction in self.site.junctions:
            link = PlannerLink(
                self.site.planner, junction.junction, lambda: f"{self._rng.getrandbits(48):012x}"
            )
            control = JunctionControl(
                junction, by_id[junction.controller], self.latest, link, self.clock, self._note
            )
            self.junctions[junction.id] = control
            services.append((f"planner[{junction.id}]", link.run()))
            services.append((f"signals[{junction.id}]", control.run(stop)))
        return services

    async def _read_until(self, stop: asyncio.Event, drivers: list[Driver]) -> None:
        async with asyncio.TaskGroup() as readers:
            for driver in drivers:
                carried = self.carried[driver.device]
                line = carry(driver, self.store, self.latest, carried, self._saw)
                readers.create_task(line, name=f"carry[{driver.device}]")
            await stop.wait()
            for driver in drivers:
                driver.stop()

    def _saw(self, commit: "Future[None]") -> None:
        if self._first_commit is None:
            self._first_commit = commit
            loop = asyncio.get_running_loop()
            commit.add_done_callback(lambda _: loop.call_soon_threadsafe(self._stored.set))

    async def _keep_sync(self) -> None:
        uplink = self.site.uplink
        assert uplink is not None  # noqa: S101  # asked for only where there is one
        await self._stored.wait()
        url = _broker(uplink)
        topic = topics.watermark(self.site.gateway)
        self.sync = Sync(
            self.store,
            lambda: MqttUplink(
                url,
                f"ria-{self.site.gateway}",
                subscribe=[topic],
                identity=uplink.identity,
            ),
            self.site.gateway,
            self.clock,
            site_letter(self.site, self.store.epoch, self.clock),
            live_letter(self.site, self.latest, self.clock),
            record=self._note,
            live_s=uplink.live_s,
        )
        await supervise("uplink", self.sync.run, self._rng, longest_s=RECONNECT_S)

    async def _serve_page(self) -> None:
        from edge.assembly.page import GatewaySource  # noqa: PLC0415

        page = self.site.page
        assert page is not None  # noqa: S101  # asked for only where there is one
        await self._stored.wait()
        from edge.web.server import serve  # noqa: PLC0415  # 0.3 s of CPU that the line needs more

        source = GatewaySource(self)
        try:
            async with serve(source, page.host, page.port, clock=self.clock) as served:
                self._say(f"page {served.url}")
                await asyncio.Event().wait()
        except ConfigError as error:  # a port that is taken must not stop the line
            log.error("no page: %s", error)  # noqa: TRY400  # a sentence, not a trace

    async def _tell_ready(self, supervisor: ServiceSupervisor) -> None:
        await self._stored.wait()
        used = resource.getrusage(resource.RUSAGE_SELF)
        self.first_commit_cpu_s = used.ru_utime + used.ru_stime
        supervisor.tell(READY="1", STATUS=f"reading {len(self.site.devices)} devices")
        self._say(f"ready {self.site.gateway}")

    async def _watch_clock(self) -> None:
        async for before, after in clock_steps(self._machine_clock):
            log.warning("clock stepped by_ms=%d", (after - before) // NS_PER_MS)
            detail = {"step_ms": (after - before) // NS_PER_MS}
            self._record(EventKind.CLOCK_STEPPED, detail)

    def _complaint(self) -> str:
        """Why the watchdog should not be petted; empty where all is well."""
        last = self.store.health().last_commit
        if last is not None:
            silent_s = (self.clock.now() - last) / NS_PER_S
            if silent_s > STALLED_S:
                return f"nothing was committed for {silent_s:.0f} s"
        return ""

    async def _drain(self, drain_s: float) -> None:
        """Close what can be closed and wait for the centre; open windows go on at the start."""
        self._record(EventKind.GATEWAY_STOPPED, {"version": VERSION})
        began = asyncio.get_running_loop().time()
        window_s = min((d.columns.window_s for d in self.site.devices), default=0.0)
        left_s = window_s - self.clock.now() / NS_PER_S % window_s if window_s else 0.0
        if left_s < drain_s / 2:
            await asyncio.sleep(left_s)
        await self.store.drain(self.clock.now())
        if self.sync is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_s - (asyncio.get_running_loop().time() - began)):
                await self.sync.drain()

    def _record(self, kind: EventKind, detail: Mapping[str, str | int]) -> None:
        self._note(Event(kind, self.clock.now(), self.site.gateway, dict(detail)))

    def _note(self, event: Event) -> None:
        self.events.append(event)
        self.store.record(event)


def _broker(uplink: UplinkSettings) -> BrokerUrl:
    url = BrokerUrl.parse(uplink.url)
    if not uplink.username:
        return url
    path = uplink.password_file
    try:
        password = path.read_text(encoding="utf-8").strip() if path else None
    except OSError as error:
        raise ConfigError(f"uplink.password_file {path}: {error.strerror}; name a file") from error
    return dataclasses.replace(url, username=uplink.username, password=password)
