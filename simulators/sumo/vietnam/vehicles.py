"""Who drives on a Vietnamese street, in the terms of SUMO's sublane model.

Beside each value stands where it comes from: a source, or `judgement`, which `ria signal mixed
check` varies. Nothing here was fitted to a controller.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Attributes = Mapping[str, str | float]

MOTORCYCLE: Attributes = {
    "vClass": "motorcycle",
    "length": 1.9,  # a 110 cm³ step-through: 1.92 x 0.70 m
    "width": 0.75,  # the same with its rider's elbows
    "minGap": 0.4,  # judgement: 2.3 m a place, 3 abreast in 3.5 m: 0.37 on a square metre; jam
    # densities of 0.35 to 0.5 are reported
    "minGapLat": 0.3,  # judgement (0.2 to 0.3)
    "accel": 2.0,  # judgement (2.0 to 2.5); SUMO's 6.0 is a sports motorcycle
    "decel": 4.5,  # judgement; SUMO's 10.0 likewise
    "sigma": 0.5,  # SUMO's default
    "tau": 1.0,  # SUMO's default, and the least that a step of 1 s allows
    "maxSpeed": 11.1,  # 40 km/h, judgement (12 to 14 m/s free; less among others)
    "speedDev": 0.1,  # SUMO's default
    "latAlignment": "arbitrary",  # no lane is kept
    "lcPushy": 0.5,  # judgement (0.3 to 0.8)
    "lcCooperative": 0.3,  # judgement
    "jmTimegapMinor": 0.5,  # judgement: short gaps are taken
    "emissionClass": "HBEFA4/MC_4S_le250cc_Euro-3",
}

CAR: Attributes = {
    "vClass": "passenger",
    "length": 4.5,  # judgement: between a small hatchback (3.6) and a saloon (4.7)
    "width": 1.8,
    "minGap": 1.5,  # judgement; 2.5 where nobody fills the gap
    "minGapLat": 0.4,  # judgement
    "accel": 2.0,  # judgement; SUMO's 2.6
    "decel": 4.5,  # SUMO's default
    "sigma": 0.5,  # SUMO's default
    "tau": 1.2,  # so that a lane of cars alone sends 1,800 to 1,900 an hour
    "speedDev": 0.1,
    "latAlignment": "left",  # centred cars would shut the lane to motorcycles
    "lcLaneDiscipline": 10,  # cars keep their lane: else four stand on three lanes, and cars
    "lcSpeedGain": 0.2,  # alone send over 2,000 an hour a lane where the road is wide
    "emissionClass": "HBEFA4/PC_petrol_Euro-4",
}

BUS: Attributes = {
    "vClass": "bus",
    "length": 11.0,  # a city bus of 80 places
    "width": 2.5,  # the legal width
    "minGap": 2.0,  # judgement
    "minGapLat": 0.5,  # judgement
    "accel": 1.2,  # SUMO's default
    "decel": 4.0,  # SUMO's default
    "sigma": 0.5,
    "tau": 1.4,  # judgement
    "maxSpeed": 11.1,  # 40 km/h, judgement
    "latAlignment": "center",
    "lcLaneDiscipline": 10,
    "lcSpeedGain": 0.2,
    "emissionClass": "HBEFA4/UBus_Std_gt15-18t_Euro-II",
}

TYPES: Mapping[str, Attributes] = {"motorcycle": MOTORCYCLE, "car": CAR, "bus": BUS}
"""Names are the classes of `control.mixed.MCU`; trucks drive as buses do."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """One set of parameters and one composition."""

    share: Mapping[str, float] = field(
        default_factory=lambda: {"motorcycle": 0.80, "car": 0.16, "bus": 0.04}
    )
    """Of vehicles by class; motorcycles 80 to 95 % at Hanoi's stop lines (Nguyen and Montgomery
    2007)."""
    types: Mapping[str, Attributes] = field(default_factory=lambda: TYPES)
    lateral_resolution_m: float = 1.2
    """Width of a sublane. Three in a lane of 3.5 m are 1.17 m a motorcycle: between the 0.8 to
    1.15 m of a jam (0.35 to 0.5 on a square metre) and the 1.5 m seen between moving ones
    (J. Traffic Transp. Eng., August 2021, Ho Chi Minh City)."""
    step_s: float = 1.0

    def varied(self, kind: str, **attributes: float | str) -> "Traffic":
        """The same with some attributes of one class changed."""
        changed = {**self.types[kind], **attributes}
        return replace(self, types={**self.types, kind: changed})
