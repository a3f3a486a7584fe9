"""A gateway in memory for the page to look at, and a browser to look with."""

import asyncio
import contextlib
import json
import math
import shutil
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from edge.model.clock import ClockQuality, Instant
from edge.model.event import Event, EventKind
from edge.model.point import Kind
from edge.model.quality import Quality
from edge.web.server import serve
from edge.web.source import (
    Cells,
    DeviceHealth,
    DeviceView,
    LaneView,
    Latest,
    PointView,
    SiteView,
    StoreView,
    SyncView,
    Trend,
)


class WallClock:
    boot = "test"

    def now(self):
        return Instant(time.time_ns())

    def mono_ns(self):
        return time.monotonic_ns()

    def quality(self):
        return ClockQuality.SYNCED


def gauge(name, quantity, unit, vi, en):
    return PointView(
        name=name, quantity=quantity, unit=unit, kind=Kind.GAUGE, labels={"vi": vi, "en": en}
    )


INLET = DeviceView(
    id="inlet",
    labels={"vi": "Đồng hồ nước đầu vào", "en": "Inlet flow meter"},
    title="Siemens SITRANS FM MAG 6000",
    address="modbus+tcp://10.0.0.12:502 unit 1",
    facts={"serial": "N1B2047113"},
    points=[
        gauge("flow", "volume_flow", "m3/h", "Lưu lượng", "Flow"),
        gauge("velocity", "velocity", "m/s", "Vận tốc", "Velocity"),
        PointView(
            name="total",
            kind=Kind.COUNTER,
            quantity="volume",
            unit="m3",
            labels={"vi": "Tổng thuận", "en": "Forward total"},
        ),
        PointView(
            name="empty",
            kind=Kind.BIT,
            labels={"vi": "Ống rỗng", "en": "Empty pipe"},
            states={0: "no", 1: "yes"},
        ),
    ],
)
PUMP = DeviceView(
    id="pump",
    labels={"vi": "Bơm số 1", "en": "Pump 1"},
    protocol="opcua",
    address="opc.tcp://10.0.0.20:4840",
    points=[
        gauge("pressure", "pressure", "bar", "Áp suất đẩy", "Outlet pressure"),
        PointView(
            name="mode",
            kind=Kind.STATE,
            labels={"vi": "Chế độ", "en": "Mode"},
            states={0: "stopped", 1: "automatic", 2: "by hand"},
        ),
    ],
)


class Gateway:
    """A PageSource of lists, which a test changes as it likes."""

    def __init__(self, *devices, place="Trạm bơm Phường 1"):
        self.clock = WallClock()
        self.view = SiteView(
            gateway="vt-p1-01",
            place=place,
            timezone="Asia/Ho_Chi_Minh",
            version="0.1.0",
            devices=list(devices),
        )
        self.version = 0
        self.cells = {}
        self.healths = {d.id: DeviceHealth(device=d.id, state="waiting") for d in devices}
        self.happened = []
        self.trends = {}
        self.sync_view = SyncView(
            connected=True,
            broker="mqtt://127.0.0.1:1883",
            receiver_seen_ms=self.now_ms(),
            lanes=[
                LaneView(lane="audit"),
                LaneView(
                    lane="interval",
                    stored=1240,
                    sent=1239,
                    confirmed=1237,
                    waiting=3,
                    confirmed_at_ms=self.now_ms(),
                ),
            ],
        )
        self.store_view = StoreView(
            bytes=200_000_000,
            limit_bytes=8_000_000_000,
            last_commit_ms=self.now_ms(),
            commits=17,
            cells=4_400,
        )

    def now_ms(self):
        return self.clock.now() // 1_000_000

    def read(self, device, values, quality=None, at_ms=None):
        """The device answered."""
        at_ms = at_ms or self.now_ms()
        self.version += 1
        quality = quality or [int(Quality.GOOD)] * len(values)
        self.cells[device] = (
            self.version,
            Cells(device=device, measured_at_ms=at_ms, values=values, quality=quality),
        )
        self.healths[device] = DeviceHealth(
            device=device,
            state="up",
            since_ms=at_ms - 60_000,
            last_scan_ms=at_ms,
            scans=self.version,
        )

    def lose(self, device, cause=Quality.TIMEOUT, detail=""):
        """The device fell silent."""
        view = next(d for d in self.view.devices if d.id == device)
        n = len(view.points)
        self.read(device, [None] * n, [int(cause)] * n)
        at_ms = self.now_ms()
        self.healths[device] = DeviceHealth(
            device=device,
            state="down",
            since_ms=at_ms - 185_000,
            last_scan_ms=at_ms,
            cause=int(cause),
            detail=detail,
            scans=40,
            failed=4,
        )
        self.happen(EventKind.DEVICE_DOWN, device, cause=cause.name.lower())

    def happen(self, kind, subject, **detail):
        self.happened.insert(0, Event(kind, self.clock.now(), subject, detail))

    def site(self):
        return self.view

    def latest(self, since):
        return Latest(
            version=self.version,
            cells=[cells for version, cells in self.cells.values() if version > since],
        )

    def health(self):
        return list(self.healths.values())

    def sync(self):
        return self.sync_view

    def store(self):
        return self.store_view

    async def trend(self, device, point, since_ms, until_ms):
        found = self.trends.get(f"{device}.{point}", [])
        kept = [cell for cell in found if since_ms <= cell[0] < until_ms]
        return Trend(
            measured_at_ms=[at for at, _, _ in kept],
            values=[v for _, v, _ in kept],
            quality=[q for _, _, q in kept],
        )

    def events(self, limit):
        return self.happened[:limit]


