"""A session with an MQTT 3.1.1 broker: the one place that knows aiomqtt and paho.

Nothing is buffered here: a publish is in flight or it has failed, and what failed is the caller's
to send again from disk. Reconnecting is the caller's too: one object is one connection.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

from edge.errors import ConfigError, EdgeError

if TYPE_CHECKING:
    import aiomqtt

MQTT_LARGEST_BYTES = 268_435_455 - 65_538
"""MQTT 3.1.1, 2.2.3: the remaining length of a packet, less the longest topic and its number."""

INCOMING_KEPT = 20_000
"""Messages received and not yet read; beyond them new ones are dropped, and asked for again."""


class UplinkDown(EdgeError):
    """No broker, or the session with it broke: connect again later."""

    transient = True


class PayloadRefused(EdgeError):
    """No broker can ever take this payload; others can go."""


@dataclass(frozen=True, slots=True)
class BrokerUrl:
    """`mqtt://` or `mqtts://`, host, port, and who we are to it."""

    host: str
    port: int
    tls: bool
    username: str | None = None
    password: str | None = None

    @classmethod
    def parse(cls, url: str) -> "BrokerUrl":
        """Read `mqtt[s]://[user[:password]@]host[:port]`; ports default to 1883 and 8883.

        Raises:
            ConfigError: it is not such an address.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ConfigError(f"broker {url!r}: {error}; write mqtts://host:8883") from error
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ConfigError(
                f"broker {url!r} is not an MQTT address: write mqtt://host:1883 or "
                "mqtts://host:8883"
            )
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ConfigError(f"broker {url!r}: nothing may follow host and port")
        tls = parts.scheme == "mqtts"
        return cls(
            host=parts.hostname,
            port=port or (8883 if tls else 1883),
            tls=tls,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def tls_context(identity: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later, host name checked, with what the folder `identity` holds.

    `ca.pem` is the only authority trusted (the machine's own ones where it is missing); `cert.pem`
    and `key.pem` prove who we are.

    Raises:
        ConfigError: a file cannot be read or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    authority = identity / "ca.pem" if identity else None
    certificate = identity / "cert.pem" if identity else None
    try:
        if authority and authority.exists():
            context.load_verify_locations(authority)
        else:
            context.load_default_certs()
        if identity and certificate and certificate.exists():
            context.load_cert_chain(certificate, identity / "key.pem")
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"TLS identity in {identity}: {error}; it needs ca.pem, cert.pem and key.pem, readable "
            "by this service"
        ) from error
    return context


class MqttUplink:
    """`async with` it: connected and subscribed inside; `edge.ports.Uplink`.

    Raises:
        UplinkDown: on entering, publishing or reading, whenever the session is no more.
    """

    def __init__(
        self,
        url: BrokerUrl,
        client_id: str,
        *,
        subscribe: Sequence[str] = (),
        identity: Path | None = None,
        window: int = 16,
        persistent: bool = False,
        timeout_s: float = 10.0,
        keepalive_s: int = 30,
    ) -> None:
        self._url = url
        self._client_id = client_id
        self._subscribe = subscribe
        self._identity = identity
        self._window = window
        self._persistent = persistent
        self._timeout_s = timeout_s
        self._keepalive_s = keepalive_s
        self._stack = AsyncExitStack()
        self._client: aiomqtt.Client | None = None

    async def __aenter__(self) -> Self:
        import aiomqtt  # noqa: PLC0415  # not before the first sample is on disk

        client = aiomqtt.Client(
            self._url.host,
            self._url.port,
            username=self._url.username,
            password=self._url.password,
            identifier=self._client_id,
            clean_session=not self._persistent,
            timeout=self._timeout_s,
            keepalive=self._keepalive_s,
            # paho's own queue could hold nothing that is not in flight
            max_inflight_messages=self._window,
            max_queued_outgoing_messages=self._window,
            max_queued_incoming_messages=INCOMING_KEPT,
            tls_context=tls_context(self._identity) if self._url.tls else None,
        )
        client.pending_calls_threshold = 2 * self._window
        try:
            with _heeding_cancellation():
                await self._enter(client)
                await self._subscribed(client)
        except (aiomqtt.MqttError, OSError) as error:
            await self._close()
            raise UplinkDown(f"broker {self._url}: {error}") from error
        except BaseException:
            await self._close()
            raise
        self._client = client
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._close()

    async def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        """Return when the broker has taken it (QoS 1: its PUBACK).

        Raises:
            PayloadRefused: larger than MQTT can carry.
            UplinkDown: the session is no more; the broker may or may not have it.
        """
        import aiomqtt  # noqa: PLC0415

        if len(payload) > MQTT_LARGEST_BYTES:
            raise PayloadRefused(
                f"{topic}: payload of {len(payload)} bytes, MQTT carries {MQTT_LARGEST_BYTES}"
            )
        try:
            with _heeding_cancellation():
                await self._connected().publish(topic, payload, qos=qos, retain=retain)
        except aiomqtt.MqttError as error:
            raise UplinkDown(f"broker {self._url}: publishing to {topic}: {error}") from error

    async def messages(self) -> AsyncIterator[tuple[str, bytes]]:
        """What comes on the subscribed topics, for as long as the session lasts.

        Raises:
            UplinkDown: when it ends.
        """
        import aiomqtt  # noqa: PLC0415

        try:
            async for message in self._connected().messages:
                if isinstance(message.payload, bytes | bytearray):
                    yield str(message.topic), bytes(message.payload)
        except aiomqtt.MqttError as error:
            raise UplinkDown(f"broker {self._url}: {error.__cause__ or error}") from error

    async def _enter(self, client: "aiomqtt.Client") -> None:
        """Connect; a connection half made when we are cancelled is first made whole.

        It would live on by itself, in aiomqtt's thread and under our name.
        """
        async with asyncio.TaskGroup() as tasks:
            entering = tasks.create_task(self._entered(client), name=f"mqtt[{self._client_id}]")
            try:
                await asyncio.wait({entering})
            except asyncio.CancelledError:
                await asyncio.wait({entering})
                raise
        if error := entering.result():
            raise error

    async def _entered(self, client: "aiomqtt.Client") -> Exception | None:
        import aiomqtt  # noqa: PLC0415

        try:
            await self._stack.enter_async_context(client)
        except (aiomqtt.MqttError, OSError) as error:
            return error
        return None

    async def _subscribed(self, client: "aiomqtt.Client") -> None:
        for topic in self._subscribe:
            granted = await client.subscribe(topic, qos=1)
            if any(getattr(code, "is_failure", False) for code in granted):
                raise UplinkDown(
                    f"broker {self._url}: subscription to {topic} was refused; see its access rules"
                )

    def _connected(self) -> "aiomqtt.Client":
        if self._client is None:
            raise UplinkDown(f"broker {self._url}: not connected; use `async with`")
        return self._client

    async def _close(self) -> None:
        import aiomqtt  # noqa: PLC0415

        self._client = None
        try:
            await self._stack.aclose()
        except aiomqtt.MqttError:
            pass  # the broker did not answer our farewell: it is gone either way
        for _ in range(2):
            await asyncio.sleep(0)  # aiomqtt ends its own tasks in the loop's next turns


@contextmanager
def _heeding_cancellation() -> Iterator[None]:
    """A cancellation that comes together with the broker's answer is still one.

    `asyncio.wait_for`, which aiomqtt uses, forgets it before Python 3.12 (python/cpython#86296),
    and the task would run on for ever.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    yield
    if task and task.cancelling() > before:
        raise asyncio.CancelledError
