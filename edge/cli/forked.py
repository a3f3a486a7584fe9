"""A worker that is replaced at once: everything slow was done before, by the process it is of."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from edge.errors import EdgeError

PAUSE_S = 0.1
"""Before the next one, so that one that cannot live does not spin."""
MISCONFIGURED = 2
_PR_SET_PDEATHSIG = 1


def keep_working(work: Callable[[], None]) -> int:
    """Run `work` in a child, and in another one whenever it dies, until told to end.

    A killed worker costs a fork, not an interpreter and its imports. Call it from a process that
    has one thread.

    Returns:
        0 after SIGTERM or SIGINT; 2 where the worker said that something must be configured anew.
    """
    told: list[int] = []
    worker = 0

    def end(number: int, _: FrameType | None) -> None:
        told.append(number)
        if worker:
            os.kill(worker, signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    while not told:
        worker = os.fork()
        if worker == 0:
            _live(work)
        if told:  # it came while there was nobody to pass it on to
            os.kill(worker, signal.SIGTERM)
        _, status = os.waitpid(worker, 0)
        worker = 0
        if os.waitstatus_to_exitcode(status) == MISCONFIGURED:
            return MISCONFIGURED
        time.sleep(0 if told else PAUSE_S)
    return 0


def _live(work: Callable[[], None]) -> None:
    """The child's whole life; it never returns, and never outlives its parent."""
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        work()
        code = 0
    except EdgeError as error:
        print(f"ria: {error}", file=sys.stderr, flush=True)
        code = MISCONFIGURED
    finally:
        os._exit(code)
