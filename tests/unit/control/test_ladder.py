"""Down at once, up after five healthy minutes."""

import math

import pytest

from control.ladder import CHANGES_AN_HOUR, EVERY, HEALTHY_S, HOUR_S, Ladder, Rung, Symptoms

WELL = Symptoms()


@pytest.mark.parametrize(
    ("symptoms", "rung"),
    [
        (WELL, Rung.ADAPTIVE),
        (Symptoms(planner_misses=2), Rung.ADAPTIVE),
        (Symptoms(planner_misses=3), Rung.SEMI_CYCLIC),
        (Symptoms(failed_detectors=0.3), Rung.ADAPTIVE),
        (Symptoms(failed_detectors=0.5), Rung.SEMI_CYCLIC),
        (Symptoms(failed_detectors=0.8), Rung.ACTUATED),
        (Symptoms(failed_detectors=1.0), Rung.TIME_OF_DAY),
        (Symptoms(failed_detectors=math.nan), Rung.TIME_OF_DAY),
        (Symptoms(failed_detectors=1.0, clock_good=False), Rung.LOCAL),
        (Symptoms(clock_good=False), Rung.ADAPTIVE),
        (Symptoms(linked=False), Rung.LOCAL),
        (Symptoms(disagreed=True), Rung.LOCAL),
        (Symptoms(flashing=True, linked=False), Rung.FLASH),
    ],
)
def test_each_symptom_has_its_rung_at_once(symptoms, rung):
    assert Ladder().step(100, symptoms) is rung


def test_a_junction_without_plans_has_no_such_rung():
    ladder = Ladder(rungs=EVERY - {Rung.TIME_OF_DAY})
    assert ladder.step(0, Symptoms(failed_detectors=1.0)) is Rung.LOCAL


def test_five_healthy_minutes_lead_up_and_a_relapse_begins_them_anew():
    ladder = Ladder()
    ladder.step(0, Symptoms(planner_misses=9))
    rungs = [ladder.step(at_s, WELL) for at_s in range(1, 200)]
    ladder.step(200, Symptoms(planner_misses=9))
    rungs += [ladder.step(at_s, WELL) for at_s in range(201, 201 + HEALTHY_S)]
    assert set(rungs) == {Rung.SEMI_CYCLIC}
    assert ladder.step(201 + HEALTHY_S, WELL) is Rung.ADAPTIVE


def test_it_climbs_no_higher_than_what_worked_all_the_while():
    ladder = Ladder()
    ladder.step(0, Symptoms(linked=False))
    for at_s in range(1, 2 + HEALTHY_S):
        ladder.step(at_s, Symptoms(failed_detectors=0.6) if at_s == 77 else WELL)
    assert ladder.rung is Rung.SEMI_CYCLIC


def test_only_so_many_climbs_an_hour():
    ladder, at_s, climbs = Ladder(), 0, []
    while at_s < 3 * HOUR_S:
        before = ladder.step(at_s, Symptoms(planner_misses=9))
        while ladder.rung is before and at_s < 3 * HOUR_S:
            at_s += 1
            ladder.step(at_s, WELL)
        climbs.append(at_s)
    assert len([s for s in climbs if s <= HOUR_S]) == CHANGES_AN_HOUR
    assert all(later - s >= HOUR_S for s, later in zip(climbs, climbs[6:-1], strict=False))


def test_three_disagreements_lock_it_out_until_somebody_has_looked():
    ladder = Ladder()
    for at_s in (0, 100, 200):
        ladder.step(at_s, Symptoms(disagreed=True))
    assert ladder.locked_out
    for at_s in range(201, 3000):
        assert ladder.step(at_s, WELL) is Rung.LOCAL
    ladder.reset()
    for at_s in range(3000, 3001 + HEALTHY_S):
        ladder.step(at_s, WELL)
    assert ladder.rung is Rung.ADAPTIVE


def test_disagreements_far_apart_do_not_add_up():
    ladder = Ladder()
    for at_s in (0, 400, 800, 1200):
        ladder.step(at_s, Symptoms(disagreed=True))
    assert not ladder.locked_out


def test_a_controller_whose_flash_was_cleared_runs_itself():
    ladder = Ladder()
    assert ladder.step(0, Symptoms(flashing=True)) is Rung.FLASH
    assert ladder.step(1, WELL) is Rung.LOCAL
    assert ladder.step(2 + HEALTHY_S, WELL) is Rung.ADAPTIVE
