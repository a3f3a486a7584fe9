"""What the gateway tells the centre outside the numbered lanes: its site, and the latest values."""

from collections.abc import Callable

from cloud_sync import encode
from cloud_sync.letters import DescribedDevice, DescribedPoint, Place
from edge.assembly.links import protocol_of
from edge.assembly.version import VERSION
from edge.config.site import Site
from edge.latest import Latest, Thinned
from edge.model.clock import Clock

WHOLE_EVERY = 15
"""Live messages from one that shows everything to the next: QoS 0 may lose any of them."""


def site_letter(site: Site, epoch: str, clock: Clock) -> Callable[[], bytes]:
    """The site's description as it is at each call, facts included."""

    def described() -> bytes:
        devices = [
            DescribedDevice(
                device=device.id,
                profile=device.profile.profile,
                protocol=protocol_of(device),
                period_s=device.columns.period_s,
                window_s=device.columns.window_s,
                labels=device.labels,
                facts=device.columns.facts,
                points=[
                    DescribedPoint(
                        name=point.name,
                        kind=point.kind,
                        unit=point.unit,
                        quantity=point.quantity,
                        labels=device.profile.by_name[point.name].label,
                        states=device.profile.by_name[point.name].states,
                        raw=point.raw,
                    )
                    for point in device.columns.points
                ],
            )
            for device in site.devices
        ]
        place = Place(
            name=site.place.name,
            province=site.place.province,
            lat=site.place.lat,
            lon=site.place.lon,
            timezone=site.place.timezone,
        )
        return encode.site(site.gateway, epoch, clock.now(), place, devices, f"ria {VERSION}")

    return described


def live_letter(site: Site, latest: Latest, clock: Clock) -> Callable[[], bytes | None]:
    """What changed beyond its deadband since the last call; everything every so often."""
    thinned = Thinned(latest)
    calls = 0

    def shown() -> bytes | None:
        nonlocal calls
        if calls % WHOLE_EVERY == 0:
            thinned.forget()
        calls += 1
        devices = {}
        for scan in thinned.take():
            names = scan.columns.names
            values, quality = scan.values, scan.quality
            if scan.present is not None:
                names = tuple(n for n, shows in zip(names, scan.present, strict=True) if shows)
                values, quality = values[scan.present], quality[scan.present]
            devices[scan.columns.device] = encode.Shown(names, values, quality, scan.measured_at)
        return encode.live(site.gateway, clock.now(), devices)

    return shown
