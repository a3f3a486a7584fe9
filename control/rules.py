"""A junction that contradicts itself is refused before anything is asked of its lamps (I21)."""

from control.model import Junction, Kind, SignalGroup
from edge.errors import ConfigError

LONGEST_INTERGREEN_S = 60
LONGEST_YELLOW_S = 10
LONGEST_CLEARANCE_S = 60
LONGEST_STARTUP_S = 60


def demand_sound(junction: Junction) -> None:
    """Refuse a junction that may not be steered.

    Raises:
        ConfigError: with a sentence for each of `faults`.
    """
    found = faults(junction)
    if found:
        raise ConfigError(f"junction {junction.id!r} cannot be steered: " + "; ".join(found))


def faults(junction: Junction) -> list[str]:
    """All that is missing or contradictory in a junction, a sentence each; empty where sound."""
    if not junction.groups:
        return ["it has no signal group; name at least one"]
    found = [*_group_faults(junction), *_pair_faults(junction), *_stage_faults(junction)]
    found += _reference_faults(junction)
    if not found:  # sums over what is wrong would only confuse
        found = _sum_faults(junction)
    return found


def _group_faults(junction: Junction) -> list[str]:
    ids = [group.id for group in junction.groups]
    found = [
        f"group {twice!r} is named {ids.count(twice)} times; give each its own id"
        for twice in sorted({i for i in ids if ids.count(i) > 1})
    ]
    for group in junction.groups:
        found += _ranges(group)
    found += _range("startup_red_s", junction.startup_red_s, 0, LONGEST_STARTUP_S)
    found += _range("longest_cycle_s", junction.longest_cycle_s, 1, 3_600)
    return found


def _ranges(group: SignalGroup) -> list[str]:
    name = f"group {group.id!r}:"
    walks = group.kind is Kind.PEDESTRIAN
    longest = LONGEST_CLEARANCE_S if walks else LONGEST_YELLOW_S
    found = _range(f"{name} yellow_s", group.yellow_s, 0 if walks else 1, longest)
    found += _range(f"{name} minimum_green_s", group.minimum_green_s, 1, 600)
    found += _range(f"{name} maximum_green_s", group.maximum_green_s, 1, 3_600)
    found += _range(f"{name} longest_wait_s", group.longest_wait_s, 1, 3_600)
    found += _range(f"{name} red_revert_s", group.red_revert_s, 1, 60)
    if not found and group.minimum_green_s > group.maximum_green_s:
        found.append(
            f"{name} minimum_green_s {group.minimum_green_s} s is above its maximum_green_s "
            f"{group.maximum_green_s} s"
        )
    return found


def _range(name: str, value: object, lowest: int, highest: int) -> list[str]:
    if type(value) is not int:
        return [f"{name} is {value!r}; write whole seconds"]
    if not lowest <= value <= highest:
        return [f"{name} is {value} s, outside {lowest} to {highest} s"]
    return []


def _pair_faults(junction: Junction) -> list[str]:
    count = len(junction.groups)
    known = {pair for pair in junction.conflicts if _both(pair, count)}
    found = [
        f"conflict {pair} names a group that there is not; groups are 0 to {count - 1}"
        for pair in sorted(junction.conflicts - known)
    ]
    for g, h in sorted(known):
        name = _pair(junction, g, h)
        if g == h:
            found.append(f"group {junction.groups[g].id!r} conflicts with itself")
        elif (h, g) not in known:
            found.append(f"conflict {name} is given in one direction only; give both")
        elif (g, h) not in junction.intergreen_s:
            found.append(f"intergreen {name} is missing; conflicting groups need one")
        else:
            found += _intergreen_faults(junction, g, h)
    for pair in sorted(junction.yields):
        if not _both(pair, count):
            found.append(
                f"yield {pair} names a group that there is not; groups are 0 to {count - 1}"
            )
        elif pair[0] == pair[1]:
            found.append(f"group {junction.groups[pair[0]].id!r} yields to itself")
        elif pair in junction.conflicts or pair[::-1] in junction.conflicts:
            found.append(f"{_pair(junction, *pair)} both yields and conflicts; it can be only one")
    return found


def _intergreen_faults(junction: Junction, g: int, h: int) -> list[str]:
    name = f"intergreen {_pair(junction, g, h)}"
    value = junction.intergreen_s[g, h]
    found = _range(name, value, 0, LONGEST_INTERGREEN_S + LONGEST_CLEARANCE_S)
    yellow_s = junction.groups[g].yellow_s
    if not found and type(yellow_s) is int and value < yellow_s:
        found.append(f"{name} is {value} s, below the {yellow_s} s of yellow that it contains")
    return found


