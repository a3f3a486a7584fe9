"""The page in a real browser: what a person reads, and that nothing complains."""

import asyncio
import re

import pytest

from edge.model.event import EventKind
from edge.model.quality import Quality
from edge.web.server import serve

pytestmark = pytest.mark.needs("chromium")

VALUE = "document.querySelector('[data-point={}] .value')?.textContent"
QUALITY = "document.querySelector('[data-point={}] .quality')?.textContent"
TEXT = "document.body.innerText"


async def test_both_languages_show_live_values_and_nothing_complains(visit, browse, gateway):
    async with visit(gateway) as visitor, browse() as tab:
        await tab.open(visitor.page.url, language="vi-VN,vi")
        await tab.until(f"{VALUE.format('flow')} === '118,3'")
        assert await tab.eval("document.documentElement.lang") == "vi"
        assert await tab.eval(VALUE.format("total")) == "48.213,5"
        assert await tab.eval(VALUE.format("mode")) == "automatic"
        assert await tab.eval(QUALITY.format("flow")) == "✓ tốt"
        text = await tab.eval(TEXT)
        for words in (
            "Trạm bơm Phường 1",
            "Lưu lượng",
            "m³/h",
            "IOC đã xác nhận",
            "1.237",
            "đã nối",
            "2/2 đang trả lời",
        ):
            assert words in text
        gateway.read("inlet", [121.5, 1.4, 48214.0, 1.0])
        await tab.until(f"{VALUE.format('flow')} === '121,5'", within_s=3)
        assert await tab.eval(VALUE.format("empty")) == "yes"

        await tab.eval("document.querySelector('[data-language=en]').click()")
        assert await tab.eval(VALUE.format("flow")) == "121.5"
        assert await tab.eval(VALUE.format("total")) == "48,214"
        text = await tab.eval(TEXT)
        for words in (
            "Flow",
            "What the IOC has confirmed",
            "1,237",
            "connected",
            "2 of 2 answering",
            "Gateway started",
        ):
            assert words in text
        await tab.call("Page.reload")
        await tab.until(f"document.readyState === 'complete' && {VALUE.format('flow')} === '121.5'")
        assert await tab.eval("document.documentElement.lang") == "en", "the choice is remembered"
        assert tab.complaints == []


async def test_a_silent_device_says_so_in_words_and_shape(visit, browse, gateway):
    async with visit(gateway) as visitor, browse() as tab:
        await tab.open(visitor.page.url, language="en")
        await tab.until(f"{VALUE.format('flow')} === '118.3'")
        gateway.happen(EventKind.DEVICE_UP, "pump", cause="link_down", down_s=61.5)
        gateway.lose("inlet", Quality.TIMEOUT, "10.0.0.12:502 unit 1 did not answer within 1 s")
        await tab.until(f"{VALUE.format('flow')} === '—'", within_s=3)
        assert await tab.eval(QUALITY.format("flow")) == "▲ no answer"
        text = await tab.eval(TEXT)
        for words in (
            "▲ not read for 3 min",
            "did not answer within 1 s",
            "check unit number",
            "1 of 2 answering",
            "Device down",
            "link down · was down for 61.5 s",
        ):
            assert words in text
        await tab.eval("document.getElementById('show-abnormal').click()")
        shown = "[...document.querySelectorAll('.card')].filter(c => !c.hidden).map(c => c.querySelector('.name').textContent)"
        assert await tab.eval(shown) == ["Inlet flow meter"]
        gateway.read(
            "inlet", [3000.0, 1.4, 48214.0, 0.0], [Quality.OUT_OF_RANGE, 192, Quality.SUSPECT, 192]
        )
        await tab.until(f"{QUALITY.format('flow')} === '▲ out of range'", within_s=3)
        assert await tab.eval(VALUE.format("flow")) == "3,000.0"
        assert await tab.eval(QUALITY.format("total")) == "◆ suspect"
        assert tab.complaints == []


