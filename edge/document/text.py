"""A file's bytes become text, or the lines on which they are none."""

import re
import stat
from itertools import islice
from pathlib import Path

from edge.document.problem import Problem, Problems

LIMIT_BYTES = 256 * 1024
"""More than any site needs, and little enough that no text can keep the parser busy for long."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"

# What editors and YAML count as different lines, or what cannot be seen, has no place in a file
# whose lines we quote: C0 and C1 controls, bare carriage returns, U+2028/9, marks that turn the
# direction of writing or have no width.
_FOREIGN = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]"
    "|\r(?!\n)"
)
_LISTED = 20
"""Lines that are named; the first foreign character of each."""


def read_bytes(path: Path) -> bytes:
    """The file's bytes, never more than the limit and one.

    Raises:
        Problems: it is no file, cannot be read, or is longer than 256 kB.
    """
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(path.stat().st_mode):
                raise Problems(
                    str(path), [Problem(1, "", "not a regular file", "name a YAML file")]
                )
            content = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        remedy = "check the path and the permissions"
        raise Problems(str(path), [Problem(1, "", what, remedy)]) from None
    if len(content) > LIMIT_BYTES:
        what = f"longer than {LIMIT_BYTES // 1024} kB, the most that is read"
        raise Problems(str(path), [Problem(1, "", what, "check that it is the right file")])
    return content


def to_text(content: bytes, path: str) -> str:
    """UTF-8 text without tabs, controls or a byte order mark.

    Raises:
        Problems: with the line of each byte that does not belong.
    """
    if len(content) > LIMIT_BYTES:
        what = f"{len(content)} bytes; at most {LIMIT_BYTES // 1024} kB are read"
        raise Problems(path, [Problem(1, "", what, "check that it is the right file")])
    save = "save the file as UTF-8 without a byte order mark"
    if content.startswith(_UTF16) or (content[:64].count(0) > len(content[:64]) // 3):
        raise Problems(path, [Problem(1, "", "the text is UTF-16 or UTF-32, not UTF-8", save)])
    if content.startswith(_BOM):
        raise Problems(path, [Problem(1, "", "the text begins with a byte order mark", save)])
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"byte 0x{content[error.start]:02X} is not UTF-8 text"
        raise Problems(path, [Problem(line, "", what, "save the file as UTF-8")]) from None
    if _FOREIGN.search(text):
        found = (
            Problem(number, "", *_foreign(match.group()), column=match.start() + 1)
            for number, line in enumerate(text.split("\n"), 1)
            if (match := _FOREIGN.search(line.removesuffix("\r")))
        )
        raise Problems(path, islice(found, _LISTED))
    return text


def _foreign(character: str) -> tuple[str, str]:
    """What a character that does not belong is, and what to do."""
    match character:
        case "\t":
            return "a tab, which editors show at different widths", "use spaces"
        case "\0":
            return "a NUL byte", "this is no text file, or it was damaged: restore it"
        case "\r":
            return "a carriage return without a line feed", "end lines with LF or CR LF"
        case _:
            what = f"the invisible character U+{ord(character):04X}"
            return what, "delete it and type the text again"
