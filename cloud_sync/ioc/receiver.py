"""The receiver: from the broker into the ledger, and back the word of what is held.

The watermark is said after the ledger's own commit and speaks of that alone. What was received and
not committed is simply not in it, and comes again.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import msgspec

from cloud_sync import topics
from cloud_sync.ioc.desk import Desk
from cloud_sync.ioc.ledger import Arrival, Store, Taken
from cloud_sync.letters import VERSION, Receipt
from cloud_sync.uplink import UplinkDown
from edge.model.clock import NS_PER_MS, Clock
from edge.ports import Uplink

log = logging.getLogger("ria.ioc")

Connect = Callable[[], AbstractAsyncContextManager[Uplink]]

BATCH_S = 0.2
"""How long messages gather before they are committed together."""
BATCH = 500
SAY_EVERY_S = 1.0
"""At most one watermark a second to each gateway."""
SILENT_S = 15.0
"""Live values come every 2 s; without them for so long a gateway is called silent."""
PATROL_S = 0.25

_json = msgspec.json.Encoder()


@dataclass(slots=True)
class Tally:
    """What the receiver did since it began."""

    messages: int = 0
    rows: int = 0
    repeated: int = 0
    conflicting: int = 0
    illegible: int = 0
    commits: int = 0
    watermarks: int = 0


class Receiver:
    """Receives for all gateways through any number of sessions with the broker.

    `run` is one session: it raises `UplinkDown` when the session ends, and is to be called again
    after a pause. `connect` gives an `edge.ports.Uplink` subscribed to `topics.EVERY_UP`. Each
    session has a name of its own, so that gateways send again what was lost in between.
    """

    def __init__(self, desk: Desk, connect: Connect, clock: Clock) -> None:
        self._desk = desk
        self._connect = connect
        self._clock = clock
        self.tally = Tally()
        self.session = ""
        self._serial = 0
        self._waiting: list[Arrival] = []
        self._come = asyncio.Event()
        self._to_say: set[Store] = set()
        self._said_at: dict[str, float] = {}
        self._say = asyncio.Event()
        self._live_at: dict[str, float] = {}
        self._silent: set[str] = set()
        self._current: dict[str, str] = {}

    async def run(self) -> None:
        """One session with the broker, for as long as it lasts.

        Raises:
            UplinkDown: there is no session, or no longer one: call again after a pause.
            StoreFailed: the ledger did not take what came; nothing was confirmed.
        """
        self._waiting.clear()
        self._said_at.clear()
        async with self._connect() as uplink:
            await self._begin()
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._listen(uplink), name="ioc.listen")
                    tasks.create_task(self._commit(), name="ioc.commit")
                    tasks.create_task(self._confirm(uplink), name="ioc.confirm")
                    tasks.create_task(self._patrol(), name="ioc.patrol")
            except BaseExceptionGroup as group:
                raise _only(group) from None

    @property
    def silent(self) -> frozenset[str]:
        """Gateways that show no live values."""
        return frozenset(self._silent)

    async def _begin(self) -> None:
        self.session, self._serial = secrets.token_hex(4), 0
        stores = await self._desk.ask(self._desk.ledger.stores)
        now = asyncio.get_running_loop().time()
        for gateway, epoch in stores:
            self._current[gateway] = epoch
            self._live_at[gateway] = now
        self._to_say.update(stores)
        self._say.set()

    async def _listen(self, uplink: Uplink) -> None:
        async for topic, payload in uplink.messages():
            if self._is_mere_life(topic):
                continue
            self._waiting.append(Arrival(topic, payload, self._clock.now() // NS_PER_MS))
            self._come.set()
        raise UplinkDown("the session with the broker ended; connect again")

    def _is_mere_life(self, topic: str) -> bool:
        """Live values of a known gateway say that it lives, and nothing to store."""
        try:
            parsed = topics.parse(topic)
        except ValueError:
            return False
        if parsed.leaf != "live":
            return False
        known = parsed.gateway in self._live_at
        self._live_at[parsed.gateway] = asyncio.get_running_loop().time()
        return known

    async def _commit(self) -> None:
        while True:
            await self._come.wait()
            if len(self._waiting) < BATCH:
                await asyncio.sleep(BATCH_S)
            self._come.clear()
            while self._waiting:
                batch, self._waiting[:BATCH] = self._waiting[:BATCH], []
                self._note(await self._desk.ask(self._desk.ledger.take, batch))

    def _note(self, taken: Taken) -> None:
        tally = self.tally
        tally.commits += 1
        tally.messages += taken.new
        tally.rows += taken.rows
        tally.repeated += taken.repeated
        tally.conflicting += taken.conflicting
        tally.illegible += taken.illegible
        if taken.conflicting:
            log.warning(
                "messages refused, other content under a known number count=%d gateways=%s; "
                "do two gateways share a name?",
                taken.conflicting,
                sorted({gateway for gateway, _ in taken.stores}),
            )
        if taken.illegible:
            log.warning("messages refused, illegible count=%d; see table notice", taken.illegible)
        for gateway, epoch in taken.connected:
            self._current[gateway] = epoch
            self._said_at.pop(gateway, None)  # it waits for word: at once
        for gateway, epoch in taken.stores:
            self._current.setdefault(gateway, epoch)
        self._to_say |= taken.stores | taken.connected
        self._say.set()

    async def _confirm(self, uplink: Uplink) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._say.wait()
            self._say.clear()
            for gateway, epoch in sorted(self._to_say):
                if loop.time() - self._said_at.get(gateway, -SAY_EVERY_S) >= SAY_EVERY_S:
                    self._to_say.discard((gateway, epoch))
                    self._said_at[gateway] = loop.time()
                    await self._say_one(uplink, (gateway, epoch))

    async def _say_one(self, uplink: Uplink, store: Store) -> None:
        gateway, epoch = store
        self._serial += 1
        receipt = Receipt(
            v=VERSION,
            gateway=gateway,
            epoch=epoch,
            session=self.session,
            serial=self._serial,
            at=self._clock.now() // NS_PER_MS,
            lanes=await self._desk.ask(self._desk.ledger.watermark, store),
        )
        # of an older store only whoever is connected with it now needs to know
        retain = self._current.get(gateway) == epoch
        await uplink.publish(topics.watermark(gateway), _json.encode(receipt), qos=1, retain=retain)
        self.tally.watermarks += 1

    async def _patrol(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(PATROL_S)
            if self._to_say:
                self._say.set()
            for gateway, live_at in list(self._live_at.items()):
                silent = loop.time() - live_at >= SILENT_S
                if silent != (gateway in self._silent):
                    await self._mark(gateway, live_at, silent=silent)

    async def _mark(self, gateway: str, live_at: float, *, silent: bool) -> None:
        now_ms = self._clock.now() // NS_PER_MS
        since_ms = now_ms - round((asyncio.get_running_loop().time() - live_at) * 1000)
        mark = self._desk.ledger.mark_silent
        await self._desk.ask(mark, gateway, since_ms if silent else None, now_ms)
        if silent:
            self._silent.add(gateway)
            log.warning("gateway silent gateway=%s for_s=%g", gateway, SILENT_S)
        else:
            self._silent.discard(gateway)
            log.info("gateway heard again gateway=%s", gateway)


def _only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """One error of one kind is raised as itself; several stay together."""
    errors: list[BaseException] = []
    nested: list[BaseException] = [group]
    while nested:
        error = nested.pop()
        if isinstance(error, BaseExceptionGroup):
            nested.extend(error.exceptions)
        else:
            errors.append(error)
    return errors[0] if len({type(error) for error in errors}) == 1 else group
