"""The OPC UA driver against servers that other people wrote, and against their bad days."""

import asyncio
import datetime as dt
import itertools
import json
import random
import socket
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from drivers.opcua import driver as driver_module
from drivers.opcua.driver import OpcUaDriver, read_once
from drivers.profile import FactSpec, PointSpec, Profile
from drivers.settings import DeviceSettings, OpcUa
from edge.model.command import Applied, Command, Expired, Refused, Unreachable
from edge.model.point import Bounds, Columns, Point
from edge.model.quality import Quality
from edge.runtime import SystemClock

PEERS = Path(__file__).parents[1] / "peers"
NODE = ["node", str(PEERS / "opcua_server.js")]
ASYNCUA = [sys.executable, str(PEERS / "asyncua_server.py")]
CLOCK = SystemClock()
S = 1_000_000_000
PERIOD_S = 0.4

needs_node = pytest.mark.needs("node", "peers")


class Peer:
    """A server in a child process."""

    def __init__(self, process, told):
        self._process = process
        self.url = told["endpoint"]
        self.port = told["listening"]
        self.certificate = told.get("certificate", "")

    def tell(self, **command):
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        assert self._said()["done"] == command["cmd"]

    def stop(self):
        self.tell(cmd="stop")
        self._process.wait(10)

    def _said(self):
        return _first_object(self._process)


def _first_object(process):
    # node-opcua remarks on this and that before it listens
    for line in process.stdout:
        if line.startswith("{"):
            return json.loads(line)
    raise AssertionError(f"{process.args} ended with {process.wait()}")


