"""`ria ioc` whole: Mosquitto in front, VictoriaMetrics behind, killed and replayed."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import time
import urllib.parse
import urllib.request

import numpy as np
import pytest

from cloud_sync import topics
from cloud_sync.encode import encoder, site
from cloud_sync.ioc.influx import InfluxTarget
from cloud_sync.ioc.ledger import Arrival, Ledger
from cloud_sync.ioc.service import IocSettings, run_ioc
from cloud_sync.letters import Place
from cloud_sync.memory import MemoryOutbox
from cloud_sync.sync import Sync
from cloud_sync.uplink import BrokerUrl, MqttUplink
from edge.model.clock import ClockQuality, Instant, Window
from edge.model.event import Event, EventKind
from edge.model.message import Lane
from edge.model.point import Columns, Kind, Point
from edge.model.summary import RawCells, Summary

pytestmark = [pytest.mark.needs("mosquitto", "victoria-metrics"), pytest.mark.timeout(40)]

S = 1_000_000_000
G = "g1"
QUIET = asyncio.subprocess.DEVNULL
NAN = float("nan")
COLUMNS = Columns("m1", (Point("m1", "flow", unit="m3/h"), Point("m1", "volume", Kind.COUNTER, unit="m3"), Point("m1", "valve", Kind.BIT)), 1.0)  # fmt: skip


class WallClock:
    boot = "b"

    def now(self):
        return Instant(time.time_ns())

    def mono_ns(self):
        return time.monotonic_ns()

    def quality(self):
        return ClockQuality.SYNCED


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


async def serve(program, *arguments, port):
    path = shutil.which(program) or f"/usr/sbin/{program}"
    process = await asyncio.create_subprocess_exec(path, *arguments, stdout=QUIET, stderr=QUIET)
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                return process
            assert process.returncode is None, f"{program} did not start"
            await asyncio.sleep(0.05)


async def kill(process):
    if process.returncode is None:
        os.kill(process.pid, signal.SIGKILL)
    await process.wait()


class Store:
    """A VictoriaMetrics whose disk can be lost."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder / "vm", free_port(), None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def start(self):
        self.process = await serve(
            "victoria-metrics", f"-storageDataPath={self.folder}", f"-httpListenAddr=127.0.0.1:{self.port}",
            "-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms", "-memory.allowedBytes=64MB",
            port=self.port,
        )  # fmt: skip

    async def lose(self):
        await kill(self.process)
        shutil.rmtree(self.folder)

    def _get(self, path, **query):
        with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(query)}") as answer:
            return answer.read().decode()

    async def points(self, metric):
        """Every stored point of a metric: {labels: {time in ms: value}}."""
        await asyncio.to_thread(self._get, "/internal/force_flush")
        text = await asyncio.to_thread(
            self._get, "/api/v1/export", match=f'{{__name__="{metric}"}}', reduce_mem_usage=1
        )
        series = [json.loads(line) for line in text.splitlines()]
        found = [
            (s["metric"].get("point"), s["metric"].get("value"), t, v)
            for s in series
            for t, v in zip(s["timestamps"], s["values"], strict=True)
        ]
        assert len({f[:3] for f in found}) == len(found), "a point is there twice"
        return {f[:3]: f[3] for f in found}

    async def ignored(self):
        text = await asyncio.to_thread(self._get, "/metrics")
        return sum(
            float(line.split()[-1])
            for line in text.splitlines()
            if line.startswith("vm_rows_ignored_total")
        )


@pytest.fixture
async def store(tmp_path):
    store = Store(tmp_path)
    await store.start()
    yield store
    await kill(store.process)


@pytest.fixture
async def broker(tmp_path):
    port = free_port()
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = await serve("mosquitto", "-c", str(config), port=port)
    yield f"mqtt://127.0.0.1:{port}"
    await kill(process)


@contextlib.asynccontextmanager
async def ioc(settings):
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_ioc(settings, WallClock(), stop, lambda _: ready.set()), name="ioc")
        await ready.wait()
        try:
            yield
        finally:
            stop.set()


