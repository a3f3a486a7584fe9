"""Who may speak with the page, and what a browser may do with it. Pure."""

import ipaddress

from edge.errors import ConfigError

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; frame-ancestors 'none'; object-src 'none'; base-uri 'none'; "
        "form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Server": "ria",
}
"""On every answer. Device names and texts are written by strangers: should one of them ever be
taken for markup, no script of theirs runs."""

METHODS = frozenset({"GET", "HEAD"})


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listening_address(host: str, port: int) -> str:
    """The address to bind to.

    Raises:
        ConfigError: others than this machine could reach it.
    """
    if not is_loopback(host):
        raise ConfigError(
            f"page: {host}:{port} can be reached from other machines, and the page has no login "
            f"yet; write 127.0.0.1:{port} and reach it from elsewhere with "
            f"`ssh -L {port}:127.0.0.1:{port} <this gateway>`"
        )
    return "127.0.0.1" if host.lower() == "localhost" else host


def is_expected(host_header: str) -> bool:
    """Whether a Host header names this machine.

    A page of a stranger can make its own name resolve to 127.0.0.1 and have the reader's browser
    ask us; it cannot change the name which the browser then sends. The port is free, because a
    tunnel may begin at another.
    """
    if host_header.startswith("["):
        name, bracket, port = host_header[1:].partition("]")
        return bool(bracket) and _is_port(port) and is_loopback(name)
    name, colon, port = host_header.partition(":")
    return _is_port(colon + port) and is_loopback(name)


def _is_port(text: str) -> bool:
    """Whether `text` is empty or a colon with a port behind it."""
    return not text or (text[0] == ":" and text[1:].isascii() and text[1:].isdigit())