async def test_a_lost_stream_is_plain_within_five_seconds_and_heals(browse, gateway):
    async with browse() as tab:
        async with serve(gateway, "127.0.0.1", 0, clock=gateway.clock) as page:
            await tab.open(page.url, language="en")
            await tab.until(f"{VALUE.format('flow')} === '118.3'")
            assert await tab.eval("document.getElementById('lost').hidden")
        await tab.until("!document.getElementById('lost').hidden", within_s=5)
        assert (await tab.eval("document.getElementById('lost').innerText")).startswith(
            "No live data since "
        )
        assert await tab.eval(QUALITY.format("flow")) == "◆ stale"
        gateway.read("inlet", [99.5, 1.4, 48214.0, 0.0])
        async with serve(gateway, "127.0.0.1", page.port, clock=gateway.clock):
            await tab.until(f"{VALUE.format('flow')} === '99.50'")
            await tab.until("document.getElementById('lost').hidden")
            assert await tab.eval(QUALITY.format("flow")) == "✓ good"
            await tab.call("Page.navigate", url="about:blank")


async def test_a_trend_opens_from_the_keyboard_grows_and_breaks_at_gaps(visit, browse, gateway):
    async with visit(gateway) as visitor, browse() as tab:
        await tab.open(visitor.page.url, language="en")
        await tab.until(f"{VALUE.format('flow')} === '118.3'")
        await tab.eval("document.querySelector('[data-point=flow]').focus()")
        await tab.call(
            "Input.dispatchKeyEvent",
            type="keyDown",
            key="Enter",
            code="Enter",
            windowsVirtualKeyCode=13,
            text="\r",
        )
        await tab.call(
            "Input.dispatchKeyEvent",
            type="keyUp",
            key="Enter",
            code="Enter",
            windowsVirtualKeyCode=13,
        )
        await tab.until("document.querySelector('#trend canvas') !== null")
        summary = await tab.until(
            "(t => t.includes('highest') && t)(document.getElementById('trend-summary').textContent)"
        )
        assert "lowest 117.0 m³/h, highest 119.0 m³/h" in summary
        assert re.search(r"Hatched: no good value, 6\d s in all", summary)
        gateway.read("inlet", [140.0, 1.4, 48214.0, 0.0])
        await tab.until(
            "document.getElementById('trend-summary').textContent.includes('highest 140.0 m³/h')",
            within_s=3,
        )
        await tab.call(
            "Input.dispatchKeyEvent",
            type="keyDown",
            key="Escape",
            code="Escape",
            windowsVirtualKeyCode=27,
        )
        assert not await tab.eval("document.getElementById('trend').open")
        assert tab.complaints == []


async def test_a_device_s_text_is_text(visit, browse, gateway):
    wicked = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    device = gateway.view.devices[0]
    gateway.view.devices[0] = type(device)(
        id=device.id,
        labels={"en": wicked},
        title=wicked,
        address=wicked,
        facts={wicked: wicked},
        points=device.points,
    )
    gateway.happen(EventKind.DEVICE_DOWN, wicked, cause=wicked)
    gateway.lose("inlet", detail=wicked)
    async with visit(gateway) as visitor, browse() as tab:
        await tab.open(visitor.page.url, language="en")
        await tab.until(f"{VALUE.format('flow')} === '—'")
        assert wicked in await tab.eval(TEXT)
        assert await tab.eval("document.title") == "Trạm bơm Phường 1 · Ria"
        assert await tab.eval("document.querySelectorAll('main img, main script').length") == 0
        assert tab.complaints == []


async def test_it_fits_a_phone_in_both_languages(visit, browse, gateway):
    async with visit(gateway) as visitor, browse() as tab:
        for language in ("vi", "en"):
            await tab.open(visitor.page.url, language=language, width=360, height=740, touch=True)
            await tab.until(
                f"document.documentElement.lang === '{language}' && {VALUE.format('pressure')}"
            )
            assert await tab.eval("document.documentElement.scrollWidth") == 360
            await tab.eval("document.querySelector('.head').click()")
            assert await tab.eval("document.querySelector('.points').hidden")
            assert await tab.eval("document.documentElement.scrollWidth") == 360, "folded"
            await tab.eval("document.querySelector('.head').click()")
            small = "[...document.querySelectorAll('.point, .head')].filter(e => e.getBoundingClientRect().height < 43).length"
            assert await tab.eval(small) == 0, "too small for a thumb"


