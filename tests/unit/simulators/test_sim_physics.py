"""What the plants promise: balances that hold to rounding, and no dependence on who looks when."""

import math
import random

import pytest

from edge.model.clock import NS_PER_S, Instant
from simulators.clock import A_MONDAY_MORNING
from simulators.feeder import Feeder, household
from simulators.junction import GREEN, RED, Junction
from simulators.water_plant import WaterDesign, WaterPlant, diurnal

HOUR = 3600 * NS_PER_S


def after(seconds):
    return Instant(A_MONDAY_MORNING + round(seconds * NS_PER_S))


def test_tank_holds_what_came_less_what_went():
    plant = WaterPlant(random.Random(1), step_s=60.0)
    first = plant.update(after(0), {}).outputs
    for hour in range(1, 49):
        out = plant.update(after(hour * 3600), {}).outputs
    came = out["inlet_total_m3"] - first["inlet_total_m3"]
    went = out["outlet_total_m3"] - first["outlet_total_m3"]
    assert came > 1000
    assert out["volume_m3"] - first["volume_m3"] == pytest.approx(
        came - went - plant.overflow_total_m3, abs=1e-6
    )
    assert 0 < out["level_m"] < 4


def test_totaliser_is_the_integral_of_the_flow():
    plant = WaterPlant(random.Random(2), step_s=1.0)
    total = plant.update(after(0), {}).outputs["outlet_total_m3"]
    summed = 0.0
    for second in range(1, 601):
        out = plant.update(after(second), {}).outputs
        summed += out["outlet_flow_m3h"] / 3600
    assert out["outlet_total_m3"] - total == pytest.approx(summed, rel=1e-9)


def test_empty_tank_gives_no_more_than_it_gets():
    design = WaterDesign(mean_demand_m3h=2000)
    plant = WaterPlant(random.Random(3), design=design, step_s=60.0)
    plant.update(after(0), {})
    out = plant.update(after(6 * 3600), {}).outputs
    assert out["volume_m3"] == pytest.approx(0, abs=1e-9)
    assert out["outlet_flow_m3h"] == pytest.approx(out["inlet_flow_m3h"])


def test_full_tank_spills():
    plant = WaterPlant(random.Random(3), step_s=60.0)
    out = plant.update(after(0), {}).outputs
    orders = {"pump_1_command": 1.0, "pump_2_command": 1.0}
    out = plant.update(after(24 * 3600), orders).outputs
    assert out["pump_2"] == 1
    assert plant.overflow_total_m3 > 0
    assert out["level_m"] <= plant.design.tank_height_m


def test_dosing_brings_chlorine_to_what_was_asked():
    plant = WaterPlant(random.Random(4), step_s=30.0)
    plant.update(after(0), {})
    out = plant.update(after(30 * 3600), {"chlorine_setpoint_mgl": 0.9}).outputs
    assert out["chlorine_setpoint_mgl"] == 0.9
    assert plant.chlorine_mgl == pytest.approx(0.9, abs=0.1)
    assert out["outlet_chlorine_mgl"] < out["chlorine_mgl"]


def test_pump_energy_is_what_lifting_water_costs():
    plant = WaterPlant(random.Random(5), step_s=60.0)
    before = plant.update(after(0), {}).outputs
    after_a_day = plant.update(after(86400), {}).outputs
    came_m3 = after_a_day["inlet_total_m3"] - before["inlet_total_m3"]
    lifted_wh = came_m3 * 1000 * 9.81 * plant.design.pump_head_m / 3600 / 0.64
    used_wh = after_a_day["energy_wh"] - before["energy_wh"]
    assert used_wh == pytest.approx(lifted_wh + 850 * 24, rel=1e-6)


@pytest.mark.parametrize(
    "build",
    [
        lambda: WaterPlant(random.Random(7)),
        lambda: Feeder(3, random.Random(7)),
        lambda: Junction(random.Random(7)),
    ],
)
def test_who_looks_when_changes_nothing(build):
    often, seldom = build(), build()
    often.update(after(0), {})
    seldom.update(after(0), {})
    for tenth in range(1, 600):
        often.update(after(tenth / 10), {})
    assert often.update(after(60), {}).outputs == pytest.approx(
        seldom.update(after(60), {}).outputs, rel=1e-12, abs=1e-9
    )


def test_a_clock_set_back_or_far_ahead_lets_nothing_happen():
    feeder = Feeder(2, random.Random(8))
    feeder.update(after(0), {})
    energy = feeder.update(after(60), {}).outputs["head.active_energy_import"]
    assert feeder.update(after(-3600), {}).outputs["head.active_energy_import"] == energy
    assert feeder.update(after(10 * 86400), {}).outputs["head.active_energy_import"] == energy
    assert feeder.update(after(10 * 86400 + 9), {}).outputs["head.active_energy_import"] > energy


