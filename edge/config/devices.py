"""One device of the site file becomes what a driver is told, or every reason why it cannot."""

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from drivers import catalogue
from drivers.profile import PointSpec, Profile
from drivers.settings import DeviceSettings, Link
from edge.config.schema import DeviceBlock, PointBlock
from edge.document.problem import Problems, nearest, quoted
from edge.errors import ConfigError
from edge.model.point import ANYTHING, Bounds, Columns, Point
from edge.model.units import QUANTITIES, convert, fits

DEVICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,47}")
FASTEST_S, SLOWEST_S = 0.05, 86400.0


class Finding(NamedTuple):
    """What is wrong with one key of a device."""

    step: tuple[str | int, ...]
    """Below the device: `("raw", 0)`."""
    what: str
    remedy: str
    beside: tuple[str, ...] = ()
    """Another key that takes part in it."""


def profile_of(block: DeviceBlock, folder: Path, *, unasked: bool = False) -> Profile:
    """The profile that the device names: from the shelf, or a file beside the site file.

    Args:
        block: The device.
        folder: Of the site file.
        unasked: Whether a profile of grade D needs no `accept_trust_d`.

    Raises:
        ConfigError: `what; remedy`.
    """
    name = block.profile
    if not name.endswith((".yaml", ".yml")):
        profile = catalogue.load(name)
    else:
        path = Path(name)
        if path.is_absolute() or ".." in path.parts:
            remedy = "put the profile into the folder of the site file, or below it"
            raise ConfigError(f"{quoted(name)} is outside the folder of this file; {remedy}")
        try:
            profile = catalogue.load_file(folder / path)
        except Problems as error:
            first = error.problems[0].render(name)
            count = f" (the first of {len(error.problems)})" if len(error.problems) > 1 else ""
            raise ConfigError(f"{first}{count}") from None
    if profile.trust == "D" and not (block.accept_trust_d or unasked):
        raise ConfigError(
            f"{name} is of grade D, its sources contradict each other; compare it with the "
            "device's display, then write accept_trust_d: true"
        )
    return profile


def findings(block: DeviceBlock, profile: Profile) -> Iterator[Finding]:
    """What the device says that its profile does not bear."""
    if not DEVICE_ID.fullmatch(block.id):
        remedy = "use ASCII letters, digits, - and _, at most 48"
        yield Finding(("id",), f"{quoted(block.id)} cannot be a device's name", remedy)
    if not FASTEST_S <= block.every <= SLOWEST_S:
        what = f"{block.every * 1000:g} ms" if block.every < 1 else f"{block.every:g} s"
        bound = "below 50 ms" if block.every < 1 else "above 1 d"
        yield Finding(("every",), f"{what} is {bound}", "choose within 50ms…1d")
    if block.window is not None and not block.every <= block.window <= SLOWEST_S:
        what = f"{block.window:g} s is shorter than every, {block.every:g} s"
        if block.window > SLOWEST_S:
            what = f"{block.window:g} s is longer than a day"
        yield Finding(("window",), what, f"choose within {block.every:g}s…1d, or leave it out")
    yield from _names(block, profile)
    for name, pair in block.write.items():
        yield from _write(name, pair, profile)
    for name, point in block.points.items():
        if name in profile.by_name:
            yield from _point(("points", name), point, profile.by_name[name])


def _names(block: DeviceBlock, profile: Profile) -> Iterator[Finding]:
    """Points that the profile does not have, or that `only` leaves out."""
    raw = block.raw if isinstance(block.raw, list) else []
    whole = all(name in profile.by_name for name in block.only)
    lists: tuple[tuple[str, Iterable[str]], ...] = (
        ("only", block.only), ("raw", raw), ("write", block.write), ("points", block.points),
    )  # fmt: skip
    for key, names in lists:
        seen = set()
        for i, name in enumerate(names):
            step: tuple[str | int, ...] = (key, i if key in {"only", "raw"} else name)
            if name not in profile.by_name:
                what = f"{profile.profile} has no point {quoted(name)}"
                yield Finding(step, what, nearest(name, profile.by_name))
            elif name in seen:
                yield Finding(step, f"{name} is named twice", "name it once")
            elif key != "only" and block.only and name not in block.only and whole:
                what = f"{name} is not read: `only` leaves it out"
                yield Finding(step, what, "add it to `only`", ("only",))
            seen.add(name)


