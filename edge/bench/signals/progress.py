"""Says on standard error how far the runs are: in place on a terminal, a line a run elsewhere."""

import sys
from typing import TextIO

from edge.bench.signals.fleet import News
from edge.bench.signals.spec import Result, Spec

_CLEAR = "\r\x1b[K"


class Board:
    """What is under way and how far; the last line of the terminal while it lasts."""

    def __init__(self, runs: int, out: TextIO | None = None) -> None:
        self._runs = runs
        self._out = out or sys.stderr
        self._done = 0
        self._shares: dict[Spec, float] = {}

    def show(self, news: News[Spec, Result]) -> None:
        """Take what a run tells."""
        name = f"{news.order.name}, seed {news.order.seed}"
        if news.failure:
            self._finish(news.order, f"{name}: no result, {news.failure}")
        elif news.outcome is not None:
            self._finish(news.order, f"{name}: {_came_of(news.outcome)}")
        else:
            self._shares[news.order] = news.share
        if self._out.isatty():
            self._out.write(f"{_CLEAR}{self._under_way()}")
            self._out.flush()

    def _finish(self, order: Spec, line: str) -> None:
        self._done += 1
        self._shares.pop(order, None)
        clear = _CLEAR if self._out.isatty() else ""
        self._out.write(f"{clear}[{self._done}/{self._runs}] {line}\n")
        self._out.flush()

    def _under_way(self) -> str:
        each = (f"{order.name} {share:.0%}" for order, share in self._shares.items())
        return f"{self._done} of {self._runs} runs; {', '.join(each)}" if self._shares else ""


def _came_of(result: Result) -> str:
    parts = [f"delay {result.delay_s:.1f} s", f"call wait {result.max_call_wait_s:.0f} s"]
    if result.violations:
        parts.append(f"{result.violations} violations")
    if result.locked:
        parts.append("LOCKED")
    return ", ".join(parts)
