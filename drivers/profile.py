"""A device is data: what its registers or nodes mean, with the page of the manual that says so."""

from functools import cached_property
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.model.point import Kind

Table = Literal["coil", "discrete", "input", "holding"]
RegisterType = Literal[
    "bit", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"
]
Order = Literal["big", "little"]
Pair = tuple[float, float]

WIDTH: dict[str, int] = {
    "bit": 1, "uint16": 1, "int16": 1, "uint32": 2, "int32": 2, "float32": 2,
    "uint64": 4, "int64": 4, "float64": 4,
}  # fmt: skip
"""Registers that a value takes; a coil or discrete input takes one address."""


class PointSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing the device can tell, where it stands and what it means."""

    name: str
    address: int = -1
    """Zero-based PDU address."""
    table: Table = "holding"
    type: RegisterType = "uint16"
    bit: int | None = None
    """Position in a 16-bit register, 0 the least significant; the value is then 0 or 1."""
    words: Order | None = None
    """Overrides the profile's word order."""
    node: str = ""
    """OPC UA node by namespace URI: `nsu=urn:example:plant;s=Tank.Level`."""
    scale: float = 1.0
    offset: float = 0.0
    """value = raw * scale + offset."""
    unavailable: list[int] = []
    """Raw unsigned patterns by which the device says "not available"."""
    kind: Kind = Kind.GAUGE
    quantity: str = ""
    unit: str = "1"
    plausible: Pair | None = None
    modulus: float = 0.0
    rate_limit: float | None = None
    deadband: float = 0.0
    writable: Pair | None = None
    """The device's own bounds; a site may narrow them, never widen."""
    states: dict[int, str] = {}
    """Meaning of each value of a state."""
    label: dict[str, str] = {}
    """What people call it, by language."""
    page: str = ""
    trust: Literal["", "A", "B", "C", "D"] = ""
    """Where it is lower than the profile's own."""


class FactSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A text or number read once, at connect: serial number, firmware."""

    name: str
    address: int = -1
    table: Table = "holding"
    type: Literal["string", "uint16", "uint32", "uint64"] = "string"
    length: Annotated[int, Meta(ge=1, le=125)] = 1
    """Registers of a string."""
    node: str = ""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the device can bear."""

    max_registers: Annotated[int, Meta(ge=1, le=125)] = 125
    """Registers in one read."""
    max_gap: Annotated[int, Meta(ge=0, le=124)] = 16
    """Unused registers that may be read along, so that two reads become one."""
    turnaround_ms: Annotated[int, Meta(ge=0, le=5000)] = 0
    """Silence the device needs between two requests."""
    wake_retries: Annotated[int, Meta(ge=0, le=5)] = 0
    """First requests that a sleeping device may leave unanswered."""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the facts come from."""

    document: str
    page: str = ""
    note: str = ""


class Vector(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bytes as the device sends them, and what they must come to."""

    point: str
    bytes: str
    """Hex, in wire order."""
    expect: float | None
    """None where they mean "not available"."""
    source: str = ""
    """`manual`, `worked example`, or `computed`."""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """One family of devices."""

    profile: str
    title: str
    vendor: str
    models: list[str] = []
    domain: Literal["electricity", "water", "water_quality", "traffic", "plant"]
    protocol: Literal["modbus", "opcua"] = "modbus"
    trust: Literal["A", "B", "C", "D"]
    """A: manual, or two sources; B: one source; C: a list; D: contradictory, not loaded
    unless the site says so."""
    sources: list[Source]
    serial: dict[str, int | str] = {}
    limits: Limits = Limits()
    bytes: Order = "big"
    """Order of the bytes within a register."""
    words: Order = "big"
    """Order of the registers within a value."""
    points: list[PointSpec]
    facts: list[FactSpec] = []
    vectors: list[Vector] = []
    notes: list[str] = []

    @cached_property
    def by_name(self) -> dict[str, PointSpec]:
        """The points, by name."""
        return {point.name: point for point in self.points}