def _write(name: str, pair: tuple[float, float], profile: Profile) -> Iterator[Finding]:
    spec = profile.by_name.get(name)
    if spec is None:
        return
    if spec.writable is None:
        may = [point.name for point in profile.points if point.writable is not None]
        remedy = f"it allows {', '.join(may)}" if may else "it allows no writing: delete the line"
        yield Finding(("write", name), f"{profile.profile} does not allow writing {name}", remedy)
        return
    low, high = spec.writable
    bounds = f"{low:g}…{high:g} {spec.unit}"
    if pair[0] >= pair[1]:
        remedy = f"write [lower, upper] within {bounds}"
        yield Finding(("write", name), f"{pair[0]:g} is not below {pair[1]:g}", remedy)
    elif not low <= pair[0] <= pair[1] <= high:
        what = f"{pair[0]:g}…{pair[1]:g} goes beyond what the device takes, {bounds}"
        yield Finding(("write", name), what, "narrow it: a site may not widen a device's bounds")


def _point(path: tuple[str, str], block: PointBlock, spec: PointSpec) -> Iterator[Finding]:
    if block.unit is not None and not fits(spec.quantity, block.unit):
        what = f"{spec.quantity} is not measured in {quoted(block.unit)}"
        yield Finding((*path, "unit"), what, f"use {', '.join(QUANTITIES[spec.quantity])}")
    if block.plausible is not None and block.plausible[0] >= block.plausible[1]:
        what = f"{block.plausible[0]:g} is not below {block.plausible[1]:g}"
        yield Finding(
            (*path, "plausible"), what, f"write [lower, upper] in {block.unit or spec.unit}"
        )


def settings_of(
    block: DeviceBlock, profile: Profile, link: Link, default_window_s: float
) -> DeviceSettings:
    """The device with its columns; only for one without findings."""
    labels = {name: point.label for name, point in block.points.items() if point.label}
    if labels:
        named = [
            msgspec.structs.replace(spec, label=spec.label | labels.get(spec.name, {}))
            for spec in profile.points
        ]
        profile = msgspec.structs.replace(profile, points=named)
    specs = [spec for spec in profile.points if not block.only or spec.name in block.only]
    raw = {spec.name for spec in specs} if block.raw is True else set(block.raw or ())
    points = tuple(_read_as(block, spec, raw=spec.name in raw) for spec in specs)
    window_s = float(block.window or window_for(block.every, default_window_s))
    names = {str(language): text for language, text in block.label.items()}
    columns = Columns(block.id, points, float(block.every), window_s)
    return DeviceSettings(block.id, profile, link, columns, block.unit, block.mode, names)


def window_for(period_s: float, default_s: float) -> float:
    """The smallest multiple of the default in which the device is read at least once."""
    period_ms, default_ms = round(period_s * 1000), round(default_s * 1000)
    return math.ceil(period_ms / default_ms) * default_ms / 1000


def _read_as(block: DeviceBlock, spec: PointSpec, *, raw: bool) -> Point:
    """The point as this site has it; what the profile says in another unit is converted."""
    own = block.points.get(spec.name, PointBlock())
    unit = own.unit or spec.unit
    plausible = own.plausible or spec.plausible
    if plausible is not None and own.plausible is None:
        low, high = plausible
        plausible = convert(low, spec.unit, unit), convert(high, spec.unit, unit)
    step = convert(1, spec.unit, unit) - convert(0, spec.unit, unit)
    rate = own.rate_limit
    if rate is None:
        rate = math.inf if spec.rate_limit is None else spec.rate_limit * step
    writable = block.write.get(spec.name)
    return Point(
        device=block.id,
        name=spec.name,
        kind=spec.kind,
        quantity=spec.quantity,
        unit=unit,
        plausible=ANYTHING if plausible is None else Bounds(*plausible),
        modulus=spec.modulus,
        rate_limit=rate,
        period_s=float(block.every),
        deadband=spec.deadband * step if own.deadband is None else own.deadband,
        raw=raw,
        writable=None if writable is None else Bounds(*writable),
    )
