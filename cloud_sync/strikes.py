"""Messages under suspicion: a payload that a broker hangs up on must not stop the others.

MQTT 3.1.1 knows no "no" to a publish: a broker that finds one too large closes the connection. So
whatever was in flight when a session broke is then sent alone, and what breaks the session alone,
three times running, is put aside for a while.
"""

from dataclasses import dataclass, field

Key = tuple[str, int]
"""A lane and a number; `("site", 0)` is the site's description."""

STRIKES = 3
ASIDE_S = 30.0
ASIDE_LIMIT_S = 600.0


@dataclass(slots=True)
class Strikes:
    """What was in flight when sessions broke. Times are seconds of one monotonic clock."""

    _in_flight: dict[Key, bool] = field(default_factory=dict)
    _suspects: dict[Key, int] = field(default_factory=dict)
    """Sessions broken while it was alone in flight."""
    _aside_until: dict[Key, float] = field(default_factory=dict)
    _aside_s: dict[Key, float] = field(default_factory=dict)

    def suspect(self, key: Key) -> bool:
        """Whether it must travel alone."""
        return key in self._suspects

    def aside(self, key: Key) -> bool:
        """Whether it is not to be sent now."""
        return key in self._aside_until

    @property
    def set_aside(self) -> frozenset[Key]:
        """All that is not being sent."""
        return frozenset(self._aside_until)

    def leaves(self, key: Key) -> None:
        """It is on its way to the broker."""
        self._in_flight[key] = self.suspect(key)

    def arrived(self, key: Key) -> None:
        """The broker took it."""
        self._in_flight.pop(key, None)
        self._suspects.pop(key, None)
        self._aside_s.pop(key, None)

    def broke(self, now: float) -> None:
        """The session ended: what was in flight is suspect, and what was alone is struck."""
        in_flight, self._in_flight = self._in_flight, {}
        for key, alone in in_flight.items():
            self._suspects[key] = self._suspects.get(key, 0) + alone
            if self._suspects[key] >= STRIKES:
                self.refuse(key, now)

    def ended(self) -> None:
        """The session was closed by us: nobody is to blame."""
        self._in_flight.clear()

    def refuse(self, key: Key, now: float) -> None:
        """Put it aside, twice as long each time."""
        self._in_flight.pop(key, None)
        wait_s = self._aside_s.get(key, ASIDE_S)
        self._aside_s[key] = min(2 * wait_s, ASIDE_LIMIT_S)
        self._aside_until[key] = now + wait_s
        self._suspects[key] = STRIKES - 1  # one more try, alone

    def due(self, now: float) -> list[Key]:
        """What has been aside long enough; it is no longer."""
        due = [key for key, until in self._aside_until.items() if until <= now]
        for key in due:
            del self._aside_until[key]
        return due
