"""The post: messages from the outbox to the broker, until the operations centre says it holds them.

A PUBACK only makes room for the next message. What confirms is the watermark, and what it does not
confirm is sent again: after a break of the session, when the receiver starts anew or was restored
from a backup, where it says numbers are missing, and when it stays silent for too long. The broker
may therefore keep nothing at all.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from itertools import count

from cloud_sync import decode, topics
from cloud_sync.lane import LanePost
from cloud_sync.letters import Receipt
from cloud_sync.status import LaneStatus, SyncStatus
from cloud_sync.strikes import Strikes
from cloud_sync.turns import Turns
from cloud_sync.uplink import PayloadRefused, UplinkDown
from cloud_sync.window import Window
from edge.errors import EdgeError
from edge.model.clock import Clock, Instant
from edge.model.event import Detail, Event, EventKind
from edge.model.message import Lane, Message, Watermark
from edge.ports import Outbox, Uplink

Connect = Callable[[], AbstractAsyncContextManager[Uplink]]

SITE = ("site", 0)
TAKEN_AT_ONCE = 32
PATROL_S = 1.0
FIRST_WORD_S = 1.0
"""A receiver that is there answers a gateway's connecting within this time: what goes out before
its word may have to go again."""
COUNTED_EVERY = 10
"""Patrols from one look at the outbox's last numbers to the next."""


