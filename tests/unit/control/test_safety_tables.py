"""The constants that the shield compares with."""

import importlib.util
from pathlib import Path

from control.model import SignalGroup, Stage

_spec = importlib.util.spec_from_file_location(
    "safety_rig", Path(__file__).with_name("safety_rig.py")
)
rig = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rig)
Rig, junction = rig.Rig, rig.junction


def test_a_group_is_at_home_where_most_are_served_with_it():
    stages = (Stage("a", frozenset({0})), Stage("b", frozenset({0, 1})), Stage("c", {1, 2}))
    made = Rig(stages=(*stages, Stage("d", frozenset({3})))).shield.tables
    assert made.home == (1, 1, 2, 3)
    assert made.stages == (0b1, 0b11, 0b110, 0b1000)


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


def test_of_several_partners_the_slowest_counts():
    groups = tuple(
        SignalGroup(str(g), yellow_s=3, minimum_green_s=5 + g, maximum_green_s=40) for g in range(4)
    )
    made = junction(
        groups=groups, conflicts=frozenset(), yields=frozenset({(1, 0), (1, 2), (2, 3)})
    )
    assert Rig(made).shield.tables.press_ms == (38_000, 30_000, 30_000, 38_000)
