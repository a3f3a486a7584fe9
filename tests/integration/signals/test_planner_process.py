"""The planner as the process it is on site: asked over its socket, killed, replaced."""

import asyncio
import subprocess
import sys

import pytest

from control.model import Lamp
from edge.bench.signals.loop import closed_loop
from edge.demo.planner_child import planner_child
from simulators.conflict_monitor import Trip
from simulators.signal_controller import Mode
from tests.integration.signals.crossing import E, N, Run, cabinet_of, crossing

REPLACED_WITHIN_S = 5.0
COMPILED_WITHIN_S = 90.0
QUICK = ("--strategy", "actuated")
"""Needs nothing compiled: this is about the processes, not about who decides."""


@pytest.mark.parametrize(("kill", "starts"), [("kill_worker", 1), ("kill", 2)])
async def test_a_killed_planner_is_replaced_and_trusted_anew(tmp_path, kill, starts):
    path = tmp_path / "p.sock"
    async with (
        planner_child(path, *QUICK) as child,
        closed_loop(cabinet_of(crossing()), path) as loop,
    ):
        await loop.planner_ready()
        run = Run(loop)
        await run.seconds(60)
        first = loop.link.token
        assert run.control.state.token == first
        getattr(child, kill)()
        await loop.planner_gone()
        # a wait with a deadline: that it is back in time is what is promised
        async with asyncio.timeout(REPLACED_WITHIN_S):
            await loop.link.found.wait()
        assert child.started == starts
        assert loop.link.token != first
        await run.seconds(1)
        assert run.control.told.remote
        assert run.control.state.token == loop.link.token
        await run.seconds(100)
        assert any(lamps[N] is Lamp.GREEN for lamps in run.seen[-100:])
        assert any(lamps[E] is Lamp.GREEN for lamps in run.seen[-100:])
        assert run.cabinet.monitor.trip is Trip.NONE


async def test_without_a_planner_the_controller_is_alone_after_two_seconds(tmp_path):
    path = tmp_path / "p.sock"
    async with closed_loop(cabinet_of(crossing()), path) as loop:
        async with planner_child(path, *QUICK):
            await loop.planner_ready()
            run = Run(loop)
            await run.seconds(30)
            assert run.cabinet.controller.mode is Mode.ADAPTIVE
        await loop.planner_gone()
        await run.seconds(2)
        assert not run.control.told.remote
        await run.seconds(1)
        assert run.cabinet.controller.mode is Mode.ACTUATED
        assert run.loop.events[-1].detail["invariant"] == "I15"
        await run.seconds(100)
        assert run.cabinet.monitor.trip is Trip.NONE


async def test_the_adaptive_planner_is_replaced_without_compiling_again(tmp_path):
    path = tmp_path / "p.sock"
    async with planner_child(path) as child, closed_loop(cabinet_of(crossing()), path) as loop:
        async with asyncio.timeout(COMPILED_WITHIN_S):
            await loop.link.found.wait()
        run = Run(loop)
        await run.seconds(40)
        assert run.control.told.remote
        child.kill_worker()
        await loop.planner_gone()
        async with asyncio.timeout(REPLACED_WITHIN_S):
            await loop.link.found.wait()
        await run.seconds(60)
        assert run.control.told.remote
        assert run.cabinet.monitor.trip is Trip.NONE


def test_the_gateway_with_signals_never_imports_numba():
    program = (
        "import sys\n"
        "import edge.assembly.gateway, edge.assembly.junctions, edge.assembly.planner_link\n"
        "import edge.config.load, control.plan_file, edge.cli.run\n"
        "print(sorted(name for name in sys.modules if name in ('numba', 'llvmlite')\n"
        "      or name.startswith(('simulators', 'control.kernels', 'control.planner.'))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
