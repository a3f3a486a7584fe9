"""What the page is told, once a tick, however many look at it. Pure but for the clock."""

import msgspec

from edge.model.clock import NS_PER_MS, Clock
from edge.model.event import Event
from edge.web.cells import EventView, view_of
from edge.web.source import Cells, DeviceHealth, PageSource, SiteView, StoreView, SyncView

EVENTS_SHOWN = 50


class Seen(msgspec.Struct, frozen=True):
    """What a reader holds already."""

    version: int = 0
    events: int = 0


NOTHING = Seen()


class Tick(msgspec.Struct, kw_only=True):
    """One message of the stream; it comes each second even when nothing changed."""

    now_ms: int
    clock: str
    site: int
    """Revision of the site description; the page asks for it again when it moved."""
    health: list[DeviceHealth]
    sync: SyncView
    store: StoreView
    cells: list[Cells]
    events: list[EventView] | msgspec.UnsetType = msgspec.UNSET
    """The newest events, newest first; absent where the reader holds them already."""


class Feed:
    """Readers who hold the same are sent the same bytes, which are made once."""

    def __init__(self, source: PageSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._site: SiteView | None = None
        self._site_revision = 0
        self._newest: Event | None = None
        self._events_revision = 1
        self._tick = -1
        self._made: dict[Seen, tuple[Seen, bytes]] = {}

    def site(self) -> tuple[int, SiteView]:
        """The site description with its revision."""
        site = self._source.site()
        if site is not self._site:
            self._site = site
            # a time, so that a page which outlives this process does not take two for one
            now_ms = self._clock.now() // NS_PER_MS
            self._site_revision = max(self._site_revision + 1, now_ms)
        return self._site_revision, site

    def frame(self, seen: Seen, tick: int) -> tuple[Seen, bytes]:
        """What a reader who holds `seen` is sent in this tick, and what it holds then.

        The bytes are one whole server-sent event.
        """
        if tick != self._tick:
            self._tick = tick
            self._made.clear()
        made = self._made.get(seen)
        if made is None:
            made = self._made[seen] = self._make(seen)
        return made

    def _make(self, seen: Seen) -> tuple[Seen, bytes]:
        latest = self._source.latest(seen.version)
        events = self._source.events(EVENTS_SHOWN)
        newest = events[0] if events else None
        if newest is not self._newest:
            self._newest = newest
            self._events_revision += 1
        told = Tick(
            now_ms=self._clock.now() // NS_PER_MS,
            clock=self._clock.quality().name.lower(),
            site=self.site()[0],
            health=list(self._source.health()),
            sync=self._source.sync(),
            store=self._source.store(),
            cells=list(latest.cells),
        )
        if seen.events != self._events_revision:
            told.events = [view_of(event) for event in events]
        frame = b"data: " + msgspec.json.encode(told) + b"\n\n"
        return Seen(latest.version, self._events_revision), frame
