"""What the kernel says of a process that is not ours to ask."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one process since it began."""

    cpu_s: float
    """User and system time of all its threads."""
    resident_mb: float
    written_bytes: int
    """Bytes it made the kernel write to the disk, journal and checkpoints included."""


def usage(pid: int) -> Usage:
    """As of now; proc(5)."""
    folder = Path("/proc") / str(pid)
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    status = dict(_pairs(folder / "status"))
    io = dict(_pairs(folder / "io"))
    return Usage(
        cpu_s=ticks / os.sysconf("SC_CLK_TCK"),
        resident_mb=int(status["VmRSS"].split()[0]) / 1000,
        written_bytes=int(io["write_bytes"]),
    )


def _pairs(path: Path) -> list[tuple[str, str]]:
    lines = (line.partition(":") for line in path.read_text().splitlines())
    return [(key, value.strip()) for key, _, value in lines]