def test_head_carries_branches_and_losses():
    feeder = Feeder(5, random.Random(9), step_s=60.0)
    first = feeder.update(after(0), {}).outputs
    out = feeder.update(after(86400), {}).outputs

    def taken(place):
        net = f"{place}.active_energy_net"
        return out[net] - first[net]

    branches = sum(taken(f"branch{i}") for i in range(1, 6))
    assert taken("head") == pytest.approx(branches + feeder.loss_wh, rel=1e-9)
    assert 0.001 < feeder.loss_wh / branches < 0.1
    powers = sum(out[f"branch{i}.active_power_total"] for i in range(1, 6))
    assert 0 < out["head.active_power_total"] - powers < 0.1 * powers


def test_energy_is_the_integral_of_power_each_way():
    feeder = Feeder(3, random.Random(10), step_s=10.0)
    feeder.update(after(0), {})
    start = feeder.update(after(4 * 3600), {}).outputs
    used = given = 0.0
    for i in range(1, 361):
        out = feeder.update(after(4 * 3600 + 10 * i), {}).outputs
        power = out["branch3.active_power_l2"]
        used += max(power, 0) * 10 / 3600
        given += max(-power, 0) * 10 / 3600
    assert given > 0, "the roof of branch 3 pushes back at eleven in the morning"
    for name, expected in (("import", used), ("export", given)):
        key = f"branch3.active_energy_{name}_l2"
        assert out[key] - start[key] == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_voltage_falls_towards_the_end_in_the_evening_peak():
    feeder = Feeder(6, random.Random(11), step_s=60.0)
    feeder.update(after(0), {})
    out = feeder.update(after(12.5 * 3600), {}).outputs
    volts = [out["head.voltage_l1"]] + [out[f"branch{i}.voltage_l1"] for i in range(1, 7)]
    assert volts == sorted(volts, reverse=True)
    assert volts[-1] > 200


def test_phasors_agree_with_each_other():
    out = Feeder(1, random.Random(12)).update(after(0), {}).outputs
    for phase in ("l1", "l2", "l3"):
        p, q, s = (out[f"head.{kind}_power_{phase}"] for kind in ("active", "reactive", "apparent"))
        assert s == pytest.approx(math.hypot(p, q))
        assert out[f"head.current_{phase}"] * out[f"head.voltage_{phase}"] == pytest.approx(s)
    assert out["head.voltage_l1_l2"] == pytest.approx(out["head.voltage_l1"] * 3**0.5, rel=0.02)
    assert 0 <= out["head.current_n"] <= max(out[f"head.current_l{k}"] for k in (1, 2, 3))


def test_the_city_has_its_hours():
    assert household(19.3) > household(12.5) > household(3)
    assert diurnal(6.5) > 1 > diurnal(2.5)
    means = [sum(f(h / 10) for h in range(240)) / 240 for f in (diurnal, household)]
    assert means == pytest.approx([1, 1], abs=0.1)


def test_vehicles_are_conserved_and_leave_on_green_only():
    junction = Junction(random.Random(13))
    junction.update(after(0), {})
    departed = [0] * 4
    greens = reds = 0
    for second in range(1, 900):
        out = junction.update(after(second), {}).outputs
        for k, arm in enumerate(junction.arms):
            assert arm.arrived == arm.departed + arm.queue
            if junction.signal(k, after(second - 1)) == RED == junction.signal(k, after(second)):
                assert arm.departed == departed[k]
                reds += 1
            greens += junction.signal(k, after(second)) == GREEN
            departed[k] = arm.departed
        assert not (out["signal_1"] and out["signal_2"]), "crossing arms are never both open"
    assert sum(departed) > 150
    assert reds > 500
    assert greens > 500


def test_detectors_count_what_arrives_and_feel_it():
    junction = Junction(random.Random(14))
    junction.update(after(0), {})
    seen = 0
    for tenth in range(1, 1500):
        out = junction.update(after(tenth / 10), {}).outputs
        seen += out["presence_1"]
    assert out["count_1"] == junction.arms[0].arrived > 10
    assert seen / 10 == pytest.approx(out["count_1"] * 0.51, rel=0.3)
    assert 0 < out["occupancy_1"] < 40
    assert out["flow_1"] > 0


def test_wakes_at_the_next_thing_that_happens():
    for device in (
        WaterPlant(random.Random(1)),
        Feeder(1, random.Random(1)),
        Junction(random.Random(1)),
    ):
        at = after(0.3)
        step = device.update(at, {})
        assert at < step.call_at <= at + NS_PER_S // 2
