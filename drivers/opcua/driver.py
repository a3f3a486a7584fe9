"""An OPC UA device as the gateway sees it: scans until told to stop, and commands."""

import asyncio
import contextlib
import ctypes
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from drivers.link import Backoff
from drivers.opcua import endpoint, setpoint
from drivers.opcua.assemble import Laws
from drivers.opcua.looks import Looker
from drivers.opcua.nodes import NodeName, parse
from drivers.opcua.quality import quality_of
from drivers.opcua.watch import watch
from drivers.profile import PointSpec
from drivers.row import law_of
from drivers.settings import DeviceSettings, OpcUa
from edge.errors import BadFrame, ConfigError, DeviceRefused, EdgeError, NoAnswer
from edge.model.clock import Clock, Instant
from edge.model.command import Command, Expired, Outcome, Refused, Unreachable
from edge.model.point import Columns
from edge.model.quality import Quality
from edge.model.scan import Scan

if TYPE_CHECKING:
    from drivers.opcua.session import Session

REREAD_S = 60.0
"""How often a subscriber reads all values, give or take a tenth; at most every ten periods."""

Connect = Callable[[OpcUa, Sequence[NodeName], float, Instant], Awaitable["Session"]]
"""`(link, nodes, period_s, now)` → a session in which the nodes have been found."""

_log = logging.getLogger(__name__)


class OpcUaDriver:
    """One server's nodes, by a subscription or by reads at the period's multiples."""

    def __init__(
        self,
        settings: DeviceSettings,
        clock: Clock,
        rng: random.Random,
        connect: Connect | None = None,
    ) -> None:
        """Nothing is opened yet; `connect` is asyncua's unless another is given.

        Raises:
            ConfigError: the link is not OPC UA or must not be opened, or a node has no good name.
        """
        if not isinstance(settings.link, OpcUa):
            raise ConfigError(f"{settings.id}: its link is not OPC UA")
        endpoint.check(settings.link)
        specs = _specs(settings)
        self.device = settings.id
        self._settings = settings
        self._link = settings.link
        self._clock = clock
        self._connect = connect
        self._names = [parse(spec.node) for spec in specs]
        self._facts = [(fact.name, parse(fact.node)) for fact in settings.profile.facts]
        self._looker = Looker(settings.columns, Laws([law_of(spec) for spec in specs]), clock)
        self._backoff = Backoff(rng)
        # the devices of a site, started together, do not read everything together
        self._reread_s = max(REREAD_S * rng.uniform(0.9, 1.1), 10 * settings.columns.period_s)
        self._session: Session | None = None
        self._complaint = ""
        self._stopping = False
        self._interrupt: asyncio.Future[None] | None = None

    @property
    def columns(self) -> Columns:
        """What its scans are made of; `facts` fills when the server is reached."""
        return self._settings.columns

    @property
    def facts(self) -> dict[str, str]:
        """What the server says of itself, and what is odd about it."""
        return self._settings.columns.facts

    @property
    def overflows(self) -> int:
        """Values that the server's queues lost, as far as it said so."""
        return self._looker.overflows

    async def scans(self) -> AsyncGenerator[Scan, None]:
        """Scans until `stop`; while there is no road to the server, failed ones at the period."""
        self._interrupt = interrupt = asyncio.get_running_loop().create_future()
        while not self._stopping:
            try:
                self._session = session = await self._open()
                async with aclosing(self._looks(session, interrupt)) as looks:
                    async for scan in looks:
                        self._backoff.succeeded()
                        self._complaint = ""
                        yield scan
            except EdgeError as error:
                await self._close()
                self._backoff.failed(asyncio.get_running_loop().time())
                self._complain(error)
                async with aclosing(self._outage(_cause(error), interrupt)) as outage:
                    async for scan in outage:
                        yield scan
            finally:
                await self._close()

    def stop(self) -> None:
        """Begin no further look."""
        self._stopping = True
        if self._interrupt is not None and not self._interrupt.done():
            self._interrupt.set_result(None)

    async def execute(self, command: Command) -> Outcome:
        """Write one node where that is allowed; never raises for what the server answers.

        Before `scans` has begun, in a session of its own; after that, in the one that stands.
        """
        if (why := setpoint.refusal(command, self._settings)) is not None:
            return Refused(why)
        if self._clock.now() >= command.expires_at:
            return Expired()
        if self._session is not None:
            return await setpoint.apply(command, self._settings, self._session, self._clock)
        if self._interrupt is not None:
            return Unreachable(f"{self.device}: there is no session with {self._link.url} now")
        try:
            session = await self._open()
        except EdgeError as error:
            return Unreachable(str(error))
        try:
            if self._clock.now() >= command.expires_at:
                return Expired()
            return await setpoint.apply(command, self._settings, session, self._clock)
        finally:
            await session.close()

    async def look(self) -> Scan:
        """One read of all values in a session of its own; a failed one is a Scan too."""
        try:
            session = await self._open()
            try:
                return await self._looker.look(session)
            finally:
                await session.close()
        except EdgeError as error:
            self._complain(error)
            return self._looker.failed(_cause(error))

    async def _open(self) -> "Session":
        self._backoff.tried(asyncio.get_running_loop().time())
        if self._connect is None:
            # half a second of importing: meanwhile the other devices are read
            self._connect = await asyncio.to_thread(_asyncua)
        now = self._clock.now()
        session = await self._connect(self._link, self._names, self.columns.period_s, now)
        try:
            texts = await session.texts([node for _, node in self._facts])
        except BaseException:
            await session.close()
            raise
        self.facts.clear()
        told = zip(self._facts, texts, strict=True)
        self.facts.update({name: text for (name, _), text in told if text is not None})
        return session

    async def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _looks(
        self, session: "Session", interrupt: asyncio.Future[None]
    ) -> AsyncGenerator[Scan, None]:
        if self._settings.mode == "read":
            return self._poll(session, interrupt)
        return watch(session, self._looker, self.columns, self._reread_s, interrupt)

    async def _poll(
        self, session: "Session", interrupt: asyncio.Future[None]
    ) -> AsyncGenerator[Scan, None]:
        while not interrupt.done():
            yield await self._looker.look(session)
            await asyncio.wait({interrupt}, timeout=self._to_next_tick_s())

    async def _outage(
        self, cause: Quality, interrupt: asyncio.Future[None]
    ) -> AsyncGenerator[Scan, None]:
        """A failed Scan now and at each of the period's multiples, until the next try is due."""
        loop = asyncio.get_running_loop()
        yield self._looker.failed(cause)
        while not interrupt.done():
            wait_s, tick_s = self._backoff.wait_s(loop.time()), self._to_next_tick_s()
            await asyncio.wait({interrupt}, timeout=min(wait_s, tick_s))
            if wait_s <= tick_s or interrupt.done():
                return
            yield self._looker.failed(cause)

    def _complain(self, error: EdgeError) -> None:
        """Once for each reason, not once for each try."""
        level = logging.DEBUG if str(error) == self._complaint else logging.WARNING
        self._complaint = str(error)
        _log.log(level, "%s: %s", self.device, error)

    def _to_next_tick_s(self) -> float:
        period_s = self.columns.period_s
        return period_s - asyncio.get_running_loop().time() % period_s


