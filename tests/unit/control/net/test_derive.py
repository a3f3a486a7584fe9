"""Junctions out of networks drawn by hand: who may meet whom, what lies between, who walks."""

import math

import pytest

from control import rules
from control.model import Kind, Lamp, Stage
from control.net import derive as nets
from control.net.derive import report
from control.net.relations import foes
from control.net.timing import Timing
from edge.errors import ConfigError
from tests.unit.control.net.drawn import Walk, Way, logic, network

EAST = Way(0, "w_0", "e_0", "-15,0 15,0")
NORTH = Way(1, "s_0", "n_0", "0,-15 0,15")
LEFT = Way(2, "w_0", "n_0", "-15,0 0,0 0,15", direction="l")
ACROSS = Walk(2, "10,-6 10,6")
CROSS = (("Gr", 20), ("yr", 3), ("rr", 2), ("rG", 20), ("ry", 4))


@pytest.fixture
def derived(tmp_path):
    """The one signal of a drawn network."""

    def made(ways, program, timing=Timing.SCENARIO, *, own_stages=True, more=(), **words):
        path = tmp_path / "j.net.xml"
        path.write_text(network(ways, program, **words))
        _, found = nets.read(path, list(more), timing, own_stages=own_stages)
        (one,) = found.values()
        assert rules.faults(one.junction) == []
        return one

    return made


def test_foes_that_are_never_green_together_conflict(derived):
    one = derived((EAST, NORTH), CROSS, foes={(0, 1)})
    junction = one.junction
    assert junction.conflicts == {(0, 1), (1, 0)}
    assert junction.intergreen_s == {(0, 1): 5, (1, 0): 4}
    assert [group.yellow_s for group in junction.groups] == [3, 4]
    assert [stage.green for stage in junction.stages] == [{0}, {1}]
    assert not junction.yields
    assert one.notes == ("S: the net has no pedestrian crossing here",)


def test_who_does_not_cross_has_no_conflict(derived):
    assert not derived((EAST, NORTH), CROSS).junction.conflicts


def test_two_ways_out_of_one_lane_are_no_foes(derived):
    one = derived((EAST, LEFT, NORTH), (("GrG", 9), ("yry", 3), ("rGr", 9), ("ryr", 3)),
                  foes={(0, 1), (0, 2), (1, 2)})  # fmt: skip
    assert {(one.group_of.index(g), one.group_of.index(h)) for g, h in one.junction.conflicts} == {
        (0, 1), (1, 0)
    }  # fmt: skip


def test_a_change_that_the_program_lacks_takes_the_longest_clearance(derived):
    """Own yellow, and the red that follows the longest of those measured."""
    south = Way(2, "n2_0", "s2_0", "3,15 3,-15")
    one = derived(
        (EAST, NORTH, south),
        (("Grr", 9), ("yrr", 3), ("rrr", 2), ("rGr", 9), ("ryr", 4), ("rrG", 9), ("rry", 5)),
        foes={(0, 1), (1, 2), (0, 2)},
    )
    measured = {(0, 1): 5, (1, 2): 4, (2, 0): 5}
    lacking = {(1, 0): 4 + 2, (2, 1): 5 + 2, (0, 2): 3 + 2}
    assert one.junction.intergreen_s == measured | lacking


@pytest.mark.parametrize(
    ("states", "yields", "said"),
    [
        (("Gg", "rG"), {(1, 0)}, None),
        (("GG", "rG"), set(), "both shown a full green"),
        (("gg", "rG"), set(), "both shown a yielding green"),
    ],
)
def test_foes_that_are_green_together(derived, states, yields, said):
    one = derived((EAST, NORTH), ((states[0], 20), ("yy", 3), (states[1], 9), ("ry", 3)), foes={(0, 1)})  # fmt: skip
    assert not one.junction.conflicts
    assert one.junction.yields == yields
    told = [note for note in one.notes if "foes" in note]
    assert told == ([] if said is None else [f"S: links 0 and 1 are foes, {said}"])
    assert said is None or told[0] in report({"S": one})


def test_green_beside_the_yellow_of_a_foe_is_told_and_timed_apart(derived):
    one = derived((EAST, NORTH), (("Gr", 20), ("yG", 3), ("rG", 20), ("ry", 3)), foes={(0, 1)})
    assert one.junction.conflicts == {(0, 1), (1, 0)}
    # never below the yellow of the one that clears
    assert one.junction.intergreen_s[0, 1] == 3
    assert any("one green while the other is yellow" in note for note in one.notes)


def test_the_letters_of_a_state_come_back(derived):
    one = derived((EAST, NORTH), (("Gg", 20), ("yy", 3), ("rG", 9), ("ry", 3)), foes={(0, 1)})
    assert one.letters([Lamp.GREEN, Lamp.GREEN]) == "Gg"
    assert one.letters([Lamp.RED, Lamp.GREEN]) == "rG"
    assert one.letters([Lamp.YELLOW, Lamp.GREEN]) == "yg"
    assert one.letters([Lamp.RED, Lamp.YELLOW]) == "ry"


