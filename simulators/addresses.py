"""Where each device of a site is served here: at its own address if that is ours, else near by."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from drivers.settings import DeviceSettings, Link, ModbusRtu, ModbusTcp, OpcUa
from edge.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Address:
    """One server: the link as the site has it, where to open it, and who is behind it."""

    link: Link
    devices: tuple[DeviceSettings, ...]
    host: str = ""
    port: int = 0
    """0 where a free one will do."""
    path: Path = Path()


def addresses(devices: Sequence[DeviceSettings], *, bind: str, folder: Path) -> list[Address]:
    """One server for each address that the site names.

    A link to this machine with a port is served there. A link to this machine with port 0 gives
    each device a port of its own. Anything else moves to `bind` and a free port; a serial port
    becomes a link in `folder`, named as the port was.

    Raises:
        ConfigError: two devices of one address have the same unit.
    """
    groups: dict[Hashable, list[DeviceSettings]] = {}
    for settings in devices:
        groups.setdefault(_key(settings), []).append(settings)
    found = []
    names: set[str] = set()
    for members in groups.values():
        link = members[0].link
        if not isinstance(link, OpcUa):
            _refuse_twins(members)
        match link:
            case ModbusTcp(host=host, port=port):
                ours = is_loopback(host) and port != 0
                where = (host, port) if ours else (bind, 0)
                found.append(Address(link, tuple(members), *where))
            case ModbusRtu(path=path):
                name = Path(path).name or "bus"
                while name in names:
                    name += "-x"
                names.add(name)
                found.append(Address(link, tuple(members), path=folder / name))
            case OpcUa(url=url):
                parts = urlsplit(url)
                ours = is_loopback(parts.hostname or "") and parts.port not in {None, 0}
                where = (parts.hostname or bind, parts.port or 0) if ours else (bind, 0)
                found.append(Address(link, tuple(members), *where, path=Path(parts.path)))
    return found


def moved(link: Link, host: str, port: int, path: Path, *, trusted: str = "") -> Link:
    """The link that leads to where it is served now; the rest of it stays as the site has it."""
    match link:
        case ModbusTcp():
            return replace(link, host=host, port=port)
        case ModbusRtu():
            return replace(link, path=str(path))
        case OpcUa():
            parts = urlsplit(link.url)._replace(netloc=f"{_bracketed(host)}:{port}")
            known = trusted if link.security != "None" and trusted else link.trusted
            return replace(link, url=urlunsplit(parts), trusted=known)


def is_loopback(host: str) -> bool:
    """Whether the name or address is this machine's own, seen from inside."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _key(settings: DeviceSettings) -> Hashable:
    match settings.link:
        case ModbusTcp(host=host, port=port):
            return ("tcp", host, port or settings.id)
        case ModbusRtu(path=path):
            return ("rtu", path)
        case OpcUa(url=url):
            return ("opcua", url, "" if urlsplit(url).port != 0 else settings.id)


def _refuse_twins(members: Sequence[DeviceSettings]) -> None:
    seen: dict[int, str] = {}
    for settings in members:
        other = seen.setdefault(settings.unit, settings.id)
        if other != settings.id:
            raise ConfigError(
                f"{other} and {settings.id} are both unit {settings.unit} of {settings.link}: "
                "give one of them another unit"
            )
