"""Controller, remote control, displays and street of a cabinet, without a socket."""

import random

import pytest

from control.model import Countdown, Detector, Junction, Lamp, Role, SignalGroup, Stage
from control.requests import PATTERN_FLASH, Actuation
from edge.model.clock import NS_PER_S, Instant
from simulators.clock import A_MONDAY_MORNING
from simulators.conflict_monitor import Trip
from simulators.countdown_display import CountdownDisplay
from simulators.remote_control import RemoteControl
from simulators.signal_cabinet import LEAST_FLASH_S, SignalCabinet
from simulators.signal_controller import Mode, SignalController
from simulators.street import Demand, Street
from tests.integration.signals.crossing import E, N, S, W, cabinet_of, crossing

RED, YELLOW, GREEN = Lamp.RED, Lamp.YELLOW, Lamp.GREEN


def word(control, sequence, **points):
    for point, value in {"remote": 1, **points, "sequence": sequence}.items():
        control.write(point, value)


# Remote control


def test_an_order_takes_effect_with_its_number_alone():
    remote = RemoteControl()
    for point, value in (("hold", 5), ("force_off", 2), ("remote", 1)):
        remote.write(point, value)
    assert remote.told() == (Actuation(), None)
    remote.write("sequence", 1)
    told, fresh = remote.told()
    assert told == Actuation(hold=frozenset({0, 2}), force_off=frozenset({1}), remote=True)
    assert fresh == {}
    assert remote.told() == (told, None)


def test_a_number_said_again_is_no_order():
    remote = RemoteControl()
    word(remote, 7, call=1)
    remote.told()
    word(remote, 7, call=2)
    assert remote.told()[0].call == frozenset({0})


def test_an_order_is_obeyed_for_the_backup_time():
    remote = RemoteControl(backup_s=3)
    word(remote, 1)
    assert [remote.told()[0].remote for _ in range(4)] == [True, True, True, False]
    assert not remote.holds


def test_giving_back_is_at_once():
    remote = RemoteControl()
    word(remote, 1, hold=1)
    word(remote, 2, remote=0)
    assert not remote.told()[0].remote
    assert not remote.holds


# Displays


def shown_over(given, lamps, last_s=9):
    """What the display of group 0 shows each second, given these words under these lamps."""
    plan = Junction("j", (SignalGroup("a", 3, 7),), frozenset(), frozenset(), {},
                    (Stage("A", frozenset({0})),), countdowns=(Countdown(0, last_s),))  # fmt: skip
    display = CountdownDisplay(plan)
    shown = []
    for word, lamp in zip(given, lamps, strict=True):
        display.second([lamp], word)
        shown.append(display.shown.get(0))
    return shown


@pytest.mark.parametrize(
    ("given", "lamps", "shown"),
    [
        ([{0: 3}, {}, {}, {}], [GREEN] * 3 + [YELLOW], [3, 2, 1, None]),
        ([{0: 3}, None, {}, {}], [GREEN] * 4, [3, None, None, None]),
        ([{0: 3}, {0: 0}, {}, {}], [GREEN] * 4, [3, None, None, None]),
        ([{0: 3}, {}, {}, {}], [GREEN, GREEN, YELLOW, YELLOW], [3, 2, None, None]),
        ([{0: 1}, {}, {}, {}], [GREEN] * 4, [1, None, None, None]),
    ],
)
def test_a_display_counts_or_is_dark(given, lamps, shown):
    assert shown_over(given, lamps) == shown


def test_a_group_without_a_display_shows_nothing():
    assert shown_over([{0: 3}], [GREEN], last_s=0) == [None]


# The controller's own ways


def test_start_up_is_all_red_for_its_time():
    cabinet = cabinet_of(crossing(startup_red_s=4))
    for _ in range(4):
        cabinet.second()
        assert set(cabinet.seen()) == {RED}
        assert cabinet.controller.mode is Mode.ALL_RED or cabinet.controller.age_s[0] == 4


def test_flash_and_darkness_end_in_all_red_and_forget_nothing_that_must_wait():
    controller = SignalController(crossing())
    for _ in range(10):
        controller.step(Actuation(call=frozenset({N}), remote=True))
    assert controller.lamps[N] is GREEN
    controller.flash()
    controller.step(Actuation(call=frozenset({E}), remote=True))
    assert set(controller.lamps) == {Lamp.FLASH}
    controller.start()
    assert set(controller.lamps) == {RED}
    for _ in range(crossing().startup_red_s):
        controller.step()
        assert set(controller.lamps) == {RED}
    controller.step()
    assert GREEN in controller.lamps


