"""Many runs at once, each in a process of its own: one that dies takes no other with it.

libsumo holds one simulation a process, and a simulator that crashes ends its process; the parent
reads results from pipes and ends whatever is left when it goes.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Generic, TypeVar

from edge.bench.signals.spec import Progress
from edge.errors import EdgeError

Order = TypeVar("Order")
Outcome = TypeVar("Outcome")
_TAIL = 400
"""Characters of a dead run's last words."""


class RunFailed(EdgeError):
    """A run ended without a result."""


@dataclass(frozen=True, slots=True)
class News(Generic[Order, Outcome]):
    """What one run tells: how far it is, what came of it, or why nothing did."""

    order: Order
    share: float = 0.0
    outcome: Outcome | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class _Running(Generic[Order]):
    order: Order
    process: BaseProcess
    log: Path


def run_all(
    one: Callable[[Order, Progress], Outcome], orders: Sequence[Order], jobs: int
) -> Generator[News[Order, Outcome], None, None]:
    """Run every order, `jobs` at a time; news as they come. Ends its processes when closed."""
    waiting = list(reversed(orders))
    running: dict[Connection, _Running[Order]] = {}
    with tempfile.TemporaryDirectory(prefix="ria-runs-") as folder, _ended(running):
        while waiting or running:
            while waiting and len(running) < jobs:
                log = Path(folder) / f"{len(waiting)}.log"
                receiver, started = _start(one, waiting[-1], log)
                running[receiver] = _Running(waiting.pop(), started, log)
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)  # noqa: S101  wait returns what it was given
                yield from _read(ready, running)


def _start(
    one: Callable[[Order, Progress], Outcome], order: Order, log: Path
) -> tuple[Connection, BaseProcess]:
    # spawn: a fork would inherit threads and a simulator half loaded
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(one, order, sender, log), daemon=True)
    process.start()
    sender.close()
    return receiver, process


def _child(
    one: Callable[[Order, Progress], Outcome], order: Order, sender: Connection, log: Path
) -> None:
    # the simulator writes past Python, to the descriptors themselves
    words = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(words, 1)
    os.dup2(words, 2)
    try:
        outcome = one(order, lambda share: sender.send(News(order, share)))
    except EdgeError as error:
        sender.send(News(order, failure=str(error)))
    else:
        sender.send(News(order, 1.0, outcome))


def _read(
    ready: Connection, running: dict[Connection, _Running[Order]]
) -> Iterator[News[Order, Outcome]]:
    run = running[ready]
    try:
        news = ready.recv()
    except EOFError:
        run.process.join()
        said = run.log.read_text(errors="replace").strip()[-_TAIL:] if run.log.exists() else ""
        code = run.process.exitcode
        news = News(run.order, failure=f"the run ended with code {code}: {said or 'no word'}")
    if news.outcome is not None or news.failure:
        del running[ready]
        ready.close()
        run.process.join()
    yield news


@contextlib.contextmanager
def _ended(running: dict[Connection, _Running[Order]]) -> Iterator[None]:
    try:
        yield
    finally:
        for receiver, run in running.items():
            run.process.terminate()
            run.process.join()
            receiver.close()
