"""The gateway's local page, for whoever stands in front of it.

Imported after the first sample: aiohttp costs 0.3 s of CPU, which the line needs more.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from edge.errors import ConfigError, StoreFailed
from edge.model.clock import NS_PER_MS, Clock
from edge.model.quality import Quality
from edge.web.cells import view_of
from edge.web.condition import complaints
from edge.web.feed import EVENTS_SHOWN, Feed
from edge.web.guard import HEADERS, METHODS, is_expected, listening_address
from edge.web.lag import LoopLag
from edge.web.source import PageSource, SiteView
from edge.web.stream import Stream

if TYPE_CHECKING:
    from edge.web.metrics import Exposition

STATIC = Path(__file__).parent / "static"
TREND_MS = 15 * 60 * 1000
TREND_MOST_MS = 60 * 60 * 1000
TREND_TIMEOUT_S = 5.0
PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
QUALITY_NAMES = {code.value: code.name.lower() for code in Quality}


class SiteAnswer(msgspec.Struct, frozen=True):
    """What `/api/site` answers."""

    revision: int
    site: SiteView
    quality: dict[int, str]


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is being served."""

    url: str
    port: int


@asynccontextmanager
async def serve(
    source: PageSource, host: str, port: int, *, clock: Clock, stream: Stream | None = None
) -> AsyncIterator[Page]:
    """Serve until the context ends; port 0 takes a free one.

    Raises:
        ConfigError: others than this machine could reach `host`, or the port is taken.
    """
    address = listening_address(host, port)
    feed = Feed(source, clock)
    stream = stream or Stream(feed)
    lag = LoopLag()
    runner = web.AppRunner(
        application(_Answers(source, clock, feed, stream, lag)),
        access_log=None,
        shutdown_timeout=1.0,
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, address, port).start()
        except OSError as error:
            raise ConfigError(
                f"page: cannot listen on {host}:{port} ({error.strerror}); end the program that "
                "has the port, or write another one"
            ) from error
        lag.start()
        port = runner.addresses[0][1]
        shown = f"[{address}]" if ":" in address else address
        yield Page(f"http://{shown}:{port}/", port)
    finally:
        lag.stop()
        stream.end()
        await runner.cleanup()


def application(answers: "_Answers") -> web.Application:
    """The routes and what guards them."""
    app = web.Application(middlewares=[_guard])
    app.on_response_prepare.append(_put_headers)
    app.add_routes(
        [
            web.get("/", answers.page),
            web.get("/api/site", answers.site),
            web.get("/api/stream", answers.stream.answer),
            web.get("/api/trend", answers.trend),
            web.get("/api/events", answers.events),
            web.get("/healthz", answers.healthz),
            web.get("/metrics", answers.metrics),
            web.static("/static", STATIC),
        ]
    )
    return app


class _Answers:
    def __init__(
        self, source: PageSource, clock: Clock, feed: Feed, stream: Stream, lag: LoopLag
    ) -> None:
        self._source = source
        self._clock = clock
        self._feed = feed
        self._lag = lag
        self._exposition: Exposition | None = None
        self._one_trend = asyncio.Semaphore(1)
        self.stream = stream

    async def page(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    async def site(self, _request: web.Request) -> web.Response:
        return _json(SiteAnswer(*self._feed.site(), QUALITY_NAMES))

    async def events(self, request: web.Request) -> web.Response:
        limit = _whole(request, "limit", EVENTS_SHOWN)
        if not 1 <= limit <= 500:
            raise web.HTTPBadRequest(text=f"limit={limit}: 1 to 500 events can be asked for\n")
        return _json([view_of(event) for event in self._source.events(limit)])

    async def trend(self, request: web.Request) -> web.Response:
        device, point = request.query.get("device", ""), request.query.get("point", "")
        if not _knows(self._source.site(), device, point):
            raise web.HTTPNotFound(
                text=f"{device[:80]}.{point[:80]}: no such point; /api/site has them\n"
            )
        until_ms = _whole(request, "until", self._clock.now() // NS_PER_MS + 1)
        since_ms = _whole(request, "since", until_ms - TREND_MS)
        if not 0 < until_ms - since_ms <= TREND_MOST_MS:
            raise web.HTTPBadRequest(
                text=f"since={since_ms} until={until_ms}: a trend spans more than 0 and at most "
                f"{TREND_MOST_MS} ms\n"
            )
        try:
            async with asyncio.timeout(TREND_TIMEOUT_S), self._one_trend:
                return _json(await self._source.trend(device, point, since_ms, until_ms))
        except TimeoutError as error:
            raise web.HTTPGatewayTimeout(
                text=f"the store did not answer within {TREND_TIMEOUT_S:.0f} s; ask again\n"
            ) from error
        except StoreFailed as error:
            raise web.HTTPServiceUnavailable(text=f"{error}\n") from error

    async def healthz(self, _request: web.Request) -> web.Response:
        wrong = complaints(
            self._source.site(), self._source.store(), self._clock.now() // NS_PER_MS
        )
        answer = {"status": "degraded" if wrong else "ok", "reasons": wrong}
        return _json(answer, status=503 if wrong else 200)

    async def metrics(self, _request: web.Request) -> web.Response:
        if self._exposition is None:
            await asyncio.to_thread(_load_prometheus)
            from edge.web.metrics import Exposition  # noqa: PLC0415 - few sites are scraped

            self._exposition = Exposition(self._source, self._clock, self.stream, self._lag)
        return web.Response(
            body=self._exposition.text(),
            headers={"Content-Type": PROMETHEUS_TEXT},
        )


def _load_prometheus() -> None:
    import edge.web.metrics  # noqa: F401, PLC0415 - in a thread: the loop has devices to ask


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not is_expected(request.headers.get("Host", "")):
        raise web.HTTPMisdirectedRequest(
            text="this page answers to 127.0.0.1 and localhost only; open it by that name\n"
        )
    if request.method not in METHODS:
        raise web.HTTPMethodNotAllowed(request.method, METHODS)
    return await handler(request)


async def _put_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-cache")


def _knows(site: SiteView, device: str, point: str) -> bool:
    return any(d.id == device and any(p.name == point for p in d.points) for d in site.devices)


def _whole(request: web.Request, name: str, otherwise: int) -> int:
    text = request.query.get(name)
    if text is None:
        return otherwise
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
        raise web.HTTPBadRequest(text=f"{name}={text[:40]}: a whole number is needed\n")
    return int(text)


def _json(answer: object, *, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(answer),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
