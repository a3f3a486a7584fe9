"""What the shield compares with: one junction's constants as bit masks and milliseconds.

Bit `g` of a mask is group `g` of the junction.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from control.model import Junction

ACTING_MS = 2_000
"""From the shield's word to a lamp: a second until the controller acts, one until it is seen."""


def mask_of(groups: Iterable[int]) -> int:
    """Groups as bits."""
    mask = 0
    for group in groups:
        mask |= 1 << group
    return mask


def groups_of(mask: int) -> Iterator[int]:
    """Bits as groups, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


@dataclass(frozen=True, slots=True)
class Tables:
    """One junction, ready to be looked up; tuples are indexed by group."""

    every: int
    conflicts: tuple[int, ...]
    yields_to: tuple[int, ...]
    yellow_ms: tuple[int, ...]
    minimum_ms: tuple[int, ...]
    press_ms: tuple[int, ...]
    """Green beside a conflicting call after which the end must be prepared, to keep I7."""
    promise_ms: tuple[int, ...]
    """The longest promise of a green that cannot break I7."""
    back_ms: tuple[int, ...]
    """From the end of green to the earliest next one: yellow and red revert."""
    green_cap_ms: tuple[int, ...]
    off_cap_ms: tuple[int, ...]
    lag_cap_ms: int
    """A gap in our sight that is longer than any interval."""
    wait_ms: tuple[int, ...]
    intergreen_ms: tuple[tuple[tuple[int, int], ...], ...]
    """For each group (other, ms): what must have passed since the end of green of `other`."""
    forgets: int
    """Groups all of whose detectors let a call go with its vehicle (I10)."""
    stages: tuple[int, ...]
    home: tuple[int, ...]
    """The stage in which a group is served when its call must not wait longer."""
    round_ms: tuple[int, ...]
    """By stage: the longest that all its groups may take to turn green."""
    sooner_ms: tuple[int, ...]
    """By group: what calls yet to come may take first because they may wait less."""
    startup_red_ms: int
    patterns: int


def tables(junction: Junction) -> Tables:
    """Constants of a sound junction (`control.rules.demand_sound`)."""
    groups = junction.groups
    count = len(groups)
    conflicts = tuple(mask_of(junction.conflicting(g)) for g in range(count))
    yields_to = tuple(mask_of(h for y, h in junction.yields if y == g) for g in range(count))
    minimum_ms = tuple(1_000 * group.minimum_green_s for group in groups)
    back_ms = tuple(1_000 * (group.yellow_s + group.red_revert_s) for group in groups)
    intergreen_ms = tuple(
        tuple((h, 1_000 * junction.intergreen_s[h, g]) for h in groups_of(conflicts[g]))
        for g in range(count)
    )
    with_it = [closure(yields_to, 1 << g, mask_of(range(count))) for g in range(count)]
    maximum_ms = [1_000 * group.maximum_green_s for group in groups]
    # what it yields to must end with it (I31), and may just have begun
    together_ms = [
        max((minimum_ms[h] for h in groups_of(with_it[g] & ~(1 << g))), default=0)
        for g in range(count)
    ]
    press_ms = tuple(
        max(minimum_ms[g], maximum_ms[g] - ACTING_MS - together_ms[g]) for g in range(count)
    )
    stages = tuple(mask_of(stage.green) for stage in junction.stages)
    home = _homes(stages, count)
    longest_minimum_ms = max(minimum_ms)
    round_ms = tuple(
        longest_minimum_ms
        + max(max([back_ms[g], *(ms for _, ms in intergreen_ms[g])]) for g in groups_of(stage))
        + ACTING_MS
        for stage in stages
    )
    wait_ms = tuple(1_000 * group.longest_wait_s for group in groups)
    sooner_ms = tuple(
        sum(round_ms[s] for s in {home[h] for h in range(count) if wait_ms[h] < wait_ms[g]})
        for g in range(count)
    )
    off_cap_ms = tuple(
        max([back_ms[g], *(1_000 * junction.intergreen_s[g, h] for h in groups_of(conflicts[g]))])
        for g in range(count)
    )
    return Tables(
        every=mask_of(range(count)),
        conflicts=conflicts,
        yields_to=yields_to,
        yellow_ms=tuple(1_000 * group.yellow_s for group in groups),
        minimum_ms=minimum_ms,
        press_ms=press_ms,
        promise_ms=tuple(
            min(press_ms[h] for h in range(count) if with_it[h] >> g & 1) for g in range(count)
        ),
        back_ms=back_ms,
        green_cap_ms=press_ms,
        lag_cap_ms=max(*press_ms, *off_cap_ms) + ACTING_MS,
        off_cap_ms=off_cap_ms,
        wait_ms=wait_ms,
        intergreen_ms=intergreen_ms,
        forgets=_forgets(junction),
        stages=stages,
        home=home,
        round_ms=round_ms,
        sooner_ms=sooner_ms,
        startup_red_ms=1_000 * junction.startup_red_s,
        patterns=len(junction.plans),
    )


def closure(yields_to: tuple[int, ...], ending: int, green: int) -> int:
    """`ending` and all greens that must end in the same second, or it were a yellow trap (I31)."""
    while True:
        grown = ending
        for group in groups_of(ending):
            grown |= yields_to[group] & green
        if grown == ending:
            return ending
        ending = grown


def _homes(stages: tuple[int, ...], count: int) -> tuple[int, ...]:
    """A stage for each group, few in all: each time the one which serves most that have none."""
    home: dict[int, int] = {}
    left = mask_of(range(count))
    while left:
        best = max(range(len(stages)), key=lambda s: (stages[s] & left).bit_count())
        for group in groups_of(stages[best] & left):
            home[group] = best
        left &= ~stages[best]
    return tuple(home[group] for group in range(count))


def _forgets(junction: Junction) -> int:
    locked = mask_of(g for d in junction.detectors if d.locks_call for g in d.groups)
    return mask_of(g for d in junction.detectors for g in d.groups) & ~locked
