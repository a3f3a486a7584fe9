"""The post against a broker that keeps nothing, on a loop whose time only moves when all wait."""

import asyncio
import selectors
from contextlib import asynccontextmanager
from itertools import pairwise

import msgspec
import pytest

from cloud_sync import topics
from cloud_sync.encode import encoder
from cloud_sync.letters import Held, Receipt
from cloud_sync.memory import MemoryOutbox
from cloud_sync.ranges import Ranges
from cloud_sync.sync import Sync
from cloud_sync.uplink import PayloadRefused, UplinkDown
from edge.model.clock import ClockQuality, Instant
from edge.model.event import Event, EventKind
from edge.model.message import Lane

G = "g1"


class VirtualSelector(selectors.DefaultSelector):
    """Waiting takes no time: it moves the clock."""

    now = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits for ever"
            self.now += timeout
        return ready


def run(main):
    selector = VirtualSelector()

    def loop_factory():
        loop = asyncio.SelectorEventLoop(selector)
        loop.time = lambda: selector.now
        return loop

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main())


class VirtualClock:
    boot = "b"

    def now(self):
        return Instant(int(asyncio.get_running_loop().time() * 1e9))

    def mono_ns(self):
        return self.now()

    def quality(self):
        return ClockQuality.SYNCED


class Centre:
    """Broker and receiver in one: what arrives is held, unless the test says otherwise."""

    def __init__(self, epoch="e1"):
        self.epoch = epoch
        self.session = "s1"
        self.held = {lane: Ranges() for lane in Lane}
        self.log = []
        self.live = []
        self.down = asyncio.Queue()
        self.deaf = False
        self.drops = lambda lane, seq: False
        self.breaks_on = lambda lane, seq: False
        self.delay_s = 0.01
        self.in_flight = self.most_in_flight = 0
        self.serial = 0
        self.connections = 0

    @asynccontextmanager
    async def connect(self):
        self.connections += 1
        self.down = asyncio.Queue()
        yield self

    async def publish(self, topic, payload, *, qos, retain):
        leaf = topics.parse(topic).leaf
        if leaf == "live":
            self.live.append(asyncio.get_running_loop().time())
            return
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if leaf == "site":
                await self.say()
                return
            seq = msgspec.json.decode(payload)["seq"]
            self.log.append((asyncio.get_running_loop().time(), leaf, seq))
            if self.breaks_on(leaf, seq):
                await asyncio.sleep(self.delay_s)
                raise UplinkDown("hung up")
            await asyncio.sleep(self.delay_s)
            if not self.deaf and not self.drops(leaf, seq):
                self.held[leaf] |= Ranges(((seq, seq),))
                await self.say()
        finally:
            self.in_flight -= 1

    async def say(self, **change):
        if self.deaf:
            return
        self.serial += 1
        lanes = {lane: Held(upto=h.last, missing=h.holes().spans) for lane, h in self.held.items()}
        receipt = Receipt(
            v=1,
            gateway=G,
            epoch=self.epoch,
            session=self.session,
            serial=self.serial,
            at=0,
            lanes=lanes,
        )
        receipt = msgspec.structs.replace(receipt, **change)
        await self.down.put((topics.watermark(G), msgspec.json.encode(receipt)))

    async def messages(self):
        while True:
            said = await self.down.get()
            if isinstance(said, Exception):
                raise said
            yield said

    def sent(self, lane=Lane.INTERVAL):
        return [seq for _, of, seq in self.log if of == lane]


class Rig:
    def __init__(self, **kwargs):
        self.centre = Centre()
        self.outbox = MemoryOutbox(G, "e1", encoder())
        self.events = []
        self.sync = Sync(
            self.outbox, self.centre.connect, G, VirtualClock(), lambda: b"{}", lambda: b"{}",
            record=self.events.append, **kwargs,
        )  # fmt: skip

    def put(self, lane, n=1):
        for _ in range(n):
            self.outbox.put(lane, Instant(0), Event(EventKind.DEVICE_UP, Instant(0), "m"))

    @asynccontextmanager
    async def running(self):
        async def supervise():
            while True:
                try:
                    await self.sync.run()
                except UplinkDown:
                    await asyncio.sleep(1)

        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(supervise(), name="supervise")
            yield
            task.cancel()

    async def drained(self, within_s=3600):
        async with asyncio.timeout(within_s):
            await self.sync.drain()


