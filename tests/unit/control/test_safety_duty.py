"""What the shield withholds from a wish, and what it adds for greens and calls."""

import importlib.util
from dataclasses import replace
from pathlib import Path

from control.model import Kind, SignalGroup

_spec = importlib.util.spec_from_file_location(
    "safety_rig", Path(__file__).with_name("safety_rig.py")
)
rig = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rig)
Rig, junction, forgetting, slow = rig.Rig, rig.junction, rig.forgetting, rig.slow


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


def test_what_the_shield_itself_must_wait_for_is_no_refusal():
    r = Rig(groups=slow())
    r.hold("RRRR", 9, calls={2})
    r.hold("RRRR", 32)
    r.hold("GRRR", 3)
    assert r.told.call == set()
    assert r.told.omit == {1}
    assert r.told.force_off == set()
    assert not r.why


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


def test_walkers_conflict_like_anybody():
    assert junction().groups[3].kind is Kind.PEDESTRIAN
    r = Rig()
    r.hold("GRRR", 9)
    assert r.tick("GRRR", call={3}).call == set()
