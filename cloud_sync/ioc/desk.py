"""The ledger behind one thread, so that a slow disk never holds up the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from cloud_sync.ioc.ledger import Ledger

P = ParamSpec("P")
T = TypeVar("T")


class Desk:
    """`async with` it: the ledger is open inside, and every question runs in its own thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._ledger: Ledger | None = None

    async def __aenter__(self) -> Self:
        self._ledger = await self.ask(Ledger, self._path)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._ledger is not None:
            await self.ask(self._ledger.close)
        self._thread.shutdown()

    @property
    def ledger(self) -> Ledger:
        """For `ask` alone: it may be used in no other thread.

        Raises:
            RuntimeError: it is not open.
        """
        if self._ledger is None:
            raise RuntimeError("the ledger is not open: use `async with`")
        return self._ledger

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer of one call, made in the ledger's thread; calls wait for each other.

        A call under way is finished even where the caller is cancelled.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: question(*args, **kwargs))
