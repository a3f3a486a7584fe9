"""The monitor on one cross: a main road (0, 1), a turn that yields (2), a side road (3), people (4).

Its program: 10 s of main road and turn, 4 s yellow, 2 s red, 7 s of side road with people beside,
3 s yellow, 1 s red.
"""

import pytest

from edge.bench.signals.lights import KEPT, Monitor
from edge.bench.signals.program import Signal
from edge.bench.signals.rules import rules
from edge.bench.signals.spec import Timing

CYCLE = (
    *["GGgrr"] * 10,
    *["yyyrr"] * 4,
    *["rrrrr"] * 2,
    *["rrrGG"] * 4,
    *["rrrGr"] * 3,
    *["rrryr"] * 3,
    *["rrrrr"] * 1,
)


def both(pairs):
    return frozenset(pairs) | {(j, i) for i, j in pairs}


CROSS = Signal(
    id="cross",
    links=5,
    crossings=frozenset({4}),
    foes=both({(0, 2), (0, 3), (1, 3), (2, 3), (0, 4), (1, 4)}),
    gives_way=frozenset({(2, 0)}),
    cycle=CYCLE,
)


def seen(states, timing=Timing.SCENARIO, *, minimum_green_s=4, own_program=False):
    """What is said of a program that runs twice, the second time as `states`."""
    monitor = Monitor(CROSS, rules(CROSS, timing, minimum_green_s, own_program=own_program))
    for at_s, state in enumerate((*CYCLE, *states)):
        monitor.look(at_s, state)
    assert monitor.violations == len(monitor.sentences)
    return [sentence.partition("signal cross: ")[2] for sentence in monitor.sentences]


def test_the_rules_are_measured_along_the_program():
    found = rules(CROSS, Timing.SCENARIO, 4)
    assert found.yellow_s == {0: 4, 1: 4, 2: 4, 3: 3, 4: 0}
    assert found.clearance_s[0, 3] == found.clearance_s[2, 3] == 6
    assert found.clearance_s[3, 0] == 4
    assert found.clearance_s[4, 0] == 7
    assert (0, 2) not in found.clearance_s
    assert found.shown == both({(0, 2)})


def test_a_change_that_the_program_lacks_takes_the_longest_red_of_the_signal():
    """From link 0 to link 2 this program only ever goes by way of link 1."""
    cycle = (*["Grr"] * 8, *["yrr"] * 3, *["rGr"] * 8, *["ryr"] * 5, *["rrr"] * 2, *["rrG"] * 8)
    signal = Signal("s", 3, frozenset(), both({(0, 1), (1, 2), (0, 2)}), frozenset(), cycle)
    found = rules(signal, Timing.SCENARIO, 5)
    assert found.clearance_s[0, 1] == 3
    assert found.clearance_s[1, 2] == 7
    assert found.clearance_s[0, 2] == 3 + 2  # own yellow, then the longest red between foes


def test_its_own_program_is_faultless():
    assert seen(CYCLE * 3) == []


def edited(link, *changes):
    """The cycle with one link's letters overwritten: (first second, letters)."""
    lines = [list(state) for state in CYCLE]
    for at, letters in changes:
        for ahead, letter in enumerate(letters):
            lines[at + ahead][link] = letter
    return ["".join(line) for line in lines]


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (edited(0, (13, "r")), ["link 0 was yellow for 3 s, at least 4 s"]),
        (edited(0, (10, "rrrr")), ["link 0 went from G to r without yellow"]),
        (edited(3, (23, "yyG"), (26, "y")), ["link 3 went from yellow back to green"]),
        (edited(3, (15, "G")), ["link 3 became green 5 s after the green of link 0, at least 6 s"]),
        (edited(4, (18, "rr")), ["link 4 was green for 2 s, at least 4 s"]),
        (edited(0, (20, "G")), ["links 0 (G) and 3 (G) meet and both go"]),
        (edited(2, (5, "G")), ["links 0 (G) and 2 (G) meet and both go"]),
        (edited(2, (8, "yy")), ["link 2 turned yellow, and link 0, its foe, stays green"]),
        (edited(1, (3, "o")), ["link 1 shows 'o', which is no signal"]),
        (["GG"], ["2 lamps are shown, the program has 5"]),
    ],
)
def test_what_is_wrong_is_said(states, said):
    for sentence in said:
        assert sentence in seen(states)


def test_a_fault_is_counted_once_however_long_it_lasts():
    together = ["GGgrr"] * 10 + ["GGgGr"] * 30
    assert seen(together).count("links 0 (G) and 3 (G) meet and both go") == 1


def test_full_green_after_yielding_green_is_one_green():
    """A state change is no end: neither a short green nor a green without yellow."""
    protected = ["GGgrr"] * 5 + ["yygrr"] * 4 + ["rrGrr"] * 5
    assert seen([*protected, *["rryrr"] * 4, *["rrrrr"] * 2, *["rrrGr"] * 7]) == []


def test_published_timing_needs_three_seconds_and_the_field_two_more():
    quick = ["GGgrr"] * 10 + ["yyyrr"] * 3 + ["rrrGr"] * 7 + ["rrryr"] * 3
    assert seen(quick, Timing.RESCO, minimum_green_s=7) != []  # its first round has 4 s of people
    assert not any("link 3" in s for s in seen(quick, Timing.RESCO))
    assert any("link 3 became green 3 s" in s for s in seen(quick, Timing.FIELD))
    late = ["GGgrr"] * 10 + ["yyyrr"] * 5 + ["rrrrr"] * 1 + ["rrrGr"] * 7
    said = seen(late, Timing.FIELD)
    assert "link 3 became green 1 s after the yellow of link 0, at least 2 s" in said


def test_a_plan_held_to_itself_may_have_short_greens():
    assert seen(CYCLE, minimum_green_s=9) != []
    assert seen(CYCLE, Timing.FIELD, minimum_green_s=9, own_program=True) == []


def test_sentences_are_few_and_the_count_is_not():
    monitor = Monitor(CROSS, rules(CROSS, Timing.SCENARIO, 4))
    for at_s in range(200):
        monitor.look(at_s, "GGgrr" if at_s % 2 else "rrrGG")
    assert len(monitor.sentences) == KEPT
    assert monitor.violations > 200
    assert monitor.sentences[0].startswith("1 s, signal cross: ")
