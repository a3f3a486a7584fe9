"""What a display has promised is kept, or declined at once."""

import importlib.util
from pathlib import Path

from control.safety import Commitment

_spec = importlib.util.spec_from_file_location(
    "safety_rig", Path(__file__).with_name("safety_rig.py")
)
rig = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rig)
Rig, slow = rig.Rig, rig.slow


def promise(r, group, begins, in_ms):
    return (Commitment(group, begins, r.now_ms + in_ms),)


def test_a_promised_end_comes_when_it_was_promised():
    r = Rig()
    r.hold("GRRR", 9)
    promised = promise(r, 0, begins=False, in_ms=3_000)
    r.tick("GRRR", promises=promised, force_off={0})
    assert r.told.force_off == set()
    assert r.why == {"I11"}
    r.tick("GRRR", promises=promised)
    r.tick("GRRR", after_ms=999, promises=promised, force_off={0})
    assert r.told.force_off == set()
    r.tick("GRRR", after_ms=1, promises=promised)
    assert r.told.force_off == {0}
    r.tick("YRRR", promises=promised)
    assert not r.why


def test_a_promised_begin_comes_when_it_was_promised():
    r = Rig()
    r.hold("GRRR", 9)
    promised = promise(r, 2, begins=True, in_ms=8_000)
    r.tick("GRRR", promises=promised, omit={0})
    assert r.told.omit == {0, 1, 2}  # 1 conflicts, and 2 itself must wait
    assert r.told.force_off == set()
    r.tick("GRRR", after_ms=999, promises=promised)
    assert r.told.force_off == set()
    r.tick("GRRR", after_ms=1, promises=promised)  # 5 s of intergreen and a second to act
    assert r.told.force_off == {0}
    r.tick("GRRR", promises=promised)
    assert r.told.force_off == {0}
    assert not r.why
    r = Rig()
    r.hold("GRRR", 9)
    promised = promise(r, 2, begins=True, in_ms=8_000)
    r.hold("GRRR", 2, promises=promised)
    r.hold("YRRR", 3, promises=promised, call={0, 1})
    assert {0, 1, 2} <= r.told.omit
    r.hold("RRRR", 2, promises=promised, omit={2})
    assert 2 in r.told.omit
    assert 2 not in r.told.call
    r.tick("RRRR", promises=promised, omit={2})
    assert r.told.omit == {0, 1}
    assert 2 in r.told.call
    assert not r.why
    r.tick("RRGR", promises=promised)
    assert not r.why
    assert r.told.hold == {2}


def declined(r, *promised, lamps="GRRR", **asked):
    r.tick(lamps, after_ms=0, promises=promised, **asked)
    return [v.reason for v in r.verdicts if v.invariant == "I11"]


def test_a_promise_before_the_minimum_green_is_declined():
    r = Rig()
    r.tick("GRRR")
    reasons = declined(r, Commitment(0, False, r.now_ms + 4_999))
    assert reasons == ["group 0 cannot change in 4999 ms: blank its display"]
    assert not declined(r, Commitment(0, False, r.now_ms + 5_000))


def test_a_promise_that_would_break_the_maximum_green_is_declined():
    r = Rig()
    r.hold("RRGR", 9)
    assert not declined(r, Commitment(2, False, r.now_ms + 28_000), lamps="RRGR")
    assert declined(r, Commitment(2, False, r.now_ms + 28_001), lamps="RRGR")
    r.tick("RRGR", after_ms=0, calls={0})
    r.hold("RRGR", 4)
    assert not declined(r, Commitment(2, False, r.now_ms + 24_000), lamps="RRGR")
    assert declined(r, Commitment(2, False, r.now_ms + 24_001), lamps="RRGR")


def test_a_promise_that_keeps_another_green_too_long_is_declined():
    r = Rig()
    r.hold("GGRR", 9)
    r.tick("GGRR", after_ms=0, calls={2})
    r.hold("GGRR", 4)
    # the left turn may stand 23 s beside a call and cannot end without the through
    assert not declined(r, Commitment(0, False, r.now_ms + 19_000), lamps="GGRR")
    assert declined(r, Commitment(0, False, r.now_ms + 19_001), lamps="GGRR")
    r = Rig()
    r.hold("GRRR", 9)
    # a left turn that begins later shares the limit
    assert not declined(r, Commitment(0, False, r.now_ms + 23_000))
    assert declined(r, Commitment(0, False, r.now_ms + 23_001))


