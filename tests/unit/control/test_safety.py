"""The shield's looks, takeovers and refusals; control.safety_duty has its own tests."""

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
Rig = rig.Rig


def steering(lamps="GRRR", seconds=1, **changed):
    made = Rig(**changed)
    made.hold(lamps, seconds)
    assert made.state.mode is Mode.STEERING
    return made


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


def released(r):
    return r.state.mode is Mode.RELEASED and r.told == LOCAL and "I16" in r.why


def test_lamps_that_no_sound_controller_shows_release_control():
    for before, seconds, after in (
        ("GRRR", 9, "GRGR"),  # conflict
        ("GRRR", 9, "GRYR"),  # conflict with a yellow
        ("GRRR", 9, "RRRR"),  # no yellow
        ("RRRR", 9, "RRYR"),  # no green
    ):
        r = Rig()
        r.hold(before, seconds)
        r.tick(after)
        assert released(r), (before, after)


def walked(*looks, after_ms=1_000):
    """Released on the last look, and not before."""
    r = Rig()
    r.hold("GGRR", 9)
    for lamps, asked in looks[:-1]:
        r.tick(lamps, after_ms=after_ms, **asked)
        assert r.state.mode is Mode.STEERING, (lamps, r.verdicts)
    r.tick(looks[-1][0], after_ms=after_ms)
    return released(r)


END = ({"force_off": {0, 1}}, {"call": {2}})


def test_yellow_and_clearance_are_measured_on_the_lamps():
    ending = [("GGRR", END[0]), ("YYRR", {})]
    assert walked(*ending, ("RRRR", {}))
    assert not walked(*ending, ("YYRR", {}), ("RRRR", {}))
    assert walked(*ending, ("GYRR", {}))
    yellow = [("YYRR", {})] * 2
    assert walked(*ending, *yellow, ("RRGR", {}))
    assert not walked(*ending, *yellow, ("RRRR", {}), ("RRGR", {}))
    assert walked(*ending, *yellow, ("GRRR", {}))
    assert not walked(*ending, *yellow, ("RRRR", {}), ("GRRR", {}))


def test_exact_limits_of_what_can_have_been():
    # the end is seen 1 s after the last green, so yellow began within that second
    for part_ms, wrong in ((1_999, True), (2_000, False)):
        r = Rig()
        r.hold("GGRR", 9)
        r.tick("GGRR", force_off={0, 1})
        r.tick("YYRR")
        r.tick("YYRR", after_ms=1_000)
        r.tick("RRRR", after_ms=part_ms - 1_000)
        assert released(r) is wrong, part_ms
    for part_ms, wrong in ((999, True), (1_000, False)):
        for lamps in ("RRGR", "GRRR"):
            r = Rig()
            r.hold("GGRR", 9)
            r.tick("GGRR", force_off={0, 1})
            r.hold("YYRR", 3)
            r.tick("RRRR")
            r.tick(lamps, after_ms=part_ms)
            assert released(r) is wrong, (lamps, part_ms)


def test_a_late_look_accuses_nobody():
    for lamps, after_ms, wrong in (
        ("RRRR", 2_999, True),
        ("RRRR", 3_000, False),
        ("RRYR", 6_999, True),
        ("RRYR", 7_000, False),
    ):
        r = Rig()
        r.hold("GRRR" if lamps == "RRRR" else "RRRR", 9)
        r.tick(lamps, after_ms=after_ms)
        assert released(r) is wrong, (lamps, after_ms)


def test_a_clearance_that_a_late_look_missed():
    for before in ("GRRR", "RGRR"):
        for after_ms, wrong in ((4_999, True), (5_000, False)):
            r = Rig()
            r.hold(before, 9)
            r.tick("RRGR", after_ms=after_ms)
            assert released(r) is wrong, (before, after_ms)


def test_clocks_after_a_gap():
    r = Rig()
    r.hold("GRRR", 9)
    r.tick("GRRR", after_ms=5_001)
    # a green may have come back in 5 s, a red may hide a green only as long as its minimum
    assert r.state.least_ms == (0, 5_000, 5_000, 6_000)
    assert r.state.most_ms == (28_000, 5_000, 5_000, 6_000)
    r.hold("GRRR", 4)
    r.tick("GRRR", after_ms=7_001)
    assert r.state.least_ms == (0, 0, 0, 6_000)


def test_a_green_that_was_held_must_stand():
    r = Rig()
    r.hold("GRRR", 2)
    r.tick("YRRR")
    assert released(r)
    r = Rig()
    r.hold("GRRR", 1)
    r.tick("YRRR")  # the takeover may have crossed with the controller's own end
    assert r.state.mode is Mode.STEERING
    r = Rig()
    r.hold("GRRR", 9, remote=False)
    r.tick("YRRR")
    assert r.state.mode is Mode.STEERING


def test_a_group_that_was_omitted_must_wait():
    r = Rig()
    r.hold("RRRR", 9, omit={2, 3})
    r.tick("RRGR")
    assert released(r)
    r = Rig()
    r.hold("RRRR", 9)
    r.tick("RRRR", omit={2})
    r.tick("RRGR")  # omitted by one word only, which may have come too late
    assert r.state.mode is Mode.STEERING
    r = Rig()
    r.hold("RRRR", 9, omit={2})
    r.tick("RRRR")
    r.tick("RRGR")
    assert r.state.mode is Mode.STEERING
    r = Rig()
    r.hold("RRRR", 9, omit={2})
    r.tick(None, omit={2})
    r.tick("RRGR")
    assert r.state.mode is Mode.STEERING


