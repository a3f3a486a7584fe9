"""A number on the street comes true, or the display went blank first and the log says why."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from control.countdown import Ledger, Reason
from control.model import Countdown, Junction, Lamp, SignalGroup, Stage
from control.staging import Change

PAIRS = frozenset({(0, 1), (1, 0)})
GROUPS = tuple(SignalGroup(name, 3, 5, maximum_green_s=30) for name in "ab")
STAGES = (Stage("one", frozenset({0})), Stage("two", frozenset({1})))
INTERGREEN_S = 5


class Crossing(RuleBasedStateMachine):
    """Two groups in turn, steered through a ledger; whatever may happen to them happens."""

    @initialize(last=st.tuples(st.sampled_from([0, 1, 3, 9, 999]), st.sampled_from([0, 5])))
    def open(self, last):
        countdowns = tuple(Countdown(g, s) for g, s in enumerate(last))
        self.ledger = Ledger(
            Junction("j", GROUPS, PAIRS, frozenset(), dict.fromkeys(PAIRS, INTERGREEN_S), STAGES,
                     countdowns=countdowns)
        )  # fmt: skip
        self.at_s = 0
        self.lamps = [Lamp.GREEN, Lamp.RED]
        self.turn = 0
        """The group that is green, or comes next."""
        self.age_s = [0, 0]
        self.ended_s = -99
        self.linked = True
        self.wants_end = False
        self.begin_s = None
        """When the change begins that was last promised."""
        self.shown = {}
        self.promised_stage, self.was_counting = None, False
        self.look()

    def look(self):
        """One second of the ledger: take in, and check what it then shows against before."""
        before, self.shown = self.shown, {}
        self.ledger.watch(self.at_s, tuple(self.lamps), linked=self.linked)
        self.check(before, self.ledger.display(self.at_s))

    def check(self, before, now):
        events = self.ledger.events()
        # this controller does all it was promised to do: nothing may call it disobedient
        assert all(event.reason is not Reason.BROKEN for event in events)
        blanked = {event.group for event in events}
        for group, number in now.items():
            was, lamp_was = before.get(group, (None, None))
            lamp = self.lamps[group]
            if number is not None:
                assert number >= 1
                assert lamp in {Lamp.GREEN, Lamp.RED}
                assert self.linked
                # I12: one less each second, and never out of the blue while it counts
                assert was is None or lamp is not lamp_was or number == was - 1
            if was is not None and group not in blanked:
                # I11: it runs out with the change, or goes on counting
                assert (lamp is not lamp_was) == (was == 1), (group, was, lamp)
                assert lamp is not lamp_was or number == was - 1
            self.shown[group] = (number, lamp)

    def recheck(self):
        """What is shown after a decision within the same second."""
        blanked = {event.group for event in self.ledger.events()}
        for group, number in self.ledger.display(self.at_s).items():
            was, lamp = self.shown[group]
            assert number == was or was is None or (number is None and group in blanked)
            self.shown[group] = (number, lamp)

    @rule()
    def second(self):
        """The controller's second: what is due happens, what may not happen does not."""
        self.at_s += 1
        green = self.turn
        other = 1 - green
        self.age_s = [age_s + 1 for age_s in self.age_s]
        if self.lamps[green] is Lamp.GREEN:
            due = green in self.ledger.due(self.at_s) or self.begin_s == self.at_s
            free = self.wants_end and self.age_s[green] >= 5
            if (self.linked and (due or (free and self.ledger.may_end(green, self.at_s)))) or (
                not self.linked and free
            ):
                self.show(green, Lamp.YELLOW)
                self.ended_s, self.wants_end, self.begin_s = self.at_s, False, None
        elif self.lamps[green] is Lamp.YELLOW and self.age_s[green] >= 3:
            self.show(green, Lamp.RED)
            self.turn = other
        elif (
            self.lamps[green] is Lamp.RED
            and self.at_s - self.ended_s >= INTERGREEN_S
            and (not self.linked or self.ledger.may_begin(green, self.at_s))
        ):
            self.show(green, Lamp.GREEN)
        self.look()

    def show(self, group, lamp):
        self.lamps[group], self.age_s[group] = lamp, 0

    @rule(seconds=st.integers(2, 9))
    def minutes(self, seconds):
        for _ in range(seconds):
            self.second()

    @rule(later_s=st.sampled_from([-2, -1, 0, 0, 1, 4, 20]), astray=st.booleans())
    def decide(self, later_s, astray):
        """The planner asks for a change of stage, sensible or not."""
        green = self.turn
        change = Change({green: 0}, {1 - green: INTERGREEN_S})
        if self.lamps[green] is Lamp.GREEN and self.linked:
            soonest_s = self.ledger.earliest_change_s(change, self.at_s)
            begin_s = max(self.at_s + 1, self.at_s + 5 - self.age_s[green], soonest_s) + later_s
            enough = begin_s > self.at_s and self.age_s[green] + begin_s - self.at_s >= 5
            stage = green if astray else 1 - green
            if enough and self.ledger.commit_change(change, begin_s, stage):
                self.begin_s = begin_s
        self.recheck()

    @rule()
    def end_without_asking(self):
        """Something wants the green to end; it may, only where nothing was shown."""
        self.wants_end = True

    @rule()
    def emergency(self):
        self.ledger.blank(Reason.PREEMPT)
        self.wants_end, self.begin_s = True, None
        self.recheck()
        assert all(number is None for number, _ in self.shown.values())

    @rule(seconds=st.integers(1, 8))
    def lose_the_link(self, seconds):
        self.linked, self.begin_s = False, None
        self.minutes(seconds)
        self.linked = True

    @rule(seconds=st.integers(1, 3))
    def flash(self, seconds):
        self.lamps = [Lamp.FLASH, Lamp.FLASH]
        for _ in range(seconds):
            self.at_s += 1
            self.look()
            assert all(number is None for number, _ in self.shown.values())
        self.at_s += 1
        self.lamps, self.age_s = [Lamp.GREEN, Lamp.RED], [0, 9]
        self.turn, self.ended_s, self.begin_s = 0, -99, None
        self.look()

    @invariant()
    def the_promised_stage_stands(self):
        """I13: from the first number until it is executed, or the display went blank."""
        stage = self.ledger.next_stage
        counting = any(number is not None for number, _ in self.shown.values())
        if counting and self.promised_stage is not None and self.was_counting:
            assert stage == self.promised_stage
        self.promised_stage, self.was_counting = stage, counting


def test_a_green_that_ends_as_the_link_is_lost_breaks_no_promise():
    state = Crossing()
    state.open(last=(3, 0))
    state.emergency()
    state.flash(seconds=1)
    state.decide(astray=False, later_s=4)
    state.minutes(seconds=6)
    state.lose_the_link(seconds=1)


Crossing.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestPromises = Crossing.TestCase