def _stage_faults(junction: Junction) -> list[str]:
    if not junction.stages:
        return ["it has no stage; name at least one"]
    found = []
    count = len(junction.groups)
    shown: set[int] = set()
    for stage in junction.stages:
        if not stage.green:
            found.append(f"stage {stage.id!r} has no green group")
        strange = sorted(g for g in stage.green if not 0 <= g < count)
        if strange:
            found.append(f"stage {stage.id!r} shows {strange}; groups are 0 to {count - 1}")
        found += [
            f"stage {stage.id!r}: group {g} yields without being green"
            for g in sorted(stage.yielding - stage.green)
        ]
        for g, h in sorted(junction.conflicts):
            if g < h and g in stage.green and h in stage.green:
                found.append(
                    f"stage {stage.id!r} shows {_pair(junction, g, h)}, which may never meet"
                )
        shown |= stage.green
    unshown = sorted(set(range(count)) - shown)
    return found + [f"group {junction.groups[g].id!r} is green in no stage" for g in unshown]


def _reference_faults(junction: Junction) -> list[str]:
    found = []
    count, stages = len(junction.groups), len(junction.stages)
    if not 0 <= junction.start_stage < stages:
        found.append(f"start_stage is {junction.start_stage}; stages are 0 to {stages - 1}")
    for detector in junction.detectors:
        found += [
            f"detector {detector.id!r} serves group {g}; groups are 0 to {count - 1}"
            for g in sorted(detector.groups)
            if not 0 <= g < count
        ]
    for countdown in junction.countdowns:
        if not 0 <= countdown.group < count:
            found.append(f"a countdown shows group {countdown.group}; groups are 0 to {count - 1}")
        found += _range(f"the countdown of group {countdown.group}", countdown.last_s, 0, 3_600)
    for plan in junction.plans:
        if not plan.stages or len(plan.stages) != len(plan.green_s):
            found.append(
                f"plan {plan.id!r} has {len(plan.stages)} stages and {len(plan.green_s)} times"
            )
        for s in sorted({s for s in plan.stages if not 0 <= s < stages}):
            found.append(f"plan {plan.id!r} runs stage {s}; stages are 0 to {stages - 1}")
        cycle_s = sum(plan.green_s)
        for g, begin_s, end_s in plan.greens:
            if not 0 <= g < count:
                found.append(
                    f"plan {plan.id!r} has greens of group {g}; groups are 0 to {count - 1}"
                )
            elif not 0 <= begin_s < cycle_s or not begin_s < end_s <= begin_s + cycle_s:
                found.append(
                    f"plan {plan.id!r}: green {begin_s} to {end_s} s of group "
                    f"{junction.groups[g].id!r} does not lie in a cycle of {cycle_s} s; begin "
                    "within it, end after the begin and before the next"
                )
    return found


def _sum_faults(junction: Junction) -> list[str]:
    found = []
    cycle_s = least_cycle_s(junction)
    if cycle_s > junction.longest_cycle_s:
        found.append(
            f"its stages need {cycle_s} s for their minimum greens and intergreens, above "
            f"longest_cycle_s {junction.longest_cycle_s} s"
        )
    for number, group in enumerate(junction.groups):
        own_s = group.yellow_s + group.red_revert_s
        others_s = [
            junction.groups[h].minimum_green_s + junction.intergreen_s[h, number]
            for h in junction.conflicting(number)
        ]
        least_s = max([own_s, *others_s])
        if group.longest_wait_s < least_s:
            found.append(
                f"group {group.id!r}: longest_wait_s {group.longest_wait_s} s is below the "
                f"{least_s} s that its green may take to come"
            )
    return found


def least_cycle_s(junction: Junction) -> int:
    """Seconds for all stages in their order: longest minimum greens and intergreens between."""
    total_s = 0
    for place, stage in enumerate(junction.stages):
        after = junction.stages[(place + 1) % len(junction.stages)]
        total_s += max(junction.groups[g].minimum_green_s for g in stage.green)
        total_s += max(
            (
                junction.intergreen_s[g, h]
                for g in stage.green
                for h in after.green
                if (g, h) in junction.conflicts
            ),
            default=0,
        )
    return total_s


def _both(pair: tuple[int, int], count: int) -> bool:
    return all(0 <= number < count for number in pair)


def _pair(junction: Junction, g: int, h: int) -> str:
    return f"{junction.groups[g].id!r} and {junction.groups[h].id!r}"
