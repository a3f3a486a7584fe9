"""Where two ways across a junction meet, and how far each has come until there."""

import math
from itertools import pairwise

Point = tuple[float, float]
Path = tuple[Point, ...]


def meeting(one: Path, other: Path, near_m: float = 1.5) -> tuple[float, float] | None:
    """Metres along each way to the first point where they cross or come nearer than `near_m`.

    None when they never do.
    """
    travelled = 0.0
    for a, b in pairwise(one):
        step = math.dist(a, b)
        passed = 0.0
        for c, d in pairwise(other):
            length = math.dist(c, d)
            cut = _crossing(a, b, c, d)
            if cut is not None:
                return travelled + cut[0] * step, passed + cut[1] * length
            passed += length
        travelled += step
    if one and other and math.dist(one[-1], other[-1]) <= near_m:
        return length_m(one), length_m(other)
    return None


def length_m(path: Path) -> float:
    """Along its points."""
    return sum(math.dist(a, b) for a, b in pairwise(path))


def _crossing(a: Point, b: Point, c: Point, d: Point) -> tuple[float, float] | None:
    """Where segment ab crosses cd, as shares of each."""
    r = (b[0] - a[0], b[1] - a[1])
    s = (d[0] - c[0], d[1] - c[1])
    cross = r[0] * s[1] - r[1] * s[0]
    if abs(cross) < 1e-12:
        return None
    w = (c[0] - a[0], c[1] - a[1])
    t = (w[0] * s[1] - w[1] * s[0]) / cross
    u = (w[0] * r[1] - w[1] * r[0]) / cross
    return (t, u) if 0 <= t <= 1 and 0 <= u <= 1 else None