async def eventually(question, expected, within_s=20):
    answer = None
    try:
        async with asyncio.timeout(within_s):
            while (answer := await question()) != expected:
                await asyncio.sleep(0.1)
    except TimeoutError:
        assert answer == expected


START = int(time.time()) // 60 * 60 - 3600


def summary(i):
    since = (START + 60 * i) * S
    return Summary(
        COLUMNS, Window(Instant(since), Instant(since + 60 * S)), np.full(3, 60), np.full(3, 60), np.full(3, 60.0),
        np.full(3, 1.5 + i), np.full(3, 1.0), np.full(3, 2.0), np.array([1.25, 100.5, 1.0]), np.full(3, 192, np.uint8),
        np.array([NAN, 12.5, NAN]), np.zeros(3, int), ({}, {}, {0: 20.0, 1: 40.0}),
    )  # fmt: skip


def cells(i):
    at = tuple(Instant((START + 60 * i + k) * S) for k in range(60))
    return RawCells("m1", ("flow",), at, np.arange(60.0)[:, None], np.full((60, 1), 192, np.uint8))


EXPECTED_MEANS = {("flow", None, (START + 60 * i) * 1000): 1.5 + i for i in range(10)}


async def test_from_the_gateway_to_the_time_series_and_back_after_a_loss(broker, store, tmp_path):
    outbox = MemoryOutbox(G, "e1", encoder(compress=True))
    for i in range(10):
        outbox.put(Lane.INTERVAL, Instant(0), summary(i))
        outbox.put(Lane.RAW, Instant(0), cells(i))
    outbox.put(Lane.EVENT, Instant(0), Event(EventKind.DEVICE_UP, Instant(START * S), "m1"))
    sync = Sync(
        outbox, lambda: MqttUplink(BrokerUrl.parse(broker), f"ria-{G}", subscribe=[topics.watermark(G)]), G, WallClock(),
        lambda: site(G, "e1", Instant(0), Place(name="x"), []), lambda: None, record=lambda _: None,
    )  # fmt: skip
    target = InfluxTarget(store.url)
    settings = IocSettings(broker, tmp_path / "ledger.db", influx=target)
    async with ioc(settings), asyncio.TaskGroup() as tasks:
        gateway = tasks.create_task(sync.run(), name="gateway")
        async with asyncio.timeout(20):
            await sync.drain()
        gateway.cancel()
        await eventually(lambda: store.points("ria_summary_mean"), EXPECTED_MEANS)
        raw = await store.points("ria_cell_value")
        assert len(raw) == 600
        assert raw["flow", None, (START + 61) * 1000] == 1.0
        assert (await store.points("ria_state_seconds"))["valve", "1", START * 1000] == 40.0
        assert await store.ignored() == 0

    await store.lose()
    await store.start()
    async with ioc(settings):
        await asyncio.sleep(1)
        assert await store.points("ria_summary_mean") == {}
    replayed = IocSettings(broker, tmp_path / "ledger.db", influx=target, replay_s=72 * 3600)
    for _ in range(2):
        async with ioc(replayed):
            await eventually(lambda: store.points("ria_summary_mean"), EXPECTED_MEANS)


async def test_the_copy_waits_for_a_store_that_is_away(broker, store, tmp_path):
    path = tmp_path / "ledger.db"
    ledger = Ledger(path)
    encode = encoder()
    for i in range(10):
        payload = encode(G, "e1", Lane.INTERVAL, i + 1, Instant(0), summary(i))
        ledger.take([Arrival(topics.lane(G, Lane.INTERVAL), payload, 1)])
    ledger.close()
    await kill(store.process)
    async with ioc(IocSettings(broker, path, influx=InfluxTarget(store.url))):
        await asyncio.sleep(1)
        await store.start()
        await eventually(lambda: store.points("ria_summary_mean"), EXPECTED_MEANS)