def test_a_yielding_green_that_is_promised_to_end_takes_its_partner_along():
    r = Rig()
    r.hold("GGRR", 9)
    promised = promise(r, 1, begins=False, in_ms=1_000)
    r.tick("GGRR", after_ms=0, promises=promised, force_off={0})
    assert not r.why
    assert r.told.force_off == {0}
    r = Rig()
    r.hold("GGRR", 9)
    promised = promise(r, 1, begins=False, in_ms=1_000)
    r.tick("GGRR", promises=promised)
    assert r.told.force_off == {0, 1}
    r = Rig()
    r.hold("RRGG", 9)
    soon = r.now_ms + 3_000
    assert not declined(r, Commitment(2, False, soon), Commitment(3, False, soon), lamps="RRGG")


def test_a_promise_does_not_ask_after_strangers():
    r = Rig(groups=slow(g3={"maximum_green_s": 12}))
    r.hold("RRGG", 9)
    assert not declined(r, Commitment(2, False, r.now_ms + 15_000), lamps="RRGG")


def test_a_begin_after_a_ripe_green_needs_intergreen_and_a_word():
    r = Rig()
    r.hold("GRRR", 9)
    assert declined(r, Commitment(2, True, r.now_ms + 5_999))
    assert not declined(r, Commitment(2, True, r.now_ms + 6_000))


def test_promises_count_the_age_of_the_look():
    r = Rig()
    r.now_ms = 10_000
    r.hold("GRRR", 3, age_ms=1_000)  # green for 3 s of 5
    assert declined(r, Commitment(0, False, r.now_ms + 1_999), age_ms=1_000)
    assert not declined(r, Commitment(0, False, r.now_ms + 2_000), age_ms=1_000)
    r.hold("GRRR", 6, age_ms=1_000)
    r.tick("GRRR", age_ms=1_000, force_off={0})
    r.hold("YRRR", 2, age_ms=1_000)  # ended 2 s ago
    for group in (0, 2):
        soon = Commitment(group, True, r.now_ms + 2_999)
        assert declined(r, soon, lamps="YRRR", age_ms=1_000)
        assert not declined(
            r, soon._replace(change_ms=r.now_ms + 3_000), lamps="YRRR", age_ms=1_000
        )


def test_an_end_waits_for_what_must_end_with_it():
    r = Rig()
    r.hold("RGRR", 9)
    r.tick("GGRR")
    assert declined(r, Commitment(1, False, r.now_ms + 4_999), lamps="GGRR")
    assert not declined(r, Commitment(1, False, r.now_ms + 5_000), lamps="GGRR")


def test_a_word_under_way_needs_no_second_to_act():
    for left_ms, kept in ((5_000, True), (4_999, False)):
        r = Rig()
        r.hold("GRRR", 9)
        r.tick("GRRR", force_off={0})
        reasons = declined(r, Commitment(2, True, r.now_ms + left_ms))
        assert (not reasons) is kept


def test_priority_is_not_promised_beyond_what_yields_to_it():
    for first, then in ((0, 1), (1, 0)):
        r = Rig(yields=frozenset({(first, then)}))
        r.hold("GGRR", 9)
        soon = r.now_ms + 3_000
        both = Commitment(first, False, soon), Commitment(then, False, soon)
        assert declined(r, *both, lamps="GGRR") == [
            f"group {then} cannot change in 3000 ms: blank its display"
        ]


def test_a_begin_waits_for_its_last_millisecond():
    r = Rig()
    r.hold("RRRR", 9)
    promised = promise(r, 2, begins=True, in_ms=1)
    r.tick("RRRR", after_ms=0, promises=promised)
    assert r.told.omit == {0, 1, 2}
    assert r.told.call == set()
    r.tick("RRRR", after_ms=1, promises=promised)
    assert r.told.omit == {0, 1}
    assert r.told.call == {2}


