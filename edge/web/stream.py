"""Live values as server-sent events.

Nothing is queued for a reader: each tick it is sent what changed since the version it holds, so
that a slow one gets fewer and newer frames, and one that stalls holds one frame and a socket.
"""

import asyncio
import math
import socket

from aiohttp import web

from edge.web.feed import NOTHING, Feed

SEND_BUFFER_BYTES = 65536
"""The kernel would otherwise take megabytes for a reader who takes none."""

RETRY_MS = 1000


class Stream:
    """The readers of the live values: at most `most`, each dropped when it stalls for `stall_s`."""

    def __init__(
        self, feed: Feed, *, most: int = 8, tick_s: float = 1.0, stall_s: float = 10.0
    ) -> None:
        self._feed = feed
        self._most = most
        self._tick_s = tick_s
        self._stall_s = stall_s
        self._ended = asyncio.Event()
        self.readers = 0
        self.dropped = 0
        """Readers who took nothing for too long, since the page was opened."""

    def end(self) -> None:
        """Let every reader go."""
        self._ended.set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one reader for as long as it stays."""
        if self.readers >= self._most:
            raise web.HTTPServiceUnavailable(
                text=f"{self._most} pages are open already, and that is the limit; "
                "close one of them\n",
                headers={"Retry-After": "5"},
            )
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        self.readers += 1
        try:
            await response.prepare(request)
            if request.method != "HEAD":
                await self._tell(request, response)
        except ConnectionError:
            pass  # the reader went away, which is its right
        finally:
            self.readers -= 1
        return response

    async def _tell(self, request: web.Request, response: web.StreamResponse) -> None:
        loop = asyncio.get_running_loop()
        _shrink_buffer(request)
        frame = b"retry: %d\n\n" % RETRY_MS
        seen = NOTHING
        while not self._ended.is_set():
            # all readers wake at the same instant, so that one frame serves them all
            tick = math.floor(loop.time() / self._tick_s)
            seen, news = self._feed.frame(seen, tick)
            try:
                async with asyncio.timeout(self._stall_s):
                    await response.write(frame + news)
            except TimeoutError:
                self.dropped += 1
                if request.transport is not None:
                    request.transport.abort()
                return
            frame = b""
            try:
                async with asyncio.timeout_at((tick + 1) * self._tick_s):
                    await self._ended.wait()
            except TimeoutError:
                continue


def _shrink_buffer(request: web.Request) -> None:
    if request.transport is None:
        return
    connection = request.transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
