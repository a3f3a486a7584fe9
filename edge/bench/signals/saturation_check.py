"""What our street sends over a stop line, beside what was published of Hanoi's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from control.mixed import JAM_MC_M2
from edge.bench.signals.saturation import Interval, Saturation, saturation
from simulators.sumo.vietnam.approach import Approach
from simulators.sumo.vietnam.roads import LANE_M
from simulators.sumo.vietnam.vehicles import Traffic

MIDBLOCK_MC_H: Mapping[int, float] = {2: 13_358, 3: 21_725, 4: 24_335}
"""Capacity of two, three and four lanes per direction (Cao and Sano, J. Transp. Eng. 138(6), 2012);
measured between junctions, and so an upper neighbour of what a stop line sends."""
MEU_CAR, MEU_BUS = 3.4, 10.5
"""The same source; from the room that vehicles take in motion, not from a regression."""
CARS_H_LANE = 1900.0
"""A lane of cars alone: the usual saturation flow."""
NEAR = 0.10
"""A mean within this share of the published value is said to meet it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One published number and ours."""

    what: str
    unit: str
    lanes: int
    published: float
    measured: Interval
    at_least: bool = False
    """The publication gives a bound, not a value."""

    @property
    def off(self) -> float:
        """Share by which ours differs."""
        return self.measured.value / self.published - 1.0

    @property
    def met(self) -> bool:
        """Within `NEAR`, or the published value in our interval; a bound: all of that keeps it."""
        if self.at_least:
            return self.measured.low >= self.published
        inside = self.measured.low <= self.published <= self.measured.high
        return inside or abs(self.off) <= NEAR

    @property
    def verdict(self) -> str:
        """A word for the table."""
        if self.met:
            return "met"
        if self.at_least and self.measured.high >= self.published:
            return "not shown"
        return f"{self.off:+.0%}"


def compared(found: Saturation) -> list[Row]:
    """Every published number that an approach can be held against."""
    lanes = found.lanes
    width_m = lanes * LANE_M
    one_lane = MIDBLOCK_MC_H[2] / 2
    capacity = MIDBLOCK_MC_H.get(lanes, one_lane * lanes)
    return [
        Row("mixed flow", "MCU/s/m", lanes, CARS_H_LANE * MEU_CAR / 3600 / LANE_M,
            found.mixed_mcu_s_m),
        Row("motorcycles alone", "MC/h", lanes, capacity,
            found.motorcycles_mc_s_m.times(3600 * width_m)),
        Row("cars alone", "cars/h/lane", lanes, CARS_H_LANE, found.cars_h_lane),
        Row("MEU of a car", "MC", lanes, MEU_CAR, found.meu_car),
        Row("MEU of a bus", "MC", lanes, MEU_BUS, found.meu_bus),
        Row("standing motorcycles", "MC/m²", lanes, JAM_MC_M2, found.jam_mc_m2, at_least=True),
        Row("burst, first 8 s", "x later", lanes, 1.0, found.burst, at_least=True),
    ]  # fmt: skip


def check(
    lanes: Sequence[int],
    greens: int,
    base: Traffic,
    others: Mapping[str, Traffic],
    say: Callable[[str], None],
) -> tuple[list[Saturation], dict[str, Saturation]]:
    """Measure the street's own set on each width, then the range of parameters on one lane."""
    own: list[Saturation] = []
    for count in lanes:
        own.append(saturation(Approach(count, greens), base))
        for row in compared(own[-1]):
            say(line(row))
    range_: dict[str, Saturation] = {}
    for name, traffic in others.items():
        range_[name] = saturation(Approach(1, greens), traffic)
        say(range_line(name, range_[name]))
    return own, range_


def line(row: Row) -> str:
    """One row of the table."""
    measured = f"{row.measured.value:9.2f} ± {row.measured.half:.2f}"
    published = f"{'≥' if row.at_least else ' '}{row.published:.2f}"
    return (
        f"{row.lanes} lanes  {row.what:<20}{published:>10} published  "
        f"{measured:<22}{row.unit:<14}{row.verdict}"
    )


def range_line(name: str, found: Saturation) -> str:
    """One row of the range of parameters."""
    return (
        f"{name:<26}mixed {found.mixed_mcu_s_m.value:.2f}  "
        f"motorcycles {found.motorcycles_mc_s_m.value:.2f} /s/m  "
        f"car {found.meu_car.value:.1f} ± {found.meu_car.half:.1f}  "
        f"bus {found.meu_bus.value:.1f} ± {found.meu_bus.half:.1f}  "
        f"burst {found.burst.value:.2f}"
    )


def as_json(own: Sequence[Saturation], range_: Mapping[str, Saturation]) -> dict[str, Any]:
    """All of it, for `--json`."""
    rows = [row for found in own for row in compared(found)]
    return {
        "rows": [asdict(row) | {"off": round(row.off, 4), "met": row.met} for row in rows],
        "met": sum(row.met for row in rows),
        "of": len(rows),
        "approaches": [asdict(found) for found in own],
        "range": {name: asdict(found) for name, found in range_.items()},
    }
