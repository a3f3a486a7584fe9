"""Two classes on an area: nothing is lost or made, and more of what helps never hurts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.mixed import LEARNING_BAND, AreaQueue, Discharge, storage_mcu

vehicles = st.floats(0.0, 500.0)
shares = st.floats(0.0, 1.0)
widths = st.floats(2.0, 20.0)
queues = st.builds(AreaQueue, vehicles, vehicles)
models = st.builds(
    Discharge,
    saturation_mcu_s_m=st.floats(0.3, 0.7),
    burst_s=st.integers(0, 10),
    burst_gain=st.floats(0.5, 2.0),
    startup_s=st.floats(0.0, 3.0),
    four_wheeler_mcu=st.floats(1.0, 11.0),
    friction=st.floats(0.5, 2.0),
)
seconds = st.integers(-5, 60)


@given(queues, queues, models, widths, seconds, st.floats(0.0, 50.0))
def test_vehicles_are_conserved(queue, arriving, model, width_m, second, room_mcu):
    after, left = queue.step(model, second, width_m, arriving, room_mcu)
    for kind in ("motorcycles", "four_wheelers"):
        before = getattr(queue, kind) + getattr(arriving, kind)
        assert getattr(after, kind) + getattr(left, kind) == pytest.approx(before, abs=1e-9)
        assert getattr(after, kind) >= 0.0
        assert getattr(left, kind) >= 0.0
    there = AreaQueue(
        queue.motorcycles + arriving.motorcycles, queue.four_wheelers + arriving.four_wheelers
    )
    able = model.discharge(second, width_m, there.four_wheeler_share)
    assert left.mcu(model) <= min(able, room_mcu) + 1e-9


@given(models, widths, widths, shares, seconds)
def test_more_width_never_sends_less(model, one, other, share, second):
    narrow, wide = sorted((one, other))
    assert model.discharge(second, narrow, share) <= model.discharge(second, wide, share)


@given(models, widths, shares, shares)
def test_more_cars_never_send_more_vehicles(model, width_m, one, other):
    few, many = sorted((one, other))
    assert model.mixed_flow(width_m, many) <= model.mixed_flow(width_m, few)


@given(queues, models, widths, st.integers(0, 60), st.floats(1.0, 5.0))
def test_a_longer_queue_never_sends_less(queue, model, width_m, second, times):
    longer = AreaQueue(queue.motorcycles * times, queue.four_wheelers * times)
    _, few = queue.step(model, second, width_m, AreaQueue())
    _, many = longer.step(model, second, width_m, AreaQueue())
    assert many.mcu(model) >= few.mcu(model) - 1e-9


@given(queues, models, widths)
def test_green_empties_every_queue(queue, model, width_m):
    slowest = width_m * model.saturation_mcu_s_m / max(1.0, model.friction)
    needed_s = int(queue.mcu(model) / (slowest * min(1.0, model.burst_gain))) + 20
    for second in range(needed_s):
        queue, _ = queue.step(model, second, width_m, AreaQueue())
    assert queue.mcu(model) == pytest.approx(0.0, abs=1e-6)


@given(st.lists(st.tuples(st.floats(0.0, 200.0), st.floats(0.1, 60.0)), max_size=20), widths)
def test_learning_never_leaves_its_band(looks, width_m):
    model = Discharge()
    for passed_mcu, lasted_s in looks:
        model = model.learned(passed_mcu, lasted_s, width_m)
    assert abs(model.saturation_mcu_s_m / model.prior_mcu_s_m - 1.0) <= LEARNING_BAND + 1e-12


@given(st.floats(-10.0, 1e5), st.floats(-10.0, 1e5))
def test_more_area_never_holds_less(one, other):
    small, large = sorted((one, other))
    assert 0.0 <= storage_mcu(small) <= storage_mcu(large)
