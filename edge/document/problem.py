"""What is wrong in a file, where, and what to do about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ConfigError

SHOWN = 50
"""Problems that are printed; a file with more is better repaired from the top."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake, told to the person who will repair it."""

    line: int
    """Counted from 1."""
    key: str
    """Where in the document: `devices[2].every`; empty for the document itself."""
    what: str
    """The value, and the bound or the nearest valid name."""
    remedy: str
    column: int | None = None
    """Counted from 1, where the mistake is narrower than its line."""
    related: tuple[int, ...] = ()
    """Other lines that take part in the mistake: the first of two equal ids, an opened bracket."""

    def render(self, path: str | Path) -> str:
        """`FILE:LINE: key: what; remedy`, the form that editors make clickable."""
        key = f"{self.key}: " if self.key else ""
        return f"{path}:{self.line}: {key}{self.what}; {self.remedy}"


class Problems(ConfigError):
    """All that is wrong in one file, in the order of its lines."""

    def __init__(self, path: str, problems: Iterable[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(set(problems), key=lambda p: (p.line, p.column or 0, p.key)))
        super().__init__(render(self.problems, path))


def render(problems: Sequence[Problem], path: str | Path) -> str:
    """One line for each problem, and a last one that counts those left out."""
    lines = [problem.render(path) for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"{path}: {len(problems) - SHOWN} more; repair these first")
    return "\n".join(lines)


def spell(path: Sequence[str | int]) -> str:
    """A place in a document as people write it: `devices[2].points.flow`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def nearest(name: str, valid: Iterable[str]) -> str:
    """`did you mean flow?` or, where nothing is near, what there is to choose from."""
    from difflib import get_close_matches  # noqa: PLC0415  # a file without mistakes needs it not

    choices = sorted(valid)
    folded = {choice.lower(): choice for choice in choices}
    close = get_close_matches(name[:80].lower(), folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean {folded[close[0]]}?"
    if not choices:
        return "there is none to choose from"
    listed = ", ".join(choices[:12]) + (f", … ({len(choices)} in all)" if len(choices) > 12 else "")
    return f"choose one of: {listed}"


def quoted(value: object) -> str:
    """A value as it may stand in a sentence: short, and with its quotes."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case dict():
            return f"a block of {len(value)} keys"
        case list():
            return f"a list of {len(value)}"
        case str():
            return repr(value) if len(value) <= 60 else repr(value[:57] + "…")
        case _:
            text = str(value)
            return text if len(text) <= 40 else text[:37] + "…"
