"""The planner as a child that is replaced when it dies: for the demo, benches and tests.

On site the service supervisor does this (`deploy/systemd/ria-plan.service`).
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from edge.demo.children import ria

PAUSE_S = 0.2
"""Before the next one is started, so that one that cannot start does not spin."""


class PlannerChild:
    """The process that stands now."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._process: asyncio.subprocess.Process | None = None
        self.started = 0

    def kill(self) -> None:
        """`kill -9` for the whole service: nothing in it gets a chance to tidy up."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    def kill_worker(self) -> None:
        """`kill -9` for the one of its processes that decides."""
        assert self._process is not None  # noqa: S101  # it has been started
        pid = self._process.pid
        for worker in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(worker), signal.SIGKILL)

    async def run(self) -> None:
        """Start it, and start it again whenever it has ended, until cancelled."""
        try:
            while True:
                self._process = await asyncio.create_subprocess_exec(*self._words)
                self.started += 1
                await self._process.wait()
                await asyncio.sleep(PAUSE_S)
        finally:
            self.kill()
            if self._process is not None:
                await self._process.wait()


@asynccontextmanager
async def planner_child(socket: Path, *options: str) -> AsyncIterator[PlannerChild]:
    """A `ria plan` on this socket for as long as the block lasts, whatever happens to it."""
    child = PlannerChild(ria("plan", "--socket", str(socket), *options))
    async with asyncio.TaskGroup() as tasks:
        life = tasks.create_task(child.run(), name="planner child")
        try:
            yield child
        finally:
            life.cancel()
