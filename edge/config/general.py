"""The gateway itself: its name, its place, what it keeps, what it shows, and to whom it reports."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cloud_sync.topics import GATEWAY_NAME
from edge.config.address import host_and_port, is_loopback
from edge.config.schema import PlaceBlock, SiteBlock, StoreBlock, UplinkBlock, WindowsBlock
from edge.config.site import PageSettings, Place, StoreSettings, UplinkSettings
from edge.document.problem import nearest, quoted
from edge.document.readable import Unreadable

ZONES = Path("/usr/share/zoneinfo")
_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Z][A-Za-z0-9_+-]*){0,2}")
SMALLEST_STORE = 10 * 10**6
SHORTEST_WINDOW_S, LONGEST_WINDOW_S = 1.0, 86400.0
FASTEST_LIVE_S, SLOWEST_LIVE_S = 0.5, 3600.0

Finding = tuple[tuple[str, ...], str, str]
"""The key within the file, what is wrong, what to do."""


def _gateway(name: str) -> Iterator[Finding]:
    if not GATEWAY_NAME.fullmatch(name):
        what = f"{quoted(name)} cannot be part of an MQTT topic"
        yield (), what, "use ASCII letters, digits, ., - and _, at most 64, a letter or digit first"


def _place(block: PlaceBlock) -> Iterator[Finding]:
    if (block.lat is None) != (block.lon is None):
        here, other = ("lat", "lon") if block.lon is None else ("lon", "lat")
        yield (here,), f"{here} without {other}", f"add {other}, or delete {here}"
    yield from _zone(block.timezone)


def _zone(name: str) -> Iterator[Finding]:
    # the list itself is quicker asked than zoneinfo is imported
    if _ZONE.fullmatch(name) and (ZONES / name).is_file():
        return
    from zoneinfo import available_timezones  # noqa: PLC0415

    zones = available_timezones()
    # a machine without the list can run a gateway; what it cannot do is judge names
    if zones and name not in zones:
        near = nearest(name, zones)
        if not near.startswith("did"):
            near = "write a name of the IANA list, such as Asia/Ho_Chi_Minh"
        yield ("timezone",), f"no time zone is called {quoted(name)}", near


def _store(block: StoreBlock) -> Iterator[Finding]:
    if block.limit < SMALLEST_STORE:
        what = f"{block.limit / 1e6:g} MB is below {SMALLEST_STORE / 1e6:g} MB"
        yield ("limit",), what, "give the store at least 10 MB, usually 8 GB"


def _page(text: str) -> Iterator[Finding]:
    if text == "off":
        return
    try:
        host, _ = host_and_port(text, None, least=0, example="127.0.0.1:8080")
    except Unreadable as error:
        yield (), error.what, f"{error.remedy}, or off"
        return
    if not is_loopback(host):
        what = f"{host} can be reached from other machines, and the page has no login"
        yield (), what, "write 127.0.0.1:8080, and reach it through SSH or a proxy with a login"


def _windows(block: WindowsBlock) -> Iterator[Finding]:
    if not SHORTEST_WINDOW_S <= block.default <= LONGEST_WINDOW_S:
        yield ("default",), f"{block.default:g} s is outside 1s…1d", "choose within 1s…1d"


def _uplink(block: UplinkBlock) -> Iterator[Finding]:
    scheme, _, rest = block.url.partition("://")
    if scheme not in {"mqtt", "mqtts"}:
        what = f"{quoted(scheme)} is no way to a broker"
        yield ("url",), what, "write mqtts://host:8883, or mqtt://127.0.0.1:1883"
    elif "@" in rest:
        what = "a user or password in an address"
        yield ("url",), what, "write username: and password_file: instead"
    else:
        yield from _broker(block, rest.removesuffix("/"))
    if not FASTEST_LIVE_S <= block.live <= SLOWEST_LIVE_S:
        yield (
            ("live",),
            f"{block.live:g} s is outside 500ms…1h",
            "choose within 500ms…1h, usually 2s",
        )
    if block.password_file and not block.username:
        yield ("password_file",), "a password without a name", "add username:"


def _broker(block: UplinkBlock, address: str) -> Iterator[Finding]:
    tls = block.url.startswith("mqtts")
    try:
        host, _ = host_and_port(address, 8883, example="mqtts://ioc.example.vn:8883")
    except Unreadable as error:
        yield ("url",), error.what, error.remedy
        return
    if not tls and not is_loopback(host) and not block.insecure_ok:
        what = f"mqtt:// to {host}: whoever is on the way could read and change messages"
        yield ("url",), what, "write mqtts://, or insecure_ok: with the reason"
    if tls and block.insecure_ok:
        what = "a reason for an open session beside mqtts://"
        yield ("insecure_ok",), what, "delete it"


CHECKS: dict[str, Callable[[Any], Iterator[Finding]]] = {
    "gateway": _gateway,
    "site": _place,
    "store": _store,
    "page": _page,
    "windows": _windows,
    "uplink": _uplink,
}
"""By key of the file; each takes the value that stands there."""


def place_of(block: SiteBlock) -> Place:
    """Where the gateway stands."""
    site = block.site
    return Place(site.name, site.province, site.lat, site.lon, site.timezone)


def store_of(block: SiteBlock, folder: Path) -> StoreSettings:
    """Where measurements are kept; a relative path is relative to the file."""
    return StoreSettings(folder / block.store.path, int(block.store.limit))


def page_of(block: SiteBlock) -> PageSettings | None:
    """Where the page listens, if it does."""
    return None if block.page == "off" else PageSettings(*host_and_port(block.page, None, least=0))


def uplink_of(block: SiteBlock, folder: Path) -> UplinkSettings | None:
    """The broker, if there is one."""
    uplink = block.uplink
    if uplink is None:
        return None
    return UplinkSettings(
        url=uplink.url.removesuffix("/"),
        identity=folder / uplink.identity if uplink.identity else None,
        username=uplink.username,
        password_file=folder / uplink.password_file if uplink.password_file else None,
        compress=uplink.compress == "zstd",
        live_s=float(uplink.live),
        insecure_ok=uplink.insecure_ok,
    )
