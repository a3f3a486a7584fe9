"""SUMO programs for the controllers that are SUMO's own: fixed, actuated, delay-based."""

import xml.etree.ElementTree as ET
from pathlib import Path

from control.net.derive import Derived
from control.net.programs import Phase
from control.net.timing import MINIMUM_GREEN_S, Timing
from control.requests import Actuation
from control.staging import Staging
from edge.bench.signals.spec import Controller
from simulators.signal_controller import SignalController

SHORTEST_S, LONGEST_S = 5, 50
"""Of a green whose program gives no range (SUMO's own defaults for an actuated phase)."""
_TYPES = {Controller.FIXED: "static", Controller.ACTUATED: "actuated",
          Controller.DELAY: "delay_based"}  # fmt: skip


def write(
    derived: dict[str, Derived], controller: Controller, timing: Timing, folder: Path
) -> Path | None:
    """An additional file with every signal's program; None where the net's own already serves."""
    if controller is Controller.FIXED and timing is Timing.SCENARIO:
        return None
    root = ET.Element("additional")
    for signal, one in derived.items():
        own = timing is Timing.SCENARIO
        offset_s = one.program.offset_s if own else one.junction.plans[0].offset_s
        logic = ET.SubElement(
            root, "tlLogic", id=signal, programID="ria", offset=str(offset_s),
            type=_TYPES[controller],
        )  # fmt: skip
        phases = one.program.phases if own else _timed(one)
        for phase in phases:
            words = {"duration": str(phase.duration_s), "state": phase.state}
            if controller is not Controller.FIXED and phase.state in one.stage_states:
                least = MINIMUM_GREEN_S[timing] if phase.shortest_s is None else phase.shortest_s
                most = LONGEST_S if phase.longest_s is None else phase.longest_s
                words |= {"minDur": str(least), "maxDur": str(max(least, most))}
            ET.SubElement(logic, "phase", words)
    path = folder / "ria-programs.add.xml"
    ET.ElementTree(root).write(path, encoding="utf-8")
    return path


def _timed(one: Derived) -> list[Phase]:
    """The net's plan of stages, each change as the controller runs it under these intervals."""
    junction = one.junction
    plan = junction.plans[0]
    controller = SignalController(junction)
    staging = Staging(junction)
    seconds: list[tuple[str, bool]] = []

    def show(stage: int, for_s: int) -> None:
        """Go there, and stay for so long once the whole stage is green."""
        shown_s = 0
        while shown_s < for_s:
            wish = staging.wish(tuple(controller.lamps), tuple(controller.age_s), stage)
            controller.step(Actuation(wish.hold, wish.force_off, wish.omit, wish.call, None, True))
            whole = _green(controller) == junction.stages[stage].green
            shown_s += whole
            seconds.append((one.letters(controller.lamps), whole))

    for _ in range(junction.startup_red_s):
        controller.step()
    show(plan.stages[-1], 60)
    seconds.clear()
    for place, stage in enumerate(plan.stages):
        span = staging.change(stage, plan.stages[(place + 1) % len(plan.stages)]).lasts_s
        least = max(junction.groups[g].minimum_green_s for g in junction.stages[stage].green)
        show(stage, max(least, plan.green_s[place] - span))
    # the cycle begins with the first stage, not with the change to it
    begin = next(at for at, (_, whole) in enumerate(seconds) if whole)
    seconds = seconds[begin:] + seconds[:begin]
    phases: list[Phase] = []
    for state, whole in seconds:
        if phases and phases[-1].state == state:
            last = phases.pop()
            phases.append(Phase(state, last.duration_s + 1, last.shortest_s, last.longest_s))
        else:
            phases.append(Phase(state, 1, None if whole else 1, None if whole else 1))
    return phases


def _green(controller: SignalController) -> frozenset[int]:
    return frozenset(g for g, lamp in enumerate(controller.lamps) if lamp.name == "GREEN")