async def test_a_new_site_description_is_fetched(visit, browse, gateway):
    async with visit(gateway) as visitor, browse() as tab:
        await tab.open(visitor.page.url, language="en")
        await tab.until(f"{VALUE.format('flow')} === '118.3'")
        pump = gateway.view.devices[1]
        gateway.cells.pop("inlet")
        gateway.healths.pop("inlet")
        gateway.view = type(gateway.view)(gateway="vt-p1-01", version="0.1.0", devices=[pump])
        await tab.until("document.querySelectorAll('.card').length === 1", within_s=4)
        await tab.until(f"{VALUE.format('pressure')} === '4.100'", within_s=4)


FORMATS = """(async () => {
  const f = await import("/static/format.js");
  const { History } = await import("/static/history.js");
  const bits = new Float32Array([12345.67])[0];
  const history = new History(1);
  [[0, 1, 192], [1000, 2, 192], [2000, null, 2], [3000, 3, 67], [9000, 4, 192]].forEach(
    ([at, value, quality]) => history.add({ at, value, quality }));
  return {
    float32: f.counter(bits, "en"), whole: f.counter(2 ** 53 - 1, "en"), vi: f.counter(1234567.25, "vi"),
    gauges: [0, 0.5, 9.87654, 98.7654, 231.2, 1234.56, 98765.4, -0.0004, -0.00004].map((v) => f.gauge(v, "en")),
    tiny: f.gauge(0.00001234, "vi"), huge: f.gauge(4.2e12, "en"),
    units: ["m3/h", "Cel", "kW.h", "1", "{vehicle}/h", "mg/L", "m2", "kg.m/s2"].map(f.unit),
    ages: [0, 999, 1000, 89999, 90000, 5400000, 40 * 3600e3].map((ms) => f.age(ms).join(" ")),
    times: [f.time(1700000000000, "vi", "Asia/Ho_Chi_Minh"), f.time(0, "en", "UTC", 1700000000000), f.time(0, "en", "No/Where").length],
    columns: history.columns(), holes: history.holes(9500), extremes: history.extremes(), doubtful: history.doubtful,
  };
})()"""


async def test_numbers_units_and_times_are_written_as_people_write_them(visit, browse, gateway):
    async with visit(gateway) as visitor, browse() as tab:
        await tab.open(visitor.page.url)
        wrote = await tab.eval(FORMATS)
    assert wrote["float32"] == "12,345.67", "no digits that single precision never had"
    assert wrote["whole"] == "9,007,199,254,740,991"
    assert wrote["vi"] == "1.234.567,25"
    assert wrote["gauges"] == [
        "0.000",
        "0.500",
        "9.877",
        "98.77",
        "231.2",
        "1,234.6",
        "98,765",
        "-4.00·10⁻⁴",
        "-4.00·10⁻⁵",
    ]
    assert (wrote["tiny"], wrote["huge"]) == ("1,23·10⁻⁵", "4.20·10¹²")
    assert wrote["units"] == ["m³/h", "°C", "kWh", "", "vehicle/h", "mg/L", "m²", "kg·m/s²"]
    assert wrote["ages"] == [
        "age.s <1",
        "age.s <1",
        "age.s 1",
        "age.s 89",
        "age.min 1",
        "age.h 1",
        "age.d 1",
    ]
    assert wrote["times"] == ["05:13:20", "01/01 00:00:00", 8]
    assert wrote["columns"] == [
        [0, 1, 2, 3, 3.001, 9],
        [1, 2, None, 3, None, 4],
        [None, None, None, 3, None, None],
    ]
    assert wrote["holes"] == [[2000, 9000]]
    assert wrote["extremes"] == {"min": 1, "max": 4, "last": 4}
    assert wrote["doubtful"] == 1


async def test_too_many_pages_is_not_the_end_of_this_one(visit, browse, gateway):
    async with visit(gateway) as visitor, browse() as tab:
        held = [await visitor.get("/api/stream") for _ in range(8)]
        await tab.open(visitor.page.url, language="en")
        await tab.until("!document.getElementById('lost').hidden", within_s=6)
        for answer in held:
            answer.close()
        await asyncio.sleep(0)
        await tab.until(f"{VALUE.format('flow')} === '118.3'", within_s=15)
