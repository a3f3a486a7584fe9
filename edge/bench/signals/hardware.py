"""One junction of a SUMO network behind real sockets, and the same without: delay beside delay.

`lockstep` puts SUMO's junction into a cabinet that is served over Modbus TCP or OPC UA, with the
gateway's driver, shield and planner line before it. `direct` lets the same controller, shield and
strategy speak to SUMO in one process. What differs is the road between them.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from control import planner_words as words
from control.fingerprint import fingerprint, spelt
from control.model import Lamp
from control.net import derive, loops
from control.net.timing import Timing
from control.observe import Observation
from control.requests import LOCAL
from control.safety import ReadBack, Shield
from control.service import Desk, MakeStrategy, serve
from edge.assembly.junctions import REQUEST_LIFE_MS
from edge.bench.signals.demand import read_demand
from edge.bench.signals.loop import closed_loop
from edge.bench.signals.tripinfo import Ledger, Score, trips
from edge.errors import ConfigError
from simulators.conflict_monitor import Trip
from simulators.signal_cabinet import SignalCabinet
from simulators.signal_controller import SignalController
from simulators.street import Sensed
from simulators.sumo.cabinet import SumoStreet
from simulators.sumo.sensors import loops_file
from simulators.sumo.session import Session, scenario

DRAIN_S = 7_200


@dataclass(frozen=True, slots=True)
class Case:
    """What is run: a configuration, its window and its dice."""

    config: Path
    begin_s: int
    end_s: int
    seed: int
    timing: Timing = Timing.SCENARIO
    signal: str = ""
    """Which signal is timed; may be left out where the net has one."""
    sumo: Path | None = None
    """A `sumo` to speak TraCI with; libsumo in this process where left out."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run."""

    score: Score
    trip: Trip
    """Of the cabinet's conflict monitor; a direct run has none."""
    steered_s: int
    """Seconds in which the planner had control."""
    events: tuple[str, ...] = ()


def lockstep(case: Case, make: MakeStrategy, protocol: str = "modbus") -> Ran:
    """A run with sockets between street and planner; simulated time waits for both.

    Raises:
        ConfigError: the configuration has no such signal.
    """
    return asyncio.run(_lockstep(case, make, protocol))


def direct(case: Case, make: MakeStrategy) -> Ran:
    """The same run in one process: strategy, shield, controller, SUMO.

    Raises:
        ConfigError: the configuration has no such signal.
    """
    with opened(case) as scene:
        junction = scene.derived.junction
        controller, shield = SignalController(junction), Shield(junction)
        own = spelt(fingerprint(junction))
        state = shield.take_over(shield.start(own), "direct")
        desk = Desk(words.Begin(words.VERSION, "direct", junction), make)
        told, steered_s = LOCAL, 0
        while scene.goes_on():
            controller.step(told)
            lamps = tuple(controller.lamps)
            sensed = scene.second(lamps)
            now_ms = 1000 * scene.passed_s
            calls = controller.called
            seen = ReadBack(lamps, told.remote, own, calls=calls, age_ms=1000)
            observation = Observation(
                scene.passed_s, lamps, tuple(controller.age_s), np.array(sensed.passages, float),
                np.array(sensed.covered), calls,
            )  # fmt: skip
            answer = desk.answer(words.seen(observation, now_ms + REQUEST_LIFE_MS))
            request = answer.request if isinstance(answer, words.Asked) else None
            state, told, _ = shield.step(state, seen, request, now_ms)
            steered_s += told.remote
        return Ran(scene.score(), Trip.NONE, steered_s)


async def _lockstep(case: Case, make: MakeStrategy, protocol: str) -> Ran:
    with opened(case) as scene, tempfile.TemporaryDirectory(prefix="ria-plan-") as folder:
        junction = scene.derived.junction
        cabinet = SignalCabinet(junction, scene, fingerprint(junction))
        socket = Path(folder) / "planner.sock"
        ready = asyncio.Event()
        steered_s = 0
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(serve(socket, make, ready.set), name="planner")
            await ready.wait()
            async with closed_loop(cabinet, socket, protocol=protocol) as loop:
                await loop.planner_ready()
                while scene.goes_on():
                    await loop.second()
                    steered_s += loop.control.told.remote
                said = tuple(str(event.detail) for event in loop.events)
            serving.cancel()
        return Ran(scene.score(), cabinet.monitor.trip, steered_s, said)


class Scene:
    """A running simulation as the traffic of a junction, and the ledger of its vehicles."""

    def __init__(self, case: Case, session: Session, signal: str, derived: derive.Derived) -> None:
        self.derived = derived
        self.passed_s = 0
        self.at_horizon: Callable[[], None] | None = None
        """Called when the last second of the window has passed."""
        self._street = SumoStreet(session, signal, derived)
        self._case = case
        self._session = session
        files = (*session.scene.routes, *session.scene.additional)
        self._ledger = Ledger(read_demand(files, case.begin_s), case.begin_s, case.end_s)
        self._closed = False

    def second(self, lamps: Sequence[Lamp]) -> Sensed:
        """Let one second pass under these lamps."""
        sensed = self._street.second(lamps)
        self.passed_s += 1
        self._ledger.watch(self._session.api)
        if not self._closed and self._session.now_s >= self._case.end_s:
            self._ledger.close(self._session.api)
            self._closed = True
            if self.at_horizon is not None:
                self.at_horizon()
        return sensed

    def goes_on(self) -> bool:
        """Whether another second is to be simulated: until all have arrived, or the drain ends."""
        if not self._closed:
            return True
        left = self._session.api.simulation.getMinExpectedNumber()
        drained = self._session.now_s >= self._case.end_s + DRAIN_S
        return bool(left) and not drained and not self._ledger.locked

    def score(self) -> Score:
        """The figures; this ends the simulation. Only after the horizon."""
        ended_s = self._session.now_s
        self._session.close()
        return self._ledger.score(trips(self._session.tripinfo), ended_s)


@contextmanager
def opened(case: Case) -> Iterator[Scene]:
    """The configuration, running, with its loops in the asphalt.

    Raises:
        ConfigError: the configuration has no such signal.
    """
    scene = scenario(case.config)
    network, signals = derive.read(scene.network, list(scene.additional), case.timing)
    signal = case.signal or next(iter(sorted(signals)), "")
    if signal not in signals or (not case.signal and len(signals) > 1):
        known = ", ".join(sorted(signals)) or "none that changes"
        raise ConfigError(f"{case.config} has the signals {known}; name one of them with `signal`")
    derived, placed = loops.equip(network, signals[signal])
    with tempfile.TemporaryDirectory(prefix="ria-loops-") as folder:
        more = [loops_file(placed, Path(folder))]
        with Session(
            scene, seed=case.seed, begin_s=case.begin_s, sumo=case.sumo, more=more
        ) as session:
            yield Scene(case, session, signal, derived)
