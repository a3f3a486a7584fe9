"""Time plans against the clock: which runs now, and which stage it wants at this second."""

from control.model import Junction, TimePlan
from control.staging import Staging

DAY_S = 86_400
_FIRST_DAY = 3
"""1 January 1970 was a Thursday."""


def plan_at(plans: tuple[TimePlan, ...], local_s: int) -> int:
    """The number of the plan that took over last before this local Unix second; 0 if none ever."""
    week_s = local_s % DAY_S + (local_s // DAY_S + _FIRST_DAY) % 7 * DAY_S
    since_s = [
        ((week_s - day * DAY_S - from_s) % (7 * DAY_S), number)
        for number, plan in enumerate(plans)
        for day in plan.days
        for from_s in plan.from_s
    ]
    return min(since_s, default=(0, 0))[1]


def shortest_s(junction: Junction, plan: TimePlan) -> tuple[int, ...]:
    """Of each stage of the plan: its minimum green and the change to the next."""
    return tuple(
        max(junction.groups[g].minimum_green_s for g in junction.stages[stage].green) + change_s
        for stage, change_s in zip(plan.stages, _changes_s(junction, plan), strict=True)
    )


def slots(junction: Junction, plan: TimePlan) -> list[tuple[int, int]]:
    """`(stage, second of the cycle from which it is no longer wanted)`; the last is the cycle.

    Second 0 is the begin of the first stage's green. A stage is left so early that the next green
    begins when the plan says. None is shorter than `shortest_s`: a plan too short for that runs a
    longer cycle.
    """
    timed = zip(
        plan.stages,
        plan.green_s,
        shortest_s(junction, plan),
        _changes_s(junction, plan),
        strict=True,
    )
    found: list[tuple[int, int]] = []
    begin_s = 0
    for stage, lasts_s, least_s, change_s in timed:
        begin_s += max(lasts_s, least_s)
        found.append((stage, begin_s - change_s))
    return [*found, (plan.stages[0], begin_s)]


def _changes_s(junction: Junction, plan: TimePlan) -> list[int]:
    staging = Staging(junction)
    following = (*plan.stages[1:], plan.stages[0])
    return [
        staging.change(stage, after).lasts_s if after != stage else 0
        for stage, after in zip(plan.stages, following, strict=True)
    ]
