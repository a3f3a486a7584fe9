"""A subscription is believed only as long as it speaks.

Each period brings changes, or the server's word that there were none, or else a read of all values.
They are also all read now and then: some servers say nothing when a node is deleted, none repeats a
notification that was lost with a connection.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from drivers.opcua.looks import Looker
from edge.errors import EdgeError, LinkDown, NoAnswer
from edge.model.point import Columns
from edge.model.scan import Scan

if TYPE_CHECKING:
    from drivers.opcua.frames import Publication
    from drivers.opcua.session import Pace, Session

MISSED_KEEP_ALIVES = 3
_LEAST_WATCHDOG_S = 3.0


async def watch(
    session: "Session",
    looker: Looker,
    columns: Columns,
    reread_s: float,
    interrupt: asyncio.Future[None],
) -> AsyncGenerator[Scan, None]:
    """Scans of what changes, until `interrupt` or an error; all values at first.

    A later read of all values tells what nobody has told: nothing is told twice. What the server
    published before it answered that read is told before it, and so is at the end what it published
    until it heard that we go.

    Args:
        session: Fresh, without a subscription.
        looker: Makes the Scans.
        columns: What they are made of; what the server made of our pace becomes a fact.
        reread_s: How long at most until all values are read again.
        interrupt: Done when the scans are to end.

    Raises:
        NoAnswer: the subscription has fallen silent, though the server may still answer.
        LinkDown: the server ended it.
        EdgeError: whatever else a session raises.
    """
    loop = asyncio.get_running_loop()
    period_s = columns.period_s
    yield await looker.look(session)
    pace = await session.subscribe(period_s)
    looker.expect(set(session.monitored))
    _note_pace(columns, pace)
    watchdog_s = max(MISSED_KEEP_ALIVES * max(pace.keep_alive_s, period_s), _LEAST_WATCHDOG_S)
    heard_s = loop.time()
    reread_at_s, patience_s = heard_s + reread_s, 2 * period_s
    while not interrupt.done():
        told = await session.publication(patience_s, interrupt)
        now_s = loop.time()
        if told is not None:
            heard_s, patience_s = now_s, 2 * period_s
            for scan in _heard(told, looker, columns):
                yield scan
        elif interrupt.done():
            break
        elif now_s - heard_s > watchdog_s:
            raise NoAnswer(
                f"{columns.device}: nothing published for {watchdog_s:g} s, not even a keep-alive;"
                " the subscription is made anew"
            )
        if told is None or now_s >= reread_at_s:
            glance = await looker.glance(session)
            if session.spoke_first and (told := await session.publication(0.0, interrupt)):
                heard_s = loop.time()
                for scan in _heard(told, looker, columns):
                    yield scan
            for scan in looker.news(glance):
                yield scan
            reread_at_s, patience_s = loop.time() + reread_s, period_s
            await _watch_again(session, looker, columns)
    # a server that does not answer any more has nothing more to say
    with contextlib.suppress(EdgeError):
        if (told := await session.last_word()) is not None:
            for scan in _heard(told, looker, columns):
                yield scan


def _heard(told: "Publication", looker: Looker, columns: Columns) -> list[Scan]:
    if told.ended is not None:
        raise LinkDown(f"{columns.device}: the server ended the subscription")
    return looker.changed(told.readings, told.published_at)


async def _watch_again(session: "Session", looker: Looker, columns: Columns) -> None:
    """A node that came back needs a new item: the one it had died with it."""
    refused = looker.refused()
    session.monitored -= refused
    missing = set(range(len(columns))) - refused - session.monitored
    if missing:
        await session.monitor(sorted(missing), columns.period_s)
        looker.expect(missing)


def _note_pace(columns: Columns, pace: "Pace") -> None:
    slowest_s = max(pace.publishing_s, pace.keep_alive_s, pace.sampling_s)
    if slowest_s > 1.5 * columns.period_s:
        columns.facts["subscription"] = (
            f"asked for {columns.period_s:g} s; the server publishes every {pace.publishing_s:g} s,"
            f" samples every {pace.sampling_s:g} s, keep-alive {pace.keep_alive_s:g} s"
        )
