"""The conflict monitor alone: what it lets pass, what it trips on, what ends it."""

import dataclasses

import pytest

from simulators.conflict_monitor import Burning, Card, ConflictMonitor, Trip
from tests.integration.signals.crossing import CLEAR_S, INTERGREEN_S, WALK, E, N, S, W, crossing

R, Y, G, DARK = Burning(red=True), Burning(yellow=True), Burning(green=True), Burning()
COUNT = 5


def monitor():
    return ConflictMonitor(Card.soldered(crossing()))


def lamps(**shown):
    """All red but for the named groups."""
    names = {"n": N, "e": E, "s": S, "w": W, "walk": WALK}
    made = [R] * COUNT
    for name, lamp in shown.items():
        made[names[name]] = lamp
    return made


def watch(looks, card=None):
    """The trip after each look at these lamps, switched as they burn."""
    one = monitor() if card is None else ConflictMonitor(card)
    return [one.look(look, look) for look in looks]


def change(yellow_s=3, red_s=2):
    """North ends, east begins."""
    return (
        [lamps(n=G, s=G)] * 8
        + [lamps(n=Y, s=Y)] * yellow_s
        + [lamps()] * red_s
        + [lamps(e=G, w=G)] * 3
    )


def test_a_lawful_change_passes():
    assert set(watch(change())) == {Trip.NONE}


@pytest.mark.parametrize(
    ("looks", "trip"),
    [
        ([lamps(n=G, e=G)], Trip.CONFLICT),
        ([lamps(n=Y, e=G)], Trip.CONFLICT),
        ([lamps(walk=Y, w=G)], Trip.CONFLICT),
        ([lamps(n=DARK)], Trip.RED_FAIL),
        ([lamps(n=Burning(red=True, green=True))], Trip.DUAL_INDICATION),
        ([lamps(n=Burning(red=True, yellow=True))], Trip.DUAL_INDICATION),
        (change(yellow_s=2, red_s=3), Trip.SHORT_YELLOW),
        (change(yellow_s=0, red_s=5), Trip.SKIPPED_YELLOW),
        ([lamps(n=Y), lamps(n=G)], Trip.SKIPPED_YELLOW),
        (change(red_s=1), Trip.SHORT_CLEARANCE),
        (change(yellow_s=4, red_s=0), Trip.SHORT_CLEARANCE),
        ([lamps(walk=G), *[lamps(walk=Y)] * (CLEAR_S - 1), lamps()], Trip.SHORT_YELLOW),
    ],
)
def test_what_it_trips_on(looks, trip):
    seen = watch(looks)
    assert seen[-1] is trip
    assert set(seen) <= {Trip.NONE, trip}


def test_neighbours_may_go_together():
    assert watch([lamps(n=G, s=G, walk=G)]) == [Trip.NONE]


def test_a_lamp_that_was_not_switched_is_a_disagreement():
    one = monitor()
    assert one.look(lamps(n=G), lamps()) is Trip.DISAGREEMENT
    assert one.channels == (N,)


def test_clearance_is_counted_from_the_end_of_green():
    looks = change(yellow_s=3, red_s=INTERGREEN_S - 3)
    assert watch(looks)[-1] is Trip.NONE


def test_a_conflict_written_once_is_forbidden_both_ways():
    plan = crossing()
    once = frozenset((a, b) for a, b in plan.conflicts if a < b)
    halved = Card.soldered(dataclasses.replace(plan, conflicts=once))
    assert halved.permitted == Card.soldered(plan).permitted
    assert frozenset((N, E)) not in halved.permitted
    assert frozenset((N, S)) in halved.permitted


def test_it_stays_tripped_whatever_it_sees_until_a_hand_resets_it():
    one = monitor()
    one.look(lamps(n=G, e=G), lamps(n=G, e=G))
    for look in change():
        assert one.look(look, look) is Trip.CONFLICT
    one.blind()
    assert one.look(lamps(), lamps()) is Trip.CONFLICT
    one.reset_by_hand()
    assert one.look(lamps(), lamps()) is Trip.NONE


def test_after_flash_it_judges_no_interval_it_has_not_seen():
    one = monitor()
    one.look(lamps(n=Y), lamps(n=Y))
    one.blind()
    assert one.look(lamps(), lamps()) is Trip.NONE
    assert one.look(lamps(e=G), lamps(e=G)) is Trip.NONE
