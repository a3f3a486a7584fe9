"""The gateway's end of the planner's socket: asked once a second, believed only in time."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

from control import planner_words as words
from control.model import Junction
from control.observe import Observation
from control.planner_words import Asked, Begin, Failed, Garbled, Ready
from control.service import receive

log = logging.getLogger("ria.planner")

RETRY_S = 0.5
"""Between two tries at a planner that is away: it must be found again within five seconds."""
WARM_S = 60.0
"""How long a planner may take to read a junction before the line is made anew."""


class PlannerLink:
    """One junction's line to the planner; `run` keeps it, `ask` uses it."""

    def __init__(self, path: Path, junction: Junction, new_token: Callable[[], str]) -> None:
        self._path = path
        self._junction = junction
        self._new_token = new_token
        self.token = ""
        """Of the takeover that stands; empty while there is no planner."""
        self.planner = ""
        self.met = 0
        """How often a planner was found."""
        self.found = asyncio.Event()
        """Set while there is one."""
        self.lost = asyncio.Event()
        """Set while there is none."""
        self.lost.set()
        self._writer: asyncio.StreamWriter | None = None
        self._awaited: tuple[int, asyncio.Future[Asked | None]] | None = None

    async def run(self) -> None:
        """Keep the line until cancelled: a planner that is killed is found again."""
        complained = False
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path)
            except OSError as error:
                if not complained:
                    log.warning("no planner at %s: %s", self._path, error.strerror or error)
                complained = True
            else:
                complained = False
                try:
                    await self._speak(reader, writer)
                except (Garbled, OSError, TimeoutError) as error:
                    log.warning("planner at %s: %s", self._path, error)
                finally:
                    self._hang_up(writer)
            await asyncio.sleep(RETRY_S)

    async def ask(self, seen: Observation, expires_ms: int, within_s: float) -> Asked | None:
        """What the planner asks for, having seen this; None where it says nothing in time."""
        if self._writer is None:
            return None
        answer: asyncio.Future[Asked | None] = asyncio.get_running_loop().create_future()
        self._awaited = (seen.at_s, answer)
        self._writer.write(words.frame(words.seen(seen, expires_ms)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                return await answer
        return None

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        token = self._new_token()
        writer.write(words.frame(Begin(words.VERSION, token, self._junction)))
        async with asyncio.timeout(WARM_S):
            first = await receive(reader)
        if not isinstance(first, Ready):
            raise Garbled(f"{type(first).__name__} instead of Ready")
        self.token, self.planner, self._writer = token, first.planner, writer
        self.met += 1
        self.found.set()
        self.lost.clear()
        log.info("planner %s at %s", first.planner, self._path)
        while (word := await receive(reader)) is not None:
            self._heard(word)
        log.warning("planner at %s has hung up", self._path)

    def _heard(self, word: words.Word) -> None:
        if isinstance(word, Failed):
            log.warning("planner: %s", word.why)
        if not isinstance(word, Asked | Failed):
            raise Garbled(f"{type(word).__name__} from a planner")
        if self._awaited is not None and self._awaited[0] == word.at_s:
            self._settle(word if isinstance(word, Asked) else None)

    def _hang_up(self, writer: asyncio.StreamWriter) -> None:
        writer.close()
        self._writer, self.token, self.planner = None, "", ""
        self.found.clear()
        self.lost.set()
        self._settle(None)

    def _settle(self, asked: Asked | None) -> None:
        awaited, self._awaited = self._awaited, None
        if awaited is not None and not awaited[1].done():
            awaited[1].set_result(asked)
