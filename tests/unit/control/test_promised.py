"""A change of stage is announced for as long as its displays count, and then it comes."""

import pytest

from control.countdown import WHOLE_GREEN_S
from control.model import Junction, Lamp, SignalGroup, Stage
from control.observe import Observation
from control.promised import Promised
from control.requests import Actuation
from control.staging import Staging
from simulators.signal_controller import SignalController

A, B, C = range(3)
PAIRS = frozenset({(A, B), (B, A), (A, C), (C, A), (B, C), (C, B)})
MINIMUM_S, INTERGREEN_S = 7, 5
JUNCTION = Junction(
    "j", tuple(SignalGroup(name, 3, MINIMUM_S) for name in "abc"), PAIRS, frozenset(),
    dict.fromkeys(PAIRS, INTERGREEN_S),
    tuple(Stage(name, frozenset({g})) for g, name in enumerate("abc")),
)  # fmt: skip


class Says:
    """An inner strategy that reads from a list, second by second; its last word stands."""

    def __init__(self, *stages):
        self.stages = stages
        self.asked = 0

    def decide(self, seen):
        self.asked += 1
        return self.stages[min(seen.at_s, len(self.stages) - 1)]


class Foresees:
    def __init__(self, *plans):
        self.plans = list(plans)
        self.asked_at = []

    def foresee(self, now):
        self.asked_at.append(now)
        return self.plans.pop(0)


class Street:
    """The strategy, its staging and a controller that obeys."""

    def __init__(self, strategy, last_s, foresight=None, junction=JUNCTION):
        self.junction = junction
        self.promised = Promised(strategy, junction, last_s, foresight)
        self.controller = SignalController(junction)
        for _ in range(junction.startup_red_s):
            self.controller.step()
        self.staging = Staging(junction)
        self.at_s = -1
        self.lamps = []
        self.numbers = []

    def run(self, seconds, preempt=()):
        for _ in range(seconds):
            self.at_s += 1
            lamps, age_s = tuple(self.controller.lamps), tuple(self.controller.age_s)
            group = A if self.at_s in preempt else None
            seen = Observation(self.at_s, lamps, age_s, None, None, preempt=group)
            wish = self.staging.wish(lamps, age_s, self.promised.decide(seen))
            self.controller.step(
                Actuation(wish.hold, wish.force_off, wish.omit, wish.call, remote=True)
            )
            self.lamps.append(tuple(self.controller.lamps))
            self.numbers.append(self.promised.shown)
        return self

    def greens(self, group):
        return [at_s for at_s, lamps in enumerate(self.lamps) if lamps[group] is Lamp.GREEN]

    def counted(self, group):
        return [(at_s, row[group]) for at_s, row in enumerate(self.numbers) if row.get(group)]


@pytest.mark.parametrize("last_s", [1, 3, 5, 10])
def test_a_change_begins_when_its_numbers_have_run_down(last_s):
    street = Street(Says(*[0] * 20, 1), last_s).run(60)
    change_at_s = 20 + last_s
    assert street.greens(A) == list(range(change_at_s))
    assert street.counted(A) == [(change_at_s - n, n) for n in range(last_s, 0, -1)]
    begins_s = change_at_s + INTERGREEN_S
    assert street.greens(B) == list(range(begins_s, 60))
    assert street.counted(B) == [(begins_s - n, n) for n in range(last_s + INTERGREEN_S, 0, -1)]
    assert (street.promised.promises, street.promised.broken) == (1, 0)


def test_without_displays_the_strategy_has_its_way():
    street = Street(Says(*[0] * 20, 1), 0).run(40)
    assert street.greens(A) == list(range(20))
    assert street.promised.shown == {}


def test_a_change_of_mind_comes_too_late():
    street = Street(Says(*[0] * 20, 1, 2, 0), 8).run(40)
    assert street.greens(A) == list(range(28))
    assert street.greens(B)[0] == 28 + INTERGREEN_S
    assert street.greens(C) == []


def test_the_strategy_is_asked_every_second():
    inner = Says(*[0] * 20, 1)
    Street(inner, 8).run(40)
    assert inner.asked == 40


def test_a_minimum_green_runs_though_fewer_seconds_are_shown():
    street = Street(Says(0, 1), 3).run(30)
    # the staging asks no sooner than a look has shown the whole minimum
    assert street.greens(A) == list(range(MINIMUM_S + 1))
    assert [n for _, n in street.counted(A)] == [3, 2, 1]


def test_a_whole_green_is_settled_when_its_stage_is_whole():
    foresight = Foresees((12, 2), (25, 1), (40, 0))
    street = Street(Says(0), WHOLE_GREEN_S, foresight).run(60)
    # the first look at a stage is a second after it is shown
    assert street.greens(A) == list(range(1 + 12))
    assert street.counted(A)[:12] == [(13 - n, n) for n in range(12, 0, -1)]
    begins_s = 13 + INTERGREEN_S
    assert street.greens(C) == list(range(begins_s, begins_s + 1 + 25))
    assert foresight.asked_at == [0, 2, 1]
    assert street.promised.broken == 0


def test_an_emergency_puts_the_numbers_out_and_has_its_way():
    street = Street(Says(*[1] * 40, 2, *[2] * 3, 0), 8).run(60, preempt=range(44, 60))
    assert street.counted(B)[-1] == (43, 5)
    assert street.greens(B)[-1] < 46
    assert street.greens(A)[0] < 54
    assert street.promised.broken == 0


def test_a_lamp_that_changes_otherwise_is_counted_as_a_broken_promise():
    street = Street(Says(*[0] * 20, 1), 8).run(23)
    street.controller.flash()
    street.controller.start()
    street.run(1)
    assert street.promised.broken > 0
    assert not any(street.promised.shown.values())


def test_stages_that_only_add_a_green_wait_for_nobody():
    pairs = frozenset({(A, B), (B, A)})
    stages = (
        Stage("a", frozenset({A})),
        Stage("ac", frozenset({A, C})),
        Stage("b", frozenset({B})),
    )
    junction = Junction("j", JUNCTION.groups, pairs, frozenset(), dict.fromkeys(pairs, 5), stages)
    street = Street(Says(*[0] * 20, 1), 8, junction=junction).run(40)
    assert street.greens(A) == list(range(40))
    assert street.greens(C)[0] == 21
    assert street.counted(C) == [(20, 1)]
