"""Roads to devices: a link's text or block becomes what a driver is told."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from drivers.settings import Link, ModbusRtu, ModbusTcp, OpcUa
from edge.config.address import host_and_port, is_loopback
from edge.config.schema import BAUDS, DeviceBlock, LinkBlock
from edge.document.amounts import Duration
from edge.document.problem import nearest, quoted
from edge.document.readable import Unreadable

SCHEMES = ("modbus+tcp", "modbus+rtu", "opc.tcp")
OPCUA = "opc.tcp://"
SERIAL_KEYS = ("baud", "parity", "stop_bits")
OPCUA_KEYS = ("security", "certificate", "private_key", "trusted", "insecure_ok")
LONGEST_TIMEOUT_S = 60.0

Finding = tuple[str, str, str]
"""The key within the block (or empty), what is wrong, what to do."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What must be unique or equal: a serial path, a TCP endpoint, a server's address."""

    kind: Literal["serial", "tcp", "opcua"]
    name: str

    def __str__(self) -> str:
        return self.name


def endpoint_of(link: Link) -> Endpoint:
    """The bus or host behind a link, whatever its parameters."""
    match link:
        case ModbusRtu():
            return Endpoint("serial", link.path)
        case ModbusTcp():
            return Endpoint("tcp", f"{link.host.lower()}:{link.port}")
        case OpcUa():
            return Endpoint("opcua", link.url.lower())


def protocol_of(link: Link) -> str:
    """`modbus` or `opcua`, as profiles name them."""
    return "opcua" if isinstance(link, OpcUa) else "modbus"


def from_text(text: str, block: DeviceBlock) -> Link:
    """The link that a device writes out: `modbus+tcp://…`, `modbus+rtu://…`, `opc.tcp://…`.

    Raises:
        Unreadable: it is none of these.
    """
    scheme, _, rest = text.partition("://")
    if scheme == "opc.tcp":
        return _opcua(text, block, 4.0)
    if scheme not in SCHEMES:
        raise Unreadable(f"{quoted(scheme)} is no kind of link", nearest(scheme, SCHEMES))
    address, _, query = rest.partition("?")
    options = _options(query)
    timeout_s = _timeout_s(Duration.read(options["timeout"]) if "timeout" in options else None, 1.0)
    if scheme == "modbus+tcp":
        _only(options, ("timeout", "transaction_ids"))
        host, port = host_and_port(address.rstrip("/"), 502)
        ids = options.get("transaction_ids", "strict")
        if ids not in {"strict", "tolerant"}:
            raise Unreadable(f"transaction_ids={ids}", "write strict or tolerant")
        return ModbusTcp(host, port, timeout_s, "strict" if ids == "strict" else "tolerant")
    _only(options, ("timeout", *SERIAL_KEYS))
    baud, parity = options.get("baud", "9600"), options.get("parity", "N")
    stop_bits = options.get("stop_bits", "1")
    if baud not in map(str, BAUDS):
        raise Unreadable(f"baud={baud}", nearest(baud, map(str, BAUDS)))
    if parity not in {"N", "E", "O"}:
        raise Unreadable(f"parity={parity}", "write N, E or O")
    if stop_bits not in {"1", "2"}:
        raise Unreadable(f"stop_bits={stop_bits}", "write 1 or 2")
    return ModbusRtu(
        _serial_path(address),
        int(baud),
        "N" if parity == "N" else "E" if parity == "E" else "O",
        1 if stop_bits == "1" else 2,
        timeout_s,
    )


def from_block(block: LinkBlock) -> Link:
    """The link that stands under `links`.

    Raises:
        Unreadable: it says neither or both of `modbus` and `opcua`, or one that is no address.
    """
    if bool(block.modbus) == bool(block.opcua):
        what = "both modbus and opcua" if block.modbus else "neither modbus nor opcua"
        raise Unreadable(
            what, "write `modbus: /dev/ttyUSB0`, `modbus: host:502` or `opcua: opc.tcp://…`"
        )
    if block.opcua:
        return _opcua(block.opcua, block, _timeout_s(block.timeout, 4.0))
    timeout_s = _timeout_s(block.timeout, 1.0)
    if block.modbus.startswith("/"):
        path = _serial_path(block.modbus)
        return ModbusRtu(path, block.baud, block.parity, block.stop_bits, timeout_s)
    host, port = host_and_port(block.modbus, 502)
    return ModbusTcp(host, port, timeout_s, block.transaction_ids)


def foreign_keys(link: Link) -> tuple[str, ...]:
    """Keys of a link block that mean nothing for this kind of link."""
    match link:
        case ModbusRtu():
            return ("transaction_ids", *OPCUA_KEYS)
        case ModbusTcp():
            return (*SERIAL_KEYS, *OPCUA_KEYS)
        case OpcUa():
            return (*SERIAL_KEYS, "transaction_ids")


def unprotected(link: OpcUa, *, written: bool) -> Iterator[Finding]:
    """What speaks against the protection of an OPC UA session.

    Args:
        link: The session.
        written: Whether the file says `security` at all.
    """
    host = _host(link.url)
    if link.security == "None":
        if not is_loopback(host) and not link.insecure_ok:
            what = "security None" if written else "no security"
            yield (
                "security",
                f"{what} on {host}: whoever is on the network could read and change values",
                "write security: Basic256Sha256, or insecure_ok: with the reason",
            )
        return
    if link.insecure_ok:
        what = f"a reason for an open session beside security {link.security}"
        yield "insecure_ok", what, "delete one of the two"
    for key in ("certificate", "private_key", "trusted"):
        if not getattr(link, key):
            what = f"missing: security {link.security} needs it"
            yield key, what, f"add `{key}: /etc/ria/opcua/{key}.pem`"


def _opcua(url: str, block: DeviceBlock | LinkBlock, timeout_s: float) -> OpcUa:
    return OpcUa(
        _opcua_url(url),
        block.security or "None",
        block.certificate,
        block.private_key,
        block.trusted,
        block.insecure_ok,
        timeout_s,
    )


def _options(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise Unreadable(f"{quoted(query)} after ?", "write ?key=value&key=value") from None
    return dict(pairs)


def _only(options: dict[str, str], valid: tuple[str, ...]) -> None:
    for key in options:
        if key not in valid:
            raise Unreadable(f"{quoted(key)} is no option of this link", nearest(key, valid))


def _timeout_s(timeout: Duration | None, usual_s: float) -> float:
    if timeout is None:
        return usual_s
    if not 0.02 <= timeout <= LONGEST_TIMEOUT_S:
        bounds = f"20 ms…{LONGEST_TIMEOUT_S:g} s"
        raise Unreadable(f"a timeout of {timeout:g} s", f"choose within {bounds}")
    return float(timeout)


def _serial_path(path: str) -> str:
    if not path.startswith("/") or "//" in path or path.endswith("/") or "/../" in path:
        raise Unreadable(f"{quoted(path)} is no serial port", "write its path: /dev/ttyUSB0")
    return path


def _opcua_url(url: str) -> str:
    if not url.startswith(OPCUA) or any(c.isspace() or c in "?#" for c in url):
        raise Unreadable(f"{quoted(url)} is no OPC UA address", "write opc.tcp://host:4840")
    if "@" in url:
        raise Unreadable("a user or password in an address", "take it out: addresses are logged")
    _host(url)
    return url


def _host(url: str) -> str:
    """Of an OPC UA server."""
    address = url.removeprefix(OPCUA).partition("/")[0]
    return host_and_port(address, 4840, example="opc.tcp://10.0.0.20:4840")[0]