def test_all_lanes_are_confirmed_and_the_bounds_hold():
    async def main():
        rig = Rig(window=8)
        for lane in Lane:
            rig.put(lane, 50)
        async with rig.running():
            await rig.drained()
            status = rig.sync.status()
        assert status.connected
        assert [(s.stored, s.confirmed, s.depth) for s in status.lanes] == [(50, 50, 0)] * 4
        assert rig.centre.most_in_flight <= 8
        for lane in Lane:
            assert rig.centre.sent(lane) == list(range(1, 51))

    run(main)


def test_the_window_also_bounds_bytes_so_that_live_keeps_up():
    async def main():
        rig = Rig(window=8, window_bytes=1)
        rig.put(Lane.INTERVAL, 300)
        rig.centre.delay_s = 0.1
        async with rig.running():
            await rig.drained()
        assert rig.centre.most_in_flight == 1
        gaps = [b - a for a, b in pairwise(rig.centre.live)]
        assert len(gaps) >= 14
        assert max(gaps) <= 2.2

    run(main)


def test_urgent_messages_overtake_a_backlog():
    async def main():
        rig = Rig(window=1)
        rig.put(Lane.RAW, 500)
        async with rig.running():
            await asyncio.sleep(1)
            rig.put(Lane.EVENT)
            stored_at = asyncio.get_running_loop().time()
            await rig.drained()
        arrived_at = next(at for at, lane, _ in rig.centre.log if lane == Lane.EVENT)
        assert arrived_at - stored_at < 0.1

    run(main)


def test_a_broker_that_keeps_nothing_for_an_absent_receiver_loses_nothing():
    async def main():
        rig = Rig()
        rig.centre.deaf = True
        rig.put(Lane.INTERVAL, 20)
        async with rig.running():
            await asyncio.sleep(10)
            assert rig.sync.status().lanes[2].confirmed == 0
            rig.centre.deaf, rig.centre.session = False, "s2"
            await rig.centre.say()
            await rig.drained(60)
        assert set(rig.centre.sent()) == set(range(1, 21))

    run(main)


def test_a_receiver_that_starts_anew_is_sent_what_is_unconfirmed_at_once():
    async def main():
        rig = Rig()
        rig.put(Lane.INTERVAL, 5)
        async with rig.running():
            await rig.drained()
            rig.centre.drops = lambda *_: True
            rig.put(Lane.INTERVAL, 5)
            await asyncio.sleep(1)
            assert rig.centre.sent() == [*range(1, 11)]
            rig.centre.drops = lambda *_: False
            await rig.centre.say(session="s2")
            rig.centre.session = "s2"
            await rig.drained(1)
        assert rig.centre.sent() == [*range(1, 11), *range(6, 11)]

    run(main)


def test_a_broken_session_begins_again_with_the_first_unconfirmed():
    async def main():
        rig = Rig()
        rig.put(Lane.INTERVAL, 5)
        async with rig.running():
            await rig.drained()
            rig.centre.deaf = True
            rig.put(Lane.INTERVAL, 3)
            await asyncio.sleep(0.5)
            rig.centre.deaf = False
            await rig.centre.down.put(UplinkDown("broker killed"))
            await rig.drained(5)
            assert rig.sync.status().last_error == ""
        assert rig.centre.sent() == [1, 2, 3, 4, 5, 6, 7, 8, 6, 7, 8]
        assert rig.centre.connections == 2

    run(main)


def test_silence_is_met_with_repeats_after_30_s_and_ever_later():
    async def main():
        rig = Rig()
        rig.centre.drops = lambda *_: True
        rig.put(Lane.INTERVAL)
        async with rig.running():
            await asyncio.sleep(2000)
        times = [round(at) for at, *_ in rig.centre.log]
        gaps = [b - a for a, b in pairwise(times)]
        assert gaps[0] in (30, 31)  # looked after once a second
        assert gaps[1:] == [60, 120, 240, 480, 600]

    run(main)


def test_a_receiver_restored_from_a_backup_is_sent_what_it_lost():
    async def main():
        rig = Rig()
        rig.put(Lane.INTERVAL, 10)
        async with rig.running():
            await rig.drained()
            rig.centre.held[Lane.INTERVAL] = Ranges(((1, 4),))
            rig.centre.session = "s2"
            await rig.centre.say()
            await asyncio.sleep(1)
            await rig.drained(1)
        assert rig.centre.sent() == [*range(1, 11), *range(5, 11)]

    run(main)


