"""A Modbus device as the gateway sees it: scans at its period, and commands."""

import asyncio
import random
from collections.abc import AsyncIterator

from drivers.modbus.bus import Bus, open_bus
from drivers.modbus.look import Looker
from drivers.modbus.setpoint import apply
from drivers.profile import PointSpec
from drivers.settings import DeviceSettings, OpcUa
from edge.errors import BadFrame, ConfigError, LinkDown, NoAnswer
from edge.model.clock import Clock, Instant
from edge.model.command import Command, Outcome
from edge.model.point import Columns
from edge.model.scan import Scan

PROBE_S = 300.0
"""How long a value that the device refuses is left alone, give or take a tenth."""


class ModbusDriver:
    """One unit behind a `Bus`, which other drivers may share.

    Looks fall on whole multiples of the period on the loop's clock, so that all devices of one
    period wake the process once. A look that takes longer than the period skips what it missed.
    """

    def __init__(
        self, settings: DeviceSettings, bus: Bus, clock: Clock, rng: random.Random
    ) -> None:
        self.device = settings.id
        self._settings = settings
        self._bus = bus
        self._clock = clock
        self._looker = Looker(
            settings.profile,
            _specs(settings),
            settings.unit,
            # the devices of a site, started together, do not probe together
            PROBE_S * rng.uniform(0.9, 1.1),
        )
        self._facts_known = not settings.profile.facts
        self._stopping = False
        self._alarm: asyncio.Future[None] | None = None

    @property
    def columns(self) -> Columns:
        """What its scans are made of; `facts` fills when the device is first reached."""
        return self._settings.columns

    async def scans(self) -> AsyncIterator[Scan]:
        """The first look at once, the others at the period's multiples, until `stop`."""
        loop = asyncio.get_running_loop()
        period_s = self.columns.period_s
        tick = 0
        while not self._stopping:
            yield await self.look()
            tick = max(tick, int(loop.time() // period_s)) + 1
            await self._until(tick * period_s)

    def stop(self) -> None:
        """Begin no further look."""
        self._stopping = True
        _ring(self._alarm)

    async def execute(self, command: Command) -> Outcome:
        """Write one point where that is allowed; never raises for what the device answers."""
        return await apply(command, self._settings, self._bus, self._clock)

    async def look(self) -> Scan:
        """One look now, timed at the middle between the first question and the last answer."""
        if not self._facts_known:
            await self._learn_facts()
        look = await self._looker.look(self._bus, asyncio.get_running_loop().time())
        clock = self._clock
        mono_ns, now = clock.mono_ns(), clock.now()
        if look.asked_ns:
            middle_ns = (look.asked_ns + look.answered_ns) // 2
        else:
            middle_ns = mono_ns
            # what comes back may be another device: it is asked again who it is
            self._facts_known = not self._settings.profile.facts
        return Scan(
            self.columns,
            Instant(now - (mono_ns - middle_ns)),
            middle_ns,
            clock.boot,
            clock.quality(),
            look.values,
            look.quality,
        )

    async def _learn_facts(self) -> None:
        try:
            facts = await self._looker.facts(self._bus)
        except (LinkDown, NoAnswer, BadFrame):
            # the look that follows fails for the same reason, and says so
            return
        self._facts_known = True
        self.columns.facts.clear()
        self.columns.facts.update(facts)

    async def _until(self, at_s: float) -> None:
        """Sleep until the loop's time is exactly `at_s`, or until `stop`."""
        if self._stopping:
            return
        loop = asyncio.get_running_loop()
        self._alarm = loop.create_future()
        timer = loop.call_at(at_s, _ring, self._alarm)
        try:
            await self._alarm
        finally:
            timer.cancel()


async def read_once(settings: DeviceSettings, clock: Clock) -> Scan:
    """One look at one device over a connection of its own; a failed look is a Scan too."""
    if isinstance(settings.link, OpcUa):
        raise ConfigError(f"{settings.id}: {settings.link.url} is not a Modbus link")
    rng = random.Random()
    async with open_bus(settings.link, clock, rng) as bus:
        return await ModbusDriver(settings, bus, clock, rng).look()


def _ring(alarm: asyncio.Future[None] | None) -> None:
    if alarm is not None and not alarm.done():
        alarm.set_result(None)


def _specs(settings: DeviceSettings) -> list[PointSpec]:
    by_name = settings.profile.by_name
    missing = [p.name for p in settings.columns.points if p.name not in by_name]
    if missing:
        raise ConfigError(
            f"{settings.id}: {', '.join(missing)} not in profile {settings.profile.profile}"
        )
    return [by_name[point.name] for point in settings.columns.points]
