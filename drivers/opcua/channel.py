"""The road to one OPC UA server, opened and kept by asyncua; here its errors become ours.

asyncua does the secure channel, the session and the encoding. It is not left to run tasks of its
own (supervisor, watchdog, publish loop, reconnection): who waits for what, and for how long, is
decided in `drivers.opcua.driver`. Imported only when a session opens: asyncua weighs 30 MB.
"""

import asyncio
import itertools
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import asyncua
from asyncua.client.client import Client
from asyncua.client.ua_client import UASocketProtocol
from asyncua.crypto import security_policies
from asyncua.ua.status_codes import get_name_and_doc
from asyncua.ua.ua_binary import struct_from_binary

from drivers.opcua import security
from drivers.opcua.bounds import MAX_CHUNKS, MAX_MESSAGE_BYTES, Gate
from drivers.settings import OpcUa
from edge.errors import BadFrame, DeviceRefused, EdgeError, LinkDown, NoAnswer
from edge.model.clock import Instant

ua: Any = asyncua.ua
"""Its names are made at run time; a type checker does not see them."""

_Answer = TypeVar("_Answer")

_POLICIES: dict[str, Any] = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128Sha256RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256Sha256RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
_OPENS_WITHIN = 2.0
"""Opening takes five questions; all of them together get this many timeouts."""
_CLOSES_WITHIN_S = 1.0
_SESSION_S = 60.0
"""How long a server keeps the session of a gateway that has fallen silent, at the least."""


