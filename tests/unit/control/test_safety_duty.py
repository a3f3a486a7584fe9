"""What the shield withholds from a wish, and what it adds of its own."""

import importlib.util
from dataclasses import replace
from pathlib import Path

from control.model import Kind, SignalGroup, Stage
from control.safety import Commitment

_spec = importlib.util.spec_from_file_location(
    "safety_rig", Path(__file__).with_name("safety_rig.py")
)
rig = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rig)
Rig, junction, forgetting = rig.Rig, rig.junction, rig.forgetting


def test_a_green_is_not_ended_before_its_minimum():
    r = Rig()
    r.hold("RRGR", 7)
    r.tick("RRGR", after_ms=999, force_off={2})
    assert r.told.force_off == set()
    assert r.why == {"I6"}
    r.tick("RRGR", after_ms=1, force_off={2})
    assert r.told.force_off == {2}
    assert r.told.hold == set()
    assert not r.why


def test_the_age_of_a_look_counts_towards_the_minimum():
    r = Rig()
    r.now_ms = 10_000
    r.hold("RRGR", 6, age_ms=1_000)
    r.tick("RRGR", after_ms=999, age_ms=1_000, force_off={2})
    assert r.told.force_off == set()
    r.tick("RRGR", after_ms=1, age_ms=1_000, force_off={2})
    assert r.told.force_off == {2}


def test_what_is_not_ended_is_held():
    r = Rig()
    r.hold("GGRR", 9)
    assert r.told.hold == {0, 1}
    assert r.told.omit == set()
    assert r.told.call == set()


def test_a_yielding_green_ends_with_what_it_yields_to():
    r = Rig()
    r.hold("GGRR", 9)
    r.tick("GGRR", force_off={1})
    assert r.told.force_off == {0, 1}
    assert not r.why
    r = Rig()
    r.hold("RGRR", 9)
    r.tick("RGRR", force_off={1})
    assert r.told.force_off == {1}
    assert r.told.omit == {0}  # what it yields to does not begin in the same second


def test_a_yielding_green_waits_for_what_cannot_end():
    r = Rig()
    r.hold("RGRR", 9)
    r.tick("GGRR", force_off={1})
    assert r.told.force_off == set()
    assert r.why == {"I31"}
    r.tick("GGRR", after_ms=4_999, force_off={1})
    assert r.told.force_off == set()
    r.tick("GGRR", after_ms=1, force_off={1})
    assert r.told.force_off == {0, 1}


def test_a_yielding_green_waits_for_what_is_held():
    r = Rig()
    r.hold("GGRR", 9)
    r.tick("GGRR", force_off={1}, hold={0})
    assert r.told.force_off == set()
    assert r.told.hold == {0, 1}
    assert r.why == {"I31"}
    assert "force-off of 1" in r.verdicts[1].reason


def test_priority_may_end_before_what_yields_to_it():
    r = Rig()
    r.hold("GGRR", 9)
    r.tick("GGRR", force_off={0})
    assert r.told.force_off == {0}
    assert r.told.hold == {1}
    assert r.told.omit == set()


def test_a_chain_of_yielding_greens_ends_together():
    groups = tuple(SignalGroup(str(g), yellow_s=3, minimum_green_s=5) for g in range(4))
    r = Rig(groups=groups, yields=frozenset({(1, 0), (3, 2), (0, 2)}), conflicts=frozenset())
    r.hold("GGGR", 9)
    r.tick("GGGR", force_off={1})
    assert r.told.force_off == {0, 1, 2}
    r = Rig(groups=groups, yields=frozenset({(1, 0), (0, 1)}), conflicts=frozenset())
    r.hold("GGRR", 9)
    assert r.tick("GGRR", force_off={1}).force_off == {0, 1}


def test_a_call_against_a_standing_green_is_withheld():
    r = Rig()
    r.hold("GRRR", 9)
    r.tick("GRRR", call={1, 2, 3})
    assert r.told.call == {1}
    assert r.why == {"I1"}
    assert "2, 3" in r.verdicts[1].reason
    r.tick("GRRR", call={2, 3}, force_off={0})
    assert r.told.call == {2, 3}
    assert not r.why
    r.tick("YRRR", call={0, 2})
    assert r.told.call == {0, 2}
    r.hold("YRRR", 2)
    r.tick("RRRR")
    r.tick("RRRR")
    r.tick("RRGR", call={2})
    assert r.told.call == set()  # it has what it called for
    assert not r.why


def test_omits_pass():
    r = Rig()
    r.hold("GRRR", 2)
    r.tick("GRRR", omit={0, 1, 3})
    assert r.told.omit == {0, 1, 3}
    assert not r.why


