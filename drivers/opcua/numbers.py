"""A node has one type; a command is a float. Either fits the other exactly, or it is refused."""

import struct

_NAME_AND_FORM = {
    1: ("Boolean", "?"), 2: ("SByte", "b"), 3: ("Byte", "B"), 4: ("Int16", "h"),
    5: ("UInt16", "H"), 6: ("Int32", "i"), 7: ("UInt32", "I"), 8: ("Int64", "q"),
    9: ("UInt64", "Q"), 10: ("Float", "f"), 11: ("Double", "d"),
}  # fmt: skip
"""The built-in types that are numbers (Part 6 §5.1.2), and how `struct` knows them."""


def fitted(kind: int, raw: float) -> bool | int | float:
    """The number as a node of built-in type `kind` holds it; a Float rounds to its precision.

    Raises:
        ValueError: it cannot hold it; says why.
    """
    if kind not in _NAME_AND_FORM:
        raise ValueError(f"the node is of built-in type {kind}, which is no number")
    name, form = _NAME_AND_FORM[kind]
    if form == "?":
        if raw not in {0.0, 1.0}:
            raise ValueError(f"{raw:g} is neither 0 nor 1, and the node is a Boolean")
        return bool(raw)
    number = raw
    if form not in "fd":
        if not raw.is_integer():
            raise ValueError(f"{raw:g} is not whole, and the node is of type {name}")
        number = int(raw)
    try:
        return _round_trip(form, number)
    except (struct.error, OverflowError):
        raise ValueError(f"{raw:g} is more or less than a node of type {name} holds") from None


def _round_trip(form: str, number: float) -> int | float:
    back: int | float = struct.unpack(f"<{form}", struct.pack(f"<{form}", number))[0]
    return back
