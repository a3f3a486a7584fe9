"""Plain values become msgspec Structs; where they do not fit, every reason is told."""

from typing import TypeVar

import msgspec

from edge.document.problem import Problem, Problems
from edge.document.readable import own
from edge.document.tree import Document, Path

T = TypeVar("T")


def read(document: Document, kind: type[T]) -> T:
    """The document as a Struct.

    Raises:
        Problems: every unknown or missing key, wrong type and bound, each with its line.
    """
    found = attempt(document.value, kind)
    if found is None:
        raise Problems(document.path, examine(document, kind).values())
    return found


def examine(document: Document, kind: type[object]) -> dict[Path, Problem]:
    """What keeps the document from being of this kind, by place."""
    try:
        msgspec.convert(document.value, kind, dec_hook=own)
    except msgspec.ValidationError as error:
        from edge.document.faults import faults_of  # noqa: PLC0415  # only for a broken file

        return faults_of(document, kind, str(error))
    return {}


def attempt(value: object, kind: type[T]) -> T | None:
    """A plain value as this kind; None where it is not one."""
    try:
        return msgspec.convert(value, kind, dec_hook=own)
    except msgspec.ValidationError:
        return None
