"""`ria plan`: the planner, a process of its own that the gateway asks over a socket."""

import argparse
import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from control.service import MakeStrategy, serve
from control.warm import warm
from edge.cli.forked import keep_working
from edge.errors import ConfigError
from edge.model.clock import NS_PER_S
from edge.runtime import SystemClock, on_signals


def plan(arguments: argparse.Namespace) -> int:
    """Serve until told to end; it says `ready` when it may be asked and nothing is left to load.

    Whoever answers is a fork of the process that has loaded and compiled everything: when it is
    killed, the next one answers at once.
    """
    make = _made_by(arguments.strategy)
    warm(make)
    return keep_working(lambda: asyncio.run(_serve(arguments.socket, make)))


def _made_by(strategy: str) -> MakeStrategy:
    if strategy == "actuated":
        from control.fallback.actuated import Actuated  # noqa: PLC0415

        return Actuated
    from control.adaptive import Adaptive  # noqa: PLC0415  # numba: half a second and 60 MB

    return lambda junction: Adaptive(junction, local_minus_monotonic_s=_local_minus_monotonic_s())


def _local_minus_monotonic_s() -> int:
    """Asked anew at every takeover: summer begins, and clocks are set."""
    clock = SystemClock()
    ahead = datetime.fromtimestamp(clock.now() / NS_PER_S, UTC).astimezone().utcoffset()
    local_ns = clock.now() - clock.mono_ns()
    return local_ns // NS_PER_S + int((ahead or timedelta()).total_seconds())


async def _serve(socket: Path, make: MakeStrategy) -> None:
    serving = asyncio.current_task()
    assert serving is not None  # noqa: S101  # we are in it

    def stop() -> None:
        serving.cancel()

    with on_signals(stop), contextlib.suppress(asyncio.CancelledError):
        try:
            await serve(socket, make, lambda: print(f"ready {socket}", flush=True))
        except OSError as error:
            raise ConfigError(
                f"cannot listen at {socket}: {error.strerror or error}; name a path in a folder"
                " that exists and may be written to"
            ) from error
