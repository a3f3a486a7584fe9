"""The explorer's controller is the simulated one: both walk side by side under any orders."""

from hypothesis import given, settings
from hypothesis import strategies as st

from control.requests import Actuation
from edge.bench.safety.junctions import eight, four
from edge.bench.safety.twin import DARK, FLASH, Orders, Twin
from simulators.signal_controller import SignalController

masks = st.integers(0, 255)
orders = st.tuples(st.integers(0, 9), masks, masks, masks, masks)


def groups(mask, count):
    return frozenset(g for g in range(count) if mask >> g & 1)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from((four(), eight())), st.lists(orders, min_size=20, max_size=120))
def test_lamps_and_calls_are_the_same(junction, walk):
    count = len(junction.groups)
    real, twin = SignalController(junction), Twin(junction)
    state = twin.first()
    for what, *sets in walk:
        hold, off, omit, call = (mask & twin.every for mask in sets)
        if what == 8:
            real.flash() if hold & 1 else real.power_off()
            state = twin.stop(state, FLASH if hold & 1 else DARK)
        elif what == 9 and state.stopped:
            for _ in range(4):  # longer dark than any yellow
                real.step()
                state = twin.step(state, Orders(False))
            real.start()
            state = twin.start(state)
        remote = what > 1
        told = [groups(mask, count) for mask in (hold & off, off, omit & ~call, call)]
        real.step(Actuation(*told, remote=remote))
        state = twin.step(state, Orders(remote, hold & off, off, omit & ~call, call))
        assert tuple(real.lamps) == twin.lamps(state)
        assert groups(state.calls, count) == {g for g, called in enumerate(real.calls) if called}
