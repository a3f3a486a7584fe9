import pytest

from edge.web.lag import BOUNDS_S, LoopLag


@pytest.mark.parametrize(
    ("late_s", "place"),
    [
        (0.0, 0),
        (BOUNDS_S[0], 0),
        (BOUNDS_S[0] * 1.01, 1),
        (BOUNDS_S[-1], -2),
        (BOUNDS_S[-1] + 1, -1),
    ],
)
def test_a_lateness_is_counted_under_the_bound_it_keeps(late_s, place):
    lag = LoopLag()
    lag.observe(late_s)
    assert lag.counts[place] == 1
    assert sum(lag.counts) == 1
    assert lag.sum_s == late_s


async def test_it_ends_when_told():
    lag = LoopLag()
    lag.start()
    lag.stop()
    lag.stop()
    assert sum(lag.counts) == 0
