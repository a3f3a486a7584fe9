"""What would come of staying for a while and then changing: every lane's queue played forward.

A lane is a point queue; in each second it lets out what its green, its share of blocked and
yielding movements and the room behind the junction allow. After the first decision a base policy
goes on: the stage with most vehicles per second of its own green and change (Lämmer & Helbing,
J. Stat. Mech. 2008 P04019, priority index; sum over the lanes of a stage), or, on a grid, the one
with most vehicles near its stop lines (Ault & Sharon, NeurIPS 2021, max-wave).
"""

import numpy as np
from numba import njit

START_LOST_S = 0.0
"""Of the first vehicle of a standing queue; SUMO's cars lose it in speed, not at the line."""
LOST_S = 2
"""Between the begin of green and the first departure from a standing queue."""
CRITICAL_GAP_S = 4.5
FOLLOW_UP_S = 2.5
EVERY_S = 2
"""How often the base policy thinks again, where no grid says."""


@njit(cache=True, nogil=True, fastmath=True)
def service(protected, yielding, red, served, saturation, opposing, hinder):
    """Vehicles a lane can let out in one second of green.

    Args:
        protected, yielding, red: shares of its traffic whose movement is green, gives way, waits.
        served: vehicles it has let out since its green began.
        saturation: veh/s of an unhindered lane.
        opposing: veh/s that the yielding movements give way to (Siegloch's capacity).
        hinder: 0, or 1 where its head has been seen to wait for a gap, or 2 for anything else.
    """
    if protected + yielding < 1e-6 or hinder > 1.5:
        return 0.0
    if hinder > 0.5:
        if red > 1e-6 or yielding < 1e-6:
            return 0.0
        protected = 0.0
    per_vehicle = protected / saturation
    if yielding > 1e-6:
        gap = np.exp(-opposing * (CRITICAL_GAP_S - FOLLOW_UP_S / 2)) / FOLLOW_UP_S
        gap = min(gap, saturation)
        per_vehicle += yielding / max(gap, 0.01)
    rate = (protected + yielding) / per_vehicle
    if red > 1e-6:
        # the n-th vehicle still moves when none before it wanted a red movement
        rate *= (1.0 - red) ** served
    return rate


@njit(cache=True, nogil=True, fastmath=True)
def best_stage(now, queue, soon, weight, lasts, saturation, needs):
    """The stage of the highest index, the running one among them.

    Args:
        now: the running stage.
        queue: float64[lanes].
        soon: float64[lanes], arrivals of the next seconds.
        weight: float64[stages, lanes], share of a lane that a stage serves.
        lasts: int64[stages, stages], seconds a change takes.
        saturation: float64[lanes].
        needs: int64[stages], minimum green.
    """
    stages, lanes = weight.shape
    best = now
    best_index = -1.0
    at_now = 0.0
    for stage in range(stages):
        set_up = 0.0
        if stage != now:
            # the interrupted stage will have to be set up again
            set_up = lasts[now, stage] + LOST_S + 0.5 * (lasts[stage, now] + LOST_S)
        index = 0.0
        for step in range(4):
            green = 4.0 * 2.0**step
            if stage != now and green < needs[stage]:
                continue
            total = 0.0
            used = 0.0
            for lane in range(lanes):
                share = weight[stage, lane]
                if share > 0.05:
                    rate = saturation[lane] * share
                    there = (queue[lane] + soon[lane]) * share
                    out = min(there, rate * green)
                    total += out
                    used = max(used, out / rate)
            if total > 0.05:
                value = total / (set_up + max(used, 1.0))
                index = max(index, value)
        if stage == now:
            at_now = index
        elif index > best_index:
            best_index = index
            best = stage
    # a tie stays where it is
    return best if best_index > at_now + 1e-9 else now


@njit(cache=True, nogil=True, fastmath=True)
def fullest_stage(now, queue, soon, protected, most):
    """The stage with most vehicles near the stop lines that it serves; the running one at a tie.

    Args:
        now: the running stage.
        queue, soon: float64[lanes], who stands and who will come within seconds.
        protected: float64[stages, lanes], share of a lane that need not give way.
        most: vehicles of one lane that count.
    """
    best = now
    best_count = -1.0
    for number in range(protected.shape[0] + 1):
        # the running stage first: only more than its own count is more
        stage = now if number == 0 else number - 1
        count = 0.0
        for lane in range(protected.shape[1]):
            if protected[stage, lane] > 0.05:
                count += min(queue[lane] + soon[lane], most)
        if count > best_count + 1e-9:
            best_count = count
            best = stage
    return best


