"""Whatever junction there can be, its plan file describes that junction and no other."""

from hypothesis import given
from hypothesis import strategies as st

from control import plan_file, rules
from control.model import (
    Countdown,
    Detector,
    Junction,
    Kind,
    Role,
    SignalGroup,
    Stage,
    TimePlan,
)

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="￾￿\u200b"),
    min_size=1,
    max_size=12,
).map(lambda text: text + "x" * text.isspace())


@st.composite
def junctions(draw):
    count = draw(st.integers(2, 7))
    ids = draw(st.lists(NAMES, min_size=4 * count, max_size=4 * count, unique=True))
    stage_of = [*range(2), *(draw(st.integers(0, 1)) for _ in range(count - 2))]
    groups = tuple(
        SignalGroup(
            ids[g],
            yellow_s=draw(st.integers(1, 10)),
            minimum_green_s=draw(st.integers(1, 15)),
            maximum_green_s=draw(st.integers(15, 90)),
            longest_wait_s=draw(st.integers(90, 200)),
            red_revert_s=draw(st.integers(1, 3)),
            kind=draw(st.sampled_from(Kind)),
        )
        for g in range(count)
    )
    apart = [(g, h) for g in range(count) for h in range(count) if stage_of[g] != stage_of[h]]
    beside = [(g, h) for g in range(count) for h in range(g) if stage_of[g] == stage_of[h]]
    conflicts = frozenset(
        pair for g, h in apart if g < h and draw(st.booleans()) for pair in ((g, h), (h, g))
    )
    stages = tuple(
        Stage(ids[count + s], frozenset(g for g in range(count) if stage_of[g] == s))
        for s in range(2)
    )
    lanes = ids[3 * count : 3 * count + draw(st.integers(0, 2))]
    numbers = st.sets(st.integers(0, count - 1), min_size=1).map(frozenset)
    plan = TimePlan(
        ids[count + 2], (0, 1), (draw(st.integers(45, 90)), draw(st.integers(45, 90))),
        draw(st.integers(0, 100)),
        tuple(60 * m for m in draw(st.lists(st.integers(0, 1439), max_size=3, unique=True))),
        frozenset(draw(st.sets(st.integers(0, 6), min_size=1))),
        tuple(
            (g, begin_s, begin_s + draw(st.integers(1, 90)))
            for g in sorted(draw(st.sets(st.integers(0, count - 1))))
            for begin_s in sorted(draw(st.sets(st.integers(0, 89), min_size=1, max_size=2)))
        ),
    )  # fmt: skip
    return Junction(
        draw(NAMES), groups, conflicts,
        frozenset(pair for pair in beside if draw(st.booleans())),
        {(g, h): groups[g].yellow_s + draw(st.integers(0, 5)) for g, h in sorted(conflicts)},
        stages,
        tuple(
            Detector(
                ids[2 * count + i], draw(st.sampled_from(Role)), draw(numbers),
                draw(st.floats(0, 500)), tuple(draw(st.lists(NAMES, max_size=2))),
                draw(st.booleans()),
            )
            for i in range(draw(st.integers(0, 2)))
        ),
        tuple(Countdown(g, draw(st.integers(0, 99))) for g in range(draw(st.integers(0, count)))),
        (plan,),
        draw(st.integers(0, 20)),
        draw(st.integers(0, 1)),
        draw(st.integers(120, 300)),
        {lane: draw(numbers) for lane in lanes},
        {lane: frozenset(draw(st.sets(st.sampled_from(lanes)))) for lane in lanes[:1]},
    )  # fmt: skip


@given(junctions())
def test_a_junction_is_read_back_equal(junction):
    assert rules.faults(junction) == []
    again = plan_file.read_text(plan_file.write(junction))
    assert again == junction
    assert list(again.lanes) == list(junction.lanes)
    assert plan_file.write(again) == plan_file.write(junction)
