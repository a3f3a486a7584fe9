"""Who departs when and goes where: the same seed, the same morning."""

import random
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from control.mixed import SATURATION_PRIOR, mcu
from simulators.sumo.vietnam.vehicles import Traffic

PEAK_HOUR = (0.80, 0.95, 1.00, 0.85)
"""Demand in each quarter of the span, the busiest being 1: peak-hour factor 0.9 (judgement)."""


@dataclass(frozen=True, slots=True)
class Departure:
    """One vehicle, or one person on foot."""

    at_s: float
    kind: str
    edges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where traffic enters, and by which ways it may go on."""

    busiest_mcu_s: float
    """In the busiest quarter."""
    ways: tuple[tuple[float, tuple[str, ...]], ...]
    """Routes with their shares."""


def loaded_mcu_s(
    parts: Sequence[tuple[float, float, float]], cycle_s: float, degree: float
) -> float:
    """MCU/s that load an approach to this degree of saturation under a fixed plan.

    Args:
        parts: width in m, green in s and share of the traffic, of each part of the approach.
        cycle_s: of the plan.
        degree: of the part that is loaded most.
    """
    return degree * min(
        SATURATION_PRIOR * width_m * green_s / cycle_s / share for width_m, green_s, share in parts
    )


def poisson(rate_s: float, span_s: float, rng: random.Random) -> Iterator[float]:
    """Departure times: a Poisson process whose rate follows `PEAK_HOUR` over the span."""
    at_s = 0.0
    while rate_s > 0.0:
        at_s += rng.expovariate(rate_s)
        if at_s >= span_s:
            return
        # thinning: candidates at the highest rate, kept with the chance of their quarter
        if rng.random() < PEAK_HOUR[int(at_s / span_s * len(PEAK_HOUR))]:
            yield at_s


def departures(
    origins: Sequence[Origin], share: Mapping[str, float], span_s: float, seed: int
) -> list[Departure]:
    """All vehicles of a span, in order of time."""
    kinds, weights = list(share), list(share.values())
    each_mcu = mcu(share) / sum(weights)
    found: list[Departure] = []
    for number, origin in enumerate(origins):
        rng = random.Random(f"{seed}/{number}")
        chances = [chance for chance, _ in origin.ways]
        for at_s in poisson(origin.busiest_mcu_s / each_mcu, span_s, rng):
            kind = rng.choices(kinds, weights)[0]
            _, edges = rng.choices(origin.ways, chances)[0]
            found.append(Departure(at_s, kind, edges))
    return sorted(found, key=lambda one: one.at_s)


def walkers(
    ways: Sequence[tuple[str, str]], people_h: float, span_s: float, seed: int
) -> list[Departure]:
    """People on foot from one road to another, in order of time."""
    rng = random.Random(f"{seed}/walkers")
    return [
        Departure(at_s, "person", rng.choice(ways))
        for at_s in poisson(people_h / 3600, span_s, rng)
    ]


ENTRY: Mapping[str, str] = {
    "departLane": "best",
    "departPosLat": "random",
    "departSpeed": "max",
}
"""How vehicles enter where their routes begin."""
PACKED: Mapping[str, str] = {
    "departLane": "random",
    "departPosLat": "free",
    "departSpeed": "desired",
}
"""As many as the width takes: 0.4 motorcycles a second a metre; `ENTRY` lets in 0.25."""


def write_routes(
    path: Path, traffic: Traffic, who: Sequence[Departure], entry: Mapping[str, str] = ENTRY
) -> None:
    """A route file with its vehicle types, in order of departure."""
    root = ET.Element("routes")
    for kind, attributes in traffic.types.items():
        if traffic.share.get(kind, 0.0) > 0.0:
            texts = {name: str(value) for name, value in attributes.items()}
            ET.SubElement(root, "vType", {"id": kind, **texts})
    for number, one in enumerate(who):
        depart = f"{one.at_s:.2f}"
        if one.kind == "person":
            person = ET.SubElement(root, "person", id=f"person-{number}", depart=depart)
            ET.SubElement(person, "walk", {"from": one.edges[0], "to": one.edges[-1]})
            continue
        words = {"id": f"{one.kind}-{number}", "type": one.kind, "depart": depart, **entry}
        vehicle = ET.SubElement(root, "vehicle", words)
        ET.SubElement(vehicle, "route", edges=" ".join(one.edges))
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