def test_promises_that_exclude_one_another():
    r = Rig()
    r.hold("GGRR", 9)
    left = Commitment(1, False, r.now_ms + 3_000)
    through = Commitment(0, False, r.now_ms + 3_000)
    assert len(declined(r, through, left, lamps="GGRR")) == 1
    assert len(declined(r, left, through, lamps="GGRR")) == 1
    r = Rig()
    r.hold("RRRR", 9)
    cross = Commitment(2, True, r.now_ms + 3_000)
    main = Commitment(0, True, r.now_ms + 3_000)
    walk = Commitment(3, True, r.now_ms + 3_000)
    assert len(declined(r, cross, main, lamps="RRRR")) == 1
    assert not declined(r, cross, walk, lamps="RRRR")
    r = Rig()
    r.hold("GRRR", 9)
    keep = Commitment(0, False, r.now_ms + 9_000)
    begin = Commitment(2, True, r.now_ms + 9_000)
    assert len(declined(r, keep, begin)) == 1


def test_a_begin_needs_its_intergreen_and_red_revert():
    r = Rig()
    r.hold("GRRR", 3)
    # 3 s more of minimum green, 5 s to the cross street, 1 s to act
    assert declined(r, Commitment(2, True, r.now_ms + 8_999))
    assert not declined(r, Commitment(2, True, r.now_ms + 9_000))
    r = Rig()
    r.hold("GRRR", 9)
    r.tick("GRRR", force_off={0})
    r.tick("YRRR")
    for group in (0, 2):
        assert declined(r, Commitment(group, True, r.now_ms + 4_999), lamps="YRRR")
        assert not declined(r, Commitment(group, True, r.now_ms + 5_000), lamps="YRRR")


def test_a_begin_waits_for_a_yielding_green_with_its_partner():
    r = Rig()
    r.hold("RGRR", 9)
    r.tick("GGRR")
    # the through must last 5 s before the left turn may end with it
    assert declined(r, Commitment(2, True, r.now_ms + 10_999), lamps="GGRR")
    assert not declined(r, Commitment(2, True, r.now_ms + 11_000), lamps="GGRR")


def test_a_begin_waits_for_a_partner_that_it_does_not_conflict_with():
    r = Rig(conflicts=frozenset({(1, 2), (2, 1)}))
    r.hold("RGRR", 9)
    r.tick("GGRR")
    assert declined(r, Commitment(2, True, r.now_ms + 10_999), lamps="GGRR")
    assert not declined(r, Commitment(2, True, r.now_ms + 11_000), lamps="GGRR")


def test_a_promised_end_lets_no_priority_begin_that_could_not_end_with_it():
    r = Rig()
    r.hold("RGRR", 9)
    soon = Commitment(1, False, r.now_ms + 6_999)
    r.tick("RGRR", after_ms=0, promises=(soon,))
    assert r.told.omit == {0}
    later = Commitment(1, False, r.now_ms + 7_000)
    r.tick("RGRR", after_ms=0, promises=(later,))
    assert r.told.omit == set()


def test_a_promise_is_kept_against_a_call_that_waits():
    r = Rig(groups=slow())
    r.hold("GRRR", 9)
    r.tick("GRRR", calls={2})
    r.hold("GRRR", 38)
    assert r.told.omit == set()
    promised = (Commitment(0, False, r.now_ms + 5_000),)
    for _ in range(4):
        r.tick("GRRR", promises=promised)
        assert r.told.force_off == set()
        assert r.told.call == set() or r.told.call == {2}
    assert {1} <= r.told.omit  # service has begun: the promise is counted in
    r.tick("GRRR", promises=promised)
    assert r.told.force_off == {0}
    assert r.told.call == {2}


def test_what_has_happened_is_no_promise_any_more():
    r = Rig()
    r.hold("GRRR", 9)
    r.tick("GRRR", promises=(Commitment(0, True, r.now_ms),))
    assert r.told.force_off == set()
    assert not r.why
    r.tick("GRRR", promises=(Commitment(2, False, r.now_ms),))
    assert not r.why
