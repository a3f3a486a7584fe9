"""Hosts and ports as they are written in a site file."""

import re
import socket

from edge.document.problem import quoted
from edge.document.readable import Unreadable

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_DIGITS = re.compile(r"[0-9.]+")
_PARTED = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>.*))?")


def host_and_port(
    text: str, default_port: int | None, *, least: int = 1, example: str = "10.0.0.12:502"
) -> tuple[str, int]:
    """`10.0.0.12:502`, `meter.local`, `[fd00::1]:502`.

    Args:
        text: What was written.
        default_port: Where none is written; None where one must be.
        least: The smallest port that may be named.
        example: To be shown where it is none.

    Raises:
        Unreadable: it is none of these.
    """
    parted = _PARTED.fullmatch(text)
    if parted is None:
        raise Unreadable(f"{quoted(text)} is no host and port", f"write {example}")
    host, port = parted["host"], parted["port"]
    if host.startswith("["):
        host = host[1:-1]
        if ":" not in host or not _is_ip(host):
            raise Unreadable(f"{quoted(text)} is no IPv6 address", "write [fd00::1]:502")
    elif not host or len(host) > 253 or not _HOST.fullmatch(host):
        raise Unreadable(f"{quoted(host)} is no host", f"write a name or an address: {example}")
    elif _DIGITS.fullmatch(host) and not _is_ip(host):
        raise Unreadable(f"{quoted(host)} is no IPv4 address", "write four numbers, 0…255 each")
    if port is None:
        if default_port is None:
            raise Unreadable(f"{quoted(text)} names no port", f"write {example}")
        return host, default_port
    if not (port.isascii() and port.isdigit() and least <= int(port[:6]) <= 65535):
        raise Unreadable(f"{quoted(port)} is no port", f"choose within {least}…65535")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can hear it."""
    return host in {"localhost", "::1"} or (host.startswith("127.") and _is_ip(host))


def _is_ip(text: str) -> bool:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        socket.inet_pton(family, text)
    except OSError:
        return False
    return True
