"""Requests, takeovers and the ways in which control is given back."""

import importlib.util
from pathlib import Path

from control.model import Lamp
from control.requests import LOCAL, Actuation
from control.safety import Mode, ReadBack

_spec = importlib.util.spec_from_file_location(
    "safety_rig", Path(__file__).with_name("safety_rig.py")
)
rig = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rig)
Rig, steering = rig.Rig, rig.steering


def test_nothing_is_commanded_before_the_lamps_were_read():
    r = Rig()
    assert r.tick(None) == LOCAL
    assert r.why == {"I19"}
    assert r.state.mode is Mode.WATCHING
    assert r.tick("GRRR").remote
    assert r.verdicts[0].accepted
    assert r.told.hold == {0}


def test_a_start_knows_nothing():
    state = Rig().state
    assert (state.now_ms, state.lag_ms, state.green, state.yellow) == (0, 0, 0, 0)
    assert (state.ending, state.omitted, state.barred, state.steered, state.odd_ms) == (0,) * 5
    assert state.least_ms == state.most_ms == (0, 0, 0, 0)
    assert (state.sequence, state.silent_ms) == (-1, 2_000)
    assert Rig().tick("GRRR", sequence=0).remote
    assert not state.known
    assert state.wait_ms == (-1, -1, -1, -1)


def test_another_configuration_is_never_commanded():
    r = Rig()
    assert r.tick("GRRR", config_hash="x") == LOCAL
    assert r.why == {"I19"}
    r = steering()
    assert r.tick("GRRR", config_hash="x") == LOCAL
    assert r.state.mode is Mode.WATCHING
    assert [v.accepted for v in r.verdicts] == [False, False]
    assert r.verdicts[0].reason.startswith("control given back")
    assert r.tick("GRRR").remote


def test_a_malformed_look_is_no_look():
    good = (Lamp.GREEN, Lamp.RED, Lamp.RED, Lamp.RED)
    for bad in (
        "GRRR",
        ReadBack(good[:3], True, "h"),
        ReadBack((*good[:3], 0), True, "h"),
        ReadBack(list(good), True, "h"),
        ReadBack(good, True, "h", calls={1}),
        ReadBack(good, True, "h", calls=frozenset({4})),
        ReadBack(good, True, "h", calls=frozenset({-1})),
        ReadBack(good, True, "h", calls=frozenset({True})),
        ReadBack(good, True, "h", age_ms=-1),
        ReadBack(good, True, "h", age_ms=1.0),
    ):
        r = Rig()
        assert r.tick("", seen=bad) == LOCAL, bad
        assert not r.state.known
    r = Rig()
    assert r.tick("", seen=ReadBack(good, True, "h", calls=frozenset({0, 3}), age_ms=0)).remote


def test_a_second_without_a_look_changes_nothing():
    r = steering(seconds=9)
    r.tick(None, force_off={0})
    assert r.told == Actuation(hold=frozenset({0}), omit=frozenset(range(4)), remote=True)
    assert r.why == {"I19"}
    r.tick(None, after_ms=500, force_off={0})
    assert r.told.remote
    r.tick(None, after_ms=1)
    assert r.told == LOCAL
    assert r.state.mode is Mode.WATCHING


def test_an_old_look_ends_steering():
    r = steering(seconds=4)
    assert r.tick("GRRR", age_ms=1_000).remote
    r = Rig()
    assert r.tick("GRRR", after_ms=5_000, age_ms=1_500).remote
    r = Rig()
    assert r.tick("GRRR", after_ms=5_000, age_ms=1_501) == LOCAL
    assert r.why == {"I19"}


def test_a_look_from_before_the_last_is_not_used():
    r = steering(seconds=3)
    r.tick("GRRR", after_ms=500, age_ms=501)
    assert r.state.lag_ms == 500
    r.tick("GRRR", after_ms=100, age_ms=600)
    assert r.state.lag_ms == 600


def test_a_clock_that_goes_back_gives_no_time_and_no_look():
    r = steering(seconds=6)
    state, told, _ = r.shield.step(r.state, r.look("YRRR"), None, r.now_ms - 1)
    assert state.now_ms == r.now_ms
    assert state.green == 1
    assert told.hold == {0}
    assert told.remote


def test_requests_that_are_refused_and_why():
    for change, invariant in (
        ({"sequence": 1}, "I14"),
        ({"token": "other"}, "I14"),
        ({"life_ms": 0}, "I14"),
        ({"life_ms": 2_001}, "I14"),
        ({"hold": {0}, "force_off": {0, 1}}, "I14"),
        ({"omit": {0}, "call": {0}}, "I14"),
        ({"pattern": 255}, "I14"),
        ({"pattern": 1}, "I14"),
        ({"pattern": 254, "hold": {0}}, "I14"),
        ({"pattern": 254, "force_off": {0}}, "I14"),
        ({"pattern": 254, "omit": {0}}, "I14"),
        ({"pattern": 254, "call": {0}}, "I14"),
        ({"pattern": -1}, "I17"),
        ({"pattern": 1.0}, "I17"),
        ({"sequence": 9.0}, "I17"),
        ({"sequence": True}, "I17"),
        ({"life_ms": 1.5}, "I17"),
        ({"hold": {4}}, "I17"),
        ({"omit": {-1}}, "I17"),
        ({"call": {True}}, "I17"),
        ({"force_off": [0]}, "I17"),
    ):
        r = steering()
        before = r.state
        r.tick("GRRR", **change)
        assert r.why == {invariant}, change
        assert r.state.sequence == before.sequence
        assert r.state.standing == before.standing
        assert r.state.silent_ms == 1_000
    r = steering()
    r.state, _, verdicts = r.shield.step(r.state, r.look("GRRR"), "end", r.now_ms)
    assert verdicts[0][:2] == (1, False)
    assert verdicts[0].invariant == "I17"


