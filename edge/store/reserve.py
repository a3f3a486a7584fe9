"""Room kept for the writes that make room."""

import os
from contextlib import suppress
from pathlib import Path

from edge.store.database import free_bytes, size_of


class Reserve:
    """A file of nothing. On a full disk even a deletion has to be logged first: then it goes."""

    def __init__(self, path: Path, bytes_kept: int) -> None:
        self._path = path
        self.bytes_kept = bytes_kept
        self.restore()

    def restore(self) -> None:
        """Take the room again, once there is three times as much."""
        room = free_bytes(self._path.parent) > 3 * self.bytes_kept
        if not room or self.bytes_on_disk() == self.bytes_kept:
            return
        with suppress(OSError), self._path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, self.bytes_kept)

    def release(self) -> bool:
        """Give the room back; whether there was any."""
        if not self.bytes_on_disk():
            return False
        with suppress(OSError):
            self._path.unlink()
        return True

    def bytes_on_disk(self) -> int:
        """What it takes now."""
        return size_of(self._path)
