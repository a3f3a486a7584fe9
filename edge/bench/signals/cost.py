"""What a run cost beside time lost: carbon of idling and of stops, and the time of deciding.

The carbon is the excess that signals cause, not the whole exhaust:
CO2 = sum over vehicles of (idle * seconds stood + restart * stops). Factors: idling motorcycle
534.3 g/h (Hanoi laboratory, five models), car 0.6 g/s, bus 1.8 g/s; a restart is the kinetic energy
at the class's speed over the engine's efficiency, times 69.3 g/MJ (petrol) or 74.1 g/MJ (diesel)
(IPCC 2006). All within +-30 %; compare runs with one another only. SUMO's own HBEFA3 fit is not
used: it lets a car idle at 2.6 g/s, three to five times what is measured.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Factors:
    """Of one class of vehicles."""

    idle_g_s: float
    restart_g: float


CAR = Factors(idle_g_s=0.6, restart_g=28.0)
MOTORCYCLE = Factors(idle_g_s=0.148, restart_g=2.9)
BUS = Factors(idle_g_s=1.8, restart_g=196.0)
FREE = Factors(idle_g_s=0.0, restart_g=0.0)

FACTORS = {
    "motorcycle": MOTORCYCLE,
    "moped": MOTORCYCLE,
    "bus": BUS,
    "coach": BUS,
    "truck": BUS,
    "trailer": BUS,
    "bicycle": FREE,
    "pedestrian": FREE,
    "evehicle": FREE,
    "tram": FREE,
    "rail": FREE,
    "rail_urban": FREE,
    "rail_electric": FREE,
}
"""By SUMO's vClass; all others are cars, and trucks are reckoned as buses."""


def carbon_g(vehicle_class: str, stood_s: float, stops: int) -> float:
    """Excess CO2 of one vehicle in grams."""
    factors = FACTORS.get(vehicle_class, CAR)
    return factors.idle_g_s * stood_s + factors.restart_g * stops


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed; 0 where there are none."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    below = share * len(ordered)
    place = int(below) if below != int(below) else int(below) - 1
    return ordered[min(max(place, 0), len(ordered) - 1)]
