"""The stream of live values, over real sockets."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager

import pytest

from edge.web.feed import Feed
from edge.web.stream import Stream

TICK_S = 0.02


class Reader:
    def __init__(self, answer):
        self.answer = answer

    async def next(self):
        async with asyncio.timeout(5):
            while True:
                line = await self.answer.content.readline()
                assert line, "the stream ended"
                if line.startswith(b"data: "):
                    return json.loads(line[6:])

    async def until(self, wanted):
        while not wanted(told := await self.next()):
            pass
        return told


@pytest.fixture
def streaming(visit, gateway):
    """The page with a quick stream: `async with streaming(most=2) as (visitor, stream)`."""

    @asynccontextmanager
    async def opened(**limits):
        stream = Stream(Feed(gateway, gateway.clock), tick_s=TICK_S, **limits)
        async with visit(gateway, stream=stream) as visitor:
            yield visitor, stream

    return opened


async def has(condition, within_s=5.0):
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_reader_is_told_everything_and_then_what_changed(streaming, gateway):
    async with streaming() as (visitor, _), visitor.get("/api/stream") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        reader = Reader(answer)
        first = await reader.next()
        assert {one["device"] for one in first["cells"]} == {"inlet", "pump"}
        assert [event["kind"] for event in first["events"]] == ["gateway_started"]
        gateway.read("pump", [4.7, 2.0])
        news = await reader.until(lambda told: told["cells"])
        assert [(one["device"], one["values"]) for one in news["cells"]] == [("pump", [4.7, 2.0])]
        assert "events" not in news


async def test_it_speaks_when_nothing_changes(streaming):
    async with streaming() as (visitor, _), visitor.get("/api/stream") as answer:
        reader = Reader(answer)
        told = [await reader.next() for _ in range(4)]
        assert [bool(one["cells"]) for one in told] == [True, False, False, False]
        assert told[0]["now_ms"] < told[3]["now_ms"]


async def test_it_speaks_once_a_tick_at_most(visit, gateway):
    loop = asyncio.get_running_loop()
    stream = Stream(Feed(gateway, gateway.clock), tick_s=0.2)
    async with visit(gateway, stream=stream) as visitor, visitor.get("/api/stream") as answer:
        reader = Reader(answer)
        await reader.next()
        await reader.next()
        began = loop.time()
        for n in range(3):
            gateway.read("pump", [float(n), 1.0])
            await reader.next()
        assert loop.time() - began > 0.45


async def test_a_device_that_falls_silent_is_told(streaming, gateway):
    async with streaming() as (visitor, _), visitor.get("/api/stream") as answer:
        reader = Reader(answer)
        await reader.next()
        gateway.lose("inlet")
        news = await reader.until(lambda told: told["cells"])
        assert news["cells"][0]["values"] == [None] * 4
        assert news["cells"][0]["quality"] == [2] * 4
        assert next(one for one in news["health"] if one["device"] == "inlet")["state"] == "down"
        assert news["events"][0]["kind"] == "device_down"


async def test_one_too_many_is_told_so_and_a_place_comes_free(streaming):
    async with streaming(most=2) as (visitor, stream):
        async with visitor.get("/api/stream") as one, visitor.get("/api/stream") as other:
            await Reader(one).next()
            await Reader(other).next()
            async with visitor.get("/api/stream") as third:
                assert third.status == 503
                assert "2 pages are open already" in await third.text()
        await has(lambda: stream.readers == 0)
        async with visitor.get("/api/stream") as again:
            assert (await Reader(again).next())["cells"]


async def test_a_reader_who_takes_nothing_is_dropped_and_the_others_are_not(streaming, gateway):
    gateway.cells["pump"][1].values.extend(float(i) for i in range(20_000))
    async with streaming(stall_s=0.3) as (visitor, stream), visitor.get("/api/stream") as answer:
        reader = Reader(answer)
        await reader.next()
        loop = asyncio.get_running_loop()
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.setblocking(False)
        try:
            await loop.sock_connect(deaf, ("127.0.0.1", visitor.page.port))
            await loop.sock_sendall(deaf, b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while not stream.dropped:
                _, cells = gateway.cells["pump"]
                gateway.version += 1
                gateway.cells["pump"] = (gateway.version, cells)
                await reader.next()
            assert stream.dropped == 1
            await has(lambda: stream.readers == 1)
        finally:
            deaf.close()
        assert await reader.next()


async def test_a_slow_reader_gets_fewer_and_newer_frames(streaming, gateway):
    async with streaming() as (visitor, _), visitor.get("/api/stream") as answer:
        reader = Reader(answer)
        await reader.next()
        for n in range(50):
            gateway.read("pump", [float(n), 1.0])  # within one tick
        news = await reader.until(lambda told: told["cells"])
        assert news["cells"][0]["values"][0] == 49.0


async def test_head_is_answered_and_holds_no_place(streaming):
    async with streaming() as (visitor, stream), visitor.get("/api/stream", "HEAD") as answer:
        assert answer.status == 200
        assert stream.readers == 0


async def test_all_readers_are_let_go_at_the_end(visit, gateway):
    loop = asyncio.get_running_loop()
    async with visit(gateway) as visitor:
        answer = await visitor.get("/api/stream")
        await Reader(answer).next()
        began = loop.time()
    answer.close()
    assert loop.time() - began < 0.9
