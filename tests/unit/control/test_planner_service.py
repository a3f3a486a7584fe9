"""Words between gateway and planner, what is asked of a strategy, and the fingerprint."""

import dataclasses
import logging
import re

import msgspec
import numpy as np
import pytest

from control import planner_words as words
from control.fingerprint import BITS, fingerprint, spelt
from control.model import Detector, Lamp, Role, SignalGroup
from control.observe import BusCall, Observation
from control.planner_words import Asked, Begin, Bus, Failed, Garbled, Promise, Ready, Seen
from control.requests import Request
from control.service import Desk
from tests.integration.signals.crossing import WALK, E, N, S, W, crossing

RED, GREEN = Lamp.RED, Lamp.GREEN
NS, EW = 0, 1


def observed(*, green=(), age_s=0, busy=(), at_s=0, **more):
    """Detectors of `busy` groups are covered, the others free; the rest is red."""
    plan = crossing()
    covered = [float(bool(detector.groups & set(busy))) for detector in plan.detectors]
    return Observation(
        at_s,
        tuple(GREEN if g in green else RED for g in range(5)),
        (age_s,) * 5,
        np.zeros(len(covered)),
        np.array(covered),
        **more,
    )


# Words


@pytest.mark.parametrize(
    "word",
    [
        Begin(words.VERSION, "t", crossing()),
        Ready("Actuated"),
        Seen(7, 9000, (0, 2), (3, 4), (1.0, None), (0.5, None), (1,), 0),
        Seen(7, 9000, (0,), (3,), (), (), buses=(Bus("line 8", 0, 20, 90, 35.0),)),
        Asked(
            7, 1, Request(3, 9000, "t", hold=frozenset({1})), (Promise(0, begins=False, in_s=9),)
        ),
        Failed(7, "ValueError: no"),
    ],
)
def test_a_word_comes_back_as_it_was_said(word):
    framed = words.frame(word)
    assert words.length_of(framed[:4]) == len(framed) - 4
    assert words.word_of(framed[4:]) == word


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x93\x01\x02\x03", words.frame(Ready("x"))[4:-1]])
def test_what_is_no_word_is_told(body):
    with pytest.raises(Garbled):
        words.word_of(body)


def test_no_word_is_longer_than_its_bound():
    with pytest.raises(Garbled, match="a message of 4294967295 bytes"):
        words.length_of(b"\xff\xff\xff\xff")


def test_what_a_detector_did_not_say_stays_unsaid():
    seen = observed(busy=[N], calls=frozenset({E}), preempt=W)
    seen.occupancy[1] = np.nan
    there = words.observation(words.seen(seen, 5))
    assert np.isnan(there.occupancy).tolist() == [False, True, False, False, False]
    assert there.occupancy[0] == 1.0
    assert (there.lamps, there.calls, there.preempt) == (seen.lamps, seen.calls, W)


def calling(*, arrives_s=20, persons=35.0, group=0):
    return BusCall(f"bus at {arrives_s}", group, arrives_s, 90, persons)


def test_the_calls_of_buses_cross_the_line_as_they_are():
    seen = observed(buses=(calling(), calling(arrives_s=30, persons=0.0)))
    assert words.observation(words.seen(seen, 5)).buses == seen.buses


def test_an_older_gateway_says_nothing_of_buses():
    told = words.seen(observed(), 5)
    plain = {f: getattr(told, f) for f in told.__struct_fields__ if f != "buses"}
    body = msgspec.msgpack.encode({"type": "Seen", **plain})
    assert words.word_of(body) == told


def test_of_too_many_buses_the_soonest_are_told():
    seen = observed(buses=tuple(calling(arrives_s=at_s) for at_s in range(99, 0, -1)))
    told = words.seen(seen, 5)
    assert [bus.arrives_s for bus in told.buses] == list(range(1, words.MOST_BUSES + 1))
    assert words.word_of(words.frame(told)[4:]) == told