def test_local_control_goes_on_where_remote_control_ended():
    controller = SignalController(crossing())
    for _ in range(12):
        controller.step(Actuation(call=frozenset({E, W}), omit=frozenset({N, S, 4}), remote=True))
    assert controller.lamps[E] is GREEN
    for _ in range(5):
        controller.step(Actuation())
    assert controller.lamps[E] is GREEN
    assert controller.mode is Mode.ACTUATED


def test_ordered_flash_lasts_its_least_and_is_not_latched():
    cabinet = cabinet_of(crossing())
    word(cabinet.remote, 1, remote=0, pattern=PATTERN_FLASH)
    cabinet.second()
    cabinet.second()
    assert set(cabinet.seen()) == {Lamp.FLASH}
    word(cabinet.remote, 2, remote=0, pattern=0)
    flashing = 0
    while set(cabinet.seen()) == {Lamp.FLASH}:
        cabinet.second()
        flashing += 1
    assert flashing >= LEAST_FLASH_S - 1
    assert cabinet.monitor.trip is Trip.NONE


def test_twenty_minutes_of_local_control_trips_nothing_and_serves_everybody():
    cabinet = cabinet_of(crossing(), vph=200.0)
    greens = set()
    for _ in range(1200):
        cabinet.second()
        greens |= {g for g, lamp in enumerate(cabinet.seen()) if lamp is GREEN}
    assert cabinet.monitor.trip is Trip.NONE
    assert greens == set(range(5))


def test_a_cabinet_is_a_device_that_steps_by_whole_seconds():
    cabinet = cabinet_of(crossing())
    at = A_MONDAY_MORNING
    beats = []
    for tenth in range(25):
        step = cabinet.update(Instant(at + tenth * NS_PER_S // 10), {})
        beats.append(step.outputs["heartbeat"])
    assert beats == [0.0] * 10 + [1.0] * 10 + [2.0] * 5


def test_what_does_not_fit_the_register_map_is_refused():
    plan = crossing()
    many = tuple(Detector(f"d{i}", Role.STOP_LINE, frozenset({0})) for i in range(65))
    wide = Junction(plan.id, plan.groups, plan.conflicts, plan.yields, plan.intergreen_s,
                    plan.stages, many)  # fmt: skip
    with pytest.raises(ValueError, match="65 detectors; the register map has room for 32 and 64"):
        SignalCabinet(wide, Street(wide, random.Random(0)), 0)


# The street


def test_vehicles_are_conserved_and_seen_once():
    plan = crossing()
    street = Street(plan, random.Random(3), Demand(vehicles_vph=900.0))
    counted = 0
    for second in range(600):
        lamps = [GREEN if (second // 30 + g) % 2 else RED for g in range(5)]
        seen = street.second(lamps)
        counted += sum(seen.passages[:4])
        assert all(0.0 <= share <= 1.0 for share in seen.covered)
    waiting = sum(len(road.waiting) for road in street._roads.values())
    assert street.arrived == street.left + waiting
    assert counted == street.left > 300


def test_nobody_leaves_at_red_and_everybody_waits():
    street = Street(crossing(), random.Random(3), Demand(vehicles_vph=900.0))
    for _ in range(100):
        assert sum(street.second([RED] * 5).passages[:4]) == 0
    assert street.left == 0
    assert street.delay_s > 1000


def test_an_advance_loop_sees_a_vehicle_before_it_arrives():
    plan = crossing()
    ahead = Detector("far", Role.ADVANCE, frozenset({N}), distance_m=120.0)
    plan = Junction(plan.id, plan.groups, plan.conflicts, plan.yields, plan.intergreen_s,
                    plan.stages, (*plan.detectors, ahead))  # fmt: skip
    street = Street(plan, random.Random(5), Demand(vehicles_vph=60.0))
    passed, left = [], []
    for second in range(900):
        seen = street.second([GREEN] * 5)
        passed += [second] * seen.passages[-1]
        left += [second] * seen.passages[N]
    assert len(left) > 5
    assert [a - b for a, b in zip(left, passed, strict=False)] == pytest.approx(
        [10] * len(left), abs=3
    )
