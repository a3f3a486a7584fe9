"""All maximal sets of groups that may be green together."""


def maximal_sets(count: int, conflicts: set[tuple[int, int]]) -> list[frozenset[int]]:
    """Maximal independent sets of a conflict graph, each once, largest first.

    Bron & Kerbosch 1973 with pivoting, on the complement of the conflicts.
    """
    friends = {
        g: {h for h in range(count) if h != g and (g, h) not in conflicts} for g in range(count)
    }
    found: list[frozenset[int]] = []

    def grow(chosen: set[int], open_: set[int], closed: set[int]) -> None:
        if not open_ and not closed:
            found.append(frozenset(chosen))
            return
        pivot = max(open_ | closed, key=lambda g: len(friends[g] & open_))
        for g in sorted(open_ - friends[pivot]):
            grow(chosen | {g}, open_ & friends[g], closed & friends[g])
            open_ = open_ - {g}
            closed = closed | {g}

    grow(set(), set(range(count)), set())
    return sorted(found, key=lambda each: (-len(each), sorted(each)))
