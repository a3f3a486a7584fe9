"""Tries are apart by a second, by a minute at most, and never in step."""

import random

from drivers.link import Backoff


def waits(backoff, count):
    now_s, found = 100.0, []
    for _ in range(count):
        backoff.tried(now_s)
        backoff.failed(now_s)
        wait_s = backoff.wait_s(now_s)
        found.append(wait_s)
        now_s += wait_s
    return found


def test_waits_lie_between_the_floor_and_the_cap():
    found = waits(Backoff(random.Random(3), floor_s=1.0, cap_s=60.0), 2000)
    assert min(found) >= 1.0
    assert max(found) <= 60.0
    assert sum(found[100:]) / 1900 > 20.0


def test_the_first_waits_are_short():
    assert waits(Backoff(random.Random(3)), 3)[0] <= 2.0


def test_two_clients_of_one_server_part():
    assert waits(Backoff(random.Random(1)), 9) != waits(Backoff(random.Random(2)), 9)


def test_success_makes_the_next_failure_the_first():
    backoff = Backoff(random.Random(3))
    waits(backoff, 50)
    backoff.succeeded()
    backoff.failed(1e6)
    assert backoff.failures == 1
    assert backoff.wait_s(1e6) <= 2.0


def test_a_try_that_succeeds_still_spaces_the_next():
    backoff = Backoff(random.Random(3))
    backoff.tried(10.0)
    backoff.succeeded()
    assert backoff.wait_s(10.25) == 0.75
    assert backoff.wait_s(11.0) == 0.0
