"""Saturation flow at a stop line of our own, counted as the field studies counted theirs.

Counts by class in bins of 4 s (Nguyen and Montgomery 2007), over greens with a queue throughout;
motorcycle units by regression over greens of differing composition.
"""

import itertools
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from control.mixed import MCU
from simulators.sumo.vietnam.approach import CYCLE_S, GREEN_S, IN, ROAD_M, Approach, saturated
from simulators.sumo.vietnam.roads import LANE_M
from simulators.sumo.vietnam.sumo_call import call
from simulators.sumo.vietnam.vehicles import Traffic

Floats = NDArray[np.float64]

KINDS = ("motorcycle", "car", "bus")
BIN_S = 4
BINS = GREEN_S // BIN_S
STEADY_FROM = 2
"""Bins before it hold the start and the burst: the first 8 s."""
STANDING_MS, JAM_LOOK_M = 0.5, 40.0
"""Who stands, and how far before the line the density of a jam is looked for."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, and half the width of its 95 % interval."""

    value: float
    half: float

    @property
    def low(self) -> float:
        """Its lower end."""
        return self.value - self.half

    @property
    def high(self) -> float:
        """Its upper end."""
        return self.value + self.half

    def times(self, factor: float) -> "Interval":
        """In another unit."""
        return Interval(self.value * factor, self.half * abs(factor))


def measure(approach: Approach, traffic: Traffic) -> Floats:
    """float64[greens, BINS, KINDS]: vehicles over the stop line; SUMO runs as a process."""
    with tempfile.TemporaryDirectory(prefix="ria-approach-") as name:
        routes = Path(name) / "passed.xml"
        words = ["--vehroute-output", str(routes), "--vehroute-output.exit-times"]
        _run(Path(name), approach, traffic, [*words, "--vehroute-output.write-unfinished"])
        return binned(_passages(routes), approach.begins_s)


def jam_m2(approach: Approach, traffic: Traffic) -> Interval:
    """Motorcycles standing on a square metre before the line, at the end of each red."""
    with tempfile.TemporaryDirectory(prefix="ria-approach-") as name:
        seen = Path(name) / "seen.xml"
        words = ["--fcd-output", str(seen), "--device.fcd.period", str(CYCLE_S)]
        words += ["--device.fcd.begin", str(approach.begins_s[0] - 1)]
        _run(Path(name), approach, traffic, words)
        looks = [
            sum(
                float(one.get("speed", "")) < STANDING_MS
                and float(one.get("pos", "")) > ROAD_M - JAM_LOOK_M
                and one.get("lane", "").startswith(f"{IN}_")
                for one in look
            )
            for look in ET.parse(seen).getroot().iter("timestep")  # noqa: S314
        ]
        return mean(np.array(looks, dtype=np.float64) / (JAM_LOOK_M * approach.lanes * LANE_M))


def _run(folder: Path, approach: Approach, traffic: Traffic, words: Sequence[str]) -> None:
    cfg = saturated(folder, approach, traffic, approach.lanes * LANE_M)
    own = ["-c", str(cfg), "--seed", str(approach.seed), "--no-step-log", "--no-warnings"]
    # a queue over the whole road keeps many from entering; they are dropped, not stored up
    call("sumo", [*own, "--max-depart-delay", "30", *words])


def _passages(routes: Path) -> list[tuple[float, str]]:
    """When each vehicle left the approach, which is when it crossed the stop line."""
    found: list[tuple[float, str]] = []
    for vehicle in ET.parse(routes).getroot().iter("vehicle"):  # noqa: S314
        route = vehicle.find("route")
        first = "-1" if route is None else route.get("exitTimes", "-1").split()[0]
        if float(first) >= 0:
            found.append((float(first), vehicle.get("type", "")))
    return found


