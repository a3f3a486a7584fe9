"""The page's answers, over real sockets."""

import asyncio
import re
from pathlib import Path

import aiohttp
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

import edge.web
from edge.errors import ConfigError, StoreFailed
from edge.model.event import EventKind
from edge.web.guard import HEADERS
from edge.web.server import serve

STATIC = Path(edge.web.__file__).parent / "static"
ROUTES = [
    "/",
    "/api/site",
    "/api/stream",
    "/api/trend?device=inlet&point=flow",
    "/api/trend?device=nobody&point=flow",
    "/api/events",
    "/api/events?limit=x",
    "/healthz",
    "/metrics",
    "/nowhere",
    "/static/",
    "/static/../server.py",
    *(
        f"/static/{path.relative_to(STATIC)}"
        for path in sorted(STATIC.rglob("*"))
        if path.is_file()
    ),
]


async def test_every_route_carries_the_headers(visit, gateway):
    async with visit(gateway) as visitor:
        for route in ROUTES:
            for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
                async with visitor.get(route, method) as answer:
                    missing = {name: answer.headers.get(name) for name in HEADERS} != HEADERS
                    assert not missing, f"{method} {route}"
                    assert "Access-Control-Allow-Origin" not in answer.headers
                    if method in {"POST", "DELETE", "OPTIONS"}:
                        assert answer.status == 405, f"{method} {route}"


async def test_a_stranger_s_name_is_turned_away_everywhere(visit, gateway):
    async with visit(gateway) as visitor:
        for route in ROUTES:
            async with visitor.get(route, headers={"Host": "evil.example:8080"}) as answer:
                assert answer.status == 421, route
                assert "inlet" not in await answer.text()
                assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


async def test_a_tunnel_s_port_is_let_in(visit, gateway):
    async with (
        visit(gateway) as visitor,
        visitor.get("/", headers={"Host": "localhost:9000"}) as answer,
    ):
        assert answer.status == 200
        assert answer.content_type == "text/html"


async def test_nothing_outside_static_is_served(visit, gateway):
    async with visit(gateway) as visitor:
        reader, writer = await asyncio.open_connection("127.0.0.1", visitor.page.port)
        writer.write(
            b"GET /static/../server.py HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert b"404" in answer.splitlines()[0]
        assert b"import" not in answer


async def test_all_that_the_page_asks_for_is_there(visit, gateway):
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    scripts = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.js"))
    named = set(re.findall(r'(?:src|href)="([^"]+)"', page)) | set(
        re.findall(r'"(/static/[^"]+)"', scripts)
    )
    named |= {f"/static/{name}" for name in re.findall(r'from "\./([^"]+)"', scripts)}
    async with visit(gateway) as visitor:
        for path in named:
            async with visitor.get(path) as answer:
                assert answer.status == 200, path
    assert len(named) > 12


async def test_the_site_is_told_with_its_quality_names(visit, gateway):
    async with visit(gateway) as visitor, visitor.get("/api/site") as answer:
        told = await answer.json()
    assert told["site"]["gateway"] == "vt-p1-01"
    assert told["site"]["devices"][0]["points"][2] == {
        "name": "total",
        "kind": "counter",
        "quantity": "volume",
        "unit": "m3",
        "labels": {"vi": "Tổng thuận", "en": "Forward total"},
        "states": {},
    }
    assert told["quality"]["2"] == "timeout"


async def test_a_trend_is_the_last_quarter_of_an_hour(visit, gateway):
    async with (
        visit(gateway) as visitor,
        visitor.get("/api/trend?device=inlet&point=flow") as answer,
    ):
        told = await answer.json()
    assert len(told["measured_at_ms"]) == len(gateway.trends["inlet.flow"])
    assert set(told["quality"]) == {192}


async def test_a_trend_may_be_a_part_of_it(visit, gateway):
    since_ms, until_ms = gateway.trends["inlet.flow"][5][0], gateway.trends["inlet.flow"][8][0]
    path = f"/api/trend?device=inlet&point=flow&since={since_ms}&until={until_ms}"
    async with visit(gateway) as visitor, visitor.get(path) as answer:
        assert len((await answer.json())["values"]) == 3


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("device=inlet&point=nothing", 404, "inlet.nothing: no such point"),
        ("", 404, "no such point"),
        ("device=inlet&point=flow&since=now", 400, "since=now: a whole number is needed"),
        ("device=inlet&point=flow&since=5&until=5", 400, "at most 3600000 ms"),
        ("device=inlet&point=flow&since=0&until=3600001", 400, "at most 3600000 ms"),
        (f"device=inlet&point=flow&since={'9' * 400}", 400, "a whole number"),
    ],
)
async def test_a_wrong_question_gets_a_sentence(visit, gateway, query, status, sentence):
    async with visit(gateway) as visitor, visitor.get(f"/api/trend?{query}") as answer:
        assert answer.status == status
        assert sentence in await answer.text()
        assert answer.content_type == "text/plain"


async def test_a_disk_that_does_not_give_is_said(visit, gateway):
    async def broken(*_):
        raise StoreFailed("segment 12 cannot be read")

    gateway.trend = broken
    async with (
        visit(gateway) as visitor,
        visitor.get("/api/trend?device=inlet&point=flow") as answer,
    ):
        assert answer.status == 503
        assert await answer.text() == "segment 12 cannot be read\n"


async def test_events_come_newest_first(visit, gateway):
    gateway.happen(EventKind.DEVICE_DOWN, "inlet", cause="timeout")
    async with visit(gateway) as visitor:
        async with visitor.get("/api/events?limit=1") as answer:
            assert [event["kind"] for event in await answer.json()] == ["device_down"]
        async with visitor.get("/api/events?limit=0") as answer:
            assert answer.status == 400


async def test_health_follows_the_store_and_not_the_devices(visit, gateway):
    gateway.lose("inlet")
    async with visit(gateway) as visitor:
        async with visitor.get("/healthz") as answer:
            assert (answer.status, (await answer.json())["status"]) == (200, "ok")
        gateway.store_view = msgspec.structs.replace(
            gateway.store_view, degraded="the disk is full"
        )
        async with visitor.get("/healthz") as answer:
            assert (answer.status, (await answer.json())["reasons"]) == (
                503,
                ["store: the disk is full"],
            )


async def test_metrics_are_prometheus_text(visit, gateway):
    async with visit(gateway) as visitor, visitor.get("/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        families = {family.name for family in text_string_to_metric_families(await answer.text())}
    assert {"ria_cells_committed", "ria_device_up", "process_cpu_seconds"} <= families


async def test_the_page_is_served_on_ipv6_loopback_too(gateway):
    async with (
        serve(gateway, "::1", 0, clock=gateway.clock) as page,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(page.url) as answer:
            assert answer.status == 200


async def test_an_address_for_others_is_refused(gateway):
    with pytest.raises(ConfigError, match="no login"):
        async with serve(gateway, "0.0.0.0", 0, clock=gateway.clock):
            pass


async def test_a_taken_port_is_said(visit, gateway):
    async with visit(gateway) as visitor:
        with pytest.raises(ConfigError, match=rf"cannot listen on 127.0.0.1:{visitor.page.port}"):
            async with serve(gateway, "127.0.0.1", visitor.page.port, clock=gateway.clock):
                pass
