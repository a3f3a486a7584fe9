"""One controller on one scenario with one seed: driven second by second, judged by others.

sensing → strategy → stage → hold, force-off, omit, call → shield → signal controller → lamps.
The controllers that are SUMO's own run inside it; the same judges look on.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from control.net import derive as nets
from control.net.derive import Derived
from control.net.loops import Loop, equip
from control.net.timing import MINIMUM_GREEN_S
from control.net.timing import Timing as NetTiming
from edge.bench.signals import programs
from edge.bench.signals.cost import quantile
from edge.bench.signals.demand import read_demand
from edge.bench.signals.driver import Driver
from edge.bench.signals.lights import Monitor
from edge.bench.signals.program import read_signals
from edge.bench.signals.rules import rules
from edge.bench.signals.spec import Controller, Progress, Result, Sensing, Spec, Stages, Timing
from edge.bench.signals.stoplines import StopLines
from edge.bench.signals.tripinfo import Ledger, trips
from simulators.sumo.sensors import loops_file
from simulators.sumo.session import Session, scenario

OWN = (Controller.FIXED, Controller.ACTUATED, Controller.DELAY)
"""Run by SUMO itself."""


def one(spec: Spec, progress: Progress) -> Result:
    """Run it, drain it, and say what came of it.

    Raises:
        ConfigError: the scenario cannot be read, or its signals not be derived.
    """
    scene = scenario(spec.cfg)
    network, derived = nets.read(
        scene.network,
        list(scene.additional),
        NetTiming(spec.timing),
        own_stages=spec.stages is Stages.NET or spec.controller in OWN,
    )
    loops: list[Loop] = []
    for signal in derived:
        derived[signal], placed = equip(network, derived[signal])
        loops.extend(placed)
    demand = read_demand((*scene.routes, *scene.additional), spec.begin_s)
    judge = Judge(spec, scene.network, scene.additional)
    with (
        tempfile.TemporaryDirectory(prefix="ria-run-") as folder,
        Session(
            scene,
            seed=spec.seed,
            begin_s=spec.begin_s,
            sumo=spec.sumo,
            more=_more(spec, derived, loops, Path(folder)),
        ) as session,
    ):
        ledger = Ledger(demand, spec.begin_s, spec.end_s)
        lines = StopLines(session.api, scene.network, derived, remote=spec.sumo is not None)
        driver = None if spec.controller in OWN else Driver(spec, session, network, derived)
        at_s = spec.begin_s
        letters = {s: session.api.trafficlight.getRedYellowGreenState(s) for s in derived}
        while at_s < spec.end_s + spec.drain_s:
            session.step()
            at_s += 1
            ledger.watch(session.api)
            if at_s <= spec.end_s:
                lines.second(at_s, letters)
            if at_s == spec.end_s:
                ledger.close(session.api)
                lines.end(at_s)
            if driver is not None:
                driver.second(at_s)
            letters = {s: session.api.trafficlight.getRedYellowGreenState(s) for s in derived}
            judge.look(at_s, letters)
            if at_s % 60 == 0:
                progress(min(1.0, (at_s - spec.begin_s) / (spec.end_s - spec.begin_s)))
            if at_s >= spec.end_s and (
                ledger.locked or session.api.simulation.getMinExpectedNumber() == 0
            ):
                break
        version = session.version
        session.close()
        score = ledger.score(trips(session.tripinfo), at_s)
    took_ms = [] if driver is None else [ns / 1e6 for ns in driver.took_ns]
    return Result(
        controller=str(spec.controller),
        grid_s=spec.grid_s,
        seed=spec.seed,
        n=score.n,
        delay_s=score.delay_s,
        delay_published_s=score.delay_published_s,
        delay_drained_s=score.delay_drained_s,
        max_call_wait_s=lines.longest_red_s,
        max_vehicle_wait_s=score.max_vehicle_wait_s,
        stops=score.stops,
        arrived=score.arrived,
        unfinished=score.unfinished,
        pending=score.pending,
        teleports=score.teleports,
        locked=score.locked,
        co2_kg=score.co2_kg,
        decision_p50_ms=quantile(took_ms, 0.5),
        decision_p99_ms=quantile(took_ms, 0.99),
        refusals=0 if driver is None else driver.refusals,
        violations=judge.violations,
        countdown_s=spec.countdown_s,
        promises=0 if driver is None else driver.promises,
        broken_promises=0 if driver is None else driver.broken_promises,
        empty_greens=lines.empty_greens,
        drained_unfinished=score.drained_unfinished,
        buses=score.buses,
        bus_delay_s=score.bus_delay_s,
        bus_priority=spec.bus_priority,
        sumo=version,
        remarks=tuple(judge.remarks + ([] if driver is None else driver.remarks)),
        stage_list=tuple(_stages(derived)),
    )


def _more(
    spec: Spec, derived: dict[str, Derived], loops: Sequence[Loop], folder: Path
) -> list[Path]:
    """What is added to a scenario: our loops, and programs for SUMO's own controllers."""
    paths: list[Path] = []
    if spec.sensing is Sensing.LOOPS and spec.controller is Controller.RIA:
        paths.append(loops_file(loops, folder))
    if spec.controller in OWN:
        program = programs.write(derived, spec.controller, NetTiming(spec.timing), folder)
        if program is not None:
            paths.append(program)
    return paths


def _stages(derived: dict[str, Derived]) -> list[str]:
    return [
        f"{signal} {stage.id}: " + " ".join(one.junction.groups[g].id for g in sorted(stage.green))
        for signal, one in derived.items()
        for stage in one.junction.stages
    ]


class Judge:
    """The independent monitors of all signals."""

    def __init__(self, spec: Spec, network: Path, additional: Sequence[Path]) -> None:
        own = spec.controller in OWN and spec.timing is Timing.SCENARIO
        minimum_s = MINIMUM_GREEN_S[NetTiming(spec.timing)]
        self._monitors = {
            name: Monitor(signal, rules(signal, spec.timing, minimum_s, own_program=own))
            for name, signal in read_signals(network, additional).items()
        }

    def look(self, at_s: int, letters: Mapping[str, str]) -> None:
        """What is shown from this second on."""
        for name, state in letters.items():
            self._monitors[name].look(at_s, state)

    @property
    def violations(self) -> int:
        """Of all signals."""
        return sum(monitor.violations for monitor in self._monitors.values())

    @property
    def remarks(self) -> list[str]:
        """The first sentences."""
        return [each for monitor in self._monitors.values() for each in monitor.sentences][:20]
