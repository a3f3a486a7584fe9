"""What a site comes to once its file has been read: everything resolved, nothing left to doubt."""

from dataclasses import dataclass
from pathlib import Path

from control.model import Junction
from drivers.settings import DeviceSettings


@dataclass(frozen=True, slots=True)
class Place:
    """Where the gateway stands."""

    name: str
    province: str
    lat: float | None
    """Degrees north, WGS 84."""
    lon: float | None
    """Degrees east, WGS 84."""
    timezone: str


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where measurements are kept until the operations centre has them."""

    path: Path
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Where the local page listens: on a loopback address, for it has no login."""

    host: str
    port: int
    """0 lets the system choose."""


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """The broker of the operations centre, and who we are to it."""

    url: str
    """`mqtts://host:port` or `mqtt://host:port`, without a name or password."""
    identity: Path | None
    """Folder with `ca.pem`, `cert.pem`, `key.pem`."""
    username: str
    password_file: Path | None
    compress: bool
    """Whether payloads are compressed with zstd."""
    live_s: float
    """How often the latest values are sent."""
    insecure_ok: str
    """Why a session without TLS is acceptable; empty where there is TLS or a loopback."""


@dataclass(frozen=True, slots=True)
class JunctionSettings:
    """A junction whose signals are timed here."""

    id: str
    controller: str
    """The device that shows its lamps and takes its orders."""
    junction: Junction
    detectors: tuple[str, ...]
    """The junction's detectors in the order of the controller's numbers."""


@dataclass(frozen=True, slots=True)
class Site:
    """One gateway."""

    gateway: str
    """Its name in every topic and message."""
    place: Place
    store: StoreSettings
    page: PageSettings | None
    window_s: float
    """Length of a summary's window where the device is not read more slowly."""
    uplink: UplinkSettings | None
    """None where measurements are only kept."""
    devices: tuple[DeviceSettings, ...]
    source_path: Path
    """The file it was read from."""
    junctions: tuple[JunctionSettings, ...] = ()
    planner: Path = Path("/run/ria-plan/planner.sock")
    """The socket on which the planner listens."""
