"""One link, shared fairly by the units behind it: a dead unit costs the others one timeout a step.

A `Bus` owns its connection and no task: it connects when it is first asked, and again, spaced by
`Backoff`, when it was lost. Close it with `close` or leave its `async with`.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

from drivers.link import Backoff
from drivers.modbus.frames import Request
from drivers.modbus.wire import TcpWire, Wire
from drivers.settings import ModbusRtu, ModbusTcp
from edge.errors import BadFrame, DeviceRefused, EdgeError, LinkDown, NoAnswer
from edge.model.clock import Clock
from edge.model.quality import Quality

ACKNOWLEDGE, BUSY = 5, 6
NO_PATH, NO_ANSWER_BEYOND = 0x0A, 0x0B
BUSY_TRIES = 3
BUSY_WAIT_S = 0.05
"""Before the first repetition; doubled before each further one."""


Away = LinkDown | NoAnswer | BadFrame
"""Why a unit is left alone for a while."""


class Answer(NamedTuple):
    """What a unit answered, and when it was asked and had answered: ns of the boot."""

    content: bytes
    asked_ns: int
    answered_ns: int


class TooLate(EdgeError):
    """The question was no longer wanted when its turn came."""


@dataclass(slots=True)
class Tally:
    """What a link has been through; for the metrics page."""

    asked: int = 0
    answered: int = 0
    refused: int = 0
    silent: int = 0
    bad_frames: int = 0
    connects: int = 0
    connects_failed: int = 0


class _Unit:
    """What is remembered of one unit behind the link."""

    def __init__(self, rng: random.Random, floor_s: float) -> None:
        self.backoff = Backoff(rng, floor_s=floor_s)
        self.down: Away | None = None
        """Why it is left alone until the back-off has run out."""
        self.rested_at_s = 0.0
        """When it may be asked again: the silence it needs between two requests."""


def cause_of(error: EdgeError) -> Quality:
    """The quality of cells that were not read for this reason."""
    match error:
        case DeviceRefused(code=1 | 2 | 3):
            return Quality.REFUSED
        case DeviceRefused(code=5 | 6):
            return Quality.BUSY
        case DeviceRefused():
            return Quality.DEVICE_FAULT
        case NoAnswer():
            return Quality.TIMEOUT
        case BadFrame():
            return Quality.BAD_FRAME
        case LinkDown():
            return Quality.LINK_DOWN
        case _:
            return Quality.BAD


class Bus:
    """One request in flight, turns in the order of asking, whoever asks."""

    def __init__(self, wire: Wire, clock: Clock, rng: random.Random) -> None:
        self.tally = Tally()
        self._wire = wire
        self._clock = clock
        self._rng = rng
        self._turn = asyncio.Lock()
        self._connects = Backoff(rng)
        self._units: dict[int, _Unit] = {}
        self._closed = False

    @property
    def name(self) -> str:
        """The link, for messages."""
        return self._wire.name

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up for good."""
        self._closed = True
        self._wire.close()

    async def ask(
        self,
        request: Request,
        *,
        wake_retries: int = 0,
        rest_s: float = 0.0,
        wanted: Callable[[], bool] | None = None,
    ) -> Answer:
        """Ask when it is this request's turn, and repeat where repeating is sound.

        A read that was spoilt on its way is repeated once; a busy unit is asked up to three times
        more; a sleeping one `wake_retries` times more. A unit that stays silent is then left alone
        for a while: until that has passed, asking it fails at once and costs the wire nothing.

        Args:
            request: The question.
            wake_retries: Requests that the unit may sleep through.
            rest_s: Silence that the unit needs after each answer.
            wanted: Asked when the turn has come; on False nothing is sent. Given for writes, which
                are sent once.

        Raises:
            LinkDown: the link, or a gateway's road beyond it, is down.
            NoAnswer: the unit is silent.
            BadFrame: what came was not the answer.
            DeviceRefused: the unit answered with an exception.
            TooLate: not `wanted` any more.
        """
        unit = self._units.get(request.unit)
        if unit is None:
            floor_s = max(1.0, self._wire.timeout_s)
            unit = self._units[request.unit] = _Unit(self._rng, floor_s)
        if unit.down is not None and unit.backoff.wait_s(self._now_s()) > 0:
            raise _again(unit.down)
        asleep, spoilt, busy = wake_retries, 0 if wanted else 1, 0 if wanted else BUSY_TRIES
        while True:
            try:
                answer = await self._ask_once(unit, request, wanted)
            except NoAnswer as error:
                self.tally.silent += 1
                if asleep == 0:
                    self._leave_alone(unit, error)
                    raise
                asleep -= 1
            except BadFrame as error:
                self.tally.bad_frames += 1
                if spoilt == 0:
                    self._leave_alone(unit, error)
                    raise
                spoilt -= 1
            except DeviceRefused as error:
                self.tally.refused += 1
                if error.code in {NO_PATH, NO_ANSWER_BEYOND}:
                    kind = LinkDown if error.code == NO_PATH else NoAnswer
                    away = kind(f"{self.name}: no road to unit {request.unit}: {error}")
                    self._leave_alone(unit, away)
                    raise away from error
                self._alive(unit, rest_s)
                if error.code not in {ACKNOWLEDGE, BUSY} or busy == 0:
                    raise
                await asyncio.sleep(BUSY_WAIT_S * 2.0 ** (BUSY_TRIES - busy))
                busy -= 1
            else:
                self.tally.answered += 1
                self._alive(unit, rest_s)
                return answer

    async def _ask_once(
        self, unit: _Unit, request: Request, wanted: Callable[[], bool] | None
    ) -> Answer:
        wire = self._wire
        pause_s = max(unit.rested_at_s - self._now_s(), wire.settle_s(request))
        if pause_s > 0:
            # before the turn is taken, so that the others go on meanwhile
            await asyncio.sleep(pause_s)
        async with self._turn:
            if not wire.is_open:
                await self._connect()
            if wanted is not None and not wanted():
                raise TooLate(f"{self.name}: {request.name} was not sent, its time had passed")
            self.tally.asked += 1
            asked_ns = self._clock.mono_ns()
            try:
                content = await wire.ask(request)
            except LinkDown:
                wire.close()
                self._connects.failed(self._now_s())
                raise
            return Answer(content, asked_ns, self._clock.mono_ns())

    async def _connect(self) -> None:
        now_s = self._now_s()
        if self._closed:
            raise LinkDown(f"{self.name}: closed")
        wait_s = self._connects.wait_s(now_s)
        if wait_s > 0 and self._connects.failures:
            raise LinkDown(f"{self.name}: down, next try in {wait_s:.0f} s")
        # a connection that we gave up ourselves is made again as soon as the spacing allows
        await asyncio.sleep(wait_s)
        self._connects.tried(now_s)
        try:
            await self._wire.open()
        except LinkDown:
            self.tally.connects_failed += 1
            self._connects.failed(self._now_s())
            raise
        self.tally.connects += 1

    def _alive(self, unit: _Unit, rest_s: float) -> None:
        unit.down = None
        unit.backoff.succeeded()
        self._connects.succeeded()
        if rest_s:
            unit.rested_at_s = self._now_s() + rest_s

    def _leave_alone(self, unit: _Unit, error: Away) -> None:
        unit.down = _again(error)
        unit.backoff.failed(self._now_s())

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()


def _again(error: Away) -> Away:
    """The same error without the frames that it was raised through, which it would keep alive."""
    return type(error)(str(error))


def open_bus(link: ModbusTcp | ModbusRtu, clock: Clock, rng: random.Random) -> Bus:
    """The bus of a link; one for all devices behind it. It connects when it is first asked."""
    match link:
        case ModbusTcp():
            return Bus(TcpWire(link), clock, rng)
        case ModbusRtu():
            # termios and pyserial are only for machines with a bus
            from drivers.modbus.rtu import RtuWire  # noqa: PLC0415

            return Bus(RtuWire(link), clock, rng)