def binned(passages: Sequence[tuple[float, str]], begins_s: Sequence[int]) -> Floats:
    """Passages by green, bin and class."""
    counts = np.zeros((len(begins_s), BINS, len(KINDS)))
    for at_s, kind in passages:
        for green, begin_s in enumerate(begins_s):
            second = at_s - begin_s
            if 0 <= second < GREEN_S:
                counts[green, int(second // BIN_S), KINDS.index(kind)] += 1
    return counts


def in_mcu(counts: Floats) -> Floats:
    """Counts by class as motorcycle units."""
    units: Floats = counts @ np.array([MCU[kind] for kind in KINDS])
    return units


def mean(samples: Floats) -> Interval:
    """Mean of independent greens."""
    spread = float(samples.std(ddof=1)) / len(samples) ** 0.5
    return Interval(float(samples.mean()), t_95(len(samples) - 1) * spread)


def t_95(freedom: int) -> float:
    """Two-sided 95 % quantile of Student's t (Cornish-Fisher, within 0.5 % from 5 on)."""
    z = 1.959964
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def steady_mcu_s_m(counts: Floats, width_m: float) -> Interval:
    """Saturation flow after the first 8 s, a sample a green."""
    units = in_mcu(counts)[:, STEADY_FROM:].sum(axis=1)
    return mean(units / ((BINS - STEADY_FROM) * BIN_S * width_m))


def burst_ratio(counts: Floats) -> Interval:
    """Motorcycles in the first 8 s of green over those of as many seconds later in the same."""
    first = counts[:, :STEADY_FROM, 0].sum(axis=1)
    later = counts[:, STEADY_FROM:, 0].sum(axis=1) * STEADY_FROM / (BINS - STEADY_FROM)
    return mean(first / np.maximum(later, 1.0))


def units_by_regression(counts: Floats, width_m: float) -> tuple[Interval, tuple[Interval, ...]]:
    """Homogeneous motorcycle flow (MC/s/m) and MEU of car and bus, of greens of all compositions.

    n_mc = S T W - MEU_car n_car - MEU_bus n_bus, least squares over whole greens after the first
    8 s: the model of Nguyen and Montgomery (2007).
    """
    whole = counts[:, STEADY_FROM:].sum(axis=1)
    present = [kind for kind in (1, 2) if whole[:, kind].any()]
    design = np.column_stack([np.ones(len(whole)), *(-whole[:, kind] for kind in present)])
    found, *_ = np.linalg.lstsq(design, whole[:, 0], rcond=None)
    off = whole[:, 0] - design @ found
    freedom = len(whole) - design.shape[1]
    spread = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * (off @ off) / freedom)
    each = [
        Interval(float(value), t_95(freedom) * float(error))
        for value, error in zip(found, spread, strict=True)
    ]
    return each[0].times(1 / ((BINS - STEADY_FROM) * BIN_S * width_m)), tuple(each[1:])


COMPOSITIONS = (
    {"motorcycle": 1.0},
    {"motorcycle": 0.80, "car": 0.16, "bus": 0.04},
    {"motorcycle": 0.60, "car": 0.38, "bus": 0.02},
    {"car": 1.0},
)
"""From motorcycles alone to cars alone; the second is the street's own."""


@dataclass(frozen=True, slots=True)
class Saturation:
    """What one set of parameters does at the stop line."""

    lanes: int
    greens: int
    motorcycle_share: float
    """Of the mix, as it crossed the line: a full road lets motorcycles in more often than cars."""
    mixed_mcu_s_m: Interval
    motorcycles_mc_s_m: Interval
    homogeneous_mc_s_m: Interval
    meu_car: Interval
    meu_bus: Interval
    cars_h_lane: Interval
    burst: Interval
    jam_mc_m2: Interval
    bins_mcu_s_m: tuple[Interval, ...]
    """Of the street's own composition, a value each 4 s."""
    motorcycles_by_bin: tuple[Interval, ...]
    """MC/s/m of the street's own composition."""


def saturation(approach: Approach, traffic: Traffic) -> Saturation:
    """Measure all compositions on one approach."""
    width_m = approach.lanes * LANE_M
    alone, mixed, half, cars = (
        measure(replace(approach, seed=approach.seed + number), replace(traffic, share=share))
        for number, share in enumerate(COMPOSITIONS)
    )
    homogeneous, (meu_car, meu_bus) = units_by_regression(
        np.concatenate([alone, mixed, half]), width_m
    )
    per = 1 / (BIN_S * width_m)
    return Saturation(
        lanes=approach.lanes,
        greens=approach.cycles,
        motorcycle_share=float(mixed[:, :, 0].sum() / mixed.sum()),
        mixed_mcu_s_m=steady_mcu_s_m(mixed, width_m),
        motorcycles_mc_s_m=steady_mcu_s_m(alone, width_m),
        homogeneous_mc_s_m=homogeneous,
        meu_car=meu_car,
        meu_bus=meu_bus,
        cars_h_lane=steady_mcu_s_m(cars, width_m).times(3600 * LANE_M / MCU["car"]),
        burst=burst_ratio(mixed),
        jam_mc_m2=jam_m2(approach, replace(traffic, share=COMPOSITIONS[0])),
        bins_mcu_s_m=tuple(mean(each).times(per) for each in in_mcu(mixed).T),
        motorcycles_by_bin=tuple(mean(each).times(per) for each in mixed[:, :, 0].T),
    )


def varied(base: Traffic) -> dict[str, Traffic]:
    """The range of parameters that nobody has measured, one changed at a time."""
    attributes: dict[str, Sequence[float]] = {
        "tau": (1.2, 1.4),
        "minGap": (0.2, 0.8),
        "minGapLat": (0.2, 0.6),
        "accel": (1.5, 2.5),
        "maxSpeed": (9.7, 13.9),
    }
    found = {
        f"motorcycle {name} {value:g}": base.varied("motorcycle", **{name: value})
        for name, values in attributes.items()
        for value in values
    }
    for metres, step_s in itertools.product((0.8, 1.2), (0.5, 1.0)):
        if (metres, step_s) != (base.lateral_resolution_m, base.step_s):
            key = f"sublane {metres:g} m, step {step_s:g} s"
            found[key] = replace(base, lateral_resolution_m=metres, step_s=step_s)
    return found