@njit(cache=True, nogil=True, fastmath=True)
def roll(
    stay, then, now, age, queue0, served0, hinder0, arrivals, saturation, protected, yielding,
    opposes, weight, ends, begins, lasts, needs, room, refill, stop_cost, last_cost, every,
    most, departures,
):  # fmt: skip
    """The cost of one first decision: seconds of delay, stops included.

    Args:
        stay: seconds before the change; a number beyond the horizon leaves it to the base policy.
        then: the stage after; the running one: the base policy decides from the first second.
        now, age: the running stage and for how long it has been whole.
        queue0, served0, hinder0: float64[lanes].
        arrivals: float64[lanes, seconds]; its length is the horizon.
        opposes: float64[lanes, lanes], 1 where yielding traffic of a row gives way to a column.
        ends, begins: int64[stages, stages, lanes], end and begin of a lane's green in a change.
        room, refill: float64[lanes], vehicles that fit behind, and veh/s that make room there.
        stop_cost: float64[lanes], seconds lost by one stop.
        last_cost: seconds charged for a vehicle that still waits at the end.
        every: seconds from one thought of the base policy to the next.
        most: 0: it goes by the index; else to the fullest stage, so many of a lane counted.
        departures: float64[lanes, seconds], filled in.
    """
    lanes, horizon = arrivals.shape
    queue = queue0.copy()
    served = served0.copy()
    hinder = hinder0.copy()
    out_before = np.zeros(lanes)
    soon = np.zeros(lanes)
    green_for = np.zeros(lanes)
    lost = np.zeros(lanes)
    gone = np.zeros(lanes)
    for lane in range(lanes):
        green_for[lane] = 100.0 if protected[now, lane] + yielding[now, lane] > 0 else 0.0
    stage = now
    target = now
    elapsed = -1
    settled = age
    cost = 0.0
    first = then != now
    for t in range(horizon):
        if elapsed < 0:
            if first:
                if t >= stay:
                    target = then
                    elapsed = 0
                    first = False
            elif settled >= needs[stage] and t % every == 0:
                for lane in range(lanes):
                    ahead = 0.0
                    for s in range(t, min(t + 4, horizon)):
                        ahead += arrivals[lane, s]
                    soon[lane] = ahead
                if most > 0.0:
                    wanted = fullest_stage(stage, queue, soon, protected, most)
                else:
                    wanted = best_stage(stage, queue, soon, weight, lasts, saturation, needs)
                if wanted != stage:
                    target = wanted
                    elapsed = 0
        if elapsed >= 0 and elapsed >= lasts[stage, target]:
            stage = target
            elapsed = -1
            settled = 0
        for lane in range(lanes):
            shown = stage
            green = True
            if elapsed >= 0:
                if elapsed < ends[stage, target, lane]:
                    shown = stage
                elif elapsed >= begins[stage, target, lane]:
                    shown = target
                else:
                    green = False
            inside = 0.0
            p = protected[shown, lane]
            y = yielding[shown, lane]
            if not green or p + y < 1e-6:
                if green_for[lane] > 0.0 and queue[lane] > 0.0 and y > 0.2:
                    # whoever waits inside the junction clears it as the green ends
                    inside = min(queue[lane], 1.0)
                    queue[lane] -= inside
                    gone[lane] += inside
                green_for[lane] = 0.0
                served[lane] = 0.0
                hinder[lane] = 0.0
                capacity = 0.0
            else:
                if green_for[lane] == 0.0:
                    lost[lane] = START_LOST_S if queue[lane] > 0.5 else 0.0
                green_for[lane] += 1.0
                if green_for[lane] <= lost[lane]:
                    capacity = 0.0
                else:
                    against = 0.0
                    if y > 1e-6:
                        for other in range(lanes):
                            if opposes[lane, other] > 0.0:
                                against += out_before[other]
                    capacity = service(
                        p, y, 1.0 - p - y, served[lane], saturation[lane], against, hinder[lane]
                    )
                    capacity = min(capacity, max(0.0, room[lane] + refill[lane] * t - gone[lane]))
            here = queue[lane] + arrivals[lane, t]
            out = min(here, capacity)
            left = here - out
            # whoever arrives and does not leave at once has to stop
            cost += left + min(arrivals[lane, t], left) * stop_cost[lane]
            queue[lane] = left
            served[lane] += out
            gone[lane] += out
            departures[lane, t] = out + inside
        for lane in range(lanes):
            out_before[lane] = departures[lane, t]
        if elapsed >= 0:
            elapsed += 1
        else:
            settled += 1
    for lane in range(lanes):
        cost += queue[lane] * last_cost + queue[lane] * queue[lane] / (2.0 * saturation[lane])
    return cost


@njit(cache=True, nogil=True, fastmath=True)
def best(
    stays, thens, now, age, queue0, served0, hinder0, arrivals, saturation, protected, yielding,
    opposes, weight, ends, begins, lasts, needs, room, refill, stop_cost, last_cost, every, most,
    costs, departures, scratch,
):  # fmt: skip
    """Play every candidate (`stays[i]`, `thens[i]`); the number of the cheapest.

    `costs` and `departures` of the cheapest are filled in; ties go to the earlier candidate.
    """
    winner = 0
    for number in range(stays.shape[0]):
        costs[number] = roll(
            stays[number], thens[number], now, age, queue0, served0, hinder0, arrivals, saturation,
            protected, yielding, opposes, weight, ends, begins, lasts, needs, room, refill,
            stop_cost, last_cost, every, most, scratch,
        )  # fmt: skip
        if number == 0 or costs[number] < costs[winner] - 1e-9:
            winner = number
            departures[:, :] = scratch
    return winner