def test_an_unknown_letter_is_refused(derived):
    with pytest.raises(ConfigError, match=r"letter 'o' \(blinking\)"):
        derived((EAST, NORTH), (("Go", 9), ("rG", 9)))


def test_a_signal_without_a_program_or_a_stage_is_refused(derived, tmp_path):
    with pytest.raises(ConfigError, match="signal S: its program shows no stage"):
        derived((EAST, NORTH), (("yr", 9), ("ry", 9)))
    path = tmp_path / "none.net.xml"
    path.write_text(network((EAST, NORTH), CROSS).replace("tlLogic", "forgotten"))
    with pytest.raises(ConfigError, match="signal S of the net has no program"):
        nets.read(path, [], Timing.SCENARIO)


def test_a_signal_that_never_changes_is_none(tmp_path):
    path = tmp_path / "j.net.xml"
    path.write_text(network((EAST, NORTH), (("GG", 90),)))
    assert nets.read(path, [], Timing.SCENARIO)[1] == {}


def test_a_program_of_another_file_replaces_the_one_of_the_network(derived, tmp_path):
    path = tmp_path / "more.add.xml"
    path.write_text(f"<a>{logic((('Gr', 20), ('yr', 6), ('rG', 20), ('ry', 6)))}</a>")
    one = derived((EAST, NORTH), CROSS, foes={(0, 1)}, more=[path])
    assert one.junction.intergreen_s == {(0, 1): 6, (1, 0): 6}


def test_foes_across_two_junctions_of_one_signal_meet_by_geometry(tmp_path, derived):
    """Their rows of foes know nothing of each other: it is the asphalt that decides."""
    other = Way(1, "s_0", "n_0", "5,-15 5,15", junction="K")
    apart = Way(1, "s_0", "n_0", "25,-15 25,15", junction="K")
    assert derived((EAST, other), CROSS).junction.conflicts == {(0, 1), (1, 0)}
    assert not derived((EAST, apart), CROSS).junction.conflicts
    joining = Way(1, "s_0", "e_0", "15,-15 15.5,-1 16,0.4", junction="K")
    one = derived((EAST, joining), CROSS)
    assert foes(nets.net.read(tmp_path / "j.net.xml"), one.links[0], one.links[1])


def test_published_timing_knows_no_red_clearance(derived):
    one = derived((EAST, NORTH), CROSS, Timing.RESCO, foes={(0, 1)})
    assert one.junction.intergreen_s == {(0, 1): 3, (1, 0): 3}
    assert {(g.yellow_s, g.minimum_green_s) for g in one.junction.groups} == {(3, 7)}


def field_s(clear_m, enter_m, *, clearing_ms=10.0, overrun_s=3.0):
    """RiLSA: overrun and clearing time less entering time, a car of 6 m, entering at 40 km/h."""
    return math.ceil(overrun_s + (clear_m + 6.0) / clearing_ms - enter_m / 11.1)


def test_field_timing_by_the_way_to_the_conflict_point(derived):
    far = Way(1, "s_0", "n_0", "60,-15 60,15")
    ways = (Way(0, "w_0", "e_0", "-15,0 90,0"), far)
    one = derived(ways, (("Gr", 9), ("yr", 3), ("rG", 9), ("ry", 3)), Timing.FIELD, foes={(0, 1)})
    # 75 m to clear for the one, 15 m for the other, whose foe has 75 m to come
    assert one.junction.intergreen_s == {
        (0, 1): field_s(75, 15),
        (1, 0): max(3 + 2, field_s(15, 75)),
    }
    assert field_s(75, 15) > 5


def test_field_timing_has_two_seconds_of_red_at_the_least(derived):
    one = derived((EAST, NORTH), CROSS, Timing.FIELD, foes={(0, 1)})
    assert field_s(15, 15) < 5
    assert one.junction.intergreen_s == {(0, 1): 5, (1, 0): 6}
    assert [group.yellow_s for group in one.junction.groups] == [3, 4]
    short = derived((EAST, NORTH), (("Gr", 9), ("yr", 2), ("rG", 9), ("ry", 2)), Timing.FIELD, foes={(0, 1)})  # fmt: skip
    assert short.junction.intergreen_s == {(0, 1): 5, (1, 0): 5}
    assert {group.yellow_s for group in short.junction.groups} == {3}


def test_whoever_turns_clears_more_slowly(derived):
    turning = Way(0, "w_0", "n_0", "-15,0 90,0", direction="l")
    far = Way(1, "s_0", "e_0", "60,-15 60,15")
    one = derived((turning, far), CROSS, Timing.FIELD, foes={(0, 1)})
    assert one.junction.intergreen_s[0, 1] == field_s(75, 15, clearing_ms=7.0, overrun_s=2.0)


WALKED = (("GrG", 20), ("Grr", 4), ("yrr", 3), ("rGr", 20), ("ryr", 3))


