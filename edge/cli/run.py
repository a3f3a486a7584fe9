"""`ria run`: the gateway, until it is told to end."""

import asyncio
import gc
import json
import random
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.assembly.gateway import Gateway
from edge.config.load import load_site
from edge.errors import EdgeError
from edge.runtime import SystemClock, on_signals


def run_site(path: Path, drain_s: float, report: Path | None) -> int:
    """Run the site's gateway; 0 after a clean end."""
    site = load_site(path)
    gateway = Gateway(site, SystemClock(), random.Random(), _say)
    reasons: list[str] = []
    try:
        asyncio.run(_run(gateway, drain_s))
    except* EdgeError as group:
        reasons = [str(error) for error in _leaves(group)]
    for reason in reasons:
        print(f"ria: {reason}", file=sys.stderr)
    if reasons:
        return 1
    if report:
        report.write_text(json.dumps(counts(gateway), indent=2) + "\n")
    return 0


def _leaves(group: BaseExceptionGroup[EdgeError]) -> Iterator[EdgeError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


async def _run(gateway: Gateway, drain_s: float) -> None:
    stop = asyncio.Event()
    # what start-up made stays for ever: the collector need not look at it again and again
    gc.collect()
    gc.freeze()
    with on_signals(stop.set):
        await gateway.run(stop, drain_s)


def _say(line: str) -> None:
    print(line, flush=True)


def counts(gateway: Gateway) -> dict[str, Any]:
    """The gateway's own account of what it did."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    status = gateway.sync.status() if gateway.sync else None
    return {
        "devices": [
            {"id": name, "protocol": it.protocol, "scans": it.scans, "samples": it.samples}
            for name, it in gateway.carried.items()
        ],
        "samples_committed": gateway.store.health().cells_committed,
        "messages_sent": status.published if status else 0,
        "messages_confirmed": sum(lane.confirmed for lane in status.lanes) if status else 0,
        "first_commit_cpu_s": round(gateway.first_commit_cpu_s, 3),
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
        "rss_mb": round(_resident_mb(), 1),
    }


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    print("ria: /proc/self/status names no VmRSS", file=sys.stderr)
    return float("nan")
