"""Processes with a parent: each is told to end, waited for, and never outlives us."""

import contextlib
import ctypes
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """One process; what it prints is kept, and can be waited for."""

    def __init__(self, name: str, words: Sequence[str], log: Path, cwd: Path | None = None) -> None:
        self.name = name
        self._lines: list[str] = []
        self._said = threading.Condition()
        self._log = log.open("w")
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            bufsize=1,
            cwd=cwd,
            # Ctrl-C reaches the parent alone, which ends the others in their order
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # one call, no allocation, Linux only
        )
        self._listener = threading.Thread(target=self._listen, name=f"listen[{name}]", daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None  # noqa: S101  # PIPE was asked for
        for line in self.process.stdout:
            with self._said:
                self._lines.append(line.rstrip("\n"))
                self._log.write(line)
                self._said.notify_all()
        with self._said:
            self._said.notify_all()

    def wait_for(self, beginning: str, within_s: float) -> str:
        """The rest of the first printed line that begins so.

        Raises:
            ChildFailed: it ended, or the time passed, before it said so.
        """
        deadline = time.monotonic() + within_s
        with self._said:
            while True:
                for line in self._lines:
                    if line.startswith(beginning):
                        return line.removeprefix(beginning).strip()
                left_s = deadline - time.monotonic()
                ended = self.process.poll() is not None and not self._listener.is_alive()
                if left_s <= 0 or ended:
                    raise ChildFailed(self, f"did not say {beginning!r} within {within_s:.0f} s")
                self._said.wait(min(left_s, 0.2))

    def end(self, within_s: float = 10.0) -> int:
        """Ask it to end, and insist when it does not; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._listener.join(1.0)
        self._log.close()
        return code

    def kill(self) -> None:
        """`kill -9`: nothing in it gets a chance to tidy up."""
        self.process.kill()
        self.process.wait()


class ChildFailed(Exception):
    """A process did not do its part; the message ends with the last it said."""

    def __init__(self, child: Child, what: str) -> None:
        with contextlib.suppress(OSError):
            child._log.flush()  # noqa: SLF001  # its own error
        tail = Path(child._log.name).read_text(errors="replace")[-800:]  # noqa: SLF001
        super().__init__(f"{child.name} {what}\n{tail}")


def ria(*words: str) -> list[str]:
    """The command line of another Ria process, of this very interpreter and code."""
    return [sys.executable, "-m", "edge", *words]


@contextlib.contextmanager
def all_ended(children: list[Child]) -> Iterator[None]:
    """Whatever happens inside, nobody is left when it ends."""
    try:
        yield
    finally:
        for child in reversed(children):
            if child.process.poll() is None:
                child.end(3.0)
