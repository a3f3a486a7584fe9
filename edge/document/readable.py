"""Types of our own that a field may have: a duration, a size."""

from typing import Protocol, Self


class Unreadable(ValueError):
    """A value that a type of our own does not take."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


class Readable(Protocol):
    """A type that reads itself from a plain value."""

    @classmethod
    def read(cls, value: object) -> Self:
        """The value as this type; raises Unreadable."""
        ...


def own(kind: type[Readable], value: object) -> Readable:
    """What msgspec calls for a type that it does not know."""
    return kind.read(value)
