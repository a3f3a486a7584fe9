"""I22 over any course of symptoms."""

from hypothesis import given
from hypothesis import strategies as st

from control.ladder import CHANGES_AN_HOUR, HEALTHY_S, HOUR_S, Ladder, Rung, Symptoms

SYMPTOMS = st.builds(
    Symptoms,
    planner_misses=st.sampled_from([0, 0, 2, 3, 50]),
    failed_detectors=st.sampled_from([0.0, 0.0, 0.3, 0.5, 0.75, 1.0, float("nan")]),
    clock_good=st.sampled_from([True, True, False]),
    linked=st.sampled_from([True, True, True, False]),
    disagreed=st.sampled_from([False, False, False, False, True]),
    flashing=st.sampled_from([False, False, False, False, True]),
)
COURSES = st.lists(
    st.tuples(SYMPTOMS | st.just(Symptoms()), st.sampled_from([1, 1, 5, 100, 299, 300, 301, 900])),
    max_size=25,
)


@given(COURSES, st.sampled_from(Rung))
def test_down_at_once_up_after_five_healthy_minutes_and_k_times_an_hour(course, start):
    ladder = Ladder(start)
    climbs, at_s = [], 0
    before, healthy_s = start, 0
    for symptoms, lasts_s in course:
        for _ in range(lasts_s):
            rung = ladder.step(at_s, symptoms)
            best = ladder.best(symptoms)
            assert rung >= best, "stands on a rung that does not carry"
            if before is Rung.FLASH and best is not Rung.FLASH:
                before = Rung.LOCAL  # cleared by hand
            if rung < before:
                # monotone in the episode: every one of the last 300 s would have carried more
                assert healthy_s >= HEALTHY_S
                climbs.append(at_s)
            healthy_s = healthy_s + 1 if best < rung == before else 0
            before = rung
            at_s += 1
    for first, after in zip(climbs, climbs[CHANGES_AN_HOUR:], strict=False):
        assert after - first >= HOUR_S
