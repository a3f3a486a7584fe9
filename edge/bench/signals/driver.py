"""The controllers that are ours to drive: from what is seen to the lamps, every second."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from control.adaptive import Adaptive
from control.countdown import WHOLE_GREEN_S
from control.foresight import Announcing
from control.gridded import Gridded
from control.model import Junction
from control.neighbours import Inflow, feeds
from control.net.derive import Derived
from control.net.network import Network
from control.net.roads import roads
from control.observe import Floats, Observation, Strategy
from control.planner import Planner
from control.promised import Promised
from control.requests import Request
from control.safety import ReadBack, Shield, State
from control.staging import Staging, ordered
from edge.bench.signals.broken import Broken
from edge.bench.signals.classical import Greedy, MaxPressure
from edge.bench.signals.spec import EVERY_SECOND_S, Controller, Sensing, Spec
from simulators.signal_controller import SignalController
from simulators.sumo.buses import Buses
from simulators.sumo.sensors import CAMERA_M, FULL_M, LoopReader, Positions, observe
from simulators.sumo.session import Session

_TAKEOVER = "evaluate"
_LIFE_MS = 2_000


@dataclass(slots=True)
class _Chain:
    """One signal: who decides, who guards, who shows."""

    derived: Derived
    strategy: Strategy
    staging: Staging
    shield: Shield
    state: State
    controller: SignalController
    letters: str = ""


class Driver:
    """All signals of one run."""

    def __init__(
        self, spec: Spec, session: Session, network: Network, derived: dict[str, Derived]
    ) -> None:
        self.refusals = 0
        self.remarks: list[str] = []
        self._session = session
        loops = spec.controller is Controller.RIA and spec.sensing is Sensing.LOOPS
        reach_m = CAMERA_M if spec.sensing is Sensing.CAMERA else FULL_M
        if spec.controller is not Controller.RIA:
            reach_m = FULL_M
        self._positions = None if loops else Positions(session, network, derived, reach_m)
        self._loops = LoopReader(session, derived) if loops else None
        calls = spec.bus_priority and spec.controller is Controller.RIA
        self._buses = Buses(session, derived) if calls else None
        self._broken = {
            signal: Broken(spec.failures, spec.begin_s, signal, len(one.junction.detectors))
            for signal, one in derived.items()
        }
        told = [
            (road.sender, road.exit_lane, road.lane, road.travel_s)
            for road in roads(network, derived)
        ]
        self._inflows = {
            signal: Inflow(feeds(told, list(one.junction.lanes)), len(one.junction.lanes))
            for signal, one in derived.items()
        }
        self._chains = {
            signal: self._chain(spec, signal, one, reach_m if not loops else None)
            for signal, one in derived.items()
        }

    def _chain(self, spec: Spec, signal: str, one: Derived, reach_m: float | None) -> _Chain:
        junction = one.junction
        strategy: Strategy
        if spec.controller is Controller.RIA:
            strategy = _ria(spec, junction, reach_m)
        elif spec.controller is Controller.GREEDY:
            strategy = Greedy(junction, spec.grid_s)
        else:
            strategy = MaxPressure(junction, spec.grid_s, lambda: self._beyond(signal))
        shield = Shield(junction)
        return _Chain(
            one,
            strategy,
            Staging(junction),
            shield,
            shield.start(signal, _TAKEOVER, spec.begin_s * 1000),
            SignalController(junction),
        )

    def _beyond(self, signal: str) -> Floats:
        return np.zeros(0) if self._positions is None else self._positions.beyond(signal)

    def _look(self, signal: str, chain: _Chain, at_s: int) -> Observation:
        """What this signal's strategy may see."""
        controller = chain.controller
        lamps, age_s, calls = controller.lamps, controller.age_s, controller.called
        inflow = self._inflows[signal].expected(at_s)
        buses = () if self._buses is None else self._buses.calls(signal)
        if self._loops is not None:
            count, occupancy = self._loops.read(signal)
            loops = self._broken[signal].second(at_s, count, occupancy)
            return observe(at_s, lamps, age_s, loops=loops, calls=calls, inflow=inflow, buses=buses)
        look = None if self._positions is None else self._positions.look(signal)
        return observe(
            at_s, lamps, age_s, look=look, calls=calls, inflow=inflow, buses=buses,
            detectors=len(chain.derived.junction.detectors),
        )  # fmt: skip

    @property
    def took_ns(self) -> list[int]:
        """How long each decision took, all rungs of the ladder kept warm."""
        return [
            ns
            for chain in self._chains.values()
            for asked in [_asked(chain.strategy)]
            if isinstance(asked, Adaptive | Planner)
            for ns in asked.took_ns
        ]

    @property
    def promises(self) -> int:
        """Changes of stage that displays announced."""
        return sum(each.promises for each in self._announcers())

    @property
    def broken_promises(self) -> int:
        """Displays that had said something else than came."""
        return sum(each.broken for each in self._announcers())

    def _announcers(self) -> Iterator[Promised]:
        for chain in self._chains.values():
            if isinstance(chain.strategy, Promised):
                yield chain.strategy

    def second(self, at_s: int) -> None:
        """Sense, decide, guard, show."""
        if self._positions is not None:
            self._positions.refresh()
        if self._buses is not None:
            self._buses.refresh(at_s)
        for signal, chain in self._chains.items():
            controller = chain.controller
            seen = self._look(signal, chain, at_s)
            stage = chain.strategy.decide(seen)
            inside = None if seen.vehicles is None else seen.vehicles.inside
            wish = ordered(chain.strategy) or chain.staging.wish(
                seen.lamps, seen.age_s, stage, inside
            )
            now_ms = at_s * 1000
            request = Request(
                at_s, now_ms + _LIFE_MS, _TAKEOVER,
                wish.hold, wish.force_off, wish.omit, wish.call,
            )  # fmt: skip
            read = ReadBack(
                seen.lamps,
                remote=True,
                config_hash=signal,
                calls=controller.called,
                age_ms=1000,
            )
            chain.state, told, verdicts = chain.shield.step(chain.state, read, request, now_ms)
            for verdict in verdicts:
                if not verdict.accepted:
                    self.refusals += 1
                    if len(self.remarks) < 20:
                        self.remarks.append(
                            f"{signal} at {at_s}: {verdict.reason} ({verdict.invariant})"
                        )
            controller.step(told)
            letters = chain.derived.letters(controller.lamps)
            if letters != chain.letters:
                self._session.api.trafficlight.setRedYellowGreenState(signal, letters)
                chain.letters = letters
        self._tell()

    def _tell(self) -> None:
        """Every planner hears of the next second what its neighbours let out."""
        for chain in self._chains.values():
            planner = _planner(chain.strategy)
            if planner is not None:
                told = planner.outflow()
                for inflow in self._inflows.values():
                    inflow.hear(told)


def _ria(spec: Spec, junction: Junction, reach_m: float | None) -> Strategy:
    """Ria's own strategy: on a grid, or under displays of the last seconds."""
    last_s = spec.countdown_s
    if spec.grid_s != EVERY_SECOND_S:
        gridded = Gridded(junction, reach_m, spec.grid_s, time.thread_time_ns)
        return Adaptive(junction, reach_m, planner=gridded, clock_ns=time.thread_time_ns)
    if last_s >= WHOLE_GREEN_S:
        settling = Announcing(junction, reach_m)
        return Promised(settling, junction, last_s, settling)
    # by its own work: what else the machine does must not change the result
    planner = Announcing(junction, reach_m, last_s) if last_s else None
    adaptive = Adaptive(junction, reach_m, planner=planner, clock_ns=time.thread_time_ns)
    return Promised(adaptive, junction, last_s) if last_s else adaptive


def _planner(strategy: Strategy) -> Planner | None:
    asked = _asked(strategy)
    asked = asked.planner if isinstance(asked, Adaptive) else asked
    return asked if isinstance(asked, Planner) else None


def _asked(strategy: Strategy) -> Strategy:
    """Who decides behind the displays."""
    return strategy.strategy if isinstance(strategy, Promised) else strategy