def test_requests_that_are_taken():
    for change in ({"life_ms": 1}, {"life_ms": 2_000}, {"hold": {0}, "call": {1}}, {"omit": {0}}):
        r = steering()
        r.tick("GRRR", **change)
        assert not r.why, change
        assert r.state.sequence == 2
        assert r.verdicts[0] == (2, True, "", "")


def test_a_refusal_bears_the_number_of_what_was_refused():
    r = steering()
    r.tick("GRRR", sequence=77, token="other")
    assert r.verdicts[0].sequence == 77
    r.tick("GRRR", sequence="x")
    assert r.verdicts[0].sequence == 1


def test_silence_of_two_seconds_gives_control_back():
    r = steering()
    assert r.tick("GRRR", silent=True).remote
    assert r.tick("GRRR", after_ms=999, silent=True).remote
    assert r.tick("GRRR", after_ms=1, silent=True) == LOCAL
    assert r.why == {"I15"}
    assert r.state.mode is Mode.WATCHING
    assert r.tick("GRRR").remote


def test_a_request_stands_until_it_expires():
    r = steering(seconds=6)
    r.tick("GRRR", omit={3}, life_ms=1_001)
    assert 3 in r.told.omit
    assert 3 in r.tick("GRRR", silent=True).omit
    r.tick("GRRR", after_ms=1, silent=True)
    assert 3 not in r.told.omit
    assert r.told.remote


def test_a_pattern_leaves_the_lamps_to_the_controller():
    r = steering()
    assert r.tick("GRRR", pattern=254) == Actuation(pattern=254)
    assert r.state.mode is Mode.WATCHING
    assert r.tick("GRRR", silent=True) == Actuation(pattern=254)
    assert r.tick("GRRR", silent=True) == LOCAL
    assert r.tick("GRRR", pattern=0) == Actuation(pattern=0)
    assert r.tick("GRRR", pattern=254, flash=True) == LOCAL
    r = Rig(plans=(object(),))
    assert r.tick("GRRR", pattern=1) == Actuation(pattern=1)
    r.tick("GRRR", pattern=2)
    assert r.why == {"I14"}


def test_flash_is_left_through_start_up_only():
    for changed in ({"flash": True}, {"fault": True}):
        r = steering()
        assert r.tick("GRRR", **changed) == LOCAL
        assert r.why == {"I18"}
        assert r.state.mode is Mode.WATCHING
    for lamps in ("FFFF", "GRRD"):
        r = steering("RRRR", seconds=9)
        assert r.tick(lamps) == LOCAL
        assert r.why == {"I18"}
        assert r.tick("GRRR") == LOCAL  # not all red: start-up has not begun
        assert r.why == {"I18"}
        assert r.hold("YRRR", 3) == LOCAL
        assert r.tick("RRRR") == LOCAL
        r.hold("RRRR", 4)
        assert r.told == LOCAL
        assert r.why == {"I18"}
        r.tick("RRRR", after_ms=999)
        assert r.told == LOCAL
        r.tick("RRRR", after_ms=1)
        assert r.told.remote
        assert not r.state.strikes


def test_letting_go_forgets_what_was_told():
    r = steering(seconds=9)
    r.tick("GRRR", omit={1})
    r.tick("GRRR", omit={1}, force_off={0})
    r.tick("GRRR", flash=True)
    state = r.state
    assert (state.ending, state.omitted, state.barred, state.steered, state.odd_ms) == (0,) * 5
    assert state.standing is None or state.standing.sequence == r.sequence
    r = steering(seconds=9)
    r.tick("GRRR", omit={1})
    r.tick("GRRR", omit={1}, force_off={0})
    r.tick("GRRR", omit={1}, silent=True, remote=False)
    assert (r.state.barred, r.state.steered) == (0, 1)


def test_nothing_stands_after_a_wish_has_expired():
    for lamps in ("GRRR", "RRRR"):
        r = steering(lamps, seconds=9)
        r.tick(lamps, life_ms=500)
        r.tick(lamps, silent=True)
        assert r.told.remote
        assert r.told.force_off | r.told.omit | r.told.call == set()


def test_flash_has_no_greens():
    r = steering("GYRR")
    r.tick("GYRR", flash=True)
    assert (r.state.green, r.state.yellow) == (0, 0)


def test_words_are_counted_to_two():
    assert steering(seconds=9).state.steered == 2


def test_numbers_begin_at_zero():
    for anew in (
        lambda r: r.shield.take_over(r.state, "t"),
        lambda r: r.shield.reset(r.state, "t"),
    ):
        r = steering()
        r.state = anew(r)
        r.tick("GRRR", sequence=-1)
        assert r.why == {"I14"}
        assert r.tick("GRRR", sequence=0).remote


def test_giving_back_is_said_once():
    r = steering()
    r.tick("GRRR", flash=True, silent=True)
    assert [v.reason for v in r.verdicts] == [
        "control given back: the controller flashes or has a fault"
    ]
    r.tick("GRRR", flash=True, silent=True)
    assert r.verdicts == ()


def test_a_takeover_voids_the_token_and_keeps_the_clocks():
    r = steering(seconds=4)
    r.state = r.shield.take_over(r.state, "new")
    assert r.state.mode is Mode.WATCHING
    r.tick("GRRR")
    assert r.why == {"I14"}
    r.tick("GRRR", token="new", sequence=0, force_off={0})
    assert r.told.force_off == {0}  # green for 5 s, most of it before the takeover
