"""Greens end as late and begin as early as the intergreens of a change allow."""

from dataclasses import replace

from control.model import Junction, Kind, Lamp, SignalGroup, Stage
from control.staging import Change, Staging

R, Y, G = Lamp.RED, Lamp.YELLOW, Lamp.GREEN
LONG = 100
YELLOW_S, MINIMUM_S = 3, 6


def junction(stages, *, conflicts=(), yields=(), walkers=(), intergreen_s=5, own_s=None):
    count = 1 + max(g for stage in stages for g in stage)
    pairs = frozenset(pair for g, h in conflicts for pair in ((g, h), (h, g)))
    return Junction(
        id="j",
        groups=tuple(
            SignalGroup(
                str(g), YELLOW_S, MINIMUM_S, kind=Kind.PEDESTRIAN if g in walkers else Kind.VEHICLE
            )
            for g in range(count)
        ),
        conflicts=pairs,
        yields=frozenset(yields),
        intergreen_s=dict.fromkeys(sorted(pairs), intergreen_s) | (own_s or {}),
        stages=tuple(Stage(str(n), frozenset(green)) for n, green in enumerate(stages)),
    )


TWO = junction([{0}, {1}], conflicts=[(0, 1)])
UNEVEN = junction([{0, 1}, {2}], conflicts=[(0, 2), (1, 2)], own_s={(0, 2): 9})


def test_a_change_lasts_for_its_longest_intergreen():
    assert Staging(TWO).change(0, 1) == Change({0: 0}, {1: 5})
    assert Staging(TWO).change(0, 1).lasts_s == 5


def test_a_group_with_a_short_clearance_keeps_its_green_meanwhile():
    staging = Staging(UNEVEN)
    assert staging.change(0, 1) == Change({0: 0, 1: 4}, {2: 9})
    wish = staging.wish((G, G, R), (LONG,) * 3, 1)
    assert (wish.hold, wish.force_off, wish.omit, wish.call) == ({1}, {0}, {0, 1}, set())
    # three seconds into it: the order given now is obeyed in the fourth
    last = staging.wish((R, G, R), (0, LONG, LONG), 1)
    assert (last.force_off, last.call) == ({1}, {2})
    assert not staging.wish((Y, G, R), (2, LONG, LONG), 1).force_off
    assert staging.wish((R, G, R), (1, LONG, LONG), 1).force_off == {1}


def test_a_minimum_green_is_waited_for():
    staging = Staging(TWO)
    assert not staging.wish((G, R), (MINIMUM_S - 1, LONG), 1).force_off
    assert staging.wish((G, R), (MINIMUM_S, LONG), 1).force_off == {0}


def test_a_green_whose_partner_has_not_had_its_minimum_waits_with_it():
    both = replace(UNEVEN, intergreen_s=dict.fromkeys(UNEVEN.intergreen_s, 5))
    staging = Staging(both)
    assert not staging.wish((G, G, R), (LONG, 1, LONG), 1).force_off
    assert staging.wish((G, G, R), (LONG, MINIMUM_S, LONG), 1).force_off == {0, 1}


def test_in_the_wanted_stage_everything_is_held():
    wish = Staging(TWO).wish((G, R), (LONG, LONG), 0)
    assert (wish.hold, wish.force_off, wish.omit, wish.call) == ({0}, set(), {1}, set())


def test_what_a_yielding_green_yields_to_ends_with_it_and_begins_again():
    """Else its yellow would be a trap (I31)."""
    staging = Staging(junction([{0, 1}, {0, 2}], conflicts=[(1, 2)], yields=[(1, 0)]))
    change = staging.change(0, 1)
    assert change.ends_s == {0: 0, 1: 0}
    assert change.begins_s == {2: 5, 0: YELLOW_S + 2}
    assert staging.wish((G, G, R), (LONG,) * 3, 1).force_off == {0, 1}


def test_nothing_begins_beside_a_green_that_would_yield_to_it_and_ends_later():
    made = junction(
        [{1, 2}, {0, 3}], conflicts=[(2, 3), (1, 3)], yields=[(1, 0)], own_s={(2, 3): 9}
    )
    staging = Staging(made)
    assert staging.change(0, 1) == Change({1: 4, 2: 0}, {0: 4, 3: 9})
    wish = staging.wish((R, G, G, R), (LONG,) * 4, 1)
    assert 0 in wish.omit
    assert wish.call == set()
    wish = staging.wish((R, G, Y, R), (LONG, LONG, 3, LONG), 1)
    assert wish.force_off == {1}
    assert wish.call - wish.omit == {0, 3}


def test_walkers_whom_nobody_waits_for_walk_on_until_the_next_stage():
    made = junction([{0, 1}, {2}], conflicts=[(0, 2)], walkers=[1])
    assert Staging(made).change(0, 1) == Change({0: 0, 1: 5}, {2: 5})


def test_a_change_to_the_same_greens_takes_no_time():
    assert Staging(TWO).change(0, 0).lasts_s == 0
    fewer = junction([{0, 1}, {0}])
    assert Staging(fewer).change(0, 1) == Change({1: 0}, {})
