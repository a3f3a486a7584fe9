"""The maximal sets are those that trying every subset finds."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from control.net.sets import maximal_sets


def by_trying_all(count, conflicts):
    free = [
        set(chosen)
        for size in range(count + 1)
        for chosen in combinations(range(count), size)
        if not any((g, h) in conflicts for g in chosen for h in chosen)
    ]
    return {frozenset(one) for one in free if not any(one < other for other in free)}


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 7).flatmap(
    lambda n: st.tuples(st.just(n), st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))))
))  # fmt: skip
def test_each_set_once_largest_first(drawn):
    count, pairs = drawn
    conflicts = {pair for g, h in pairs if g != h for pair in ((g, h), (h, g))}
    found = maximal_sets(count, conflicts)
    assert set(found) == by_trying_all(count, conflicts)
    assert len(found) == len(set(found))
    assert [len(one) for one in found] == sorted(map(len, found), reverse=True)
