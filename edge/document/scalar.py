"""A bare word becomes a number, a truth or a text: YAML 1.2.2, core schema (10.3.2)."""

import math
import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ENDLESS = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DIGITS = 40


class NotANumber(ValueError):
    """The word is a number that no setting can have: endless, or with more digits than any."""


def resolve(word: str) -> Scalar:
    """What an unquoted word means: `010` is ten; `no`, `1:30` and `2026-11-22` are texts.

    Raises:
        NotANumber: `.nan`, `.inf`, `1e999`, or more than 40 digits.
    """
    if not word or word[0] not in "0123456789+-.":
        return _WORDS.get(word, word)
    if _INTEGER.fullmatch(word):
        if len(word) > _DIGITS:
            raise NotANumber(f"a number of {len(word)} digits")
        return int(word)
    if _OCTAL_OR_HEX.fullmatch(word):
        if len(word) > _DIGITS:
            raise NotANumber(f"a number of {len(word)} digits")
        return int(word, 0)
    if _FLOAT.fullmatch(word):
        value = float(word)
        if not math.isfinite(value):
            raise NotANumber(f"{word[:_DIGITS]} is beyond the largest number, 1.8e308")
        return value
    if _ENDLESS.fullmatch(word):
        raise NotANumber(f"{word} is not a finite number")
    return word