def test_a_green_told_to_end_must_end():
    r = steering(seconds=9)
    r.tick("GRRR", force_off={0})
    assert r.told.force_off == {0}
    r.tick("GRRR")  # asked again: the end of a green is not taken back
    assert r.told.force_off == {0}
    assert r.told.hold == set()
    r.tick("GRRR", after_ms=500)
    assert r.state.mode is Mode.STEERING
    r.tick("GRRR", after_ms=1)
    assert released(r)


def test_disobedience_is_counted_anew_after_a_missing_look():
    r = steering(seconds=9)
    r.tick("GRRR", force_off={0})
    r.tick("GRRR")
    r.tick(None, after_ms=400)
    r.tick("GRRR", after_ms=1_000)
    r.tick("GRRR", after_ms=1_500)
    assert r.state.mode is Mode.STEERING
    r.tick("GRRR", after_ms=1)
    assert released(r)


def test_after_a_long_gap_nothing_told_explains_the_lamps():
    r = steering(seconds=9)
    r.tick("GRRR", force_off={0}, life_ms=1_000)
    r.tick("GRRR", after_ms=1_501, silent=True)
    assert r.state.mode is Mode.STEERING
    assert r.told.force_off == set()
    r = steering(seconds=9)
    r.tick("GRRR", force_off={0}, life_ms=1_000)
    r.tick("GRRR", after_ms=1_500, silent=True)
    assert r.told.force_off == {0}


def test_a_release_needs_a_takeover_and_the_third_an_operator():
    r = Rig()
    r.hold("GRRR", 9)
    for strike, mode in enumerate((Mode.RELEASED, Mode.RELEASED, Mode.LOCKED), start=1):
        r.tick("GRGR")
        assert r.state.mode is mode
        assert len(r.state.strikes) == strike
        assert r.tick("GRRR", after_ms=20_000) == LOCAL
        assert r.why == {"I16"}
        assert r.state.mode is mode
        r.state = r.shield.take_over(r.state, "t")
        r.tick("GRRR", after_ms=1_000, sequence=strike)
    assert r.state.mode is Mode.LOCKED
    r.tick("GRGR")
    assert r.state.mode is Mode.LOCKED
    r.state = r.shield.reset(r.state, "t")
    assert r.tick("GRRR", sequence=1, after_ms=20_000).remote
    assert r.state.strikes == ()


def test_ten_minutes_to_the_millisecond():
    for last_ms, mode in ((599_999, Mode.LOCKED), (600_000, Mode.RELEASED)):
        r = Rig()
        r.tick("GRRR")
        for after_ms in (1_000, 300_000, last_ms - 300_000):
            r.state = r.shield.take_over(r.state, "t")
            r.tick("GRGR", after_ms=after_ms, silent=True)
        assert r.state.mode is mode


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


def test_a_release_is_kept_whatever_comes():
    r = steering(seconds=9)
    r.tick("GRGR")
    assert r.verdicts[0].reason.startswith("control released: group 0 is shown together")
    for asked in ({"flash": True}, {"config_hash": "x"}, {"lamps": None}, {"lamps": "GRGR"}):
        r.tick(**{"lamps": "GRRR", **asked})
        assert r.state.mode is Mode.RELEASED
        assert r.why == {"I16"}
        assert len(r.state.strikes) == 1
        assert not any("control" in v.reason and "over anew" not in v.reason for v in r.verdicts)


def test_giving_back_is_said_once():
    r = steering()
    r.tick("GRRR", flash=True, silent=True)
    assert [v.reason for v in r.verdicts] == [
        "control given back: the controller flashes or has a fault"
    ]
    r.tick("GRRR", flash=True, silent=True)
    assert r.verdicts == ()


def test_old_disagreements_are_forgiven():
    r = Rig()
    r.tick("GRRR")
    for after_ms in (1_000, 300_000, 300_000, 1_000):
        r.tick("GRGR", after_ms=after_ms)
        last = r.state.mode
        r.state = r.shield.take_over(r.state, "t")
        r.sequence = 0
    # the third comes 600.0 s after the first, the fourth within 600 s of two others
    assert last is Mode.LOCKED
    assert len(r.state.strikes) == 3


def test_a_takeover_voids_the_token_and_keeps_the_clocks():
    r = steering(seconds=4)
    r.state = r.shield.take_over(r.state, "new")
    assert r.state.mode is Mode.WATCHING
    r.tick("GRRR")
    assert r.why == {"I14"}
    r.tick("GRRR", token="new", sequence=0, force_off={0})
    assert r.told.force_off == {0}  # green for 5 s, most of it before the takeover


def test_a_controller_that_does_not_obey_is_not_accused():
    r = Rig()
    r.hold("GRRR", 9, remote=False, force_off={0})
    assert r.state.mode is Mode.STEERING
    assert r.state.steered == 1
    r.tick("GRRR", remote=False)
    assert r.told.force_off == set()


def test_a_late_look_begins_the_green_anew():
    r = Rig()
    r.hold("GRRR", 9)
    r.tick("GRRR", after_ms=5_000, silent=True)
    r.tick("GRRR", after_ms=1, force_off={0})
    assert r.told.force_off == {0}
    r = Rig()
    r.hold("GRRR", 9)
    r.tick("GRRR", after_ms=5_001, force_off={0})
    assert r.told.force_off == set()  # it may have ended and begun again
    assert "I6" in r.why


def test_the_clocks_stop_at_their_caps():
    r = Rig()
    r.hold("GRRR", 60, omit={2}, calls={2} - {2})
    assert r.state.least_ms == (28_000, 5_000, 5_000, 6_000)
    assert r.state.most_ms == (28_000, 5_000, 5_000, 6_000)
    r.tick(None, after_ms=90_000)
    assert r.state.lag_ms == 30_000
