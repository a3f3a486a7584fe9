"""One process, one store."""

import fcntl
import os
from pathlib import Path

from edge.errors import ConfigError, StoreFailed


class Lock:
    """Held from its making until `release`, or until the process is gone however it went."""

    def __init__(self, folder: Path) -> None:
        """Take the folder.

        Raises:
            ConfigError: another process has it.
            StoreFailed: the folder cannot be made or written.
        """
        path = folder / "lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreFailed(f"{folder}: {error.strerror}; look at the disk") from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._handle, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._handle)
            raise ConfigError(
                f"{folder} is in use by process {holder}: stop that gateway, or give this one "
                "another store.path"
            ) from error
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let another process have the folder."""
        os.close(self._handle)
