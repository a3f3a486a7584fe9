"""A site file with other addresses in it, and nothing else changed: comments and layout stay."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import yaml

from drivers.settings import Link, ModbusRtu, ModbusTcp, OpcUa

MODBUS_PORT = 502
_TCP, _RTU, _OPCUA = "modbus+tcp://", "modbus+rtu://", "opc.tcp://"

Identity = tuple[str, str, int]
"""What makes two links the same address: the kind, the host or path, the port."""


def rewritten_site(text: str, mapping: Mapping[Link, Link]) -> str:
    """The site's YAML text in which every address of `mapping` is the one it maps to.

    Addresses are looked for in `links` and `devices`, in each of the forms that a site file knows;
    options after `?` stay. A certificate that a secured link trusts becomes the simulator's.
    """
    new_of = {_identity(old): new for old, new in mapping.items()}
    trusted = {
        old.trusted: new.trusted
        for old, new in mapping.items()
        if isinstance(old, OpcUa) and isinstance(new, OpcUa) and new.trusted != old.trusted
    }
    edits = []
    for key, node in _scalars(yaml.compose(text, Loader=yaml.SafeLoader)):
        fresh = trusted.get(node.value) if key == "trusted" else _rewritten(key, node.value, new_of)
        if fresh is not None:
            edits.append((node.start_mark.index, node.end_mark.index, fresh))
    for start, end, fresh in sorted(edits, reverse=True):
        text = text[:start] + fresh + text[end:]
    return text


def _rewritten(key: str, written: str, new_of: Mapping[Identity, Link]) -> str | None:
    """The address in the form in which it was written; None where it is none that moves."""
    scheme = next((s for s in (_TCP, _RTU, _OPCUA) if written.startswith(s)), "")
    if not scheme and key not in {"modbus", "opcua"}:
        return None
    address, mark, options = written.removeprefix(scheme).partition("?")
    if scheme == _OPCUA:
        identity: Identity = ("opcua", written.lower(), 0)
    elif address.startswith("/"):
        identity = ("rtu", address, 0)
    else:
        identity = ("tcp", *_host_and_port(address))
    match new_of.get(identity):
        case ModbusTcp(host=host, port=port):
            bracketed = f"[{host}]" if ":" in host else host
            return f"{scheme}{bracketed}:{port}{mark}{options}"
        case ModbusRtu(path=path):
            return f"{scheme}{path}{mark}{options}"
        case OpcUa(url=url):
            return url
        case _:
            return None


def _scalars(root: yaml.Node | None) -> Iterator[tuple[str, yaml.ScalarNode]]:
    """Each text with the key it stands under, within `links` and `devices`."""
    if not isinstance(root, yaml.MappingNode):
        return
    stack = [(key.value, value) for key, value in root.value if key.value in {"links", "devices"}]
    while stack:
        key, node = stack.pop()
        if isinstance(node, yaml.ScalarNode):
            yield key, node
        elif isinstance(node, yaml.SequenceNode):
            stack += [(key, item) for item in node.value]
        elif isinstance(node, yaml.MappingNode):
            stack += [(str(name.value), value) for name, value in node.value]


def _identity(link: Link) -> Identity:
    match link:
        case ModbusTcp(host=host, port=port):
            return ("tcp", host.lower(), port)
        case ModbusRtu(path=path):
            return ("rtu", path, 0)
        case OpcUa(url=url):
            return ("opcua", url.lower(), 0)


def _host_and_port(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{address.rstrip('/')}")
        return (parts.hostname or "").lower(), MODBUS_PORT if parts.port is None else parts.port
    except ValueError:
        return address, -1
