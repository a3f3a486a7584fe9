import pytest

from edge.errors import ConfigError
from edge.web.guard import HEADERS, is_expected, listening_address


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_loopback_is_where_the_page_listens(host):
    assert listening_address(host, 8080) == host


def test_localhost_is_an_address_not_a_question_to_a_name_server():
    assert listening_address("localhost", 8080) == "127.0.0.1"


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.4", "192.168.1.20", "gateway.local", "", "fe80::1"]
)
def test_elsewhere_is_refused_with_the_way_around(host):
    with pytest.raises(ConfigError, match=r"no login yet.*127.0.0.1:8080.*ssh -L"):
        listening_address(host, 8080)


@pytest.mark.parametrize(
    "header",
    [
        "127.0.0.1:8080",
        "127.0.0.1",
        "localhost",
        "localhost:9000",
        "LOCALHOST:1",
        "[::1]:8080",
        "[::1]",
    ],
)
def test_names_of_this_machine_are_expected(header):
    assert is_expected(header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8080",
        "127.0.0.1@evil.example",
        "127.0.0.1:8080:evil",
        "127.0.0.1:80x",
        "[::1",
        "[::1]evil",
        "[::1]:x",
        "::1",
        "10.0.0.4:8080",
        "127.0.0.1, evil.example",
        " 127.0.0.1",
        "0x7f.1",
    ],
)
def test_other_names_are_a_stranger_s(header):
    assert not is_expected(header)


def test_the_policy_lets_no_inline_script_or_style_run():
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    for rule in (
        "default-src 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "base-uri 'none'",
    ):
        assert rule in policy
