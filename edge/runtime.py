"""The process as a service: its clock, its signals, what it tells the service supervisor."""

import asyncio
import contextlib
import logging
import os
import random
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

from edge.errors import EdgeError
from edge.model.clock import NS_PER_S, ClockQuality, Instant

log = logging.getLogger("ria")

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
SYNCED_MARK = Path("/run/systemd/timesync/synchronized")
CLOCK_STEP_S = 0.5
"""A wall clock that moves by more than this against the monotonic one was stepped."""


class SystemClock:
    """The machine's own clock. The one place that reads it."""

    def __init__(self) -> None:
        self.boot = _boot_id()
        self._asked_ns = -NS_PER_S
        self._quality = ClockQuality.UNKNOWN

    def now(self) -> Instant:
        """Wall time, nanoseconds since the Unix epoch, UTC."""
        return Instant(time.time_ns())

    def mono_ns(self) -> int:
        """Monotonic nanoseconds of this boot; the event loop counts the same ones."""
        return time.monotonic_ns()

    def quality(self) -> ClockQuality:
        """Synced where a time server has disciplined the clock in this boot, else saved.

        As of at most a second ago: every scan asks, and the answer is a file.
        """
        mono_ns = time.monotonic_ns()
        if mono_ns - self._asked_ns >= NS_PER_S:
            self._asked_ns = mono_ns
            synced = SYNCED_MARK.exists()
            self._quality = ClockQuality.SYNCED if synced else ClockQuality.SAVED
        return self._quality


def _boot_id() -> str:
    # under ProcSubset=pid the kernel's boot id is hidden; the service unit copies it here
    for path in (Path(os.environ.get("RUNTIME_DIRECTORY", "")) / "boot_id", BOOT_ID):
        with contextlib.suppress(OSError):
            return path.read_text().strip().replace("-", "")[:16]
    return f"{random.SystemRandom().getrandbits(64):016x}"


class ServiceSupervisor:
    """Speaks sd_notify(3) where a supervisor listens, and keeps silent where none does."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        watchdog_us = int(environ.get("WATCHDOG_USEC", "0") or 0)
        self.watchdog_s = watchdog_us / 1e6
        """How often at the latest it wants to hear from us; 0 is never."""

    def tell(self, **state: str) -> None:
        """Send `READY=1`, `STATUS=…`, `WATCHDOG=1`, `STOPPING=1`."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        lines = "\n".join(f"{key}={value}" for key, value in state.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            with contextlib.suppress(OSError):
                notify.connect(address)
                notify.sendall(lines.encode())

    async def keep_alive(self, healthy: Callable[[], str]) -> None:
        """Pet the watchdog at a third of its time, as long as `healthy` gives no reason not to."""
        period_s = self.watchdog_s / 3 or 10.0
        while True:
            reason = healthy()
            if reason:
                self.tell(STATUS=reason)
            else:
                self.tell(WATCHDOG="1")
            await asyncio.sleep(period_s)


@contextlib.contextmanager
def on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at SIGTERM or SIGINT; at the second one die at once, as a person expects."""
    loop = asyncio.get_running_loop()
    asked = False

    def ask() -> None:
        nonlocal asked
        if asked:
            os._exit(130)
        asked = True
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def supervise(
    name: str, run: Callable[[], Awaitable[None]], rng: random.Random, longest_s: float = 60.0
) -> None:
    """Run it; after a transient error run it again, with full jitter; let any other error out."""
    attempt = 0
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await run()
        except EdgeError as error:
            if not error.transient:
                raise
            attempt = 0 if loop.time() - began > longest_s else attempt + 1
            delay_s = rng.uniform(0.2, min(longest_s, 1.5**attempt))
            log.warning("%s ended: %s; again in %.1f s", name, error, delay_s)
            await asyncio.sleep(delay_s)
        else:
            return


async def clock_steps(clock: SystemClock, period_s: float = 1.0) -> AsyncIterator[tuple[int, int]]:
    """Each step of the wall clock, as `(wall before, wall after)` in nanoseconds."""
    offset_ns = clock.now() - clock.mono_ns()
    while True:
        await asyncio.sleep(period_s)
        now, mono_ns = clock.now(), clock.mono_ns()
        moved_ns = (now - mono_ns) - offset_ns
        if abs(moved_ns) > CLOCK_STEP_S * NS_PER_S:
            yield now - moved_ns, now
        offset_ns += moved_ns
