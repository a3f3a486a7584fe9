"""Who is due when, read from the route files: not asked of the simulation that is to be judged.

Format: SUMO user documentation, "Definition of Vehicles, Vehicle Types, and Routes".
"""

import gzip
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Demand:
    """Vehicles of the route files and, for those of flows, that there are some."""

    due_s: dict[str, float]
    """Vehicle → when it means to depart; vehicles of flows are not in it."""
    counts_never_departed: bool
    """Whether RESCO's reckoning sees vehicles that never departed: `<vehicle>`, not `<trip>`."""
    classes: dict[str, str]
    """Vehicle type → its vClass."""


def read_demand(files: Iterable[Path], begin_s: float) -> Demand:
    """Everyone whom route and additional files name from `begin_s` on; SUMO drops those before.

    Raises:
        ConfigError: a file is missing, is no XML, or has a time that is none.
    """
    due_s: dict[str, float] = {}
    classes: dict[str, str] = {}
    whole = False
    for path in files:
        for element in elements(path):
            if element.tag in {"vehicle", "trip"}:
                whole = whole or element.tag == "vehicle"
                depart = element.get("depart", "")
                if depart[:1].isdigit() and (at_s := _clock(depart, path)) >= begin_s:
                    due_s[element.get("id", "")] = at_s
            elif element.tag == "vType":
                classes[element.get("id", "")] = element.get("vClass", "passenger")
    return Demand(due_s, whole, classes)


def elements(path: Path) -> Iterator[ET.Element]:
    """Every element of an XML file, also a zipped one, each forgotten after it was given.

    Raises:
        ConfigError: the file is missing or is no XML.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            root: ET.Element | None = None
            depth = 0
            for event, element in ET.iterparse(file, events=("start", "end")):  # noqa: S314
                root = element if root is None else root
                depth += 1 if event == "start" else -1
                if event == "end":
                    yield element
                    if depth == 1:
                        root.clear()
    except (OSError, ET.ParseError) as error:
        raise ConfigError(f"{path} is no readable SUMO file: {error}") from error


def _clock(text: str, path: Path) -> float:
    """Seconds from `3600`, `01:00:00` or `1:00:00:00`."""
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError as error:
        raise ConfigError(f"{path}: {text!r} is no time; SUMO takes seconds or H:M:S") from error
    return sum(
        part * unit for part, unit in zip(reversed(parts), (1, 60, 3600, 86400), strict=False)
    )
