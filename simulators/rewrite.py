"""A site file with other addresses in it, and nothing else changed: comments and layout stay."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import yaml

from drivers.settings import Link, ModbusRtu, ModbusTcp, OpcUa

MODBUS_PORT = 502


def rewritten_site(text: str, mapping: Mapping[Link, Link]) -> str:
    """The site's YAML text in which every address of `mapping` is the one it maps to.

    Addresses are looked for under `links` and in the `link` of each device, as
    `modbus+tcp://HOST[:PORT]`, `opc.tcp://…`, or the path of a serial port. The certificate that
    a secured link trusts is set where the link names one.
    """
    new_of: dict[str, str] = {}
    for old, new in mapping.items():
        new_of[_identity(old)] = _written(new)
        if isinstance(old, OpcUa) and isinstance(new, OpcUa) and new.trusted != old.trusted:
            new_of[old.trusted] = new.trusted
    edits = []
    for node in _scalars(yaml.compose(text, Loader=yaml.SafeLoader)):
        new_address = new_of.get(_identity_of_text(node.value))
        if new_address is not None and node.value:
            edits.append((node.start_mark.index, node.end_mark.index, new_address))
    for start, end, new_address in sorted(edits, reverse=True):
        text = text[:start] + new_address + text[end:]
    return text


def _scalars(root: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """The values, not the keys, under `links` and `devices`."""
    if not isinstance(root, yaml.MappingNode):
        return
    stack = [value for key, value in root.value if key.value in {"links", "devices"}]
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.ScalarNode):
            yield node
        elif isinstance(node, yaml.SequenceNode):
            stack += node.value
        elif isinstance(node, yaml.MappingNode):
            stack += [value for _, value in node.value]


def _identity(link: Link) -> str:
    """What makes two links the same address."""
    match link:
        case ModbusTcp(host=host, port=port):
            return f"modbus+tcp://{host}:{port}"
        case ModbusRtu(path=path):
            return path
        case OpcUa(url=url):
            return url


def _identity_of_text(text: str) -> str:
    if not text.startswith("modbus+tcp://"):
        return text
    parts = urlsplit(text)
    try:
        port = MODBUS_PORT if parts.port is None else parts.port
    except ValueError:
        return text
    return f"modbus+tcp://{parts.hostname}:{port}"


def _written(link: Link) -> str:
    """An address as a site file has it."""
    return _identity(link)
