"""A call waits from the first vehicle standing at red until the green that serves it."""

import pytest

from edge.bench.signals.waits import Calls, Place


def run(seconds, *, link=0):
    """Seconds as (letters, who stands first at the link or None, where the caller is)."""
    calls = Calls()
    for at_s, (state, head, place) in enumerate(seconds):
        calls.second(at_s, state, {} if head is None else {link: head}, lambda *_, p=place: p)
    calls.end(len(seconds))
    return calls.longest_s, calls.empty_greens


BEFORE, PASSED, ELSEWHERE = Place.BEFORE, Place.PASSED, Place.ELSEWHERE
STANDS = ("r", "a", BEFORE)
WAITS = ("G", "a", BEFORE)
ROLLS = ("G", None, BEFORE)
GONE = ("G", None, PASSED)


def test_it_ends_with_the_begin_of_the_green_not_with_the_departure():
    assert run([STANDS] * 30 + [WAITS, ROLLS, ROLLS, GONE]) == (30, 0)


def test_it_begins_with_standing_not_with_arriving():
    assert run([("r", None, BEFORE)] * 20 + [STANDS] * 5 + [ROLLS, GONE]) == (5, 0)


def test_standing_at_green_or_yellow_is_no_call():
    assert run([WAITS] * 9 + [("y", "a", BEFORE)] * 3 + [GONE] * 5) == (0, 0)


def test_a_green_in_which_nobody_goes_is_counted_and_the_wait_goes_on():
    empty = [STANDS] * 10 + [WAITS] * 6
    assert run(empty * 2 + [STANDS] * 4 + [ROLLS, GONE]) == (36, 2)


def test_the_wait_for_any_green_is_known_beside_it():
    calls = Calls()
    states = [STANDS] * 10 + [WAITS] * 6 + [STANDS] * 14 + [ROLLS, GONE]
    for at_s, (state, head, place) in enumerate(states):
        calls.second(at_s, state, {} if head is None else {0: head}, lambda *_, p=place: p)
    assert (calls.longest_s, calls.longest_red_s) == (30, 14)


def test_leaving_in_the_yellow_is_being_served():
    assert run([STANDS] * 8 + [WAITS] * 3 + [("y", None, PASSED), ("r", None, PASSED)]) == (8, 0)


def test_creeping_in_the_queue_does_not_start_it_again():
    assert run([STANDS] * 5 + [("r", None, BEFORE)] * 3 + [STANDS] * 5 + [ROLLS, GONE]) == (13, 0)


def test_who_turns_away_hands_the_call_to_whoever_stands_there():
    handed = [STANDS] * 5 + [("r", "b", ELSEWHERE)] * 5 + [("G", None, PASSED)]
    assert run(handed) == (10, 0)
    assert run([STANDS] * 5 + [("r", None, ELSEWHERE)] + [("r", None, BEFORE)] * 9) == (0, 0)


def test_what_still_waits_at_the_end_has_waited_until_then():
    assert run([STANDS] * 70) == (70, 0)


@pytest.mark.parametrize("letter", ["r", "u", "s"])
def test_every_red_makes_a_call(letter):
    assert run([(letter, "a", BEFORE)] * 7 + [ROLLS, GONE]) == (7, 0)
