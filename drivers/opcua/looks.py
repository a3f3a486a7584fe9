"""What a session tells becomes Scans, and what it has told already does not."""

import logging
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from drivers.opcua.assemble import Believed, Changes, Laws, Moment, assemble, whole
from drivers.opcua.frames import Readings
from edge.model.clock import NS_PER_S, Clock, Instant
from edge.model.point import Columns
from edge.model.quality import Quality
from edge.model.scan import Scan, failed

if TYPE_CHECKING:
    from drivers.opcua.session import Session

_log = logging.getLogger(__name__)


class Glance(NamedTuple):
    """What a look in the middle of a subscription showed, and when."""

    shown: Changes
    """Every column, in order."""
    moment: Moment


class Looker:
    """Makes the Scans of one device, and remembers what was told of each column."""

    def __init__(self, columns: Columns, laws: Laws, clock: Clock) -> None:
        self.overflows = 0
        """Values that the server's queues lost, as far as it said so."""
        self._columns = columns
        self._laws = laws
        self._clock = clock
        self._heard_at = Instant(0)
        self._shown = self._told = Changes.of(Readings(), laws)
        """What the last look showed, and what was told last; every column, in order."""
        self._unheard: set[int] = set()

    async def look(self, session: "Session") -> Scan:
        """Read all values: a Scan of them all, at the middle between question and last answer."""
        self._shown, moment = await self.glance(session)
        self._told = self._shown.copy()
        self._heard_at = moment.now
        return whole(self._shown, self._columns, moment)

    async def glance(self, session: "Session") -> Glance:
        """Read all values; what of it is news, `news` will say."""
        asked_ns = self._clock.mono_ns()
        shown = Changes.of(await session.look(), self._laws)
        moment = Moment.of(self._clock)
        return Glance(shown, moment.earlier((moment.mono_ns - asked_ns) // 2))

    def news(self, glance: Glance) -> list[Scan]:
        """The Scans of what a glance showed and nobody has told, oldest first; else "alive"."""
        shown, moment = glance
        self._shown = shown
        believed = self._believed(moment.now)
        return self._scans(believed.later(shown.unlike(self._told), self._told), moment, believed)

    def expect(self, places: set[int]) -> None:
        """These items are new: each will send its value once, changed or not."""
        self._unheard |= places

    def changed(self, readings: Readings, published_at: int = 0) -> list[Scan]:
        """The Scans of one publication, oldest first; of an empty one, one that says "alive"."""
        changes = Changes.of(readings, self._laws)
        self.overflows += changes.overflows
        if self._unheard:
            self._unheard.difference_update(readings.handle)
            changes = changes.beside(self._told)
        moment = Moment.of(self._clock)
        believed = self._believed(moment.now)
        overtaken = believed.superseded(changes, self._shown)
        if overtaken.any():
            changes = changes.where(~overtaken)
        self._note(believed.astray(changes), moment.now)
        self._heard_at = Instant(believed.heard_at(published_at, moment.now))
        if not len(changes):  # it lived when it said so: what follows may have happened since
            moment = moment.earlier(max(0, moment.now - self._heard_at))
        return self._scans(changes, moment, believed)

    def _believed(self, now: Instant) -> Believed:
        return Believed.around(now, self._heard_at, self._columns.period_s)

    def _scans(self, changes: Changes, moment: Moment, believed: Believed) -> list[Scan]:
        self._told.take(changes)
        return assemble(changes, self._columns, moment, believed)

    def failed(self, cause: Quality) -> Scan:
        """The Scan of a look that brought nothing, now."""
        moment = Moment.of(self._clock)
        return failed(
            self._columns,
            cause,
            measured_at=moment.now,
            mono_ns=moment.mono_ns,
            boot=moment.boot,
            clock_quality=moment.quality,
        )

    def refused(self) -> set[int]:
        """Places of the nodes that the server did not know at the last look."""
        return set(np.flatnonzero(self._shown.quality == Quality.REFUSED).tolist())

    def _note(self, astray: npt.NDArray[np.int64], now: Instant) -> None:
        facts = self._columns.facts
        if len(astray) and "source_clock" not in facts:
            off_s = (int(astray[-1]) - now) / NS_PER_S
            facts["source_clock"] = f"{off_s:+.1f} s off; the gateway's time is written instead"
            _log.warning("%s: server time is %s", self._columns.device, facts["source_clock"])
