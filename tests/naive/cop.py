"""The best that could have been done, all arrivals known: Sen & Head 1997 (COP), made exact.

Sen & Head, Transportation Science 31(1): forward recursion over time and phase, one queue kept for
each. What they keep one of is kept here as all those that no other beats in both cost and queues,
so that no better plan exists. Green lasts a whole number of seconds, at least its minimum; a change
lets nobody out.
"""


def optimum(arrivals, saturation, minimum_s, change_s, stages, first, end_cost):
    """The least cost over the known seconds.

    Args:
        arrivals: for each lane, vehicles by second.
        saturation: for each lane, vehicles it lets out in a second of green.
        minimum_s: shortest green of a stage.
        change_s: seconds between the greens of two stages.
        stages: for each stage the set of lanes it serves.
        first: the stage that is green before the first second, its minimum over.
        end_cost: cost of the queues that are left, a function of the list of them.

    Returns:
        Sum over the seconds of the vehicles that stand at their end, and `end_cost`.
    """
    lanes = range(len(saturation))
    # (stage, seconds of green still owed, seconds of change left) → [(cost, queues)]
    reached = {(first, 0, 0): [(0.0, (0.0,) * len(saturation))]}
    for t in range(len(arrivals[0])):
        found = {}
        for (stage, owed_s, change_left_s), labels in reached.items():
            nexts = [(stage, owed_s, change_left_s)]
            if owed_s == 0 and change_left_s == 0:
                nexts += [
                    (other, minimum_s, change_s) for other in range(len(stages)) if other != stage
                ]
            for into, owing_s, left_s in nexts:
                green = stages[into] if left_s == 0 else ()
                after = (into, max(0, owing_s - (left_s == 0)), max(0, left_s - 1))
                for cost, queues in labels:
                    stands = tuple(
                        max(0.0, queues[k] + arrivals[k][t] - (saturation[k] if k in green else 0))
                        for k in lanes
                    )
                    found.setdefault(after, []).append((cost + sum(stands), stands))
        reached = {state: unbeaten(labels) for state, labels in found.items()}
    return min(cost + end_cost(queues) for labels in reached.values() for cost, queues in labels)


def unbeaten(labels):
    """Of (cost, queues) those that no other is as good as in everything."""
    kept = []
    for cost, queues in sorted(set(labels)):
        if not any(all(a <= b for a, b in zip(other, queues, strict=True)) for _, other in kept):
            kept.append((cost, queues))
    return kept


def by_trying_all(arrivals, saturation, minimum_s, change_s, stages, first, end_cost):
    """The same by every sequence of decisions there is; for very few seconds."""
    seconds = len(arrivals[0])

    def best(t, stage, owed_s, left_s, queues):
        if t == seconds:
            return end_cost(queues)
        nexts = [(stage, owed_s, left_s)]
        if owed_s == 0 and left_s == 0:
            nexts += [(k, minimum_s, change_s) for k in range(len(stages)) if k != stage]
        costs = []
        for into, owing_s, waits_s in nexts:
            stands = [
                max(
                    0.0,
                    queues[k]
                    + arrivals[k][t]
                    - (saturation[k] if waits_s == 0 and k in stages[into] else 0),
                )
                for k in range(len(queues))
            ]
            owes_s = owing_s if waits_s else max(0, owing_s - 1)
            costs.append(sum(stands) + best(t + 1, into, owes_s, max(0, waits_s - 1), stands))
        return min(costs)

    return best(0, first, 0, 0, [0.0] * len(saturation))
