import numpy as np
import pytest

from edge.bench.signals.saturation import (
    BIN_S,
    BINS,
    STEADY_FROM,
    Interval,
    binned,
    burst_ratio,
    mean,
    steady_mcu_s_m,
    t_95,
    units_by_regression,
)
from edge.bench.signals.saturation_check import Row


@pytest.mark.parametrize(("freedom", "table"), [(5, 2.571), (9, 2.262), (14, 2.145), (60, 2.000)])
def test_students_t_is_that_of_the_tables(freedom, table):
    assert t_95(freedom) == pytest.approx(table, rel=0.005)


def test_passages_fall_into_their_green_bin_and_class():
    counts = binned(
        [(99.9, "car"), (100.0, "car"), (103.9, "motorcycle"), (131.9, "bus"), (132.0, "bus")],
        begins_s=[100, 200],
    )
    assert counts.sum() == 3
    assert counts[0, 0].tolist() == [1, 1, 0]
    assert counts[0, BINS - 1].tolist() == [0, 0, 1]


def test_regression_finds_the_units_that_made_the_greens():
    rng = np.random.default_rng(7)
    counts = np.zeros((60, BINS, 3))
    counts[:, STEADY_FROM:, 1] = rng.integers(0, 3, (60, BINS - STEADY_FROM))
    counts[:, STEADY_FROM:, 2] = rng.integers(0, 2, (60, BINS - STEADY_FROM))
    full = 0.55 * 7.0 * BIN_S
    noise = rng.normal(0.0, 0.5, (60, BINS))
    counts[:, :, 0] = full - 3.4 * counts[:, :, 1] - 10.5 * counts[:, :, 2] + noise
    flow, (car, bus) = units_by_regression(counts, 7.0)
    for found, true in ((flow, 0.55), (car, 3.4), (bus, 10.5)):
        assert found.low < true < found.high
        assert found.half < 0.1 * true


def test_saturation_flow_counts_the_seconds_after_the_first_eight():
    counts = np.zeros((5, BINS, 3))
    counts[:, :STEADY_FROM, 0] = 100
    counts[:, STEADY_FROM:, 0] = 7
    assert steady_mcu_s_m(counts, 3.5) == Interval(pytest.approx(0.5), 0.0)
    assert burst_ratio(counts).value == pytest.approx(100 / 7)


def test_an_interval_narrows_with_the_greens():
    few, many = mean(np.array([1.0, 2.0] * 4)), mean(np.array([1.0, 2.0] * 40))
    assert few.value == many.value == 1.5
    assert many.half < few.half / 3


def test_a_row_is_met_near_or_inside_and_says_how_far_off_otherwise():
    assert Row("flow", "", 1, 0.50, Interval(0.54, 0.01)).met
    assert Row("flow", "", 1, 0.50, Interval(0.60, 0.11)).met
    far = Row("flow", "", 1, 0.50, Interval(0.60, 0.05))
    assert not far.met
    assert far.off == pytest.approx(0.2)
    assert far.verdict == "+20%"


def test_a_bound_is_met_only_by_the_whole_interval():
    for measured, verdict in (
        (Interval(1.8, 0.1), "met"),
        (Interval(1.1, 0.2), "not shown"),
        (Interval(0.9, 0.2), "not shown"),
        (Interval(0.7, 0.1), "-30%"),
    ):
        assert Row("burst", "", 1, 1.0, measured, at_least=True).verdict == verdict
