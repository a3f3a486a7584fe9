"""An observer of countdown displays: what was shown must come true, or go blank with a reason."""

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from control.model import Junction, Lamp
from control.safety import Mode, State, Verdict
from edge.bench.safety.invariants import Memory

if TYPE_CHECKING:
    from edge.bench.safety.explorer import Move

GREEN = int(Lamp.GREEN)


class Display(NamedTuple):
    """A promise that is handed to the shield and, once it was not declined, shown."""

    group: int
    begins: bool
    left_s: int
    """0: now."""


def displayed(
    junction: Junction,
    display: Display | None,
    move: "Move",
    state: State,
    verdicts: tuple[Verdict, ...],
    before: Memory,
    after: Memory,
    broken: list[str],
    fired: Counter[str],
) -> Display | None:
    """What the display shows a second later; what was promised and did not come is broken."""
    if display is None:
        return None
    offered = move.offer is not None
    if state.mode is not Mode.STEERING or max(after.lamps) > GREEN:
        fired["I11 blanked"] += not offered
        return None  # control was given back, with a verdict that says why: blank
    declined = any(v.invariant == "I11" and not v.accepted for v in verdicts if "blank" in v.reason)
    if declined:
        if not offered:
            broken.append(f"I11 the promise {display} was given up")
        fired["I11 declined"] += offered
        return None
    group, begins, left_s = display
    green = after.lamps[group] == GREEN
    fired["I11"] += 1
    fired["I12"] += not offered
    happened = green is begins
    if happened is not (left_s == 0):
        broken.append(f"I11 {display}: the lamp {'changed' if happened else 'did not change'}")
    if begins:
        fired["I13"] += 1
        broken += [
            f"I13 group {other} began before {group}, which was promised"
            for other in junction.conflicting(group)
            if after.lamps[other] == GREEN and before.lamps[other] != GREEN
        ]
    return None if happened else display._replace(left_s=left_s - 1)