@pytest.fixture
def gateway():
    made = Gateway(INLET, PUMP)
    made.read("inlet", [118.25, 1.342, 48213.5, 0.0])
    made.read("pump", [4.1, 1.0])
    made.happen(EventKind.GATEWAY_STARTED, "vt-p1-01")
    at_ms = made.now_ms()
    made.trends["inlet.flow"] = [
        (at_ms - s * 1000, 118 + math.sin(s / 30), 192)
        for s in range(600, 0, -1)
        if not 200 < s < 260
    ]
    return made


class Visitor:
    """An HTTP client that follows nothing and remembers nothing."""

    def __init__(self, session, page):
        self.session = session
        self.page = page

    def get(self, path, method="GET", **more):
        return self.session.request(
            method, self.page.url + path.lstrip("/"), allow_redirects=False, **more
        )


@pytest.fixture
def visit():
    """`async with visit(gateway) as visitor`: the page is served for as long as the visit lasts."""

    @asynccontextmanager
    async def visiting(gateway, **how):
        async with serve(gateway, "127.0.0.1", 0, clock=gateway.clock, **how) as page:
            async with aiohttp.ClientSession() as session:
                yield Visitor(session, page)

    return visiting


class Tab:
    """One page in a headless Chromium, over the DevTools protocol."""

    def __init__(self, socket):
        self._socket = socket
        self._number = 0
        self.complaints = []
        """Console errors, exceptions, and what the content policy or the network refused."""

    async def call(self, method, **params):
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        async for message in self._socket:
            told = json.loads(message.data)
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]
            self._note(told)
        raise AssertionError("the browser went away")

    def _note(self, told):
        params = told.get("params", {})
        match told.get("method"):
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.complaints.append(
                    details.get("exception", details).get("description", details["text"])
                )
            case "Runtime.consoleAPICalled" if params["type"] in {"error", "warning"}:
                self.complaints.append(str(params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in {"error", "warning"}:
                self.complaints.append(
                    f"{params['entry']['text']} {params['entry'].get('url', '')}"
                )

    async def open(self, url, *, language="vi", width=1280, height=800, dark=False, touch=False):
        for domain in ("Page", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=touch,
        )
        await self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        agent = (await self.call("Browser.getVersion"))["userAgent"]
        await self.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && document.documentElement !== null")

    async def eval(self, expression):
        result = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def until(self, expression, within_s=8.0):
        """Ask until the page answers something true."""
        deadline = asyncio.get_running_loop().time() + within_s
        while not (answer := await self.eval(expression)):
            if asyncio.get_running_loop().time() > deadline:
                body = await self.eval("document.body && document.body.innerText")
                raise AssertionError(
                    f"{expression}: not within {within_s} s; {self.complaints}; page: {body}"
                )
            await asyncio.sleep(0.05)
        return answer


@asynccontextmanager
async def chromium():
    """A tab of a browser that has never seen anything."""
    profile = Path(tempfile.mkdtemp(prefix="ria-page-"))
    browser = await asyncio.create_subprocess_exec(
        shutil.which("chromium"),
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--disable-dev-shm-usage", "--remote-debugging-port=0", f"--user-data-dir={profile}"),
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(30):
            address = await tab_address(profile / "DevToolsActivePort")
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(address, max_msg_size=0) as socket,
        ):
            yield Tab(socket)
    finally:
        with contextlib.suppress(ProcessLookupError):
            browser.terminate()
        await browser.wait()
        shutil.rmtree(profile, ignore_errors=True)


async def tab_address(port_file):
    """Where the only tab takes commands; the browser writes its port when it is ready."""
    while not (port_file.is_file() and "\n" in port_file.read_text()):
        await asyncio.sleep(0.02)
    port = port_file.read_text().split()[0]
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                tabs = await answer.json(content_type=None)
            for tab in tabs:
                if tab["type"] == "page":
                    return tab["webSocketDebuggerUrl"]
            await asyncio.sleep(0.02)


@pytest.fixture
def browse():
    """`async with browse() as tab`."""
    return chromium