@pytest.mark.parametrize("timing", Timing)
def test_a_crossing_is_a_group_of_walkers(derived, timing):
    one = derived((EAST, NORTH), WALKED, timing, walks=(ACROSS,), foes={(0, 1), (1, 2)})
    walkers = [group for group in one.junction.groups if group.kind is Kind.PEDESTRIAN]
    assert [group.id for group in walkers] == ["l2"]
    assert not any("no pedestrian crossing" in note for note in one.notes)
    clearing_s = {Timing.SCENARIO: 7, Timing.RESCO: 10, Timing.FIELD: 10}[timing]
    assert walkers[0].yellow_s == clearing_s
    assert one.junction.intergreen_s[2, 1] == clearing_s
    assert one.letters([Lamp.GREEN, Lamp.RED, Lamp.YELLOW]) == "Grr"


def test_walkers_without_a_change_of_their_own_get_their_way_across(derived):
    """The program lets none start who would meet them; 12 m at 1.2 m/s are ten seconds."""
    stages = (("GrG", 20), ("yrr", 3), ("Grr", 9), ("yrr", 3), ("rGr", 20), ("ryr", 3))
    one = derived((EAST, NORTH), stages, walks=(ACROSS,), foes={(0, 1), (1, 2)})
    assert one.junction.intergreen_s[2, 1] == 10


def test_a_junction_whose_name_begins_a_crossings_name_is_another(derived):
    """`J` and `J_c`: the roads of the second are no crossings of the first."""
    near = (Way(0, "w_0", "e_0", "-15,0 15,0"), Way(1, "s_0", "n_0", "0,-15 0,15"))
    far = tuple(
        Way(link, f"x{link}_0", f"y{link}_0", f"{900 + link},0 {900 + link},9", junction="J_c")
        for link in (3, 4)
    )
    program = (("GrGGG", 20), ("Grrry", 4), ("yrryr", 3), ("rGrrr", 20), ("ryrrr", 3))
    one = derived((*near, *far), program, walks=(ACROSS,), foes={(1, 2)})
    walker = one.group_of[2]
    assert one.junction.conflicting(walker) == {one.group_of[1]}


def test_own_stages_or_maximal_sets(derived):
    west = Way(2, "e2_0", "w2_0", "15,3 -15,3")
    program = (("Grr", 9), ("yrr", 3), ("rGr", 9), ("ryr", 3), ("rrG", 9), ("rry", 3))
    one = derived((EAST, NORTH, west), program, foes={(0, 1), (1, 2)})
    assert [stage.green for stage in one.junction.stages] == [{0}, {1}, {2}]
    most = derived((EAST, NORTH, west), program, Timing.FIELD, own_stages=False, foes={(0, 1), (1, 2)})  # fmt: skip
    assert most.junction.stages == (Stage("m0", frozenset({0, 2})), Stage("m1", frozenset({1})))


def test_the_plan_has_every_second_of_the_cycle(derived):
    one = derived((EAST, NORTH), CROSS, foes={(0, 1)})
    (plan,) = one.junction.plans
    assert (plan.stages, plan.green_s, plan.offset_s) == ((0, 1), (25, 24), 0)


def test_the_plan_has_every_green_of_every_group(derived):
    one = derived((EAST, NORTH), CROSS, foes={(0, 1)})
    (plan,) = one.junction.plans
    seconds = [state for state, for_s in CROSS for _ in range(for_s)]
    for link, group in enumerate(one.group_of):
        due = {s % len(seconds) for g, a, b in plan.greens if g == group for s in range(a, b)}
        assert due == {at for at, state in enumerate(seconds) if state[link] in "Gg"}


def test_a_green_over_the_end_of_the_cycle_is_one_and_one_without_end_is_the_cycle(derived):
    program = (("GG", 5), ("Gr", 20), ("Gr", 2), ("Gy", 0 + 3), ("GG", 15))
    (plan,) = derived((EAST, NORTH), program).junction.plans
    spans = {g: (b - a) for g, a, b in plan.greens}
    assert sorted(spans.values()) == [20, 45]


@pytest.mark.parametrize("turned_s", [1, 7, 21, 24, 30, 46])
def test_a_cycle_that_is_cut_elsewhere_is_the_same_plan(derived, turned_s):
    """Where a program begins is its author's choice; it only moves the offset."""
    seconds = [state for state, for_s in CROSS for _ in range(for_s)]
    turned = seconds[turned_s:] + seconds[:turned_s]
    one = derived((EAST, NORTH), tuple((state, 1) for state in turned), foes={(0, 1)})
    (plan,) = one.junction.plans
    length_s = len(seconds)
    begins = {}
    at_s = plan.offset_s
    for stage, lasts_s in zip(plan.stages, plan.green_s, strict=True):
        begins[one.stage_states[stage]] = (at_s + turned_s) % length_s
        at_s += lasts_s
    assert begins == {"Gr": 0, "rG": 25}
    assert sorted(plan.green_s) == [24, 25]


def test_a_single_stage_is_a_plan_too(derived):
    (plan,) = derived((EAST, NORTH), (("yr", 3), ("rr", 2), ("Gr", 20), ("GG", 9))).junction.plans
    assert (plan.stages, plan.green_s) == ((0, 1), (20, 14))
    (plan,) = derived((EAST, NORTH), (("yy", 3), ("GG", 20))).junction.plans
    assert (plan.stages, plan.green_s, plan.offset_s) == ((0,), (23,), 3)
