"""The site file as it is written: which keys there are, and of what kind."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.document.amounts import Duration, Size

Pair = tuple[float, float]
Labels = dict[Literal["vi", "en"], str]
Security = Literal["None", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"]
BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 76800, 115200)
Baud = Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 76800, 115200]
Text = Annotated[str, Meta(min_length=1, max_length=200)]


class PlaceBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the gateway stands."""

    name: Annotated[Text, Meta(examples=["Trạm bơm Phường 1"])]
    province: str = ""
    lat: Annotated[float, Meta(ge=-90, le=90, extra={"unit": "degrees north"})] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180, extra={"unit": "degrees east"})] | None = None
    timezone: str = "Asia/Ho_Chi_Minh"


class StoreBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where measurements are kept until the operations centre has them."""

    path: Text = "/var/lib/ria"
    limit: Size = Size(8 * 10**9)


class WindowsBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Over how long measurements are summarised."""

    default: Duration = Duration(60)


class UplinkBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The broker of the operations centre."""

    url: Annotated[Text, Meta(examples=["mqtts://ioc.example.vn:8883"])]
    identity: str = ""
    username: str = ""
    password_file: str = ""
    compress: Literal["none", "zstd"] = "none"
    live: Duration = Duration(2)
    insecure_ok: str = ""


class LinkBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One bus or endpoint that several devices may share."""

    modbus: str = ""
    opcua: str = ""
    baud: Baud = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    timeout: Duration | None = None
    transaction_ids: Literal["strict", "tolerant"] = "strict"
    security: Security | None = None
    certificate: str = ""
    private_key: str = ""
    trusted: str = ""
    insecure_ok: str = ""


class PointBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the site knows better than the profile about one point."""

    unit: str | None = None
    plausible: Pair | None = None
    deadband: Annotated[float, Meta(ge=0)] | None = None
    rate_limit: Annotated[float, Meta(gt=0)] | None = None
    label: Labels = {}


class DeviceBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One device."""

    id: Annotated[str, Meta(examples=["inlet"])]
    profile: Annotated[Text, Meta(examples=["siemens-sitrans-mag6000"])]
    link: Annotated[Text, Meta(examples=["modbus+tcp://10.0.0.12"])]
    unit: Annotated[int, Meta(ge=0, le=255)] = 1
    every: Duration = Duration(10)
    window: Duration | None = None
    raw: list[str] | bool = []
    only: list[str] = []
    write: dict[str, Pair] = {}
    points: dict[str, PointBlock] = {}
    mode: Literal["subscribe", "read"] = "subscribe"
    security: Security | None = None
    certificate: str = ""
    private_key: str = ""
    trusted: str = ""
    insecure_ok: str = ""
    label: Labels = {}
    accept_trust_d: bool = False


class JunctionBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One junction whose signals are timed here."""

    id: Annotated[str, Meta(examples=["j1"])]
    controller: Annotated[str, Meta(examples=["tlc"])]
    plan: Annotated[Text, Meta(examples=["plans/j1.yaml"])]
    detectors: list[str] = []


class SiteBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    gateway: Annotated[str, Meta(examples=["vt-p1-01"])]
    site: Annotated[PlaceBlock, Meta(examples=["{name: Trạm bơm Phường 1}"])]
    store: StoreBlock = StoreBlock()
    page: str = "127.0.0.1:8080"
    windows: WindowsBlock = WindowsBlock()
    uplink: UplinkBlock | None = None
    links: dict[str, LinkBlock] = {}
    planner: Text = "/run/ria-plan/planner.sock"
    junctions: list[JunctionBlock] = []
    devices: Annotated[
        list[DeviceBlock], Meta(min_length=1, examples=["[{id: inlet, profile: …, link: …}]"])
    ]
