"""Plans cover every value whole, within the limits, with no read too many; splits lose nothing."""

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.modbus.blocks import Block, join, plan, split
from drivers.profile import Limits, PointSpec

KINDS = ["uint16", "float32", "uint64"]


TABLES = st.sampled_from(["holding", "input", "coil"])


@st.composite
def rows(draw, most=30, table=TABLES):
    return [
        PointSpec(
            name=f"p{i}",
            table=draw(table),
            address=draw(st.integers(0, 120)),
            type=draw(st.sampled_from(KINDS)),
        )
        for i in range(draw(st.integers(1, most)))
    ]


def span(row):
    width = 1 if row.table == "coil" else {"uint16": 1, "float32": 2, "uint64": 4}[row.type]
    return Block(row.table, row.address, width)


@given(rows(), st.integers(4, 125), st.integers(0, 30))
@settings(max_examples=200, deadline=None)
def test_every_value_lies_whole_in_a_block_within_the_limits(made, longest, gap):
    blocks = plan(made, Limits(max_registers=longest, max_gap=gap))
    spans = {span(row) for row in made}
    for one in spans:
        assert any(block.covers(one) for block in blocks)
    for block in blocks:
        assert block.count <= (2000 if block.table == "coil" else longest)
        used = {a for s in spans if block.covers(s) for a in range(s.address, s.end)}
        assert {block.address, block.end - 1} <= used
        widest = gap * 16 if block.table == "coil" else gap
        idle = 0
        for address in range(block.address, block.end):
            idle = 0 if address in used else idle + 1
            assert idle <= widest


@given(rows(most=5, table=st.just("holding")), st.integers(4, 40), st.integers(0, 30))
@settings(max_examples=100, deadline=None)
def test_no_plan_needs_fewer_reads(made, longest, gap):
    """Against brute force: every way to cut the sorted values into runs."""
    limits = Limits(max_registers=longest, max_gap=gap)
    spans = sorted({span(row) for row in made})

    def allowed(run):
        end = run[0].end
        for one in run[1:]:
            if one.address - end > gap:
                return False
            end = max(end, one.end)
        return end - run[0].address <= longest

    def fewest():
        for cuts in range(len(spans)):
            for places in combinations(range(1, len(spans)), cuts):
                edges = [0, *places, len(spans)]
                if all(allowed(spans[a:b]) for a, b in pairwise(edges)):
                    return cuts + 1
        return len(spans)

    assert len(plan(made, limits)) == fewest()


@given(rows(), st.data())
@settings(max_examples=200, deadline=None)
def test_splitting_to_the_end_finds_exactly_what_is_refused(made, data):
    """A device with holes refuses every read that touches one; the parts that remain touch none."""
    spans = {span(row) for row in made}
    holes = data.draw(st.sets(st.integers(0, 130), max_size=8))

    def refuses(block):
        return any(address in holes for address in range(block.address, block.end))

    waiting, taken, refused, asked = list(join(spans, Limits())), [], [], 0
    while waiting:
        block = waiting.pop()
        asked += 1
        if not refuses(block):
            taken.append(block)
        elif parts := split(block, spans):
            assert all(block.covers(part) for part in parts)
            waiting.extend(parts)
        else:
            refused.append(block)
    for one in spans:
        overlapping = any(s != one and s.address < one.end and one.address < s.end for s in spans)
        read = any(block.covers(one) for block in taken)
        assert read or refuses(one) or overlapping
        assert read or any(block.covers(one) for block in refused)
    assert asked <= 4 * len(spans) + 4
