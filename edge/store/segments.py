"""The row of segment files: the one being written, those before it, those that failed."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from edge.errors import StoreFailed
from edge.model.clock import NS_PER_S, Clock
from edge.model.point import Columns
from edge.model.scan import Scan
from edge.store.database import size_of, sync_folder, wal_of
from edge.store.place import BEFORE_ALL, Place
from edge.store.segment import Open, Row, Segment

LONGEST_NS = 86_400 * NS_PER_S
LAST_ROW = 2**62
"""Stands for the end of a segment that does not read on."""

_log = logging.getLogger(__name__)


class Segments:
    """Scans in files that are numbered upwards, read by anyone, written only at the end.

    A segment whose disk failed is left as it is: `<number>.ends-<row>` beside it says which of its
    rows count, because what was not acknowledged is written again to the next segment.
    """

    def __init__(
        self,
        folder: Path,
        open_database: Open,
        *,
        clock: Clock,
        segment_bytes: int,
        least_number: int = 0,
    ) -> None:
        """Look at what is there; `least_number` is the highest number known to have been used.

        Raises:
            StoreFailed: the folder cannot be made or read.
        """
        self._folder = folder
        self._open_database = open_database
        self._clock = clock
        self._segment_bytes = segment_bytes
        self.epoch = ""
        self.current: Segment | None = None
        self._reader: Segment | None = None
        self._unmarked: dict[int, int] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            names = [path.name for path in folder.iterdir()]
        except OSError as error:
            raise StoreFailed(f"{folder}: {error.strerror}; look at the disk") from error
        self.numbers = sorted(int(n[:-4]) for n in names if n.endswith(".seg"))
        marks = (name.split(".ends-") for name in names if ".ends-" in name)
        self._ends = {int(number): int(row) for number, row in marks}
        self._most = max([least_number, *self.numbers, *self._ends])
        self._spans: dict[int, tuple[int, int]] = {}
        """When the scans of a finished segment were measured, once it was read."""
        self._sizes = {number: self._size(number) for number in self.numbers}

    def path(self, number: int) -> Path:
        """The file of a segment."""
        return self._folder / f"{number:08d}.seg"

    def adopt_last(self) -> tuple[Place, str, int]:
        """Go on writing where the last process stopped: `(last place, its epoch, its revision)`.

        A last segment that does not open stays behind, and the next append begins another.
        """
        if not self.numbers:
            return BEFORE_ALL, "", 0
        number = self.numbers[-1]
        try:
            segment = self._opened(number, create=False)
        except StoreFailed:
            _log.exception("store segment=%d unreadable", number)
            return Place(number, LAST_ROW), "", 0
        last = Place(number, min(segment.last_row, self._ends.get(number, LAST_ROW)))
        if number in self._ends:
            segment.close()
        else:
            self.current = segment
        return last, segment.epoch, segment.last_revision

    def append(self, scans: Sequence[Scan], revision: int) -> Place:
        """One durable row, in a segment with room for it.

        Raises:
            StoreFailed: it is not acknowledged; the segment is retired, the next call takes a new
                one.
        """
        segment = self._writable()
        try:
            place = segment.append(scans, revision)
        except StoreFailed:
            self.retire()
            raise
        try:
            segment.database.checkpoint_when_due()
        except StoreFailed:  # the row stands in the WAL all the same
            _log.exception("store segment=%d checkpoint failed", segment.number)
            self.retire()
        return place

    def _writable(self) -> Segment:
        segment = self.current
        if segment is not None:
            age_ns = self._clock.now() - segment.begun_at
            full = segment.database.bytes_on_disk() >= self._segment_bytes
            if full or abs(age_ns) >= LONGEST_NS or segment.epoch != self.epoch:
                self._close_current()
        if self.current is None:
            self._mark_retired()
            self._most += 1
            number = self._most
            try:
                self.current = self._opened(number, create=True)
                sync_folder(self._folder)
            except StoreFailed:
                self._give_up(number)
                raise
            except OSError as error:
                self._give_up(number)
                raise StoreFailed(f"{self._folder}: {error.strerror}; look at the disk") from error
            self.numbers.append(number)
        return self.current

    def _give_up(self, number: int) -> None:
        self._close_current()
        self._unlink(number)
        self._sizes.pop(number, None)

    def retire(self) -> None:
        """Never write to the current segment again: its last writes cannot be trusted."""
        if self.current is not None:
            self._unmarked[self.current.number] = self.current.last_row
            self._ends[self.current.number] = self.current.last_row
            self._close_current()

    def _mark_retired(self) -> None:
        try:
            for number, row in self._unmarked.items():
                (self._folder / f"{number:08d}.ends-{row}").touch()
            if self._unmarked:
                sync_folder(self._folder)
        except OSError as error:
            raise StoreFailed(f"{self._folder}: {error.strerror}; look at the disk") from error
        self._unmarked.clear()

    def rows_after(self, place: Place, limit: int) -> list[Row]:
        """Up to `limit` rows beyond `place`; a file that does not read on ends with a None row."""
        rows: list[Row] = []
        for number in [number for number in self.numbers if number >= place.segment]:
            after = place.row if number == place.segment else 0
            if len(rows) < limit and after < LAST_ROW:
                rows += self._rows(Place(number, after), limit - len(rows))
        return rows

    def page(
        self,
        place: Place,
        limit: int,
        *,
        since: int,
        until: int,
        wanted: Callable[[Columns], bool],
    ) -> tuple[list[Row], Place | None]:
        """Rows of one segment that touch `since <= t < until`, and where to go on; None at the end.

        Opens one file at most, so that nobody waits long behind a reader of old history.
        """
        for number in self.numbers:
            first, last = self._spans.get(number, (since, until))
            if number < place.segment or first >= until or last < since:
                continue
            begin = Place(number, place.row if number == place.segment else 0)
            rows = self._rows(begin, limit, since=since, until=until, wanted=wanted)
            goes_on = len(rows) == limit and rows[-1].place.row < LAST_ROW
            return rows, rows[-1].place if goes_on else Place(number + 1, 0)
        return [], None

    def _rows(
        self,
        after: Place,
        limit: int,
        *,
        since: int = -(2**63),
        until: int = 2**63 - 1,
        wanted: Callable[[Columns], bool] = lambda _: True,
    ) -> list[Row]:
        number = after.segment
        end = self._ends.get(number, LAST_ROW)
        rows: list[Row] = []
        try:
            segment = self._reading(number)
            found = segment.rows(after.row, limit, since=since, until=until, wanted=wanted)
            rows.extend(row for row in found if row.place.row <= end)
        except StoreFailed:
            _log.exception("store segment=%d does not read on", number)
            if self.current is not None and number == self.current.number:
                self.retire()
            rows.append(Row(Place(number, LAST_ROW), None))
        return rows

    def _reading(self, number: int) -> Segment:
        if self.current is not None and number == self.current.number:
            return self.current
        if self._reader is None or self._reader.number != number:
            self.stop_reading()
            self._reader = self._opened(number, create=False)
            self._spans[number] = self._reader.span()
        return self._reader

    def stop_reading(self) -> None:
        """Let go of the segment that was read last."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def evict(self, number: int) -> int:
        """Unlink a segment that is not being written; the bytes it gave back."""
        if self._reader is not None and self._reader.number == number:
            self.stop_reading()
        freed = self._size(number)
        self._unlink(number)
        self.numbers.remove(number)
        self._sizes.pop(number, None)
        self._spans.pop(number, None)
        return freed

    def _unlink(self, number: int) -> None:
        path = self.path(number)
        with suppress(OSError):
            for each in (*self._folder.glob(f"{number:08d}.ends-*"), wal_of(path), path):
                each.unlink(missing_ok=True)
        self._ends.pop(number, None)

    def bytes_on_disk(self) -> int:
        """What all segments take."""
        if self.current is not None:
            self._sizes[self.current.number] = self.current.database.bytes_on_disk()
        return sum(self._sizes.values())

    def _size(self, number: int) -> int:
        path = self.path(number)
        return size_of(path) + size_of(wal_of(path))

    def _opened(self, number: int, *, create: bool) -> Segment:
        return Segment(
            self.path(number),
            self._open_database,
            epoch=self.epoch,
            now=self._clock.now(),
            create=create,
        )

    def _close_current(self) -> None:
        if self.current is not None:
            self.current.close()
            self._sizes[self.current.number] = self._size(self.current.number)
            self.current = None

    def close(self) -> None:
        """Let go of all files, each with its WAL copied back."""
        self.stop_reading()
        self._close_current()
