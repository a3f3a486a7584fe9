"""What the summaries book is what the meter measured, whatever its register went through."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.model.clock import NS_PER_S, ClockQuality, Instant
from edge.model.event import EventKind
from edge.model.message import Lane
from edge.model.point import Columns, Kind, Point
from edge.model.scan import Scan
from edge.summarise.summariser import Summariser

BEGIN = 1_700_006_400
APART = 6
"""Polls between two troubles: what a rule needs to be sure of the first."""


class Meter:
    """A register beside the truth: what the readings of it can prove to have been consumed."""

    def __init__(self, register, modulus=0):
        self.register, self.modulus = register, modulus
        self.proven = 0
        self._unread = 0
        self._is_new = False

    def consume(self, amount):
        self.register += amount
        if self.modulus:
            self.register %= self.modulus
        self._unread += amount

    def reset(self):
        """What was counted before the first reading after it nobody can know."""
        self.register = 0
        self._is_new = True

    def read(self):
        if not self._is_new:
            self.proven += self._unread
        self._unread, self._is_new = 0, False
        return float(self.register)


amounts = st.lists(st.integers(1, 5), min_size=APART, max_size=APART)
TROUBLES = ("none", "glitch", "bad", "two bad", "reset", "long gap")


def play(meter, troubles, limit):
    """Polls of one meter at 1 Hz; the letters, and how many resets there were."""
    point = Point("m", "total", Kind.COUNTER, unit="L", rate_limit=limit, modulus=meter.modulus)
    columns = Columns("m", (point,), period_s=1.0, window_s=4.0)
    summariser, letters = Summariser({"m": columns}), []
    at_s, resets = 0, 0

    def poll(value, quality=192):
        nonlocal at_s
        at_s += 1
        letters.extend(
            summariser.absorb(
                Scan(
                    columns,
                    Instant((BEGIN + at_s) * NS_PER_S),
                    at_s * NS_PER_S,
                    "boot",
                    ClockQuality.SYNCED,
                    np.array([value]),
                    np.array([quality], np.uint8),
                )
            )
        )

    poll(meter.read())
    for trouble, steps in troubles:
        for number, amount in enumerate(steps):
            # three readings after a reset the meter must still be below where it was
            if number == 0 and trouble == "reset" and not meter.modulus and meter.register > 20:
                meter.reset()
                resets += 1
            meter.consume(amount)
            # a zero within the rate limit of the top is a rollover for anyone who looks at it
            far_from_top = not meter.modulus or meter.register < meter.modulus * 0.9
            if number == 0 and trouble == "glitch" and far_from_top:
                poll(0.0)
            elif (number == 0 and "bad" in trouble) or (number == 1 and trouble == "two bad"):
                poll(float("nan"), quality=2)
            elif number == 0 and trouble == "long gap":
                at_s += 30
                poll(meter.read())
            else:
                poll(meter.read())
    for settling in range(2 * APART):
        # a turn so late that three readings have not yet confirmed it would be a matter of luck
        if settling < APART or meter.register < APART:
            meter.consume(1)
            poll(meter.read())
    letters += summariser.close_until(Instant((BEGIN + at_s + 1000) * NS_PER_S))
    return letters, resets


def booked(letters):
    return sum(float(x.body.delta[0]) for x in letters if x.lane is Lane.INTERVAL)


def kinds(letters):
    return [x.body.kind for x in letters if x.lane is Lane.EVENT]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.sampled_from(TROUBLES), amounts), min_size=1, max_size=12),
    st.integers(1000, 10**15),
    st.sampled_from([8.0, float("inf")]),
)
def test_books_the_truth_through_resets_glitches_and_bad_cells(troubles, register, limit):
    meter = Meter(register)
    letters, resets = play(meter, troubles, limit)
    assert booked(letters) == meter.proven
    assert kinds(letters).count(EventKind.COUNTER_RESET) == resets
    last = [x.body for x in letters if x.lane is Lane.INTERVAL][-1]
    assert last.counter_epoch[0] == resets


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.sampled_from(TROUBLES), amounts), min_size=1, max_size=25),
    st.sampled_from([512, 2**16, 2**32, 10**9]),
    st.integers(1, 300),
    st.sampled_from([8.0, float("inf")]),
)
def test_books_the_truth_through_rollovers(troubles, modulus, below_top, limit):
    meter = Meter(modulus - below_top, modulus)
    letters, _ = play(meter, troubles, limit)
    assert booked(letters) == meter.proven
    assert EventKind.COUNTER_RESET not in kinds(letters)
    if below_top < len(troubles) * APART:
        assert EventKind.COUNTER_ROLLOVER in kinds(letters)
