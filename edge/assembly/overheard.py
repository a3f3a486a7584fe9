"""A digest that remembers its latest events for whoever looks at the page."""

from collections import deque

from edge.model.clock import Instant
from edge.model.event import Event
from edge.model.scan import Scan
from edge.ports import Digest, Letter

KEPT = 200


class Overheard:
    """`edge.ports.Digest` as the one inside, with the newest events kept beside it."""

    def __init__(self, inside: Digest) -> None:
        self._inside = inside
        # written by the store's thread and by the loop, read by the page: a deque bears that
        self.events: deque[Event] = deque(maxlen=KEPT)
        self.state_of = inside.state_of
        self.restore = inside.restore

    def absorb(self, scan: Scan) -> list[Letter]:
        """As the digest inside."""
        return self._note(self._inside.absorb(scan))

    def close_until(self, now: Instant, grace_s: float | None = None) -> list[Letter]:
        """As the digest inside."""
        return self._note(self._inside.close_until(now, grace_s))

    def _note(self, letters: list[Letter]) -> list[Letter]:
        for letter in letters:
            if isinstance(letter.body, Event):
                self.events.append(letter.body)
        return letters
