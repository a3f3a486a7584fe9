import pytest

from cloud_sync.uplink import BrokerUrl
from edge.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("mqtt://ioc", ("ioc", 1883, False, None, None)),
        ("mqtts://ioc.example.vn/", ("ioc.example.vn", 8883, True, None, None)),
        ("mqtt://u:p%40@[::1]:99", ("::1", 99, False, "u", "p@")),
    ],
)
def test_an_address_says_where_and_who(url, read):
    broker = BrokerUrl.parse(url)
    assert (broker.host, broker.port, broker.tls, broker.username, broker.password) == read


@pytest.mark.parametrize("url", ["", "ioc:1883", "http://ioc", "mqtt://", "mqtt://ioc:99999", "mqtt://ioc/x", "mqtt://ioc?x=1"])  # fmt: skip
def test_what_is_no_address_is_refused_with_a_pattern_to_follow(url):
    with pytest.raises(ConfigError, match="mqtt"):
        BrokerUrl.parse(url)
