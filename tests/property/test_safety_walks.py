"""Random junctions, random wishes, a careless controller and a clock that stumbles."""

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bench.safety.disagreement import ladder, stuck_green
from edge.bench.safety.walks import Walk

seeds = st.integers(min_value=0)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_no_wish_makes_a_lamp_unsafe_and_no_refusal_leaves_a_trace(seed):
    walk = Walk(random.Random(seed))
    assert walk.run(80) == []


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_a_green_that_does_not_end_is_noticed(seed):
    fired = Counter()
    assert stuck_green(random.Random(seed), fired) == []
    assert fired["I16"] == 3


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_the_ladder_goes_up_after_health_only(seed):
    assert ladder(random.Random(seed), Counter()) == []
