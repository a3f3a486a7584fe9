"""Messages that another message now says: which rows no longer count. Pure.

A gateway that runs out of disk merges old windows into one longer window, under a new number, and
says so in an event. The old rows stop counting when the message that says them now is held, never
before; merges of merges are followed to the last of them.
"""

from dataclasses import dataclass, field

from cloud_sync.ranges import Ranges


@dataclass(slots=True)
class Thinned:
    """The tombstones of one lane."""

    covered: Ranges = Ranges()  # noqa: RUF009  # immutable
    """Will not come, and need not."""
    replaced: Ranges = Ranges()  # noqa: RUF009
    """Said by another message that is held: their own rows do not count."""
    _merges: list[tuple[Ranges, int]] = field(default_factory=list)
    _awaited: set[int] = field(default_factory=set)
    """Messages whose arrival makes others stop counting."""

    def add(self, ranges: Ranges, replaced_by: int | None) -> None:
        """A tombstone came."""
        self.covered |= ranges
        if replaced_by is not None:
            self._merges.append((ranges, replaced_by))
            self._awaited.add(replaced_by)

    def concerns(self, seq: int) -> bool:
        """Whether the arrival of this message may make others stop counting."""
        return seq in self._awaited

    def settle(self, received: Ranges) -> Ranges:
        """What stops counting now that `received` have come."""
        replaced = Ranges()
        for ranges, replaced_by in self._merges:
            if self._last_word(replaced_by) in received:
                replaced |= ranges
        newly = replaced - self.replaced
        self.replaced |= newly
        return newly

    def _last_word(self, seq: int) -> int:
        """A merge has a larger number than what it merges, so this ends."""
        for ranges, replaced_by in self._merges:
            if seq in ranges:
                return self._last_word(replaced_by)
        return seq
