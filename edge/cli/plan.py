"""`ria plan`: the planner, a process of its own that the gateway asks over a socket."""

import argparse
import asyncio
import contextlib
from pathlib import Path

from control.actuated import Actuated
from control.service import MakeStrategy, serve
from edge.errors import ConfigError
from edge.runtime import on_signals


def plan(arguments: argparse.Namespace) -> int:
    """Serve until told to end; it says `ready` when it may be asked."""
    asyncio.run(_serve(arguments.socket, _made_by(arguments.strategy)))
    return 0


def _made_by(strategy: str) -> MakeStrategy:
    return {"actuated": Actuated}[strategy]


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
