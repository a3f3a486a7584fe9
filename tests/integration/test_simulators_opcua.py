"""Simulated OPC UA devices before asyncua's own client, as any client would meet them."""

import asyncio
import random

import pytest
from asyncua import Client, ua

from drivers import catalogue
from drivers.settings import DeviceSettings, OpcUa
from edge.errors import ConfigError
from edge.model.point import Columns
from simulators.clock import ManualClock
from simulators.fault_file import parse_faults
from simulators.record import Record
from simulators.site_server import serve
from tests.recorded import answers

PLANT = catalogue.load("opcua-water-plant")
LINK = OpcUa("opc.tcp://10.0.0.20:4840/ria")
PATIENCE_S = 10.0


def city(clock=None, link=LINK, **options):
    device = DeviceSettings("plant", PLANT, link, Columns("plant", (), 1.0))
    return serve([device], clock=clock or ManualClock(), rng=random.Random(1), **options)


def url_of(site):
    return site.devices[0].link.url


async def node(client, point):
    text = PLANT.by_name[point].node
    uri, name = text.removeprefix("nsu=").split(";s=")
    return client.get_node(ua.NodeId(name, await client.get_namespace_index(uri)))


async def until(condition):
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():
            await asyncio.sleep(0.05)


class Changes:
    def __init__(self):
        self.seen = []

    def datachange_notification(self, _, value, data):
        item = data.monitored_item.Value
        self.seen.append((item.SourceTimestamp, value))


async def test_values_come_with_the_time_of_the_plant_and_go_on_record(tmp_path):
    clock = ManualClock()
    path = tmp_path / "record.jsonl"
    with Record(path) as record:
        async with city(clock, record=record) as site, Client(url_of(site)) as client:
            level = await node(client, "tank_level")
            read = await level.read_data_value()
            assert read.StatusCode.is_good()
            assert read.Value.Value == site.plant.outputs("plant")["tank_level"]
            changes = Changes()
            subscription = await client.create_subscription(100, changes)
            await subscription.subscribe_data_change([level])

            async def moved():
                clock.advance(0.5)
                return len(changes.seen) >= 4

            await until(moved)
            await subscription.delete()
    lines = answers(path)
    assert [line["how"] for line in lines[:2]] == ["read", "publish"]
    assert all(line["device"] == "plant" for line in lines)
    told = [(line["at"], line["values"]["tank_level"]) for line in lines]
    got = [(round(at.timestamp() * 1000) * 10**6, value) for at, value in changes.seen]
    assert told[: len(got)] == got, "what was read is not told again by the subscription"
    assert len({at for at, _ in told}) == len(told)


async def test_only_what_is_writable_is_written_and_within_its_bounds():
    clock = ManualClock()
    async with city(clock) as site, Client(url_of(site)) as client:
        setpoint = await node(client, "chlorine_setpoint")
        await setpoint.write_value(0.8)
        assert await setpoint.read_value() == 0.8

        async def obeyed():
            clock.advance(0.5)
            return site.plant.outputs("plant")["chlorine_setpoint"] == 0.8

        await until(obeyed)
        with pytest.raises(ua.UaStatusCodeError, match="BadOutOfRange"):
            await setpoint.write_value(3.0)
        with pytest.raises(ua.UaStatusCodeError, match="BadUserAccessDenied"):
            await (await node(client, "tank_level")).write_value(3.0)
        assert await setpoint.read_value() == 0.8


async def test_a_bad_status_has_no_value_on_record_and_frozen_values_stand(tmp_path):
    clock = ManualClock()
    faults = parse_faults(b"""
faults:
  - {fault: bad_status, devices: [plant], points: [ph], since: 10s, status: BadSensorFailure}
  - {fault: frozen, devices: [plant], points: [tank_level], since: 10s}
""")
    path = tmp_path / "record.jsonl"
    with Record(path) as record:
        async with (
            city(clock, faults=faults, record=record) as site,
            Client(url_of(site)) as client,
        ):
            ph, level = await node(client, "ph"), await node(client, "tank_level")
            clock.advance(11)

            async def failed():
                return (
                    await ph.read_data_value(raise_on_bad_status=False)
                ).StatusCode.value == ua.StatusCodes.BadSensorFailure

            await until(failed)
            stands = await level.read_value()
            before = site.plant.outputs("plant")["tank_level"]
            clock.advance(60)
            await until(
                lambda: asyncio.sleep(0, site.plant.outputs("plant")["tank_level"] != before)
            )
            assert await level.read_value() == stands
    last = answers(path)[-1]
    assert last["values"] == {"tank_level": stands}


async def test_a_server_that_was_away_has_forgotten_its_sessions():
    clock = ManualClock()
    faults = parse_faults(b"faults: [{fault: away, devices: [plant], since: 10s, until: 20s}]")
    async with city(clock, faults=faults) as site:

        async def answers():
            try:
                async with Client(url_of(site), timeout=1) as client:
                    return (await (await node(client, "ph")).read_data_value()).StatusCode.is_good()
            except (OSError, TimeoutError, ua.UaError):
                return False

        async def is_away():
            return not await answers()

        assert await answers()
        clock.advance(11)
        await until(is_away)
        clock.advance(10)
        await until(answers)


async def test_a_secured_link_gets_a_certificate_to_trust(tmp_path):
    from asyncua.crypto.cert_gen import setup_self_signed_certificate
    from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key, certificate = tmp_path / "own.pem", tmp_path / "own.der"
    uri = "urn:ria:test"
    await setup_self_signed_certificate(
        key, certificate, uri, "localhost", [ExtendedKeyUsageOID.CLIENT_AUTH], {}
    )
    secured = OpcUa(LINK.url, security="Basic256Sha256", trusted="/etc/ria/plc.der")
    async with city(link=secured, folder=tmp_path) as site:
        link = site.devices[0].link
        assert link.trusted == str(tmp_path / "simulator.der")
        client = Client(link.url)
        client.application_uri = uri
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            str(certificate),
            str(key),
            server_certificate=link.trusted,
        )
        async with client:
            assert (await (await node(client, "ph")).read_data_value()).StatusCode.is_good()


async def test_what_cannot_be_is_refused_before_anything_is_served():
    with pytest.raises(ConfigError, match="BadNoSuchThing"):
        async with city(
            faults=parse_faults(
                b"faults: [{fault: bad_status, devices: [plant], status: BadNoSuchThing}]"
            )
        ):
            pass
    twins = [DeviceSettings(name, PLANT, LINK, Columns(name, (), 1.0)) for name in ("a", "b")]
    with pytest.raises(ConfigError, match="are both the node"):
        async with serve(twins, clock=ManualClock(), rng=random.Random(1)):
            pass
