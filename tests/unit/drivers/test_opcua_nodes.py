"""Nodes are named by URI, and found by the place that the URI has in this session."""

import pytest

from drivers.opcua.endpoint import check
from drivers.opcua.nodes import STANDARD, NodeName, parse
from drivers.settings import OpcUa
from edge.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nsu=urn:plant;s=Tank.Level", NodeName("urn:plant", "s", "Tank.Level")),
        ("nsu=urn:plant;s=a;b=c d", NodeName("urn:plant", "s", "a;b=c d")),
        ("nsu=urn:a%3Bb;i=7", NodeName("urn:a;b", "i", "7")),
        ("i=2256", NodeName(STANDARD, "i", "2256")),
        ("nsu=urn:p;b=AQID", NodeName("urn:p", "b", "AQID")),
        (
            "nsu=urn:p;g=09087e75-8e5e-499b-954f-f2a9603db28a",
            NodeName("urn:p", "g", "09087e75-8e5e-499b-954f-f2a9603db28a"),
        ),
    ],
)
def test_well_formed_names(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ns=3;s=Tank", "changes when the server restarts"),
        ("Tank.Level", "nsu=URI"),
        ("nsu=urn:p;i=seven", "whole number"),
        ("nsu=urn:p;i=-1", "whole number"),
        ("nsu=urn:p;g=09087e75", "GUID"),
        ("nsu=urn:p;b=A", "Base64"),
        ("nsu=urn:p;s=", "nsu=URI"),
        ("", "nsu=URI"),
    ],
)
def test_malformed_names_are_refused_with_the_remedy(text, says):
    with pytest.raises(ConfigError, match=says):
        parse(text)


def test_the_index_is_this_sessions():
    name = parse("nsu=urn:plant;s=x")
    assert name.index_in([STANDARD, "urn:server", "urn:plant"]) == 2
    assert name.index_in([STANDARD, "urn:plant"]) == 1
    assert name.index_in([STANDARD]) is None


@pytest.mark.parametrize(
    "link",
    [
        OpcUa("opc.tcp://127.0.0.1:4840"),
        OpcUa("opc.tcp://[::1]:4840/plant"),
        OpcUa("opc.tcp://localhost:4840"),
        OpcUa("opc.tcp://10.0.0.20:4840", insecure_ok="PLC without certificates, own VLAN"),
        OpcUa("opc.tcp://10.0.0.20:4840", "Basic256Sha256", "c.der", "k.pem", "t.der"),
    ],
)
def test_endpoints_that_may_be_opened(link):
    check(link)


@pytest.mark.parametrize(
    ("link", "says"),
    [
        (OpcUa("opc.tcp://10.0.0.20:4840"), "insecure_ok"),
        (OpcUa("opc.tcp://localhost.example.vn:4840"), "in the clear"),
        (OpcUa("http://127.0.0.1:4840"), "opc.tcp://HOST:PORT"),
        (OpcUa("opc.tcp://:4840"), "opc.tcp://HOST:PORT"),
        (OpcUa("opc.tcp://127.0.0.1:4840", "Basic256Sha256", "c.der", "k.pem"), "`trusted:`"),
        (OpcUa("opc.tcp://127.0.0.1:4840", "Aes128Sha256RsaOaep", trusted="t.der"), "certificate"),
    ],
)
def test_endpoints_that_may_not(link, says):
    with pytest.raises(ConfigError, match=says):
        check(link)
