"""What a driver is told: where the device is, what it is, and what may be done to it."""

from dataclasses import dataclass, field
from typing import Literal

from drivers.profile import Profile
from edge.model.point import Columns


@dataclass(frozen=True, slots=True)
class ModbusTcp:
    """A Modbus TCP endpoint; several units may sit behind one."""

    host: str
    port: int = 502
    timeout_s: float = 1.0
    transaction_ids: Literal["strict", "tolerant"] = "strict"
    """`tolerant` for converters that do not echo the transaction id: one request in flight, and
    the connection is closed after every timeout."""


@dataclass(frozen=True, slots=True)
class ModbusRtu:
    """A serial bus; `path` may be a device, a by-id link or a pseudo-terminal."""

    path: str
    baud: int = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    timeout_s: float = 1.0


@dataclass(frozen=True, slots=True)
class OpcUa:
    """An OPC UA endpoint."""

    url: str
    security: Literal["None", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"] = (
        "None"
    )
    """The policy, always with SignAndEncrypt; `None` is for loopback and for `insecure_ok`."""
    certificate: str = ""
    """Path of our certificate (DER or PEM); empty where `security` is None."""
    private_key: str = ""
    trusted: str = ""
    """Path of the server's certificate as a person has approved it."""
    insecure_ok: str = ""
    """The reason why an unencrypted session is acceptable here; it is written to the audit."""
    timeout_s: float = 4.0


Link = ModbusTcp | ModbusRtu | OpcUa


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """One device of the site."""

    id: str
    profile: Profile
    link: Link
    columns: Columns
    """The points in the profile's order, with the site's own bounds, raw marks and periods."""
    unit: int = 1
    """Modbus unit identifier."""
    mode: Literal["subscribe", "read"] = "subscribe"
    """OPC UA only."""
    labels: dict[str, str] = field(default_factory=dict)
    """What people call it, by language: `vi`, `en`."""