def test_a_retained_watermark_from_before_is_not_believed():
    async def main():
        rig = Rig()
        rig.put(Lane.INTERVAL, 10)
        async with rig.running():
            await rig.drained()
            lanes = {Lane.INTERVAL: Held(upto=4)}
            await rig.centre.say(serial=1, lanes=lanes)
            await asyncio.sleep(1)
            assert rig.outbox.unconfirmed(Lane.INTERVAL) == Ranges()
        assert rig.centre.sent() == [*range(1, 11)]

    run(main)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"lanes": {Lane.INTERVAL: Held(upto=99)}}, "last number given out is 3"),
        ({"epoch": "e0"}, "this store is g1/e1"),
        ({"gateway": "g2"}, "it speaks of g2"),
    ],
)
def test_a_watermark_that_cannot_be_is_refused_and_said_once(change, why):
    async def main():
        rig = Rig()
        rig.put(Lane.INTERVAL, 3)
        rig.centre.drops = lambda *_: True
        async with rig.running():
            await asyncio.sleep(1)
            for _ in range(5):
                await rig.centre.say(**change)
            await asyncio.sleep(1)
            assert len(rig.outbox.unconfirmed(Lane.INTERVAL)) == 3
        (event,) = rig.events
        assert event.kind is EventKind.WATERMARK_REFUSED
        assert why in event.detail["reason"]

    run(main)


def test_noise_on_the_watermark_topic_and_other_topics_change_nothing():
    async def main():
        rig = Rig()
        rig.put(Lane.INTERVAL, 3)
        async with rig.running():
            await rig.drained()
            for payload in (b"", b"{}", b"\x28\xb5\x2f\xfd", b"null"):
                await rig.centre.down.put((topics.watermark(G), payload))
            await rig.centre.down.put((topics.watermark("other"), b"{}"))
            await asyncio.sleep(1)
            rig.put(Lane.INTERVAL)
            await rig.drained(5)
        assert {event.kind for event in rig.events} == {EventKind.WATERMARK_REFUSED}
        assert len(rig.events) == 4

    run(main)


def test_a_message_that_the_broker_hangs_up_on_does_not_stop_the_others():
    async def main():
        rig = Rig()
        rig.put(Lane.INTERVAL, 30)
        rig.centre.breaks_on = lambda lane, seq: seq == 7
        async with rig.running():
            await asyncio.sleep(25)
            assert rig.outbox.unconfirmed(Lane.INTERVAL) == Ranges(((7, 7),))
            assert rig.sync.status().lanes[2].aside == 1
            rig.centre.breaks_on = lambda lane, seq: False
            await rig.drained(700)

    run(main)


def test_a_payload_that_mqtt_cannot_carry_is_put_aside_alone():
    async def main():
        rig = Rig()
        rig.put(Lane.INTERVAL, 3)
        publish = rig.centre.publish

        async def refusing(topic, payload, *, qos, retain):
            if b'"seq":2,' in payload:
                raise PayloadRefused("too large")
            await publish(topic, payload, qos=qos, retain=retain)

        rig.centre.publish = refusing
        async with rig.running():
            await asyncio.sleep(5)
        assert rig.outbox.unconfirmed(Lane.INTERVAL) == Ranges(((2, 2),))
        assert rig.centre.connections == 1

    run(main)


def test_a_message_lost_between_others_is_asked_for_and_sent_again():
    async def main():
        rig = Rig()
        lost = {3, 4}
        rig.centre.drops = lambda lane, seq: seq in lost and not lost.discard(seq)
        rig.put(Lane.INTERVAL, 10)
        async with rig.running():
            await rig.drained(5)
        assert rig.centre.sent().count(3) == 2
        assert rig.centre.sent().count(5) == 1

    run(main)


def test_an_absent_centre_costs_a_bounded_number_of_repeats():
    async def main():
        rig = Rig()
        rig.centre.deaf = True
        rig.put(Lane.INTERVAL, 1500)
        async with rig.running():
            await asyncio.sleep(25)
            first = len(rig.centre.log)
            await asyncio.sleep(450)
        assert 1000 <= first < 1050
        assert len(rig.centre.log) == 5 * first  # after 30, 60, 120 and 240 s

    run(main)


def test_the_site_is_described_again_when_it_changes():
    async def main():
        rig = Rig()
        async with rig.running():
            await asyncio.sleep(1)
            before = rig.centre.serial
            rig.sync.site_changed()
            await asyncio.sleep(1)
            assert rig.centre.serial == before + 1

    run(main)
