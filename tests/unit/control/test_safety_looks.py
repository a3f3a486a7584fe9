"""What the shield reads from the lamps, and whom it accuses."""

import importlib.util
from pathlib import Path

from control.requests import LOCAL
from control.safety import Mode

_spec = importlib.util.spec_from_file_location(
    "safety_rig", Path(__file__).with_name("safety_rig.py")
)
rig = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rig)
Rig, steering, released = rig.Rig, rig.steering, rig.released


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


def test_a_missing_look_forgives_one_more_word():
    r = Rig()
    r.hold("RRRR", 9, omit={2})
    r.tick(None, omit={2})
    assert (r.state.omitted, r.state.barred) == (0, 0)
    r.tick("RRRR", omit={2})
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
