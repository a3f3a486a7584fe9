"""Columns as text, so that a segment can be read without the site file."""

import json
import math
from typing import Any

from edge.model.point import Bounds, Columns, Kind, Point


def to_text(columns: Columns) -> str:
    """JSON that says everything a reader of the cells needs; an open bound is null."""
    return json.dumps(
        {
            "device": columns.device,
            "period_s": columns.period_s,
            "window_s": columns.window_s,
            "facts": columns.facts,
            "points": [_point_to_json(point) for point in columns.points],
        },
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
    )


def from_text(text: str) -> Columns:
    """The same Columns again.

    Raises:
        ValueError: the text is not such a description.
    """
    try:
        said = json.loads(text)
        device = said["device"]
        return Columns(
            device,
            tuple(_point_from_json(device, point) for point in said["points"]),
            said["period_s"],
            said["window_s"],
            said["facts"],
        )
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"not a description of columns: {text[:80]!r}") from error


def _point_to_json(point: Point) -> dict[str, Any]:
    return {
        "name": point.name,
        "kind": point.kind.value,
        "quantity": point.quantity,
        "unit": point.unit,
        "plausible": _bounds_to_json(point.plausible),
        "modulus": point.modulus,
        "rate_limit": None if math.isinf(point.rate_limit) else point.rate_limit,
        "period_s": point.period_s,
        "deadband": point.deadband,
        "raw": point.raw,
        "writable": None if point.writable is None else _bounds_to_json(point.writable),
    }


def _point_from_json(device: str, said: dict[str, Any]) -> Point:
    return Point(
        device,
        said["name"],
        kind=Kind(said["kind"]),
        quantity=said["quantity"],
        unit=said["unit"],
        plausible=_bounds_from_json(said["plausible"]),
        modulus=said["modulus"],
        rate_limit=math.inf if said["rate_limit"] is None else said["rate_limit"],
        period_s=said["period_s"],
        deadband=said["deadband"],
        raw=said["raw"],
        writable=None if said["writable"] is None else _bounds_from_json(said["writable"]),
    )


def _bounds_to_json(bounds: Bounds) -> list[float | None]:
    return [None if math.isinf(edge) else edge for edge in (bounds.lower, bounds.upper)]


def _bounds_from_json(said: list[float | None]) -> Bounds:
    lower, upper = said
    return Bounds(-math.inf if lower is None else lower, math.inf if upper is None else upper)
