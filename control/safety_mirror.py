"""The controller's intervals, as far as looks at its lamps can tell them."""

from typing import NamedTuple, TypeGuard

from control.model import Lamp
from control.safety_state import NO_CALL, ReadBack, State
from control.safety_tables import Tables, groups_of, mask_of


def readable(seen: object, count: int) -> TypeGuard[ReadBack]:
    """Whether a look has everything in it, in its range."""
    if not isinstance(seen, ReadBack):
        return False
    lamps: object = seen.lamps
    calls: object = seen.calls
    return (
        isinstance(lamps, tuple)
        and len(lamps) == count
        and all(isinstance(lamp, Lamp) for lamp in lamps)
        and isinstance(calls, frozenset)
        and all(type(group) is int and 0 <= group < count for group in calls)
        and type(seen.age_ms) is int
        and seen.age_ms >= 0
    )


def lit(seen: ReadBack, lamp: Lamp) -> int:
    """The groups that show `lamp`."""
    return mask_of(group for group, shown in enumerate(seen.lamps) if shown is lamp)


class Clocks(NamedTuple):
    """As in `State`."""

    least_ms: tuple[int, ...]
    most_ms: tuple[int, ...]
    wait_ms: tuple[int, ...]


def advance(
    tables: Tables, state: State, calls: frozenset[int], green: int, passed_ms: int
) -> Clocks:
    """The clocks after `passed_ms`, the time between the last look and this one.

    The clocks of waiting stand at this moment already.
    """
    least, most, wait = list(state.least_ms), list(state.most_ms), list(state.wait_ms)
    for group in range(len(least)):
        bit = 1 << group
        cap_ms = tables.green_cap_ms[group] if green & bit else tables.off_cap_ms[group]
        if not state.known:
            least[group], most[group] = 0, cap_ms
        elif (green ^ state.green) & bit:
            least[group], most[group] = 0, min(passed_ms, cap_ms)
        else:
            # over so long a gap it may have ended and begun again
            gone_ms = tables.back_ms[group] if green & bit else tables.minimum_ms[group]
            unseen = passed_ms > gone_ms
            least[group] = 0 if unseen else min(least[group] + passed_ms, cap_ms)
            most[group] = min(most[group] + passed_ms, cap_ms)
        if green & bit:
            wait[group] = NO_CALL
        elif group in calls:
            wait[group] = max(wait[group], 0)
        elif tables.forgets & bit:
            wait[group] = NO_CALL
    return Clocks(tuple(least), tuple(most), tuple(wait))


def impossible(tables: Tables, state: State, green: int, yellow: int, passed_ms: int) -> str:
    """Why no sound controller goes from the last look to this one; empty where one may.

    Intervals are judged by the longest that they can have been, so a late look accuses nobody.
    """
    moving = green | yellow
    for group in groups_of(moving):
        if tables.conflicts[group] & moving:
            return f"group {group} is shown together with a group that it conflicts with"
    if not state.known:
        return ""
    red = tables.every & ~moving
    were_red = tables.every & ~(state.green | state.yellow)
    for group in groups_of(state.green & red):
        if passed_ms < tables.yellow_ms[group]:
            return f"group {group} went from green to red without yellow"
    for group in groups_of(state.yellow & red):
        if state.most_ms[group] + passed_ms < tables.yellow_ms[group]:
            return f"the yellow of group {group} was too short"
    for group in groups_of(were_red & yellow):
        if passed_ms < tables.minimum_ms[group]:
            return f"group {group} went from red to yellow"
    for group in groups_of(green & ~state.green):
        if state.most_ms[group] + passed_ms < tables.back_ms[group]:
            return f"group {group} is green again too soon"
        for other, needed_ms in tables.intergreen_ms[group]:
            over_ms = 0 if state.green & 1 << other else state.most_ms[other]
            if over_ms + passed_ms < needed_ms:
                return f"group {group} is green too soon after group {other}"
    return ""
