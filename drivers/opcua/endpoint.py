"""What may be connected to at all: an unencrypted session needs somebody's reason."""

import ipaddress
from urllib.parse import urlsplit

from drivers.settings import OpcUa
from edge.errors import ConfigError


def check(link: OpcUa) -> None:
    """Refuse what must not be opened, before any byte is sent.

    Raises:
        ConfigError: an unencrypted session that nobody has answered for, or an encrypted one
            without all three files.
    """
    url = urlsplit(link.url)
    if url.scheme != "opc.tcp" or not url.hostname:
        raise ConfigError(f"{link.url!r} is not of the form opc.tcp://HOST:PORT")
    if link.security == "None":
        if not (link.insecure_ok or _is_loopback(url.hostname)):
            raise ConfigError(
                f"{link.url}: security None sends readings and commands in the clear. Choose"
                " Basic256Sha256 or newer, or say why not: insecure_ok: REASON"
            )
        return
    for key in ("certificate", "private_key", "trusted"):
        if not getattr(link, key):
            raise ConfigError(f"{link.url}: security {link.security} needs `{key}:`, a path")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
