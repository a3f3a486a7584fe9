"""Whatever the program: it passes its own monitor, and a fault sown into it is found."""

from hypothesis import given
from hypothesis import strategies as st

from edge.bench.signals.lights import Monitor
from edge.bench.signals.program import Signal
from edge.bench.signals.rules import rules
from edge.bench.signals.spec import Timing

MINIMUM_GREEN_S = 5


@st.composite
def signals(draw):
    """A ring of stages, each with links of its own; links of different stages are foes."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=5))
    stage_of = [stage for stage, size in enumerate(sizes) for _ in range(size)]
    cycle = []
    for stage in range(len(sizes)):
        for letter, seconds in (
            ("G", draw(st.integers(MINIMUM_GREEN_S, 20))),
            ("y", draw(st.integers(3, 5))),
            ("r", draw(st.integers(0, 4))),
        ):
            state = "".join(letter if own == stage else "r" for own in stage_of)
            cycle += [state] * seconds
    links = range(len(stage_of))
    foes = frozenset((i, j) for i in links for j in links if stage_of[i] != stage_of[j])
    return Signal("s", len(stage_of), frozenset(), foes, frozenset(), tuple(cycle))


def said(signal, states):
    """Of a second round that runs as `states`, after a first as the program has it."""
    monitor = Monitor(signal, rules(signal, Timing.SCENARIO, MINIMUM_GREEN_S))
    for at_s, state in enumerate((*signal.cycle, *states, *signal.cycle)):
        monitor.look(at_s, state)
    return monitor.violations, " ".join(monitor.sentences)


def sown(signal, link, letters):
    """The program with letters of one link overwritten, second → letter."""
    return [
        state[:link] + letters.get(at, state[link]) + state[link + 1 :]
        for at, state in enumerate(signal.cycle)
    ]


def span(signal, link, letter):
    """First and last second in which a link shows a letter; each shows it once a round."""
    at = [second for second, state in enumerate(signal.cycle) if state[link] == letter]
    return at[0], at[-1]


@given(signals())
def test_a_program_passes_itself(signal):
    assert said(signal, signal.cycle) == (0, "")


@given(signals(), st.data())
def test_a_short_yellow_is_found(signal, data):
    link = data.draw(st.integers(0, signal.links - 1))
    _, last = span(signal, link, "y")
    count, sentences = said(signal, sown(signal, link, {last: "r"}))
    assert f"link {link} was yellow for" in sentences
    assert count == 1


@given(signals(), st.data())
def test_a_green_cut_without_yellow_is_found(signal, data):
    link = data.draw(st.integers(0, signal.links - 1))
    first, last = span(signal, link, "y")
    count, sentences = said(signal, sown(signal, link, dict.fromkeys(range(first, last + 1), "r")))
    assert f"link {link} went from G to r without yellow" in sentences
    assert count == 1


@given(signals(), st.data())
def test_a_green_begun_a_second_early_is_found(signal, data):
    link = data.draw(st.integers(0, signal.links - 1))
    first, _ = span(signal, link, "G")
    at = (first - 1) % len(signal.cycle)
    _, sentences = said(signal, sown(signal, link, {at: "G"}))
    assert f"link {link} became green" in sentences or "meet and both go" in sentences


@given(signals(), st.data())
def test_a_green_amid_the_green_of_a_foe_is_found(signal, data):
    link, foe = data.draw(st.sampled_from(sorted(signal.foes)))
    at = data.draw(st.integers(*span(signal, foe, "G")))
    _, sentences = said(signal, sown(signal, link, {at: "G"}))
    low, high = sorted((link, foe))
    assert f"links {low} (G) and {high} (G) meet and both go" in sentences


@given(signals(), st.data())
def test_a_short_green_is_found(signal, data):
    link = data.draw(st.integers(0, signal.links - 1))
    first, last = span(signal, link, "G")
    kept_s = data.draw(st.integers(1, MINIMUM_GREEN_S - 1))
    letters = dict.fromkeys(range(first, last + 1 - kept_s), "r")
    _, sentences = said(signal, sown(signal, link, letters))
    assert f"link {link} was green for {kept_s} s" in sentences


@given(signals(), st.data(), st.characters(exclude_characters="GgyYrus"))
def test_an_unknown_letter_is_found(signal, data, letter):
    link = data.draw(st.integers(0, signal.links - 1))
    first, _ = span(signal, link, "G")
    _, sentences = said(signal, sown(signal, link, {first: letter}))
    assert f"link {link} shows {letter!r}, which is no signal" in sentences