class Channel:
    """A connection, its secure channel and its session: they live and die together."""

    def __init__(self, link: OpcUa, period_s: float) -> None:
        self._link = link
        client: Any = Client(link.url, timeout=link.timeout_s)
        client.name = client.description = "Ria"
        client.application_uri = "urn:ria:gateway"
        client.session_timeout = int(max(_SESSION_S, 5 * period_s) * 1000)
        client.max_messagesize, client.max_chunkcount = MAX_MESSAGE_BYTES, MAX_CHUNKS
        self._client = client
        self._renew_at_s = math.inf
        self._order = itertools.count(1)
        # it logs every error that it also raises, with a traceback, and some that are none
        logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)

    async def open(self, now: Instant) -> None:
        """Connect, secure, and begin a session.

        The host stays the one of the site file: what a server calls itself is often not reachable.

        Raises:
            ConfigError: a certificate or key is not as it should be.
            LinkDown, NoAnswer, BadFrame: no road to the server.
            DeviceRefused: the server refuses us.
        """
        client, link = self._client, self._link
        identity = None if link.security == "None" else security.load(link, now)
        with self.translated():
            if identity is not None:
                client.application_uri = identity.application_uri
                client.security_policy = _POLICIES[link.security](
                    identity.trusted,
                    identity.certificate,
                    identity.private_key,
                    ua.MessageSecurityMode.SignAndEncrypt,
                )
                client.uaclient.set_security(client.security_policy)
            try:
                async with asyncio.timeout(_OPENS_WITHIN * link.timeout_s):
                    await client.connect_socket()
                    self._bound()
                    await client.send_hello()
                    await self._secure()
                    await client.create_session()
                    await client.activate_session()
            except BaseException:
                client.disconnect_socket()
                raise
        self._set_renewal()

    async def ask(self, request: object, answer: type[_Answer]) -> _Answer:
        """The answer, of asyncua's type `answer`; raises as `open` does."""
        with self.translated():
            body = await self._protocol().send_request(request)
            told: Any = struct_from_binary(answer, body)
            told.ResponseHeader.ServiceResult.check()
        return cast("_Answer", told)

    def begin(self, request: object) -> "Question":
        """Put a question; `answer` waits for it, or `end` has its answer once it is done."""
        with self.translated():
            # the public send_request gives the answer up when its wait is cancelled: a question
            # that outlasts a wait needs the future itself
            future = self._protocol()._send_request(request, timeout=0)  # noqa: SLF001
        return Question(future, self._order)

    async def answer(self, question: "Question") -> bytes:
        """Wait within the link's timeout; an answer that is there by then counts, however late."""
        with self.translated():
            await done_within({question.future}, self._link.timeout_s)
            if question.future.cancel():
                raise TimeoutError
        return self.end(question)

    def end(self, question: "Question") -> bytes:
        """The answer to a question that is done; raises as `open` does."""
        with self.translated():
            body = question.future.result()
            self._protocol().check_answer(body, "")
            return bytes(body)

    async def renew(self) -> None:
        """Replace the channel's keys when three quarters of their life are over (Part 4 §5.5.2)."""
        if asyncio.get_running_loop().time() < self._renew_at_s:
            return
        with self.translated():
            await self._client.open_secure_channel(renew=True)
            self._client.uaclient.revolve_security_token()
        self._set_renewal()

    async def close(self) -> None:
        """End the session if the server still answers, and hang up in any case."""
        try:
            with self.translated():
                async with asyncio.timeout(_CLOSES_WITHIN_S):
                    await self._client.close_session()
                    await self._client.close_secure_channel()
        except EdgeError:
            pass  # a server that does not answer forgets the session by itself
        finally:
            self._client.disconnect_socket()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Whatever asyncua raises inside becomes one of our errors, with the URL."""
        url = self._link.url
        try:
            yield
        except EdgeError:
            raise
        except TimeoutError as error:
            raise NoAnswer(f"{url}: no answer within {self._link.timeout_s:g} s") from error
        except ua.UaStatusCodeError as error:
            raise DeviceRefused(error.code, f"{url}: {meaning_of(error.code)}") from error
        except OSError as error:
            raise LinkDown(f"{url}: {error.strerror or str(error) or 'connection lost'}") from error
        except Exception as error:
            # what a broken or hostile answer makes asyncua raise has no common base
            raise BadFrame(f"{url}: {type(error).__name__}: {error}") from error

    async def _secure(self) -> None:
        try:
            await self._client.open_secure_channel()
        except TimeoutError:
            raise
        except (AssertionError, ua.UaError, OSError) as error:
            if self._link.security == "None":
                raise
            # a server that cannot read us, or will not, seldom says so: some hang up, and what
            # others say asyncua has dropped when it asserts that it was given keys
            said = meaning_of(error.code) if isinstance(error, ua.UaStatusCodeError) else str(error)
            raise DeviceRefused(
                ua.StatusCodes.BadSecurityChecksFailed,
                f"{self._link.url}: no secure channel ({said or 'no reason given'}). Either the"
                f" server does not trust our certificate, {self._link.certificate}, or its own is"
                f" not, or no longer, {self._link.trusted}; a person must compare them",
            ) from error

    def _bound(self) -> None:
        protocol = self._protocol()
        transport = protocol.transport
        if transport is None:
            raise ConnectionError("connection lost")
        transport.set_protocol(Gate(protocol, transport))

    def _protocol(self) -> UASocketProtocol:
        protocol: UASocketProtocol | None = self._client.uaclient.protocol
        if protocol is None or protocol.is_closed:
            raise ConnectionError("connection lost")
        return protocol

    def _set_renewal(self) -> None:
        lifetime_s = self._client.secure_channel_timeout / 1000
        self._renew_at_s = asyncio.get_running_loop().time() + 0.75 * lifetime_s


async def done_within(futures: set[asyncio.Future[Any]], timeout_s: float) -> None:
    """Wait until one is done, or for the timeout; then see what lies in the socket.

    When a machine goes on after it stood still, timers are heard before sockets.
    """
    done, _ = await asyncio.wait(futures, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    if not done:
        await asyncio.wait(futures, timeout=0, return_when=asyncio.FIRST_COMPLETED)


class Question:
    """A request under way, and its place among the answers."""

    def __init__(self, future: asyncio.Future[Any], order: Iterator[int]) -> None:
        self.future = future
        self.nth = 0
        """Of the answers in the order of the stream; 0 while it has not come."""
        self._order = order
        # asyncua ends futures as it reads the stream, and callbacks run in the order of ends
        future.add_done_callback(self._came)

    def _came(self, _: object) -> None:
        self.nth = next(self._order)

    def came_before(self, other: "Question") -> bool:
        """Whether its answer stood before the other's in the stream, which must be there."""
        return 0 < self.nth < other.nth


def meaning_of(status: int) -> str:
    """A StatusCode's name and what the standard says of it."""
    name, meaning = get_name_and_doc(status)
    return f"{name}: {meaning}"
