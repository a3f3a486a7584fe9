"""What waits to be written to the ledger, in order."""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edge.errors import StoreFailed
from edge.store.database import Damaged, DiskFull
from edge.store.ledger import DeviceState, Ledger
from edge.store.place import Place

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """One transaction of the ledger."""

    write: Callable[[], None]
    states: Mapping[str, DeviceState] = field(default_factory=dict)
    replay_after: Place | None = None
    raw_after: Place | None = None
    done: Callable[[], None] = lambda: None
    """Called once it stands."""


class Desk:
    """The first change stays first until it stands, so that a failed write is only ever repeated.

    Whether a transaction that failed is on the disk after all shows in the ledger's revision, and
    that speaks for one change alone.
    """

    def __init__(self, ledger: Ledger, make_room: Callable[[], bool]) -> None:
        self._ledger = ledger
        self._make_room = make_room
        self._waiting: deque[Change] = deque()
        self.trouble = ""
        """Why the first change does not stand yet."""

    @property
    def is_stalled(self) -> bool:
        """Whether something waits for the disk."""
        return bool(self._waiting)

    def submit(self, change: Change) -> bool:
        """Write it, after all that waits; whether it stands.

        Raises:
            Damaged: the ledger cannot be trusted any more.
        """
        self._waiting.append(change)
        return self.flush()

    def flush(self) -> bool:
        """Write what waits; whether nothing waits any more.

        Raises:
            Damaged: the ledger cannot be trusted any more.
        """
        while self._waiting:
            change = self._waiting[0]
            try:
                self._commit(change)
            except Damaged:
                raise
            except StoreFailed as error:
                _log.warning("store ledger waits reason=%s", error)
                self.trouble = str(error)
                return False
            self._waiting.popleft()
            self.trouble = ""
            change.done()
        return True

    def _commit(self, change: Change) -> None:
        try:
            self._write(change)
        except DiskFull:
            if not self._make_room():
                raise
            self._write(change)

    def _write(self, change: Change) -> None:
        self._ledger.commit(
            change.write,
            states=change.states,
            replay_after=change.replay_after,
            raw_after=change.raw_after,
        )
