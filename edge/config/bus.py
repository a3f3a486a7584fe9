"""What devices must have in common, and what they cannot share."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drivers.modbus.blocks import bus_time_s, plan
from drivers.settings import DeviceSettings, Link, ModbusRtu, OpcUa
from edge.config.links import Endpoint, endpoint_of
from edge.document.problem import Problem
from edge.document.tree import Document, Path

FULL = 0.9
"""Share of its time that a bus may be busy; the rest is for retries and slow answers."""

COMFORTABLE = 0.8

WORD = {"serial": "bus", "tcp": "endpoint", "opcua": "server"}


@dataclass(frozen=True, slots=True)
class Placed:
    """A link, and the line that says so."""

    link: Link
    path: Path


def contradictions(links: Sequence[Placed], document: Document) -> Iterator[Problem]:
    """One bus or endpoint, described in two ways."""
    first: dict[Endpoint, Placed] = {}
    for placed in links:
        endpoint = endpoint_of(placed.link)
        one = first.setdefault(endpoint, placed)
        if one.link != placed.link:
            line = document.place(one.path)[0]
            differ = ", ".join(_differences(one.link, placed.link))
            yield document.problem(
                placed.path,
                f"{endpoint} is described again, otherwise than on line {line}: {differ}",
                f"describe the {WORD[endpoint.kind]} once, under links, and use its name",
                related=(one.path,),
            )


def _differences(one: Link, two: Link) -> Iterator[str]:
    for key in type(one).__dataclass_fields__:
        here, there = getattr(one, key), getattr(two, key)
        if here != there:
            yield f"{key} {here} and {there}"


def shared_units(
    devices: Sequence[tuple[int, DeviceSettings]], document: Document
) -> Iterator[Problem]:
    """Two devices that would be the same one."""
    first: dict[tuple[Endpoint, int | str], tuple[int, DeviceSettings]] = {}
    for i, device in devices:
        opcua = isinstance(device.link, OpcUa)
        mark = device.profile.profile if opcua else device.unit
        j, other = first.setdefault((endpoint_of(device.link), mark), (i, device))
        if j != i:
            line = document.place(("devices", j))[0]
            same = f"profile {mark}" if opcua else f"unit {mark}"
            yield document.problem(
                ("devices", i, "link" if opcua else "unit"),
                f"{same} at {endpoint_of(device.link)} is already {other.id}, on line {line}",
                "give one of the two another unit, or delete it",
                related=(("devices", j), ("devices", j, "unit"), ("devices", j, "link"),
                         ("devices", i, "link")),
            )  # fmt: skip


def unit_bounds(i: int, device: DeviceSettings, document: Document) -> Iterator[Problem]:
    """A serial bus knows the units 1 to 247; 0 speaks to all of them at once."""
    if isinstance(device.link, ModbusRtu) and not 1 <= device.unit <= 247:
        what = f"{device.unit} is outside 1…247, the units of a serial bus"
        yield document.problem(("devices", i, "unit"), what, "write the device's own address")


def overload(
    devices: Sequence[tuple[int, DeviceSettings]], links: Sequence[Placed], document: Document
) -> Iterator[Problem]:
    """Polling plans that their bus has not the time for."""
    buses: dict[ModbusRtu, list[tuple[float, int, DeviceSettings]]] = defaultdict(list)
    for i, device in devices:
        if isinstance(device.link, ModbusRtu):
            buses[device.link].append((_busy_s(device, device.link), i, device))
    for link, members in buses.items():
        shares = [busy_s / device.columns.period_s for busy_s, _, device in members]
        if sum(shares) <= FULL:
            continue
        worst = shares.index(max(shares))
        part = [placed.path for placed in links if placed.link == link]
        part += [("devices", i) for _, i, _ in members]
        _, i, device = members[worst]
        enough_s = math.ceil(sum(busy_s for busy_s, _, _ in members) / COMFORTABLE)
        yield document.problem(
            ("devices", i, "every"),
            f"{link.path} would be busy {sum(shares):.0%} of the time at {link.baud} Bd, more than "
            f"{FULL:.0%}; {device.id} alone takes {shares[worst]:.0%}",
            f"write every: {enough_s}s for all {len(members)} devices on it, raise baud, or read "
            "fewer points with only",
            related=tuple(part),
        )


def _busy_s(device: DeviceSettings, link: ModbusRtu) -> float:
    specs = [device.profile.by_name[point.name] for point in device.columns.points]
    limits = device.profile.limits
    blocks = plan(specs, limits)
    return bus_time_s(blocks, link.baud, link.parity, link.stop_bits, limits.turnaround_ms)