async def read_once(settings: DeviceSettings, clock: Clock) -> Scan:
    """One look at one device in a session of its own; a failed look is a Scan too."""
    return await OpcUaDriver(settings, clock, random.Random()).look()


def _asyncua() -> Connect:
    from drivers.opcua.session import open_session  # noqa: PLC0415 - only where a site asks

    # asyncua makes its thousand classes from source at import, and glibc keeps the 45 MB of
    # rubbish; other C libraries have no such call, and no such need
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    return open_session


def _cause(error: EdgeError) -> Quality:
    """Why a look brought nothing."""
    if isinstance(error, DeviceRefused):
        cause = quality_of(error.code)
        return Quality.LINK_DOWN if cause is Quality.BAD else cause
    if isinstance(error, NoAnswer):
        return Quality.TIMEOUT
    return Quality.BAD_FRAME if isinstance(error, BadFrame) else Quality.LINK_DOWN


def _specs(settings: DeviceSettings) -> list[PointSpec]:
    """The profile's row of each column.

    Raises:
        ConfigError: a column has none, or its row names no node.
    """
    by_name = settings.profile.by_name
    for point in settings.columns.points:
        if point.name not in by_name:
            raise ConfigError(f"{point.id} is not in profile {settings.profile.profile}")
        if not by_name[point.name].node:
            raise ConfigError(f"{point.id}: profile {settings.profile.profile} gives it no `node:`")
    return [by_name[name] for name in settings.columns.names]
