"""Power cuts without a plug: SQLite's writes are logged, then replayed as a disk might keep them.

The model. A write is durable only after the sync of its file. Before that each of its 512-byte
sectors may be on the disk or not, in any combination, whatever came before or after it; so may a
truncation. A file that was never synced may not exist, a deleted one may be back, until the folder
is synced: SQLite does that with the first sync of a journal or log, and where a deletion asks for
it. Not modelled: devices that lie about a flush, and cards that lose whole erase blocks.
"""

# ruff: noqa: N802 - the names of the methods are SQLite's

import random
from dataclasses import dataclass, field
from pathlib import Path

import apsw

SECTOR = 512


@dataclass(frozen=True)
class Step:
    """One thing that SQLite asked of the disk, or a mark of the test's own (`file` is empty)."""

    kind: str
    file: str = ""
    offset: int = 0
    data: bytes = b""


@dataclass
class _File:
    """A file between its making and its deletion."""

    durable: bytes = b""
    unsynced: list[Step] = field(default_factory=list)
    is_named: bool = False
    """Whether the folder durably knows it."""


class PowerLossVfs(apsw.VFS):
    """A road to the disk that remembers every step."""

    def __init__(self, name, root):
        self.name = name
        self.root = Path(root)
        self.steps = []
        super().__init__(name, "")

    def xOpen(self, name, flags):
        filename = name.filename() if isinstance(name, apsw.URIFilename) else name
        return _LoggedFile(self, filename, name, flags)

    def xDelete(self, filename, syncdir):
        super().xDelete(filename, syncdir)
        self.steps.append(Step("delete", self.relative(filename), int(syncdir)))

    def mark(self, kind):
        """Note where something happened that the disk knows nothing of."""
        self.steps.append(Step(kind))

    def relative(self, filename):
        return str(Path(filename).relative_to(self.root))


class _LoggedFile(apsw.VFSFile):
    def __init__(self, vfs, filename, name, flags):
        self._vfs = vfs
        self._relative = vfs.relative(filename) if filename else ""
        super().__init__("", name, flags)

    def _log(self, kind, offset=0, data=b""):
        if self._relative:
            self._vfs.steps.append(Step(kind, self._relative, offset, bytes(data)))

    def xWrite(self, data, offset):
        super().xWrite(data, offset)
        self._log("write", offset, data)

    def xTruncate(self, size):
        super().xTruncate(size)
        self._log("truncate", size)

    def xSync(self, flags):
        super().xSync(flags)
        self._log("sync")


def image(steps, folder, rng: random.Random):
    """Write to `folder` what a disk may hold when the power goes after these steps."""
    named: dict[str, list[_File | None]] = {}
    for step in steps:
        if step.file:
            _take(named, step)
    share = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
    for name, behind in named.items():
        # the last change of the folder that reached the disk decides which file bears the name
        file = next(
            (f for f in reversed(behind[1:]) if (f and f.is_named) or rng.random() < share),
            behind[0],
        )
        if file is not None:
            content = bytearray(file.durable)
            for step in file.unsynced:
                _apply(content, step, lambda: rng.random() < share)
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _take(named, step):
    """By name: the file that bears it durably, then those that may."""
    behind = named.setdefault(step.file, [None])
    if step.kind == "delete":
        behind.append(None)
        if step.offset:
            _sync_folder(named, step.file)
        return
    if behind[-1] is None:
        behind.append(_File())
    file = behind[-1]
    if step.kind != "sync":
        file.unsynced.append(step)
        return
    content = bytearray(file.durable)
    for each in file.unsynced:
        _apply(content, each, lambda: True)
    file.durable, file.unsynced = bytes(content), []
    if not file.is_named and step.file.endswith(("-wal", "-journal")):
        _sync_folder(named, step.file)
    file.is_named = True
    behind[:] = [file]


def _sync_folder(named, name):
    for other, behind in named.items():
        if Path(other).parent == Path(name).parent:
            behind[:] = behind[-1:]
            if behind[0] is not None:
                behind[0].is_named = True


def _apply(content, step, is_kept):
    if step.kind == "truncate":
        if is_kept():
            del content[step.offset :]
        return
    for at in range(0, len(step.data), SECTOR):
        if is_kept():
            piece, begin = step.data[at : at + SECTOR], step.offset + at
            content.extend(bytes(max(0, begin + len(piece) - len(content))))
            content[begin : begin + len(piece)] = piece
