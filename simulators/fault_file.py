"""A fault file: YAML that says what goes wrong with whom, checked before anything is served."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.settings import DeviceSettings, ModbusRtu, ModbusTcp, OpcUa
from edge.document.problem import Problems
from edge.document.text import read_bytes
from edge.document.tree import Document, parse
from edge.errors import ConfigError
from edge.model.clock import Instant
from simulators.faults import (
    OPCUA_ABLE,
    OPCUA_ONLY,
    RTU_ONLY,
    TCP_ONLY,
    AnyFault,
    Schedule,
    ValueFault,
    kind_of,
)

_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")


class FaultFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    faults: Annotated[list[AnyFault], Meta(max_length=10_000)]


def load_faults(path: Path) -> tuple[AnyFault, ...]:
    """The faults of a file.

    Raises:
        ConfigError: names the line, the key and what to do.
    """
    return parse_faults(read_bytes(path), str(path))


def parse_faults(content: bytes, name: str = "faults") -> tuple[AnyFault, ...]:
    """The faults of a text; `name` is what errors call it.

    Raises:
        ConfigError: names the line, the key and what to do.
    """
    document = parse(content, name)
    try:
        faults = msgspec.convert(document.value, FaultFile).faults
        for fault in faults:
            # A span that ends before it begins is seen where it is laid out.
            Schedule([fault], [d for d in fault.devices if d != "*"], Instant(0))
    except msgspec.ValidationError as error:
        raise _told(document, str(error)) from error
    return tuple(faults)


def _told(document: Document, message: str) -> Problems:
    found = _WHERE.match(message)
    what, path = (found["what"], found["path"] or "") if found else (message, "")
    steps = tuple(name or int(index) for name, index in _STEP.findall(path))
    remedy = "docs/reference/faults.md shows every fault and its keys"
    return Problems(document.path, [document.problem(steps, what, remedy)])


def check_faults(faults: Iterable[AnyFault], devices: Sequence[DeviceSettings]) -> None:
    """Refuse what cannot happen: an unknown device, a fault of another protocol, no such point.

    A fault of `*` befalls those devices that it can.

    Raises:
        ConfigError: the fault, the device and the reason.
    """
    by_id = {settings.id: settings for settings in devices}
    for fault in faults:
        Schedule([fault], list(by_id), Instant(0))
        for name in fault.devices:
            if name != "*":
                _check_one(fault, by_id[name])


def befalls(fault: AnyFault, settings: DeviceSettings) -> bool:
    """Whether the fault can happen on the device's protocol."""
    match settings.link:
        case ModbusTcp():
            return not isinstance(fault, RTU_ONLY + OPCUA_ONLY)
        case ModbusRtu():
            return not isinstance(fault, TCP_ONLY + OPCUA_ONLY)
        case OpcUa():
            return isinstance(fault, OPCUA_ABLE)


def _check_one(fault: AnyFault, settings: DeviceSettings) -> None:
    if not befalls(fault, settings):
        raise ConfigError(
            f"a {kind_of(fault)} fault cannot befall {settings.id}, which is reached by "
            f"{type(settings.link).__name__}: docs/reference/faults.md shows which can"
        )
    if isinstance(fault, ValueFault):
        for point in fault.points:
            if point not in settings.profile.by_name:
                raise ConfigError(
                    f"a {kind_of(fault)} fault names {settings.id}.{point}, which the profile "
                    f"{settings.profile.profile} does not have: name one of its points"
                )
