"""The gateway's own drivers before simulated devices: what they scan is what went on record."""

import asyncio
import random
from collections import defaultdict
from pathlib import Path

import pytest

import edge.demo
from drivers import catalogue
from drivers.modbus.driver import read_once
from drivers.opcua.driver import OpcUaDriver
from drivers.settings import DeviceSettings, ModbusRtu, ModbusTcp, OpcUa
from edge.config.load import load_site
from edge.model.point import Columns, Kind, Point
from edge.model.quality import Quality
from edge.runtime import SystemClock
from simulators.clock import ManualClock
from simulators.record import Record
from simulators.rewrite import rewritten_site
from simulators.site_server import serve
from tests.recorded import answers

MODBUS = [n for n in catalogue.names() if catalogue.load(n).protocol == "modbus"]
OPCUA = [n for n in catalogue.names() if catalogue.load(n).protocol == "opcua"]


def device(name, link, unit=1):
    profile = catalogue.load(name)
    points = tuple(Point(name, spec.name, spec.kind) for spec in profile.points)
    return DeviceSettings(name, profile, link, Columns(name, points, 1.0), unit)


async def read(settings, clock):
    scan = await read_once(settings, clock)
    return dict(zip(scan.columns.names, scan.values, strict=True)), scan.quality


@pytest.mark.parametrize(
    "link", [ModbusTcp("10.0.0.1"), ModbusRtu("/dev/ttyS9", 19200)], ids=["tcp", "rtu"]
)
async def test_every_modbus_profile_is_served_and_read_whole(link, tmp_path):
    clock = ManualClock()
    devices = [device(name, link, unit + 1) for unit, name in enumerate(MODBUS)]
    path = tmp_path / "record.jsonl"
    with Record(path) as record:
        async with serve(
            devices, clock=clock, rng=random.Random(1), record=record, folder=tmp_path
        ) as site:
            for settings in site.devices:
                values, quality = await read(settings, clock)
                assert (quality == Quality.GOOD).all(), settings.id
                shown = site.plant.outputs(settings.id)
                for spec in settings.profile.points:
                    coarse = 0 if spec.type.startswith("float") else 0.51 * abs(spec.scale)
                    whole = 0.5 if spec.kind in {Kind.BIT, Kind.STATE} else 0
                    near = max(coarse, whole, 2e-7 * abs(shown[spec.name]))
                    assert values[spec.name] == pytest.approx(shown[spec.name], abs=near), spec.name
    recorded = {line["device"] for line in answers(path)}
    assert recorded == set(MODBUS)


@pytest.mark.parametrize("name", OPCUA)
async def test_a_subscribed_driver_gets_what_is_on_record(name, tmp_path):
    clock = SystemClock()  # the driver believes a source time only while it is near its own
    path = tmp_path / "record.jsonl"
    scans = []
    with Record(path) as record:
        devices = [device(name, OpcUa("opc.tcp://10.0.0.2:4840/ria"))]
        async with serve(devices, clock=clock, rng=random.Random(2), record=record) as site:
            driver = OpcUaDriver(site.devices[0], clock, random.Random(3))

            async with asyncio.timeout(30):
                async for scan in driver.scans():
                    scans.append(scan)
                    if len(scans) >= 8:
                        driver.stop()
    told, scanned = defaultdict(list), defaultdict(list)
    for line in answers(path):
        for point, value in line["values"].items():
            told[point].append(value)
    for scan in scans:
        for sample in scan.samples():
            if sample.quality == Quality.GOOD:
                scanned[sample.point.name].append(sample.value)
    assert scanned.keys() == {spec.name for spec in devices[0].profile.points}
    assert sum(map(len, scanned.values())) > len(scanned)
    for point, values in scanned.items():
        assert values == told[point][: len(values)], point


async def test_a_rewritten_site_file_leads_to_where_it_is_served(tmp_path):
    before = tmp_path / "site.yaml"
    text = (Path(edge.demo.__file__).parent / "city.yaml").read_text()
    for name, value in (("BROKER", "mqtt://127.0.0.1:1883"), ("STORE", "/tmp/s"), ("PAGE", "off")):
        text = text.replace(f"${name}", value)
    before.write_text(text)
    devices = [d for d in load_site(before).devices if not isinstance(d.link, OpcUa)]
    async with serve(devices, clock=ManualClock(), rng=random.Random(1), folder=tmp_path) as site:
        after = tmp_path / "served.yaml"
        after.write_text(rewritten_site(text, site.links))
        links = {d.id: d.link for d in load_site(after).devices}
        assert {d.id: links[d.id] for d in devices} == {d.id: d.link for d in site.devices}
