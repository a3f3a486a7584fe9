"""The session with a real Mosquitto: TLS with client certificates, refusals, payloads too large."""

import asyncio
import contextlib
import datetime as dt
import gc
import ipaddress
import os
import shutil
import signal
import socket
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cloud_sync.uplink import BrokerUrl, MqttUplink, PayloadRefused, UplinkDown
from edge.errors import ConfigError

pytestmark = pytest.mark.needs("mosquitto")

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


def certificate(folder, name, issuer=None, *, san=None):
    """Write `<name>.pem` and `<name>.key`, signed by `issuer` or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if san:
        builder = builder.add_extension(x509.SubjectAlternativeName(san), critical=False)
    signed = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return signed, key


def identity(folder, name, ca, issuer):
    """A gateway's identity folder: ca.pem, cert.pem, key.pem."""
    home = folder / name
    home.mkdir()
    certificate(home, "cert", issuer)
    (home / "cert.key").rename(home / "key.pem")
    shutil.copy(folder / f"{ca}.pem", home / "ca.pem")
    return home


@contextlib.contextmanager
def mosquitto(folder, *lines):
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    config = folder / "mosquitto.conf"
    user = ["user root"] if os.geteuid() == 0 else []
    config.write_text("\n".join([*user, f"listener {port} 127.0.0.1", *lines, ""]))
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([MOSQUITTO, "-c", str(config)], stdout=quiet, stderr=quiet)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            assert process.poll() is None, "mosquitto did not start"
            process_wait(process, 0.05)
        yield port
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait()


def process_wait(process, timeout_s):
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout_s)


async def echo(uplink):
    async with uplink as up:
        await up.publish("t/1", b"hello", qos=1, retain=False)
        return await anext(up.messages())


# paho leaves the socket of a failed handshake to the garbage collector, which says so
leaves_sockets = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@leaves_sockets
async def test_tls_takes_those_who_can_prove_who_they_are_and_nobody_else(tmp_path):
    ca = certificate(tmp_path, "city")
    other_ca = certificate(tmp_path, "other")
    localhost = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate(tmp_path, "server", ca, san=localhost)
    known = identity(tmp_path, "gateway", "city", ca)
    forged = identity(tmp_path, "forged", "city", other_ca)
    deceived = identity(tmp_path, "deceived", "other", ca)
    nameless = tmp_path / "nameless"
    nameless.mkdir()
    shutil.copy(tmp_path / "city.pem", nameless / "ca.pem")
    with mosquitto(
        tmp_path, f"cafile {tmp_path}/city.pem", f"certfile {tmp_path}/server.pem", f"keyfile {tmp_path}/server.key",
        "require_certificate true", "use_identity_as_username true", "tls_version tlsv1.2",
    ) as port:  # fmt: skip
        url = BrokerUrl.parse(f"mqtts://localhost:{port}")
        assert await echo(MqttUplink(url, "g", identity=known, subscribe=["t/#"])) == (
            "t/1",
            b"hello",
        )
        for stranger in (forged, deceived, nameless):
            with pytest.raises(UplinkDown, match=f"broker mqtts://localhost:{port}"):
                await echo(MqttUplink(url, "g", identity=stranger, subscribe=["t/#"], timeout_s=1))
        with pytest.raises(UplinkDown):
            await echo(MqttUplink(BrokerUrl.parse(f"mqtt://localhost:{port}"), "g", timeout_s=1))
    (known / "key.pem").unlink()
    with pytest.raises(ConfigError, match=r"it needs ca\.pem, cert\.pem and key\.pem"):
        await echo(MqttUplink(url, "g", identity=known))
    gc.collect()


@leaves_sockets
async def test_a_server_of_another_name_is_refused(tmp_path):
    ca = certificate(tmp_path, "city")
    certificate(tmp_path, "server", ca, san=[x509.DNSName("elsewhere.example")])
    known = identity(tmp_path, "gateway", "city", ca)
    with mosquitto(
        tmp_path, f"certfile {tmp_path}/server.pem", f"keyfile {tmp_path}/server.key", "allow_anonymous true"
    ) as port:  # fmt: skip
        with pytest.raises(UplinkDown, match="Hostname mismatch"):
            await echo(
                MqttUplink(BrokerUrl.parse(f"mqtts://localhost:{port}"), "g", identity=known)
            )
    gc.collect()


async def test_a_password_is_asked_for_and_sent(tmp_path):
    passwords = tmp_path / "passwords"
    tool = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
    subprocess.run(
        [tool, "-b", "-c", str(passwords), "gw", "s@cret/1"], check=True, capture_output=True
    )
    passwords.chmod(0o644)
    with mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords}") as port:
        right = BrokerUrl.parse(f"mqtt://gw:s%40cret%2F1@127.0.0.1:{port}")
        assert await echo(MqttUplink(right, "g", subscribe=["t/#"])) == ("t/1", b"hello")
        assert "s@cret" not in str(right)
        wrong = BrokerUrl.parse(f"mqtt://gw:wrong@127.0.0.1:{port}")
        with pytest.raises(UplinkDown, match="broker mqtt://127"):
            await echo(MqttUplink(wrong, "g", subscribe=["t/#"]))


async def listen(uplink):
    async for _ in uplink.messages():
        pass


async def send_too_much(url):
    async with MqttUplink(url, "g", timeout_s=3) as up:
        await up.publish("t/1", b"x" * 1000, qos=1, retain=False)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen(up), name="listen")
            await up.publish("t/1", b"x" * 3000, qos=1, retain=False)


async def test_a_broker_that_hangs_up_on_large_packets_ends_the_session(tmp_path):
    with mosquitto(tmp_path, "allow_anonymous true", "max_packet_size 2000") as port:
        with pytest.raises(ExceptionGroup) as caught:
            await send_too_much(BrokerUrl.parse(f"mqtt://127.0.0.1:{port}"))
    assert caught.group_contains(UplinkDown)


async def test_what_no_packet_can_hold_is_refused_before_it_is_sent(tmp_path):
    with mosquitto(tmp_path, "allow_anonymous true") as port:
        async with MqttUplink(BrokerUrl.parse(f"mqtt://127.0.0.1:{port}"), "g") as up:
            with pytest.raises(PayloadRefused, match="MQTT carries"):
                await up.publish("t", bytes(268_435_455), qos=1, retain=False)
            await up.publish("t", b"small", qos=1, retain=False)