def test_more_buses_than_any_gateway_tells_are_refused():
    told = words.seen(observed(), 5)
    bus = Bus("b", 0, 20, 90, 35.0)
    flood = msgspec.structs.replace(told, buses=(bus,) * (words.MOST_BUSES + 1))
    with pytest.raises(Garbled, match="length <= 16"):
        words.word_of(words.frame(flood)[4:])


@pytest.mark.parametrize(
    ("bus", "sentence"),
    [
        (Bus("8", -1, 20, 90, 35.0), "bus call '8': group -1; groups count from 0"),
        (Bus("8", 0, 20, 90, 301.0), "bus call '8': 301 persons; 0 to 300 can be aboard"),
        (Bus("8", 0, 20, 90, float("nan")), "bus call '8': nan persons"),
        (Bus("", 0, 20, 90, 35.0), "0 letters for an id; give it 1 to 64"),
        (Bus("8" * 65, 0, 20, 90, 35.0), "65 letters for an id"),
    ],
)
def test_a_bus_that_cannot_be_is_refused_with_a_sentence(bus, sentence):
    told = msgspec.structs.replace(words.seen(observed(), 5), buses=(bus,))
    with pytest.raises(ValueError, match=re.escape(sentence)):
        words.observation(words.word_of(words.frame(told)[4:]))


# What is asked of a strategy


def begun(strategy):
    return Desk(Begin(words.VERSION, "token", crossing()), strategy)


class Fixed:
    def __init__(self, junction):
        self.stage = EW

    def decide(self, seen):
        return self.stage


def test_a_stage_becomes_a_request_that_bears_token_number_and_expiry():
    desk = begun(Fixed)
    told = words.seen(observed(green=[N, S, WALK], age_s=20), 1234)
    first, second = desk.answer(told), desk.answer(told)
    assert (first.request.token, first.request.expires_ms) == ("token", 1234)
    assert second.request.sequence == first.request.sequence + 1
    # nobody is called while what conflicts with it stands green
    assert first.request.call == frozenset()
    cleared = desk.answer(words.seen(observed(green=[], age_s=20), 1234))
    assert cleared.request.call == frozenset({E, W})
    assert first.request.omit == frozenset({N, S, WALK})
    assert WALK in first.request.force_off
    assert first.promises == ()


class Broken:
    def __init__(self, junction):
        pass

    def decide(self, seen):
        raise ZeroDivisionError("nobody")


def test_a_strategy_that_raises_is_told_and_goes_on(caplog):
    caplog.set_level(logging.CRITICAL)
    desk = begun(Broken)
    told = words.seen(observed(at_s=4), 1234)
    assert desk.answer(told) == Failed(4, "ZeroDivisionError: nobody")
    assert isinstance(desk.answer(told), Failed)


# Fingerprint


def test_every_second_of_the_configuration_shows_in_the_fingerprint():
    plan = crossing()
    groups = (SignalGroup("n", 4, 7), *plan.groups[1:])
    others = [
        dataclasses.replace(plan, groups=groups),
        dataclasses.replace(plan, startup_red_s=6),
        dataclasses.replace(plan, start_stage=1),
        dataclasses.replace(plan, intergreen_s={**plan.intergreen_s, (N, E): 6}),
        dataclasses.replace(plan, countdowns=()),
        dataclasses.replace(plan, yields=frozenset({(N, S)})),
    ]
    prints = {fingerprint(each) for each in (plan, *others)}
    assert len(prints) == 1 + len(others)
    assert all(0 <= number < 2**BITS for number in prints)


def test_detectors_may_be_moved_without_touching_it():
    plan = crossing()
    more = (*plan.detectors, Detector("exit", Role.EXIT, frozenset({N}), 30.0))
    assert fingerprint(dataclasses.replace(plan, detectors=more)) == fingerprint(plan)
    assert spelt(255) == "0000000000ff"
