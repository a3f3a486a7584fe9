"""YAML text becomes plain values, with the line of every key and item."""

from dataclasses import dataclass, field
from typing import Any

from yaml import CBaseLoader
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from edge.document import syntax
from edge.document.problem import SHOWN, Problem, Problems, quoted, spell
from edge.document.scalar import NotANumber, Scalar, resolve
from edge.document.text import to_text

Path = tuple[str | int, ...]

DEPTH = 16
"""Blocks within blocks. The parser takes quadratic time in the depth of brackets: this stops it."""


@dataclass(frozen=True, slots=True)
class Document:
    """Plain values (dict, list, str, int, float, bool, None) and where each was written."""

    path: str
    value: object
    places: dict[Path, tuple[int, int]] = field(repr=False)
    """`(line, column)` of each key and item, both counted from 1."""

    def place(self, path: Path) -> tuple[int, int]:
        """Where the key or item stands; of what is missing, its nearest block."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]

    def problem(
        self, path: Path, what: str, remedy: str, *, related: tuple[Path, ...] = ()
    ) -> Problem:
        """A problem at this place."""
        line, column = self.place(path)
        others = tuple(self.place(other)[0] for other in related)
        return Problem(line, spell(path), what, remedy, column, others)


@dataclass(slots=True)
class _Open:
    """A block that is being read."""

    values: Any
    path: Path
    key: str | int | None = None
    """The key whose value comes next; None where a key comes next."""
    columns: int = 0


def parse(content: bytes, path: str = "") -> Document:
    """The one document in this text.

    Raises:
        Problems: it is no text, no YAML, or uses what a configuration has no need of: anchors
            and aliases, tags, merge keys, several documents, endless numbers.
    """
    text = to_text(content, path)
    reader = _Reader(path)
    try:
        parser = CBaseLoader(content)
        while parser.check_event():
            reader.take(parser.get_event())
    except MarkedYAMLError as error:
        reader.problems.append(syntax.explain(error, last_line=text.rstrip().count("\n") + 1))
    except YAMLError as error:
        reader.problems.append(Problem(1, "", str(error), "write the file anew"))
    except _Enough:
        pass
    if reader.problems:
        raise Problems(path, reader.problems)
    return Document(path, reader.root, reader.places)


class _Enough(Exception):
    """Nothing that follows would add to what is known."""


class _Reader:
    """Takes the parser's events one by one; its own stack, so that no depth can overflow ours."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.root: object = None
        self.places: dict[Path, tuple[int, int]] = {(): (1, 1)}
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._documents = 0
        self._refused = 0

    def take(self, event: Event | None) -> None:
        """Take one event."""
        match event:
            case ScalarEvent():
                self._scalar(event)
            case MappingStartEvent() | SequenceStartEvent():
                self._begin(event)
            case MappingEndEvent() | SequenceEndEvent():
                self._open.pop()
            case AliasEvent():
                self._alias(event)
            case DocumentStartEvent():
                self._document(event)
            case _:
                pass
        if self._refused > SHOWN:
            raise _Enough

    def _document(self, event: DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse(event, "a second document begins", "keep one document in a file")
            raise _Enough

    def _scalar(self, event: ScalarEvent) -> None:
        value: Scalar = event.value
        self._plain(event)
        if event.implicit[0]:
            try:
                value = resolve(event.value)
            except NotANumber as error:
                self._refuse(event, str(error), "write a finite number")
        self._put(event, value)

    def _alias(self, event: AliasEvent) -> None:
        self._refuse(
            event,
            f"*{event.anchor} refers to another place",
            "write the value out: aliases are not read, they can make a short file endless",
        )
        self._put(event, None)

    def _begin(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        values: Any = {} if type(event) is MappingStartEvent else []
        self._plain(event)
        self._put(event, values)
        if len(self._open) >= DEPTH:
            self._refuse(event, f"more than {DEPTH} blocks within blocks", "write it flatter")
            raise _Enough
        self._open.append(_Open(values, self._here))

    def _put(self, event: NodeEvent, value: object) -> None:
        """A key, or the value of a key, an item or the whole document."""
        if not self._open:
            self.root = value
            self._here: Path = ()
            return
        block = self._open[-1]
        if type(block.values) is list:
            self._here = (*block.path, len(block.values))
            self._mark(event)
            block.values.append(value)
        elif block.key is not None:
            self._here = (*block.path, block.key)
            block.values[block.key] = value
            block.key = None
        else:
            self._key(event, block, value)

    def _key(self, event: NodeEvent, block: _Open, value: object) -> None:
        if type(value) is not str and type(value) is not int:
            nested = isinstance(event, MappingStartEvent | SequenceStartEvent)
            shown = "a block or list" if nested else quoted(value)
            self._refuse(event, f"{shown} cannot be a key", "write a name, in quotes if need be")
            if nested:
                raise _Enough
            value = f"\0{len(self.problems)}"  # its value follows and needs a place
        self._here = (*block.path, value)
        where = spell(self._here)
        if value == "<<":
            self._refuse(event, "<< merges other blocks", "write the keys out", key=where)
        if self._here in self.places:
            line = self.places[self._here][0]
            what = f"written twice, first on line {line}"
            self._refuse(event, what, "keep one of the two", key=where, related=(line,))
            value = f"{value} (again)"  # what stands in it is not written twice
            self._here = (*block.path, value)
        self._mark(event)
        block.key = value

    def _mark(self, event: NodeEvent) -> None:
        mark = event.start_mark
        if mark is not None:
            self.places[self._here] = (mark.line + 1, mark.column + 1)

    def _plain(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
        """Refuse what gives a value a name or a type of its own."""
        if event.anchor is not None:
            self._refuse(event, f"&{event.anchor} names a value", "delete the anchor")
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._refuse(event, f"the tag {quoted(tag)}", "delete the tag: types are known")

    def _refuse(
        self, event: Event, what: str, remedy: str, *, key: str = "", related: tuple[int, ...] = ()
    ) -> None:
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        if not key and self._open:
            block = self._open[-1]
            key = spell(block.path if block.key is None else (*block.path, block.key))
        self._refused += 1
        if not any((p.line, p.what) == (line, what) for p in self.problems[-1:]):
            self.problems.append(Problem(line, key, what, remedy, column, related))