class Sync:
    """Sends one gateway's messages through any number of sessions with the broker.

    `run` is one session: it raises `UplinkDown` when the session ends, and is to be called again
    after a pause. `connect` gives an `edge.ports.Uplink` that is subscribed to the gateway's
    watermark topic.
    """

    def __init__(
        self,
        outbox: Outbox,
        connect: Connect,
        gateway: str,
        clock: Clock,
        site: Callable[[], bytes],
        live: Callable[[], bytes | None],
        *,
        record: Callable[[Event], object],
        live_s: float = 2.0,
        window: int = 12,
        window_bytes: int = 65_536,
    ) -> None:
        self._outbox = outbox
        self._connect = connect
        self._gateway = gateway
        self._clock = clock
        self._site = site
        self._live = live
        self._record = record
        self._live_s = live_s
        self._window = window
        self._window_bytes = window_bytes
        self._lanes = {lane: LanePost() for lane in Lane}
        self._stored = dict.fromkeys(Lane, 0)
        self._confirmed_at: dict[Lane, Instant | None] = dict.fromkeys(Lane)
        self._turns = Turns()
        self._strikes = Strikes()
        self._wake = asyncio.Event()
        self._heard = asyncio.Event()
        self._word = asyncio.Event()
        self._site_changed = asyncio.Event()
        self._complaints: dict[str, str] = {}
        self._session, self._serial = "", 0
        self._connected = False
        self._since: Instant | None = None
        self._seen_at: Instant | None = None
        self._published = 0
        self._last_error = ""
        outbox.on_new(self._on_new)

    async def run(self) -> None:
        """One session with the broker, for as long as it lasts.

        Raises:
            UplinkDown: there is no session, or no longer one: call again after a pause.
        """
        try:
            async with self._connect() as uplink:
                await self._send_site(uplink)
                await self._begin()
                try:
                    await self._exchange(uplink)
                finally:
                    self._connected, self._since = False, self._clock.now()
        except UplinkDown as error:
            self._strikes.broke(_loop_time())
            self._last_error = str(error)
            raise
        except BaseException:
            self._strikes.ended()
            raise

    def site_changed(self) -> None:
        """Send the site's description again."""
        self._site_changed.set()

    async def drain(self) -> None:
        """Return when the operations centre holds every message; the deadline is the caller's."""
        while True:
            self._heard.clear()
            if not [lane for lane in Lane if await self._outbox.take(lane, 0, 1)]:
                return
            await self._heard.wait()

    def status(self) -> SyncStatus:
        """The road as it is now."""
        aside = [lane for lane, _ in self._strikes.set_aside]
        lanes = []
        for lane, post in self._lanes.items():
            held = post.held or Watermark(0)
            lanes.append(
                LaneStatus(
                    lane=lane,
                    stored=max(self._stored[lane], held.upto),
                    sent=post.cursor,
                    upto=held.upto,
                    missing=sum(last - first + 1 for first, last in held.missing),
                    aside=aside.count(lane),
                    confirmed_at=self._confirmed_at[lane],
                )
            )
        return SyncStatus(
            connected=self._connected,
            since=self._since,
            receiver_seen_at=self._seen_at,
            receiver_session=self._session,
            lanes=tuple(lanes),
            published=self._published,
            last_error=self._last_error,
        )

    async def _begin(self) -> None:
        self._word.clear()
        for lane, post in self._lanes.items():
            post.begin(_loop_time())
            self._stored[lane] = await self._outbox.last(lane)
        self._connected, self._since = True, self._clock.now()
        self._last_error = ""

    async def _exchange(self, uplink: Uplink) -> None:
        room = Window(self._window, self._window_bytes)
        door = asyncio.Lock()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(uplink), name="sync.listen")
                tasks.create_task(self._show_live(uplink), name="sync.live")
                tasks.create_task(self._patrol(), name="sync.patrol")
                tasks.create_task(self._follow_site(uplink), name="sync.site")
                for i in range(self._window):
                    tasks.create_task(self._post(uplink, door, room), name=f"sync.post[{i}]")
        except BaseExceptionGroup as group:
            down, rest = group.split(UplinkDown)
            if rest is not None or down is None:
                raise
            raise _first(down) from None

    async def _send_site(self, uplink: Uplink) -> None:
        if self._strikes.aside(SITE):
            return
        self._strikes.leaves(SITE)
        topic = topics.site(self._gateway)
        await uplink.publish(topic, self._site(), qos=1, retain=True)
        self._strikes.arrived(SITE)

    async def _follow_site(self, uplink: Uplink) -> None:
        while True:
            await self._site_changed.wait()
            self._site_changed.clear()
            await self._send_site(uplink)

    async def _show_live(self, uplink: Uplink) -> None:
        topic = topics.live(self._gateway)
        while True:
            if (payload := self._live()) is not None:
                await uplink.publish(topic, payload, qos=0, retain=False)
            await asyncio.sleep(self._live_s)

    async def _post(self, uplink: Uplink, door: asyncio.Lock, room: Window) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_WORD_S):
                await self._word.wait()
        while True:
            async with door:  # so that messages leave in order
                message = await self._next()
                key = (message.lane, message.seq)
                if self._strikes.aside(key):
                    self._lanes[message.lane].put_aside(message.seq)
                    continue
                await room.enter(len(message.payload), alone=self._strikes.suspect(key))
            await self._send(uplink, message)
            await room.leave(len(message.payload))

    async def _send(self, uplink: Uplink, message: Message) -> None:
        key = (message.lane, message.seq)
        self._strikes.leaves(key)
        topic = topics.lane(self._gateway, message.lane)
        try:
            await uplink.publish(topic, message.payload, qos=1, retain=False)
        except PayloadRefused as error:
            self._strikes.refuse(key, _loop_time())
            self._lanes[message.lane].put_aside(message.seq)
            self._last_error = str(error)
            return
        self._strikes.arrived(key)
        self._published += 1

    async def _next(self) -> Message:
        while True:
            self._wake.clear()
            for lane, post in self._lanes.items():
                while (wanted := post.wanted()) is not None:
                    found = await self._outbox.take(lane, wanted.after, TAKEN_AT_ONCE)
                    post.offer(wanted, found, TAKEN_AT_ONCE)
            if waiting := [lane for lane, post in self._lanes.items() if post.waiting]:
                lane = self._turns.next(waiting)
                message = self._lanes[lane].pop(_loop_time())
                self._stored[lane] = max(self._stored[lane], message.seq)
                return message
            await self._wake.wait()

    async def _patrol(self) -> None:
        for turn in count():
            await asyncio.sleep(PATROL_S)
            now = _loop_time()
            for lane, post in self._lanes.items():
                post.patrol(now)
                if turn % COUNTED_EVERY == 0:
                    self._stored[lane] = await self._outbox.last(lane)
            for lane_name, seq in self._strikes.due(now):
                if (lane_name, seq) == SITE:
                    self._site_changed.set()
                else:
                    self._lanes[Lane(lane_name)].repeat(seq)
            self._wake.set()

    async def _listen(self, uplink: Uplink) -> None:
        expected = topics.watermark(self._gateway)
        async for topic, payload in uplink.messages():
            if topic != expected:
                continue  # some brokers hand out the retained messages of others
            try:
                await self._hear(decode.receipt(payload))
            except EdgeError as error:
                self._complain("illegible", str(error), {"reason": str(error)})
        raise UplinkDown("the session with the broker ended; connect again")

    async def _hear(self, receipt: Receipt) -> None:
        if receipt.gateway != self._gateway or receipt.epoch != self._outbox.epoch:
            whose = f"{receipt.gateway}/{receipt.epoch}"
            reason = f"it speaks of {whose}, this store is {self._gateway}/{self._outbox.epoch}"
            self._complain("epoch", whose, {"reason": reason})
            return
        if receipt.session == self._session and receipt.serial < self._serial:
            return  # a broker restored from its own backup retained an older one
        now = _loop_time()
        self._seen_at = self._clock.now()
        if receipt.session != self._session:
            # what it missed while it was not there, it does not know to ask for
            for post in self._lanes.values():
                post.begin(now)
        self._session, self._serial = receipt.session, receipt.serial
        self._word.set()
        for lane, held in receipt.lanes.items():
            watermark = Watermark(held.upto, tuple(held.missing))
            await self._believe(lane, watermark, now)
        self._wake.set()
        self._heard.set()

    async def _believe(self, lane: Lane, watermark: Watermark, now: float) -> None:
        post = self._lanes[lane]
        if watermark == post.held:
            return
        if watermark.upto > self._stored[lane]:
            self._stored[lane] = await self._outbox.last(lane)
        if watermark.upto > (last := self._stored[lane]):
            reason = f"it holds up to {watermark.upto}, the last number given out is {last}"
            self._complain(
                lane,
                "beyond",
                {"reason": reason, "lane": lane, "upto": watermark.upto, "last": last},
            )
            return
        self._complaints.pop(lane, None)
        await self._outbox.confirm(lane, watermark)
        if post.hear(watermark, now):
            self._confirmed_at[lane] = self._clock.now()

    def _complain(self, about: str, what: str, detail: dict[str, Detail]) -> None:
        """Say once that a watermark was refused; the receiver repeats it every second."""
        if self._complaints.get(about) == what:
            return
        self._complaints[about] = what
        self._last_error = f"watermark refused: {detail['reason']}"
        at = self._clock.now()
        self._record(Event(EventKind.WATERMARK_REFUSED, at, self._gateway, detail))

    def _on_new(self) -> None:
        for post in self._lanes.values():
            post.wake()
        self._wake.set()


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _first(group: BaseExceptionGroup[UplinkDown]) -> UplinkDown:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, UplinkDown) else UplinkDown(str(error))
