"""Hardware in the loop in lockstep: real sockets, and seconds that pass when both sides are ready.

A cabinet is served over Modbus TCP or OPC UA; the gateway's own driver, shield and planner line
stand on the other side. A simulated second passes, the controller is read, the planner is asked,
the shield decides, the order is written; only then does the next one pass. So a quarter hour takes
as long as its work, and takes the same course every time.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from control.model import Junction
from drivers import catalogue
from drivers.modbus.driver import ModbusDriver
from drivers.settings import DeviceSettings, Link, ModbusTcp, OpcUa
from edge.assembly.junctions import JunctionControl
from edge.assembly.links import open_drivers
from edge.assembly.planner_link import PlannerLink
from edge.config.devices import settings_of
from edge.config.schema import DeviceBlock
from edge.config.signals import orders_of, points_of
from edge.config.site import JunctionSettings
from edge.document.amounts import Duration
from edge.intake import admit
from edge.latest import Latest
from edge.model.event import Event
from edge.model.quality import is_good
from edge.ports import Driver
from simulators.clock import ManualClock
from simulators.lockstep import ServedCabinet, serve_cabinet
from simulators.signal_cabinet import SignalCabinet

PATIENCE_S = 20.0
"""Of real time, for anything on the other side of a socket. Only something broken takes so long."""
POLL_S = 0.02
PROFILES = {"modbus": "ria-signal-controller", "opcua": "opcua-signal-controller"}


@dataclass(slots=True)
class Loop:
    """One junction: the served cabinet and the gateway's side of it."""

    served: ServedCabinet
    control: JunctionControl
    link: PlannerLink
    clock: ManualClock
    events: list[Event] = field(default_factory=list)
    _driver: Driver | None = None
    _latest: Latest | None = None
    _looked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def cabinet(self) -> SignalCabinet:
        """What stands at the junction."""
        return self.served.cabinet

    async def second(self) -> None:
        """One second of the street, and the gateway's answer to it."""
        await self.served.second()
        await self.look()
        self.clock.advance(1.0)
        await self.control.second()

    async def unattended(self) -> None:
        """One second without a gateway."""
        await self.served.second()
        self.clock.advance(1.0)

    async def planner_ready(self) -> None:
        """Wait, in real time, until there is a planner to ask."""
        async with asyncio.timeout(PATIENCE_S):
            await self.link.found.wait()

    async def planner_gone(self) -> None:
        """Wait, in real time, until the gateway knows that there is no planner any more."""
        async with asyncio.timeout(PATIENCE_S):
            await self.link.lost.wait()

    async def reached(self) -> None:
        """Wait, in real time, until the driver finds the controller again: it spaces its tries."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await self.look()
                assert self._latest is not None  # noqa: S101
                scan = self._latest.of(self.served.device.id)
                if scan is not None and is_good(scan.quality).any():
                    return
                await asyncio.sleep(POLL_S)

    async def look(self) -> None:
        """Read the controller as the gateway does."""
        assert self._driver is not None  # noqa: S101  # made by `closed_loop`
        assert self._latest is not None  # noqa: S101
        if isinstance(self._driver, ModbusDriver):
            self._latest.update(admit(await self._driver.look()))
            return
        # who reads by himself is waited for: the second look from now on began after this second
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(2):
                self._looked.clear()
                await self._looked.wait()


@asynccontextmanager
async def closed_loop(
    cabinet: SignalCabinet, planner: Path, *, protocol: str = "modbus", plan: Junction | None = None
) -> AsyncIterator[Loop]:
    """A cabinet, served, and a gateway's signals before it.

    Args:
        cabinet: At its first second.
        planner: The socket on which a planner listens, or will.
        protocol: `modbus` or `opcua`.
        plan: What the gateway believes the junction to be; the cabinet's own where left out.
    """
    clock = ManualClock()
    link: Link = ModbusTcp("127.0.0.1") if protocol == "modbus" else OpcUa("opc.tcp://127.0.0.1")
    device = _device(cabinet.junction, protocol, link)
    events: list[Event] = []
    rng = random.Random(0)
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(serve_cabinet(device, cabinet, clock))
        (driver,) = await open_drivers([served.device], clock, rng, stack)
        junction = plan or cabinet.junction
        latest = Latest(clock)
        names = tuple(detector.id for detector in junction.detectors)
        line = PlannerLink(planner, junction, lambda: f"{rng.getrandbits(48):012x}")
        control = JunctionControl(
            JunctionSettings(junction.id, device.id, junction, names),
            driver, latest, line, clock, events.append, answer_s=PATIENCE_S,
        )  # fmt: skip
        looked = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            lives = [tasks.create_task(line.run(), name="planner line")]
            if not isinstance(driver, ModbusDriver):
                lives.append(tasks.create_task(_carry(driver, latest, looked), name="reading"))
            try:
                yield Loop(served, control, line, clock, events, driver, latest, looked)
            finally:
                driver.stop()
                for life in lives:
                    life.cancel()


async def _carry(driver: Driver, latest: Latest, looked: asyncio.Event) -> None:
    async for scan in driver.scans():
        latest.update(admit(scan))
        looked.set()


def _device(junction: Junction, protocol: str, link: Link) -> DeviceSettings:
    """The controller as a site file would have it, with what it must be allowed to be told."""
    profile = catalogue.load(PROFILES[protocol])
    read = points_of(junction, len(junction.detectors))
    shown = (f"countdown_{k}" for k in range(1, len(junction.groups) + 1))
    block = DeviceBlock(
        id="tlc",
        profile=profile.profile,
        link="",
        every=Duration(1.0 if protocol == "modbus" else POLL_S),
        only=["heartbeat", *read, *shown],
        write={name: profile.by_name[name].writable or (0.0, 0.0) for name in orders_of(junction)},
        mode="subscribe" if protocol == "modbus" else "read",
    )
    return settings_of(block, profile, link, 60.0)
