"""A crossing with a walk over one road, its cabinet behind a real socket, and the gateway before it."""

import asyncio
import random
from contextlib import asynccontextmanager

from control.fallback.actuated import Actuated
from control.fingerprint import fingerprint
from control.model import Countdown, Detector, Junction, Kind, Lamp, Role, SignalGroup, Stage
from control.service import serve
from edge.bench.signals.loop import closed_loop
from simulators.signal_cabinet import SignalCabinet
from simulators.signal_controller import Mode
from simulators.street import Demand, Street

N, E, S, W, WALK = range(5)
YELLOW_S, MINIMUM_S, WALK_S, CLEAR_S, INTERGREEN_S = 3, 7, 7, 6, 5


def crossing(**changes):
    """North and south with the walk beside them, east and west across."""
    groups = tuple(SignalGroup(name, YELLOW_S, MINIMUM_S) for name in "nesw")
    groups += (SignalGroup("walk", CLEAR_S, WALK_S, kind=Kind.PEDESTRIAN),)
    across = {(a, b) for a in (N, S, WALK) for b in (E, W)}
    pairs = frozenset(across | {(b, a) for a, b in across})
    loops = tuple(
        Detector(f"{name}-stop", Role.STOP_LINE, frozenset({g})) for g, name in enumerate("nesw")
    )
    buttons = (Detector("button", Role.PUSH_BUTTON, frozenset({WALK})),)
    return Junction(
        id="crossing",
        groups=groups,
        conflicts=pairs,
        yields=frozenset(),
        intergreen_s={(g, h): CLEAR_S + 1 if g == WALK else INTERGREEN_S for g, h in pairs},
        stages=(Stage("ns", frozenset({N, S, WALK})), Stage("ew", frozenset({E, W}))),
        detectors=loops + buttons,
        countdowns=tuple(Countdown(g, 9) for g in (N, E, S, W)),
        **changes,
    )


def cabinet_of(junction, *, seed=1, vph=360.0):
    street = Street(junction, random.Random(seed), Demand(vehicles_vph=vph))
    return SignalCabinet(junction, street, fingerprint(junction))


class Run:
    """A loop, and everything that the street was shown in it, second by second."""

    def __init__(self, loop):
        self.loop = loop
        self.cabinet = loop.cabinet
        self.control = loop.control
        self.seen = []
        self.displays = []
        self.written = []
        write = self.cabinet.write

        def witnessed(point, value):
            self.written.append((point, value))
            write(point, value)

        self.cabinet.write = witnessed

    async def seconds(self, count, *, until=None, attended=True):
        """Let seconds pass, at most `count`; an error where `until` did not come true in them."""
        for _ in range(count):
            if until is not None and until():
                return
            await (self.loop.second() if attended else self.loop.unattended())
            self.seen.append(self.cabinet.seen())
            self.displays.append(dict(self.cabinet.display.shown))
        if until is not None and not until():
            raise AssertionError(f"did not happen in {count} s")

    def green(self, group):
        return self.cabinet.seen()[group] is Lamp.GREEN


@asynccontextmanager
async def planner(path, make=Actuated):
    """A planner in this process, behind a real socket."""
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(serve(path, make, ready.set), name="planner")
        await ready.wait()
        try:
            yield serving
        finally:
            serving.cancel()


@asynccontextmanager
async def timed(tmp_path, cabinet, make=Actuated, **options):
    """The whole loop, with a planner that is ready."""
    path = tmp_path / "p.sock"
    async with planner(path, make), closed_loop(cabinet, path, **options) as loop:
        await loop.planner_ready()
        yield Run(loop)


@asynccontextmanager
async def steered(tmp_path, cabinet=None, make=Actuated, **options):
    """A loop in which the gateway took over 30 s ago."""
    async with timed(tmp_path, cabinet or cabinet_of(crossing()), make, **options) as run:
        await run.seconds(30)
        assert run.control.told.remote
        assert run.cabinet.controller.mode is Mode.ADAPTIVE
        yield run
