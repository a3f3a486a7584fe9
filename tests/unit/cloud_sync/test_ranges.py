from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.ranges import Ranges

numbers = st.sets(st.integers(1, 60), max_size=40)


def plain(ranges):
    return {n for first, last in ranges for n in range(first, last + 1)}


def well_formed(ranges):
    spans = list(ranges)
    assert all(first <= last for first, last in spans)
    assert all(a[1] + 1 < b[0] for a, b in pairwise(spans))


@given(numbers, numbers)
def test_sets_of_numbers_behave_as_sets(a, b):
    left, right = Ranges.of_numbers(a), Ranges.of_numbers(b)
    for result, expected in ((left | right, a | b), (left - right, a - b), (left & right, a & b)):
        well_formed(result)
        assert plain(result) == expected
        assert len(result) == len(expected)
    assert {n for n in range(1, 61) if n in left} == a
    assert left.last == max(a, default=0)
    assert plain(left.holes()) == set(range(1, left.last + 1)) - a


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), max_size=10))
def test_any_closed_ranges_are_taken(spans):
    ranges = Ranges.of(spans)
    well_formed(ranges)
    assert plain(ranges) == {n for a, b in spans for n in range(a, b + 1)}
