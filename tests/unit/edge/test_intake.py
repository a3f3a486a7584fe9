import math

import numpy as np
import pytest

from edge.intake import admit
from edge.model.clock import ClockQuality, Instant
from edge.model.point import Bounds, Columns, Kind, Point
from edge.model.quality import Quality
from edge.model.scan import Scan

COLUMNS = Columns(
    "d",
    (
        Point("d", "voltage", plausible=Bounds(0.0, 500.0)),
        Point("d", "angle"),
        Point("d", "pump", Kind.BIT),
    ),
    period_s=1.0,
)


def scan(values, quality=(192, 192, 192), present=None):
    return Scan(
        COLUMNS,
        Instant(0),
        0,
        "boot",
        ClockQuality.SYNCED,
        np.array(values, np.float64),
        np.array(quality, np.uint8),
        None if present is None else np.array(present),
    )


def test_what_can_be_true_comes_back_as_it_is():
    for values in ([230.0, -3.0, 1.0], [0.0, 1e300, 0.0], [500.0, 0.0, 1.0]):
        given = scan(values)
        assert admit(given) is given


@pytest.mark.parametrize("impossible", [-0.001, 500.001, 1e9])
def test_a_number_outside_its_bounds_is_kept_and_marked(impossible):
    given = scan([impossible, 1.0, 1.0])
    judged = admit(given)
    assert judged.values[0] == impossible
    assert judged.quality.tolist() == [Quality.OUT_OF_RANGE, 192, 192]
    assert given.quality.tolist() == [192, 192, 192], "the scan that came is not touched"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_what_is_no_number_becomes_nan_with_its_cause(number, position):
    values = [1.0, 1.0, 1.0]
    values[position] = number
    judged = admit(scan(values))
    assert math.isnan(judged.values[position])
    assert judged.quality[position] == Quality.NOT_A_NUMBER
    assert np.count_nonzero(judged.quality == 192) == 2


@pytest.mark.parametrize("level", [0.5, 2.0, -1.0, 65535.0])
def test_a_bit_is_0_or_1(level):
    judged = admit(scan([1.0, 1.0, level]))
    assert judged.quality.tolist() == [192, 192, Quality.OUT_OF_RANGE]
    assert judged.values[2] == level


def test_minus_zero_becomes_zero():
    judged = admit(scan([-0.0, -0.0, -0.0]))
    assert not np.signbit(judged.values).any()
    assert judged.quality.tolist() == [192, 192, 192]


def test_bad_and_absent_cells_are_left_alone():
    bad = scan([9999.0, -0.0, math.nan], [Quality.DEVICE_FAULT, Quality.BAD, Quality.LINK_DOWN])
    assert admit(bad) is bad
    absent = scan([9999.0, math.nan, 7.0], present=[False, False, False])
    assert admit(absent) is absent


def test_an_uncertain_cell_is_judged_like_a_good_one():
    judged = admit(scan([9999.0, 1.0, 1.0], [Quality.SUBSTITUTED, 192, 192]))
    assert judged.quality[0] == Quality.OUT_OF_RANGE