def test_a_maximum_green_ends_for_a_call():
    # 30 s, less the 2 s in which a word becomes a lamp
    r = Rig()
    r.hold("RRGR", 2)
    r.tick("RRGR", calls={0})
    r.hold("RRGR", 27)
    r.tick("RRGR", after_ms=999)
    assert r.told.force_off == set()
    r.tick("RRGR", after_ms=1, hold={2})
    assert r.told.force_off == {2}
    assert not r.why
    r = Rig()
    r.hold("RRGR", 60)
    assert r.told.force_off == set()
    r.hold("RRGR", 60, calls={3})  # a call of its own stage asks for no end
    assert r.told.force_off == set()


def test_a_maximum_green_is_counted_from_the_call():
    r = Rig()
    r.hold("RRGR", 90)
    r.tick("RRGR", after_ms=0, calls={0})
    r.hold("RRGR", 27)
    assert r.told.force_off == set()
    assert r.hold("RRGR", 1).force_off == {2}


def test_a_maximum_green_is_counted_from_the_begin():
    r = Rig()
    r.hold("RRRR", 9, calls={0})
    r.tick("RRGR")
    r.hold("RRGR", 26)
    assert r.told.force_off == set()
    assert r.hold("RRGR", 1).force_off == {2}  # it may have begun a second before it was seen


def test_a_maximum_green_counts_the_age_of_the_look():
    r = Rig()
    r.now_ms = 10_000
    r.hold("RRRR", 9, calls={0}, age_ms=1_000)
    r.hold("RRGR", 26, age_ms=1_000)
    assert r.told.force_off == set()
    assert r.hold("RRGR", 1, age_ms=1_000).force_off == {2}


def test_the_end_of_a_yielding_green_is_prepared_earlier():
    r = Rig()
    r.hold("RGRR", 9)
    r.tick("RGRR", calls={2})
    r.hold("RGRR", 22)
    assert r.told.omit == set()
    assert r.told.force_off == set()
    # 30 s less 2 s, less the 5 s that a through which began now would have to last
    r.hold("RGRR", 1)
    assert r.told.force_off == {1}
    assert 0 in r.told.omit


def late(group, r=None, others=None, lamps="GGRR", **changed):
    """Seconds of waiting at which the shield begins to serve a call by itself."""
    r = r or Rig(**changed)
    r.hold(lamps, 9)
    r.tick(lamps, calls={group})
    for waited_s in range(1, 200):
        r.tick(lamps, omit={group}, calls=(others or {}).get(waited_s, set()))
        if group not in r.told.omit:
            return waited_s, r
    raise AssertionError


def slow(**changed):
    """Long maximum greens, so that only the wait can end one."""
    groups = [replace(g, maximum_green_s=400, longest_wait_s=60) for g in junction().groups]
    for number, change in changed.items():
        groups[int(number[1:])] = replace(groups[int(number[1:])], **change)
    return tuple(groups)


def test_a_call_that_can_wait_no_longer_is_served():
    # a round: 8 s minimum green, 6 s until the side may begin, 2 s to act; 2 s more to be seen
    waited_s, r = late(2, groups=slow())
    assert waited_s == 60 - 8 - 6 - 2 - 2 + 1
    assert r.told.force_off == {0, 1}
    assert r.told.call == {2}
    assert "I8" in r.why
    assert "omit of 2" in r.verdicts[1].reason
    r.tick("YYRR", call={0}, omit={3})
    assert r.told.omit == {0, 1, 3}


def test_a_withheld_omit_names_what_it_was():
    r = Rig(groups=slow())
    r.hold("GGRR", 9)
    r.tick("GGRR", calls={2, 3})
    r.hold("GGRR", 43)
    r.tick("GGRR", omit={1, 2})
    assert "omit of 2 withheld" in r.verdicts[1].reason


def test_service_begins_to_the_millisecond():
    r = Rig(groups=slow())
    r.hold("GGRR", 9)
    r.tick("GGRR", calls={2})
    r.hold("GGRR", 42)
    assert r.told.call == set()
    r.tick("GGRR", after_ms=1)
    assert r.told.call == {2}


def test_calls_of_one_stage_are_served_together():
    r = Rig(groups=slow())
    r.hold("GGRR", 9)
    r.tick("GGRR", calls={2})
    r.tick("GGRR", calls={3})
    r.hold("GGRR", 41)
    assert r.told.call == set()
    r.hold("GGRR", 1)
    assert r.told.call == {2, 3}


def test_two_stages_waiting_need_two_rounds():
    r = Rig(groups=slow())
    r.hold("RRGR", 9)
    r.tick("RRGR", calls={0, 1})
    r.tick("RRGR", calls={3})
    r.hold("RRGR", 26)
    assert r.told.force_off == set()
    # the call of 3, a second younger, is second in line: above 60 - 2 * 16 - 2
    assert r.hold("RRGR", 1).force_off == {2}
    assert r.told.call == {0, 1}
    assert r.told.omit == {3}


