"""The broker's configuration in deploy/ does what it promises: names, locks, and what is on disk."""

import contextlib
import datetime as dt
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

pytestmark = pytest.mark.needs("mosquitto")

DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
WITHIN_S = 10.0
NOT_AUTHORIZED = 0x87
CONNECT = b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02g9"
ACCEPTED = b"\x20\x02\x00\x00"


def name_of(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Authority:
    """The operations centre's own CA, and what it signs."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name_of("centre")
        ca = x509.BasicConstraints(ca=True, path_length=0)
        self.path = self._sign("ca", self.name, self.key.public_key(), ca, critical=True)

    def _sign(self, file, subject, public_key, extension, *, critical=False):
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(extension, critical=critical)
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / f"{file}.crt"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return path

    def issue(self, common_name, file=None):
        """A certificate and its key, as files."""
        key = ec.generate_private_key(ec.SECP256R1())
        hosts = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        file = file or common_name
        certificate = self._sign(file, name_of(common_name), key.public_key(), hosts)
        path = self.folder / f"{file}.key"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, path


class Broker:
    """Mosquitto with deploy/mosquitto/ria.conf, of which only paths and port are others."""

    def __init__(self, folder):
        (folder / "tls").mkdir()
        self.authority = Authority(folder / "tls")
        self.authority.issue("localhost", "server")
        shutil.copy(DEPLOY / "acl", folder / "tls" / "acl")
        (folder / "tls" / "acl").chmod(0o600)
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = found.getsockname()[1]
        self.saved = folder / "saved" / "mosquitto.db"
        self.saved.parent.mkdir()
        text = (DEPLOY / "ria.conf").read_text()
        for pattern, instead in (
            (r"listener 8883", f"listener {self.port} 127.0.0.1"),
            (r"/etc/mosquitto/ria/", f"{folder}/tls/"),
            (r"/var/lib/mosquitto/", f"{folder}/saved/"),
        ):
            text, found = re.subn(pattern, instead, text)
            assert found, f"{pattern} is not in deploy/mosquitto/ria.conf"
        if os.geteuid() == 0:
            text += "\nuser root\n"  # else it gives up its rights and cannot read our folder
        self.config = folder / "ria.conf"
        self.config.write_text(text)
        self.log = folder / "log"
        self.process = None

    def start(self):
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        with self.log.open("a") as log:
            self.process = subprocess.Popen([program, "-c", self.config], stdout=log, stderr=log)
        deadline = time.monotonic() + WITHIN_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WITHIN_S)


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    made = Broker(tmp_path_factory.mktemp("mosquitto"))
    made.start()
    yield made
    made.process.terminate()
    made.process.wait(WITHIN_S)


class Client:
    """A peer with a certificate; what it is told is kept, and can be waited for."""

    def __init__(self, broker, identity, client_id="", *, clean=True):
        self.changed = threading.Condition()
        self.connected = None
        self.acknowledged = {}
        self.granted = {}
        self.received = []
        self.mqtt = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=mqtt.MQTTv5,
        )
        certificate, key = identity
        self.mqtt.tls_set(str(broker.authority.path), str(certificate), str(key))
        self.mqtt.on_connect = self._connected
        self.mqtt.on_publish = self._published
        self.mqtt.on_subscribe = self._subscribed
        self.mqtt.on_message = self._message
        properties = mqtt.Properties(mqtt.PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 0 if clean else 3600
        self.mqtt.connect("localhost", broker.port, clean_start=clean, properties=properties)
        self.mqtt.loop_start()
        self.wait(lambda: self.connected is not None)
        assert self.connected == 0, self.connected

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

    def wait(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, WITHIN_S)

    def _tell(self, change):
        with self.changed:
            change()
            self.changed.notify_all()

    def _connected(self, client, userdata, flags, reason, properties):
        self._tell(lambda: setattr(self, "connected", reason.value))

    def _published(self, client, userdata, mid, reason, properties):
        self._tell(lambda: self.acknowledged.update({mid: reason.value}))

    def _subscribed(self, client, userdata, mid, reasons, properties):
        self._tell(lambda: self.granted.update({mid: reasons[0].value}))

    def _message(self, client, userdata, message):
        self._tell(lambda: self.received.append((message.topic, message.payload)))

    def publish(self, topic, payload=b"x"):
        """The reason with which the broker answers."""
        sent = self.mqtt.publish(topic, payload, qos=1)
        self.wait(lambda: sent.mid in self.acknowledged)
        return self.acknowledged[sent.mid]

    def subscribe(self, topic):
        _, mid = self.mqtt.subscribe(topic, qos=1)
        self.wait(lambda: mid in self.granted)
        return self.granted[mid]


@pytest.fixture(scope="module")
def identities(broker):
    return {name: broker.authority.issue(name) for name in ("g1", "g2", "ria-ioc")}


def test_a_gateway_speaks_under_its_own_name_and_no_other(broker, identities):
    with Client(broker, identities["ria-ioc"]) as centre, Client(broker, identities["g1"]) as g1:
        assert centre.subscribe("ria/v1/+/up/#") == 1
        assert g1.publish("ria/v1/g2/up/interval", b"forged") == NOT_AUTHORIZED
        assert g1.publish("ria/v1/g1/down/watermark", b"forged") == NOT_AUTHORIZED
        assert g1.publish("ria/v1/g1/up/interval", b"own") == 0
        centre.wait(lambda: centre.received)
        assert centre.received == [("ria/v1/g1/up/interval", b"own")]


def test_a_gateway_hears_what_is_said_to_it_and_to_no_other(broker, identities):
    with Client(broker, identities["ria-ioc"]) as centre, Client(broker, identities["g1"]) as g1:
        # Mosquitto grants any subscription and asks the list again for each delivery
        for topic in ("ria/v1/g2/down/#", "ria/v1/+/down/#", "ria/v1/g2/up/#", "#"):
            g1.subscribe(topic)
        g1.subscribe("ria/v1/g1/down/#")
        with Client(broker, identities["g2"]) as g2:
            assert g2.publish("ria/v1/g2/up/interval", b"secret") == 0
        assert centre.publish("ria/v1/g2/down/watermark", b"not yours") == 0
        assert centre.publish("ria/v1/g1/down/watermark", b"yours") == 0
        g1.wait(lambda: g1.received)
        assert {topic for topic, _ in g1.received} == {"ria/v1/g1/down/watermark"}


def greet(port, context):
    """A CONNECT and the broker's answer; under TLS 1.3 a refusal comes only with the first read."""
    with socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as tls:
            tls.sendall(CONNECT)
            answer = tls.recv(64)
    if not answer:
        raise ConnectionError("closed without an answer")
    return answer


def test_no_certificate_or_a_strangers_is_refused(broker, identities, tmp_path):
    stranger = Authority(tmp_path).issue("g1")
    for identity in (None, stranger):
        context = ssl.create_default_context(cafile=broker.authority.path)
        if identity:
            context.load_cert_chain(*identity)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            greet(broker.port, context)
    context.load_cert_chain(*identities["g1"])
    assert greet(broker.port, context) == ACCEPTED, "the same words with a certificate of the CA"


def test_an_unencrypted_client_gets_no_answer(broker):
    with socket.create_connection(("127.0.0.1", broker.port), timeout=WITHIN_S) as plain:
        plain.sendall(CONNECT)
        try:
            answer = plain.recv(64)
        except ConnectionError:
            answer = b""
    assert not answer.startswith(b"\x20"), "a CONNACK without TLS"


def test_what_was_acknowledged_survives_kill_9(broker, identities):
    """A receiver with a session is away; 200 messages are acknowledged; the broker is killed."""
    with Client(broker, identities["ria-ioc"], "ria-ioc", clean=False) as centre:
        centre.subscribe("ria/v1/+/up/#")
    sent = [f"interval number {n} of 200".encode() for n in range(200)]
    with Client(broker, identities["g1"]) as g1:
        for payload in sent:
            assert g1.publish("ria/v1/g1/up/interval", payload) == 0
        # it is saved right after the change, which may be right after the acknowledgement left
        deadline = time.monotonic() + WITHIN_S
        while not (broker.saved.exists() and sent[-1] in broker.saved.read_bytes()):
            assert time.monotonic() < deadline, "what was acknowledged is not on the disk"
            time.sleep(0.02)
        broker.kill()
    broker.start()
    with Client(broker, identities["ria-ioc"], "ria-ioc", clean=False) as centre:
        centre.wait(lambda: len(centre.received) >= len(sent))
        assert [payload for _, payload in centre.received] == sent