@contextmanager
def serving(command, *arguments):
    with subprocess.Popen(
        [*command, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            yield Peer(process, _first_object(process))
        finally:
            if process.poll() is None:
                process.stdin.close()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


@pytest.fixture(scope="module")
def node_peer():
    with serving(NODE, 0) as peer:
        yield peer


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def asyncua_peer():
    with serving(ASYNCUA, free_port()) as peer:
        yield peer


def settings(link, *names, period_s=PERIOD_S, writable=None, facts=(), mode="subscribe"):
    """A device whose points are the peer's nodes; `writable` is the site's bounds, if any."""
    link = OpcUa(link, timeout_s=2.0) if isinstance(link, str) else link
    node = "nsu=urn:ria:peer;s={}".format
    profile = Profile(
        profile="peer", title="", vendor="", domain="plant", protocol="opcua", trust="A", sources=[],
        points=[PointSpec(name=name, node=node(name), writable=(0.0, 10.0)) for name in names],
        facts=[FactSpec(name=name, node=node(name)) for name in facts],
    )  # fmt: skip
    bounds = None if writable is None else Bounds(*writable)
    points = tuple(Point("peer", name, period_s=period_s, writable=bounds) for name in names)
    return DeviceSettings("peer", profile, link, Columns("peer", points, period_s), mode=mode)


class Watched:
    """What a running driver has yielded, and what is still awaited."""

    def __init__(self, driver):
        self.driver = driver
        self.scans = []
        self._seen = 0
        self._came = asyncio.Event()

    async def collect(self):
        async for scan in self.driver.scans():
            self.scans.append(scan)
            self._came.set()

    async def until(self, true_of, within_s=12.0):
        """The next scan of which it is true, after the last one that was returned."""
        async with asyncio.timeout(within_s):
            while True:
                while self._seen < len(self.scans):
                    self._seen += 1
                    if true_of(self.scans[self._seen - 1]):
                        return self.scans[self._seen - 1]
                self._came.clear()
                await self._came.wait()


class Eager(random.Random):
    """Jitter that is always the least: a test waits no longer than it must."""

    def uniform(self, a, b):
        return a


@asynccontextmanager
async def running(made):
    watched = Watched(OpcUaDriver(made, CLOCK, Eager()))
    async with asyncio.TaskGroup() as group:
        group.create_task(watched.collect(), name="scans")
        try:
            yield watched
        finally:
            watched.driver.stop()


def whole(scan):
    return scan.present is None and not lost(scan)


def lost(scan):
    return set(scan.quality.tolist()) <= {Quality.LINK_DOWN, Quality.TIMEOUT, Quality.BAD_FRAME}


def cells(scan):
    return {s.point.name: (s.value, s.quality) for s in scan.samples()}


def shows(name, value=None):
    def true_of(scan):
        held = cells(scan).get(name)
        return held is not None and held[1] == 192 and (value is None or held[0] == value)

    return true_of


def shows_more(name, than):
    return lambda scan: shows(name)(scan) and cells(scan)[name][0] > than[name][0]


def refuses(name):
    return lambda scan: cells(scan).get(name, (0, 0))[1] == Quality.REFUSED


MOVING = ("float.0", "float.1", "float32", "int16", "uint16", "int32", "uint32", "uint64", "bool.0")


@needs_node
@pytest.mark.parametrize("mode", ["subscribe", "read"])
async def test_every_value_comes_with_its_type_and_quality(node_peer, mode):
    odd = ("static", "bad", "uncertain", "unstamped", "text", "no.such.node")
    made = settings(node_peer.url, *MOVING, *odd, facts=("text", "no.such.node"), mode=mode)
    async with running(made) as watched:
        held = cells(await watched.until(whole))
        last = await watched.until(shows_more("uint64", held))
    n = round(held["float.0"][0])
    assert held["float.0"] == (n, 192)
    assert held["uint64"] == (2**32 + n, 192), "beyond 32 bits, and exact"
    assert held["uint32"] == (4_000_000_000 + n, 192)
    assert held["int32"] == (1000 * n - 5, 192)
    assert held["bool.0"] == (n % 2, 192)
    assert held["static"] == (17.5, 192)
    assert held["uncertain"] == (2.5, Quality.STALE)
    assert held["unstamped"] == (8.25, 192)
    assert (np.isnan(held["bad"][0]), held["bad"][1]) == (True, Quality.DEVICE_FAULT)
    assert held["text"][1] == held["no.such.node"][1] == Quality.REFUSED
    assert cells(last)["uint64"][0].is_integer()
    assert watched.driver.facts == {"text": "Vũng Tàu"}


@needs_node
async def test_changes_are_dated_by_the_server_and_in_order(node_peer):
    async with running(settings(node_peer.url, *MOVING)) as watched:
        await watched.until(whole)
        for _ in range(6):
            await watched.until(shows("float.0"))
    changed = [s for s in watched.scans if s.present is not None and shows("float.0")(s)]
    steps = [
        ((b.measured_at - a.measured_at) / S, cells(b)["float.0"][0] - cells(a)["float.0"][0])
        for a, b in itertools.pairwise(changed)
    ]
    # the peer steps by 1 every 0.2 s, and dates each step by it
    assert all(abs(seconds - 0.2 * n) < 0.001 for seconds, n in steps), steps
    assert all(len(cells(scan)) > 1 for scan in changed), "what changed together comes together"
    times = [scan.measured_at for scan in changed]
    assert times == sorted(times)


@needs_node
async def test_calm_is_said_each_period(node_peer):
    async with running(settings(node_peer.url, "static", "unstamped")) as watched:
        await watched.until(whole)
        alive = [await watched.until(lambda scan: not cells(scan)) for _ in range(4)]
    gaps = np.diff([scan.measured_at for scan in alive]) / S
    assert gaps.max() < 2 * PERIOD_S
    assert sum(map(whole, watched.scans)) == 1


@needs_node
async def test_a_deleted_node_is_refused_and_the_others_live(node_peer, monkeypatch):
    monkeypatch.setattr(driver_module, "REREAD_S", 0.5)
    made = settings(node_peer.url, "float.4", "float.5", period_s=0.1)
    async with running(made) as watched:
        await watched.until(shows("float.5"))
        node_peer.tell(cmd="delete", node="float.5")
        await watched.until(refuses("float.5"))
        await watched.until(shows("float.4"))
    assert not any(map(lost, watched.scans))


@pytest.mark.parametrize("mode", ["subscribe", "read"])
async def test_a_restart_that_moves_the_namespace_is_survived(mode):
    port = free_port()
    made = settings(f"opc.tcp://127.0.0.1:{port}", "level", "count", "static", mode=mode)
    async with running(made) as watched:
        first = await watched.until(lost)
        assert first.quality.tolist() == [Quality.LINK_DOWN] * 3
        with serving(ASYNCUA, port) as peer:
            await watched.until(whole)
            await watched.until(shows("count"))
            peer.stop()
        since = (await watched.until(lost)).measured_at
        outage = [since] + [(await watched.until(lost)).measured_at for _ in range(3)]
        assert np.diff(outage).max() / S < 2 * PERIOD_S, "an outage is said at the period"
        with serving(ASYNCUA, port, 3):
            again = cells(await watched.until(whole, within_s=30))
            assert again["static"] == (17.5, 192)
            assert again["count"][0] > 2**52
            await watched.until(shows("level"))


async def test_times_that_cannot_be_are_replaced_and_noted(asyncua_peer):
    made = settings(asyncua_peer.url, "astray", "unstamped", "level")
    async with running(made) as watched:
        await watched.until(whole)
        for name in ("astray", "unstamped", "level"):
            await watched.until(shows(name))
    now = CLOCK.now()
    assert all(abs(now - scan.measured_at) < 30 * S for scan in watched.scans)
    assert watched.driver.facts["source_clock"].startswith("-3600")


class Proxy:
    """A wire that can be made to carry nothing back, with both connections left open."""

    def __init__(self, port):
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.connections = 0
        self._upstream = port

    @asynccontextmanager
    async def running(self):
        async with asyncio.TaskGroup() as group:
            self._group = group
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            yield server.sockets[0].getsockname()[1]
            self.flowing.set()
            server.close()
            await server.wait_closed()

    async def _serve(self, reader, writer):
        self.connections += 1
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        back = self._group.create_task(self._carry(up_reader, writer, self.flowing), name="back")
        await self._carry(reader, up_writer, None)
        back.cancel()

    @staticmethod
    async def _carry(reader, writer, gate):
        try:
            while chunk := await reader.read(65536):
                if gate is not None:
                    await gate.wait()
                writer.write(chunk)
        except ConnectionError:
            pass
        finally:
            writer.close()


async def test_a_connection_that_stands_and_carries_nothing_is_given_up(asyncua_peer):
    proxy = Proxy(asyncua_peer.port)
    async with proxy.running() as port:
        link = OpcUa(f"opc.tcp://127.0.0.1:{port}", timeout_s=0.5)
        async with running(settings(link, "level", "static")) as watched:
            await watched.until(whole)
            await watched.until(shows("level"))
            proxy.flowing.clear()
            silent = await watched.until(lost)
            assert silent.quality.tolist() == [Quality.TIMEOUT] * 2
            proxy.flowing.set()
            await watched.until(whole, within_s=30)
            await watched.until(shows("level"))
    assert proxy.connections >= 2


async def test_a_server_that_accepts_and_says_nothing_is_not_waited_for():
    held = []

    async def accept(reader, writer):
        held.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        link = OpcUa(f"opc.tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout_s=0.2)
        async with asyncio.timeout(2.0):
            scan = await read_once(settings(link, "level"), CLOCK)
        assert scan.quality.tolist() == [Quality.TIMEOUT]
    finally:
        for writer in held:
            writer.transport.abort()
        server.close()
        await server.wait_closed()


async def test_a_flood_ends_the_connection_and_not_the_memory():
    sent = 0

    async def flood(reader, writer):
        nonlocal sent
        await reader.read(100)
        writer.write(b"ACKF" + (2**31 - 1).to_bytes(4, "little"))
        try:
            while sent < 200_000_000:
                writer.write(bytes(65536))
                await writer.drain()
                sent += 65536
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    try:
        link = OpcUa(f"opc.tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout_s=1.0)
        scan = await read_once(settings(link, "level"), CLOCK)
        assert scan.quality.tolist() == [Quality.LINK_DOWN]
        assert sent < 20_000_000
    finally:
        server.close()
        await server.wait_closed()


def command(point, value, valid_s=5.0):
    now = CLOCK.now()
    return Command("c-1", "peer", point, value, now, now + round(valid_s * S), "test")


@needs_node
@pytest.mark.parametrize("while_scanning", [True, False])
async def test_writes_are_done_and_read_back_or_refused_with_a_reason(node_peer, while_scanning):
    names = ("setpoint", "setpoint.int", "switch", "stuck", "static", "no.such.node")
    made = settings(node_peer.url, *names, writable=(0.0, 5.0))
    node_peer.tell(cmd="set", node="setpoint", value=0.5)
    if while_scanning:
        async with running(made) as watched:
            await watched.until(whole)
            await _write_all(watched.driver)
            await watched.until(shows("setpoint", 1.5))
    else:
        await _write_all(OpcUaDriver(made, CLOCK, random.Random(1)))


async def _write_all(driver):
    for name, value in (("setpoint", 1.5), ("setpoint.int", 4.0), ("switch", 1.0)):
        done = await driver.execute(command(name, value))
        assert isinstance(done, Applied), done
        assert done.read_back == value
    for name, value, why in (
        ("setpoint", 5.1, "bounds of this site, 0…5"),
        ("setpoint", 11.0, "bounds of the device, 0…10"),
        ("setpoint", float("nan"), "bounds"),
        ("setpoint.int", 2.5, "not whole"),
        ("switch", 2.0, "neither 0 nor 1"),
        ("stuck", 2.0, "keeps its own value"),
        ("static", 1.0, "BadNotWritable"),
        ("no.such.node", 1.0, "BadNodeIdUnknown"),
        ("no such point", 1.0, "not a point"),
    ):
        done = await driver.execute(command(name, value))
        assert isinstance(done, Refused), (name, done)
        assert why in done.reason
    assert await driver.execute(command("setpoint", 1.0, valid_s=-1.0)) == Expired()
    other = Command("c-2", "other", "setpoint", 1.0, CLOCK.now(), CLOCK.now() + S, "test")
    assert isinstance(await driver.execute(other), Refused)


async def test_a_point_that_the_site_does_not_list_is_never_written():
    made = settings(f"opc.tcp://127.0.0.1:{free_port()}", "setpoint")
    driver = OpcUaDriver(made, CLOCK, random.Random(1))
    done = await driver.execute(command("setpoint", 1.0))
    assert isinstance(done, Refused)
    assert "write:" in done.reason


async def test_a_write_that_finds_no_server_is_unreachable():
    made = settings(f"opc.tcp://127.0.0.1:{free_port()}", "setpoint", writable=(0.0, 5.0))
    driver = OpcUaDriver(made, CLOCK, random.Random(1))
    assert isinstance(await driver.execute(command("setpoint", 1.0)), Unreachable)
    async with running(made) as watched:
        await watched.until(lost)
        assert isinstance(await watched.driver.execute(command("setpoint", 1.0)), Unreachable)


class Keys:
    """A certificate as an OPC UA application has it, with its key."""

    def __init__(self, folder, name, *, days=30):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        usage = x509.KeyUsage(True, True, True, True, False, True, False, False, False)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=60))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(
                x509.SubjectAlternativeName(
                    [x509.UniformResourceIdentifier(f"urn:ria:{name}"), x509.DNSName("localhost")]
                ),
                critical=False,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
            )
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        self.certificate = str(folder / f"{name}.der")
        self.key = str(folder / f"{name}.pem")
        Path(self.certificate).write_bytes(made.public_bytes(serialization.Encoding.DER))
        Path(self.key).write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def gateway(folder):
    return Keys(folder, "gateway")


@pytest.fixture(scope="module")
def strict_peer(gateway):
    """Takes encrypted sessions from `gateway` alone."""
    with serving(NODE, 0, gateway.certificate) as peer:
        yield peer


def encrypted(peer, keys, policy="Basic256Sha256", trusted=None):
    return OpcUa(
        peer.url, policy, keys.certificate, keys.key, trusted or peer.certificate, timeout_s=3.0
    )


@needs_node
@pytest.mark.parametrize("policy", ["Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"])
async def test_encrypted_sessions(strict_peer, gateway, policy):
    async with running(settings(encrypted(strict_peer, gateway, policy), *MOVING)) as watched:
        await watched.until(whole)
        await watched.until(shows("float.0"))
    assert not any(map(lost, watched.scans))


@needs_node
async def test_a_server_with_another_certificate_is_not_trusted(
    strict_peer, gateway, folder, caplog
):
    other = Keys(folder, "other-server")
    link = encrypted(strict_peer, gateway, trusted=other.certificate)
    scan = await read_once(settings(link, "static"), CLOCK)
    assert scan.quality.tolist() == [Quality.REFUSED], caplog.text
    assert "a person must compare them" in caplog.text


@needs_node
async def test_a_gateway_that_the_server_does_not_know_is_refused(strict_peer, folder, caplog):
    link = encrypted(strict_peer, Keys(folder, "stranger"))
    scan = await read_once(settings(link, "static"), CLOCK)
    assert scan.quality.tolist() == [Quality.REFUSED], caplog.text
    assert "does not trust our certificate" in caplog.text


async def test_certificates_that_cannot_be_used_are_named(folder, gateway, caplog):
    expired = Keys(folder, "expired", days=-30)
    url = "opc.tcp://127.0.0.1:9"
    text = folder / "text.der"
    text.write_text("no certificate")
    for (certificate, key, trusted), why in (
        ((gateway.certificate, gateway.key, expired.certificate), "trusted"),
        ((expired.certificate, expired.key, gateway.certificate), "Renew it"),
        ((gateway.certificate, expired.key, gateway.certificate), "is not the RSA key"),
        ((gateway.certificate, gateway.key, str(text)), "not an X.509"),
        ((gateway.certificate, gateway.key, str(folder / "absent.der")), "No such file"),
    ):
        link = OpcUa(url, "Basic256Sha256", certificate, key, trusted)
        caplog.clear()
        scan = await read_once(settings(link, "static"), CLOCK)
        assert scan.quality.tolist() == [Quality.LINK_DOWN]
        assert why in caplog.text