def test_a_younger_call_that_may_wait_less_is_allowed_for():
    groups = slow(g2={"longest_wait_s": 40}, g3={"longest_wait_s": 40})
    waited_s, _ = late(0, groups=groups, lamps="RRGR")
    assert waited_s == 60 - 16 - 16 - 2 + 1


def test_the_earlier_due_is_served_first():
    groups = slow(g2={"longest_wait_s": 50}, g3={"longest_wait_s": 50})
    r = Rig(groups=groups)
    r.hold("RRRR", 9)
    r.tick("RRRR", calls={0})
    r.tick("RRRR", calls={2})
    r.hold("RRRR", 30)
    assert r.told.call == {2}
    assert r.told.omit == {0, 1}


def test_a_call_is_remembered_until_it_is_served():
    r = Rig()
    r.tick("GRRR", calls={2})
    r.hold("GRRR", 9)
    assert r.state.wait_ms == (-1, -1, 9_000, -1)
    r.tick("GRRR", calls={2, 0})
    assert r.state.wait_ms == (-1, -1, 10_000, -1)
    r.hold("GRRR", 3, force_off={0})
    r.tick("YRRR")
    r.hold("YRRR", 3)
    r.hold("RRRR", 3)
    r.tick("RRGR")
    assert r.state.wait_ms == (-1, -1, -1, -1)


def test_a_wait_goes_on_without_a_look_and_stops_at_its_limit():
    r = Rig()
    r.tick("GRRR", calls={2})
    r.tick(None, after_ms=1_234)
    assert r.state.wait_ms[2] == 1_234
    r.tick(None, after_ms=500_000)
    assert r.state.wait_ms[2] == 120_000


def test_a_detector_may_let_its_call_go():
    r = Rig(detectors=(forgetting(2, 3), replace(forgetting(3), locks_call=True)))
    r.tick("GRRR", calls={2, 3})
    r.tick("GRRR", calls={2, 3})
    assert r.state.wait_ms == (-1, -1, 1_000, 1_000)
    r.tick("GRRR")
    assert r.state.wait_ms == (-1, -1, -1, 2_000)


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


def test_a_group_is_at_home_where_most_are_served_with_it():
    stages = (Stage("a", frozenset({0})), Stage("b", frozenset({0, 1})), Stage("c", {1, 2}))
    made = Rig(stages=(*stages, Stage("d", frozenset({3})))).shield.tables
    assert made.home == (1, 1, 2, 3)
    assert made.stages == (0b1, 0b11, 0b110, 0b1000)


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


def test_the_constants_of_a_junction():
    groups = (
        SignalGroup("0", yellow_s=3, minimum_green_s=5, maximum_green_s=30, longest_wait_s=100),
        SignalGroup("1", yellow_s=3, minimum_green_s=6, maximum_green_s=40, longest_wait_s=90),
        SignalGroup("2", yellow_s=4, minimum_green_s=7, maximum_green_s=50, longest_wait_s=80),
        SignalGroup("3", yellow_s=2, minimum_green_s=9, maximum_green_s=11, red_revert_s=9),
    )
    pairs = [(0, 2), (1, 2), (0, 3), (1, 3)]
    apart = {(g, h): 4 + 2 * g + h for g, h in pairs} | {(h, g): 5 + g + 3 * h for g, h in pairs}
    made = Rig(junction(groups=groups, intergreen_s=apart, startup_red_s=6)).shield.tables
    assert made.every == 0b1111
    assert made.conflicts == (0b1100, 0b1100, 0b11, 0b11)
    assert made.yields_to == (0, 1, 0, 0)
    assert made.yellow_ms == (3_000, 3_000, 4_000, 2_000)
    assert made.minimum_ms == (5_000, 6_000, 7_000, 9_000)
    assert made.press_ms == (28_000, 33_000, 48_000, 9_000)
    assert made.green_cap_ms == made.press_ms
    assert made.promise_ms == (28_000, 33_000, 48_000, 9_000)
    assert made.back_ms == (5_000, 5_000, 6_000, 11_000)
    assert made.off_cap_ms == (7_000, 9_000, 12_000, 15_000)
    assert made.lag_cap_ms == 50_000
    assert made.wait_ms == (100_000, 90_000, 80_000, 120_000)
    assert made.intergreen_ms[0] == ((2, 11_000), (3, 14_000))
    assert made.intergreen_ms[3] == ((0, 7_000), (1, 9_000))
    assert made.home == (0, 0, 1, 1)
    assert made.round_ms == (9_000 + 15_000 + 2_000, 9_000 + 11_000 + 2_000)
    assert made.sooner_ms == (48_000, 22_000, 0, 48_000)
    assert made.startup_red_ms == 6_000
    assert (made.forgets, made.patterns) == (0, 0)


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


def test_walkers_conflict_like_anybody():
    assert junction().groups[3].kind is Kind.PEDESTRIAN
    r = Rig()
    r.hold("GRRR", 9)
    assert r.tick("GRRR", call={3}).call == set()
