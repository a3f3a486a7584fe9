"""What is measured, and in which units."""

import math

import pytest

from edge.model.units import QUANTITIES, SCALES, convert, fits


def test_every_unit_of_a_quantity_is_of_one_family() -> None:
    for quantity, units in QUANTITIES.items():
        assert units, quantity
        assert len({SCALES[unit].family for unit in units}) == 1, quantity


def test_fits() -> None:
    assert fits("volume_flow", "m3/h")
    assert fits("active_energy", "kW.h")
    assert not fits("volume_flow", "m3")
    assert not fits("volume_flow", "M3/H")
    assert not fits("state", "%")
    assert not fits("loudness", "1")


@pytest.mark.parametrize(
    ("value", "unit", "into", "result"),
    [
        (1.0, "m3/s", "m3/h", 3600.0),
        (36.0, "m3/h", "L/s", 10.0),
        (1.0, "ML/d", "m3/d", 1000.0),
        (10.0, "m[H2O]", "bar", 0.980665),
        (300.15, "K", "Cel", 27.0),
        (-40.0, "Cel", "K", 233.15),
        (2.5, "kW.h", "W.h", 2500.0),
        (1.0, "S/m", "uS/cm", 10_000.0),
        (180.0, "deg", "rad", math.pi),
        (50.0, "Hz", "/min", 3000.0),
        (36.0, "km/h", "m/s", 10.0),
        (50.0, "%", "1", 0.5),
        (math.inf, "m3/s", "m3/h", math.inf),
        (0.1, "bar", "bar", 0.1),
    ],
)
def test_convert(value: float, unit: str, into: str, result: float) -> None:
    assert convert(value, unit, into) == pytest.approx(result, rel=1e-12)


@pytest.mark.parametrize(("unit", "into"), [("m3", "m3/h"), ("V", "volt"), ("volt", "V")])
def test_what_measures_something_else_is_not_converted(unit: str, into: str) -> None:
    with pytest.raises(ValueError, match="cannot be converted"):
        convert(1.0, unit, into)
