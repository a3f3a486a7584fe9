"""Gateway side and receiver over real brokers on loopback, with each of the three killed in turn."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import time
import zlib

import pytest

from cloud_sync import topics
from cloud_sync.encode import encoder, site
from cloud_sync.ioc.desk import Desk
from cloud_sync.ioc.receiver import Receiver
from cloud_sync.letters import Place
from cloud_sync.memory import MemoryOutbox
from cloud_sync.sync import Sync
from cloud_sync.uplink import BrokerUrl, MqttUplink, UplinkDown
from edge.model.clock import ClockQuality, Instant
from edge.model.event import Event, EventKind
from edge.model.message import Lane

G = "g1"
AMQTT = """
import asyncio, sys
from amqtt.broker import Broker
async def main(port):
    await Broker({
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }).start()
    await asyncio.Event().wait()
asyncio.run(main(int(sys.argv[1])))
"""


class WallClock:
    boot = "b"

    def now(self):
        return Instant(time.time_ns())

    def mono_ns(self):
        return time.monotonic_ns()

    def quality(self):
        return ClockQuality.SYNCED


async def until(condition, within_s=20.0):
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)


class Broker:
    def __init__(self, kind, folder):
        self.kind, self.folder = kind, folder
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = found.getsockname()[1]
        self.process = None

    @property
    def url(self):
        return BrokerUrl.parse(f"mqtt://127.0.0.1:{self.port}")

    async def start(self):
        if self.kind == "mosquitto":
            config = self.folder / "mosquitto.conf"
            config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
            program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
            command = [program, "-c", str(config)]
        else:
            command = [sys.executable, "-c", AMQTT, str(self.port)]
        quiet = asyncio.subprocess.DEVNULL
        self.process = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    await writer.wait_closed()
                    return
                assert self.process.returncode is None, f"{self.kind} did not start"
                await asyncio.sleep(0.05)

    async def kill(self):
        if self.process.returncode is None:
            os.kill(self.process.pid, signal.SIGKILL)
        await self.process.wait()


@pytest.fixture(
    params=[pytest.param("mosquitto", marks=pytest.mark.needs("mosquitto")), "amqtt"],
)
async def broker(request, tmp_path):
    broker = Broker(request.param, tmp_path)
    await broker.start()
    yield broker
    await broker.kill()


@contextlib.asynccontextmanager
async def supervised(run):
    async def again():
        while True:
            with contextlib.suppress(UplinkDown):
                await run()
            await asyncio.sleep(0.1)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(again(), name="supervised")
        try:
            yield
        finally:
            task.cancel()


class Gateway:
    def __init__(self, broker, *, relay=lambda uplink: uplink):
        self.outbox = MemoryOutbox(G, "e1", encoder(compress=True))
        self.events = []
        self.sync = Sync(
            self.outbox,
            lambda: relay(MqttUplink(broker.url, f"ria-{G}", subscribe=[topics.watermark(G)])),
            G,
            WallClock(),
            lambda: site(G, "e1", Instant(0), Place(name="x"), []),
            lambda: b"{}",
            record=self.events.append,
        )

    def put(self, n, lane=Lane.EVENT):
        for _ in range(n):
            self.outbox.put(lane, Instant(0), Event(EventKind.DEVICE_UP, Instant(0), "m"))

    async def drained(self, within_s=20.0):
        async with asyncio.timeout(within_s):
            await self.sync.drain()

    def running(self):
        return supervised(self.sync.run)


@contextlib.asynccontextmanager
async def receiving(broker, path):
    def connect():
        return MqttUplink(broker.url, "ria-ioc", subscribe=[topics.EVERY_UP], persistent=True)

    async with Desk(path) as desk:
        receiver = Receiver(desk, connect, WallClock())
        async with supervised(receiver.run):
            yield receiver


async def numbers(path, table="event"):
    async with Desk(path) as desk:
        return [seq for (seq,) in desk.ledger.database.run(f"SELECT seq FROM {table} ORDER BY seq")]


async def test_every_message_is_in_the_ledger_once_and_confirmed(broker, tmp_path):
    gateway, path = Gateway(broker), tmp_path / "ledger.db"
    gateway.put(300)
    async with receiving(broker, path) as receiver, gateway.running():
        await gateway.drained()
        gateway.put(5)
        await gateway.drained()
        status = gateway.sync.status()
        assert status.connected
        assert status.receiver_session == receiver.session
        assert [lane.depth for lane in status.lanes] == [0, 0, 0, 0]
    assert await numbers(path) == list(range(1, 306))
    assert gateway.events == []


async def test_a_receiver_that_was_away_is_sent_what_the_broker_did_not_keep(broker, tmp_path):
    gateway, path = Gateway(broker), tmp_path / "ledger.db"
    gateway.put(50)
    async with gateway.running():
        await until(lambda: gateway.sync.status().published >= 50)
        assert gateway.sync.status().lanes[1].confirmed == 0
        async with receiving(broker, path):
            await gateway.drained()
        gateway.put(50)
        await until(lambda: gateway.sync.status().lanes[1].sent >= 100)
        async with receiving(broker, path):
            await gateway.drained()
    assert await numbers(path) == list(range(1, 101))


async def test_a_broker_killed_amid_traffic_loses_nothing(broker, tmp_path):
    gateway, path = Gateway(broker), tmp_path / "ledger.db"
    async with receiving(broker, path), gateway.running():
        gateway.put(2000)
        await until(lambda: 20 < gateway.sync.status().published < 2000)
        await broker.kill()
        await until(lambda: not gateway.sync.status().connected)
        gateway.put(50)
        await broker.start()
        await gateway.drained(30)
    assert await numbers(path) == list(range(1, 2051))


async def test_a_receiver_restored_from_an_old_copy_gets_the_rest_again(broker, tmp_path):
    gateway, path, copy = Gateway(broker), tmp_path / "ledger.db", tmp_path / "copy.db"
    async with gateway.running():
        gateway.put(30)
        async with receiving(broker, path):
            await gateway.drained()
        shutil.copy(path, copy)
        gateway.put(30)
        async with receiving(broker, path):
            await gateway.drained()
        async with receiving(broker, copy):
            await until(lambda: gateway.sync.status().lanes[1].upto == 30)
            await until(lambda: gateway.sync.status().lanes[1].upto == 60)
            await gateway.drained()
    assert await numbers(copy) == list(range(1, 61))


async def test_messages_acknowledged_and_lost_or_delivered_twice_end_up_once(broker, tmp_path):
    acknowledged, doubled = set(), set()

    class Mischief(MqttUplink):
        async def publish(self, topic, payload, *, qos, retain):
            key = zlib.crc32(payload)
            if "/up/event" in topic and key % 3 == 0 and key not in acknowledged:
                acknowledged.add(key)  # taken, says the broker, and forgets it
                return
            await super().publish(topic, payload, qos=qos, retain=retain)
            if "/up/event" in topic and key % 3 == 1:
                doubled.add(key)
                await super().publish(topic, payload, qos=qos, retain=retain)

    path = tmp_path / "ledger.db"
    gateway = Gateway(
        broker, relay=lambda _: Mischief(broker.url, f"ria-{G}", subscribe=[topics.watermark(G)])
    )
    gateway.put(200)
    async with receiving(broker, path) as receiver, gateway.running():
        gateway.put(1, Lane.AUDIT)
        await until(lambda: gateway.sync.status().lanes[1].upto > 190)
        gateway.put(3)  # so that a lost last one shows as missing
        await gateway.drained(60)
        assert receiver.tally.repeated >= len(doubled) > 20, receiver.tally
    assert len(acknowledged) > 20
    assert set(await numbers(path)) == set(range(1, 204))
    assert len(await numbers(path)) == 204


async def test_the_broker_is_not_there_or_not_one(tmp_path):
    broker = Broker("none", tmp_path)
    with pytest.raises(UplinkDown, match=f"broker mqtt://127.0.0.1:{broker.port}"):
        async with MqttUplink(broker.url, "c"):
            pass


async def test_live_values_go_on_beside_a_backlog_and_their_absence_is_marked(
    broker, tmp_path, monkeypatch
):
    monkeypatch.setattr("cloud_sync.ioc.receiver.SILENT_S", 1.0)
    gateway, path = Gateway(broker), tmp_path / "ledger.db"
    gateway.sync._live_s = 0.2
    async with receiving(broker, path) as receiver:
        async with gateway.running():
            gateway.put(1)
            await gateway.drained()
            assert receiver.silent == frozenset()
        await until(lambda: receiver.silent == {G})
        async with gateway.running():
            await until(lambda: receiver.silent == frozenset())
    async with Desk(path) as desk:
        notices = desk.ledger.database.run("SELECT kind, gateway FROM notice")
        silence = desk.ledger.database.run("SELECT silent_since_ms FROM gateway")
    assert notices == [("silent", G)]
    assert silence == [(None,)]
