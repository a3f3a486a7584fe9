"""The planner as a process of its own: it may crash and may be slow, and is never trusted."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, runtime_checkable

from control import planner_words as words
from control.model import Junction
from control.observe import Strategy
from control.planner_words import Asked, Begin, Failed, Garbled, Promise, Ready, Seen, Word
from control.requests import Request
from control.staging import Staging, ordered

log = logging.getLogger("ria.planner")

MakeStrategy = Callable[[Junction], Strategy]
"""What decides for a junction; when it returns, everything slow has been done."""


@runtime_checkable
class Promising(Protocol):
    """A strategy that decides ahead, for the sake of countdown displays."""

    def promises(self) -> Iterable[Promise]:
        """All changes that stand after the last decision; one that is left out goes blank."""
        ...


class Desk:
    """One junction for one takeover: what is seen becomes a request. Pure."""

    def __init__(self, begin: Begin, make: MakeStrategy) -> None:
        self._token = begin.token
        self._strategy = make(begin.junction)
        self._staging = Staging(begin.junction)
        self._sequence = 0

    @property
    def planner(self) -> str:
        """Which strategy decides."""
        return type(self._strategy).__name__

    def answer(self, told: Seen) -> Asked | Failed:
        """The request for one observation; whatever the strategy raises is told, never raised."""
        try:
            seen = words.observation(told)
            stage = self._strategy.decide(seen)
            wish = ordered(self._strategy)
            wish = wish or self._staging.wish(seen.lamps, seen.age_s, stage)
            strategy = self._strategy
            promised = strategy.promises() if isinstance(strategy, Promising) else ()
        except Exception as error:  # one bad second is not the end of the planner
            log.exception("no decision at_s=%d", told.at_s)
            return Failed(told.at_s, f"{type(error).__name__}: {error}")
        self._sequence += 1
        request = Request(
            self._sequence,
            told.expires_ms,
            self._token,
            wish.hold,
            wish.force_off,
            wish.omit,
            wish.call,
        )
        return Asked(told.at_s, int(stage), request, tuple(promised))


async def serve(path: Path, make: MakeStrategy, ready: Callable[[], None]) -> None:
    """Answer on a Unix socket until cancelled; `ready` is called when it listens.

    The socket is for this user and group alone.

    Raises:
        OSError: the socket cannot be made.
    """
    lines = asyncio.TaskGroup()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.create_task(_line(reader, writer, make), name="planner line")

    before = os.umask(0o117)
    try:
        server = await asyncio.start_unix_server(take, path, start_serving=False)
    finally:
        os.umask(before)
    async with lines, server:
        await server.start_serving()
        ready()
        await server.serve_forever()


async def _line(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, make: MakeStrategy
) -> None:
    desk: Desk | None = None
    try:
        while (word := await receive(reader)) is not None:
            match word:
                case Begin(version=words.VERSION):
                    desk = Desk(word, make)
                    writer.write(words.frame(Ready(desk.planner)))
                case Seen() if desk is not None:
                    writer.write(words.frame(desk.answer(word)))
                case _:
                    log.warning("hung up: %s was not expected", type(word).__name__)
                    return
            await writer.drain()
    except (Garbled, ConnectionError) as error:
        log.warning("hung up: %s", error)
    finally:
        writer.close()


async def receive(reader: asyncio.StreamReader) -> Word | None:
    """The next word; None when the other side has hung up.

    Raises:
        Garbled: what came is none.
    """
    try:
        head = await reader.readexactly(4)
        return words.word_of(await reader.readexactly(words.length_of(head)))
    except asyncio.IncompleteReadError:
        return None
