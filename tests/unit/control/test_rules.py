from dataclasses import replace

import pytest

from control.model import Countdown, Detector, Junction, Kind, Role, SignalGroup, Stage, TimePlan
from control.rules import demand_sound, faults, least_cycle_s
from edge.errors import ConfigError


def junction():
    groups = (
        SignalGroup("through", yellow_s=3, minimum_green_s=5),
        SignalGroup("left", yellow_s=3, minimum_green_s=5),
        SignalGroup("cross", yellow_s=3, minimum_green_s=7),
        SignalGroup("walk", yellow_s=6, minimum_green_s=5, kind=Kind.PEDESTRIAN),
    )
    pairs = [(0, 2), (1, 2), (0, 3), (1, 3)]
    conflicts = frozenset(pairs) | frozenset((h, g) for g, h in pairs)
    return Junction(
        id="j1",
        groups=groups,
        conflicts=conflicts,
        yields=frozenset({(1, 0)}),
        intergreen_s={(g, h): groups[g].yellow_s + 2 for g, h in conflicts},
        stages=(Stage("a", frozenset({0, 1}), frozenset({1})), Stage("b", frozenset({2, 3}))),
    )


def group(number, **changed):
    sound = junction()
    groups = list(sound.groups)
    groups[number] = replace(groups[number], **changed)
    return replace(sound, groups=tuple(groups))


def without(mapping, *keys):
    return {key: value for key, value in mapping.items() if key not in keys}


SOUND = junction()

BROKEN = {
    "no signal group": replace(SOUND, groups=()),
    "no stage": replace(SOUND, stages=()),
    "'cross' is named 2 times": group(3, id="cross"),
    "one direction only": replace(SOUND, conflicts=SOUND.conflicts - {(2, 0)}),
    "conflicts with itself": replace(SOUND, conflicts=SOUND.conflicts | {(1, 1)}),
    "conflict (0, 9) names": replace(SOUND, conflicts=SOUND.conflicts | {(0, 9)}),
    "intergreen 'through' and 'cross' is missing": replace(
        SOUND, intergreen_s=without(SOUND.intergreen_s, (0, 2))
    ),
    "is -1 s, outside 0": replace(SOUND, intergreen_s={**SOUND.intergreen_s, (0, 2): -1}),
    "is 2.5; write whole seconds": replace(SOUND, intergreen_s={**SOUND.intergreen_s, (0, 2): 2.5}),
    "is 2 s, below the 3 s of yellow": replace(
        SOUND, intergreen_s={**SOUND.intergreen_s, (0, 2): 2}
    ),
    "yields to itself": replace(SOUND, yields=frozenset({(1, 1)})),
    "yield (1, 7) names": replace(SOUND, yields=frozenset({(1, 7)})),
    "both yields and conflicts": replace(SOUND, yields=frozenset({(0, 2)})),
    "stage 'a' has no green group": replace(
        SOUND, stages=(replace(SOUND.stages[0], green=frozenset(), yielding=frozenset()),)
    ),
    "stage 'c' shows [8]": replace(SOUND, stages=(*SOUND.stages, Stage("c", frozenset({8})))),
    "group 2 yields without being green": replace(
        SOUND, stages=(*SOUND.stages, Stage("c", frozenset({0}), frozenset({2})))
    ),
    "which may never meet": replace(SOUND, stages=(*SOUND.stages, Stage("c", frozenset({0, 2})))),
    "'walk' is green in no stage": replace(
        SOUND, stages=(SOUND.stages[0], Stage("b", frozenset({2})))
    ),
    "start_stage is 2": replace(SOUND, start_stage=2),
    "detector 'd' serves group 4": replace(
        SOUND, detectors=(Detector("d", Role.STOP_LINE, frozenset({4})),)
    ),
    "a countdown shows group 4": replace(SOUND, countdowns=(Countdown(4, 5),)),
    "countdown of group 1 is -1 s": replace(SOUND, countdowns=(Countdown(1, -1),)),
    "has 2 stages and 1 times": replace(SOUND, plans=(TimePlan("p", (0, 1), (10,)),)),
    "runs stage 5": replace(SOUND, plans=(TimePlan("p", (0, 5), (10, 10)),)),
    "minimum_green_s is 0 s": group(0, minimum_green_s=0),
    "minimum_green_s 9 s is above": group(0, minimum_green_s=9, maximum_green_s=8),
    "maximum_green_s is 0 s": group(0, maximum_green_s=0),
    "red_revert_s is 0 s": group(0, red_revert_s=0),
    "longest_wait_s is 0 s": group(0, longest_wait_s=0),
    "startup_red_s is -1 s": replace(SOUND, startup_red_s=-1),
    "longest_cycle_s is 0 s": replace(SOUND, longest_cycle_s=0),
    "yellow_s is 3.0; write whole seconds": group(0, yellow_s=3.0),
    "its stages need 25 s": replace(SOUND, longest_cycle_s=24),
    "longest_wait_s 12 s is below the 13 s": group(0, longest_wait_s=12),
}


def test_a_sound_junction_has_no_fault():
    assert faults(SOUND) == []
    demand_sound(SOUND)


@pytest.mark.parametrize("words", BROKEN)
def test_what_contradicts_is_named(words):
    assert any(words in sentence for sentence in faults(BROKEN[words])), faults(BROKEN[words])


def test_a_vehicle_has_a_yellow_and_a_walker_may_have_none():
    assert "group 'left': yellow_s is 0 s, outside 1 to 10 s" in faults(group(1, yellow_s=0))
    assert faults(group(3, yellow_s=0)) == []


def test_limits_are_inclusive():
    assert faults(replace(SOUND, longest_cycle_s=25)) == []
    assert faults(group(0, longest_wait_s=13)) == []
    assert faults(group(0, minimum_green_s=5, maximum_green_s=5)) == []


def test_a_refusal_says_everything_at_once():
    broken = replace(group(0, minimum_green_s=0), start_stage=9)
    with pytest.raises(ConfigError, match=r"'j1' cannot be steered: .*minimum_green_s.*; start_"):
        demand_sound(broken)


def test_the_least_cycle_counts_each_change_once():
    # 5 s of stage a and 5 s to stage b; 7 s of it and the 8 s that its walkers need
    assert least_cycle_s(SOUND) == 25
