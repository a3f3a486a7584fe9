"""Plain values to Structs, and every reason why they do not fit."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from edge.document.amounts import Duration, Size, spell_duration
from edge.document.problem import Problems
from edge.document.readable import Unreadable
from edge.document.tree import parse
from edge.document.typed import attempt, examine, read


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    every: Duration
    size: Size | None = None


class Outer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=5, examples=["pump"])]
    inner: Inner | None = None
    number: Annotated[int, Meta(ge=1, le=9, extra={"unit": "s"})] = 1
    share: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    top: Annotated[float, Meta(le=3)] = 0
    bottom: Annotated[float, Meta(gt=3)] = 4
    baud: Literal[9600, 19200] = 9600
    colour: Colour = Colour.RED
    pair: tuple[float, float] | None = None
    texts: dict[int, str] = {}
    labels: dict[Literal["vi", "en"], str] = {}
    raw: list[str] | bool = False
    items: list[Inner] = []
    some: Annotated[list[int], Meta(min_length=1)] = msgspec.field(default_factory=lambda: [1])
    flag: bool = False


def told(text: str) -> list[str]:
    with pytest.raises(Problems) as raised:
        read(parse(("name: a\n" + text).encode(), "F"), Outer)
    return str(raised.value).splitlines()


def test_a_good_document_is_read() -> None:
    document = parse(b"name: a\ninner: {every: 250ms, size: 8 GB}\nshare: 0.25\npair: [1, 2]\n")
    outer = read(document, Outer)
    assert outer.inner == Inner(Duration(0.25), Size(8_000_000_000))
    assert outer.pair == (1.0, 2.0)
    assert examine(document, Outer) == {}
    assert attempt({"every": "1s"}, Inner) == Inner(Duration(1.0))
    assert attempt({"every": 1}, Inner) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("number: 12", "F:2: number: 12 is above 9 s; choose within 1…9 s"),
        ("number: 0", "F:2: number: 0 is below 1 s; choose within 1…9 s"),
        ("number: 1.5", "F:2: number: 1.5 is not a whole number; write digits only, no quotes"),
        ("number: true", "F:2: number: true is not a whole number; write digits only, no quotes"),
        ("share: 1", "F:2: share: 1 is not below 1; choose within 0…1"),
        ("share: 0", "F:2: share: 0 is not above 0; choose within 0…1"),
        ("share: '0.5'", "F:2: share: '0.5' is not a number; write digits with a decimal point, "
         "no unit and no quotes"),
        ("top: 4", "F:2: top: 4 is above 3; choose at most 3"),
        ("bottom: 3", "F:2: bottom: 3 is not above 3; choose above 3"),
        ("baud: 9601", "F:2: baud: 9601; did you mean 9600?"),
        ("colour: gren", "F:2: colour: 'gren'; did you mean green?"),
        ("colour: [red]", "F:2: colour: a list of 1; did you mean red?"),
        ("pair: [1]", "F:2: pair: a list of 1; write 2 items in brackets"),
        ("pair: [1, b]", "F:2: pair[1]: 'b' is not a number; write digits with a decimal point, "
         "no unit and no quotes"),
        ("pair: 7", "F:2: pair: 7 is not a pair; write two items in brackets: [low, high]"),
        ("texts: {a: b}", "F:2: texts.a: 'a' is not a whole number; write digits only, no quotes"),
        ("texts: {1: 2}", "F:2: texts[1]: 2 is not a text; put it in quotes"),
        ("labels: {fr: eau}", "F:2: labels.fr: 'fr'; choose one of: en, vi"),
        ("raw: 3", "F:2: raw: 3 is not a list or true or false; write a list or true or false"),
        ("raw: [1]", "F:2: raw[0]: 1 is not a text; put it in quotes"),
        ("items: {}", "F:2: items: a block of 0 keys is not a list; write the items in brackets: [a, b]"),
        ("items:\n  - every: 5s\n  - x", "F:4: items[1]: 'x' where keys are expected; write `key: value` "
         "lines: every, size"),
        ("items: [{}]", "F:2: items[0].every: missing; add `every: …`"),
        ("some: []", "F:2: some: an empty list; name at least one"),
        ("flag: no", "F:2: flag: 'no' is not true or false; write true or false: in YAML 1.2 yes, "
         "no, on and off are texts"),
        ("flag: ~", "F:2: flag: nothing is not true or false; write true or false"),
        ("inner:\n  evry: 5s", "F:3: inner.evry: no such key; did you mean every?"),
        ("inner: {every: 5}", "F:2: inner.every: 5 has no unit; write a duration with its unit: 5s"),
        ("inner: [5s]", "F:2: inner: a list of 1 where keys are expected; write `key: value` "
         "lines: every, size"),
        ("2: x", "F:2: [2]: no such key; choose one of: baud, bottom, colour, flag, inner, items, "
         "labels, name, number, pair, raw, share, … (15 in all)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(text: str, line: str) -> None:
    assert told(text) == [line]


def test_all_of_it_is_told_at_once() -> None:
    lines = told("number: 12\nflag: on\ninner: {every: 5}\nitems: [{every: x}, {}]\ncolor: red\n")
    assert [line.split(":")[1] for line in lines] == ["2", "3", "4", "5", "5", "6"]


def test_lengths_of_texts() -> None:
    with pytest.raises(Problems, match="name: an empty text; write one"):
        read(parse(b"name: ''"), Outer)
    with pytest.raises(Problems, match="name: a text of 6 characters; write at most 5"):
        read(parse(b"name: abcdef"), Outer)
    with pytest.raises(Problems, match="name: missing; add `name: pump`"):
        read(parse(b"number: 3"), Outer)


def test_what_only_msgspec_minds_keeps_its_words() -> None:
    class Strange(msgspec.Struct):
        a: Annotated[str, Meta(pattern="^x$")]

    class Holder(msgspec.Struct):
        b: list[Strange]

    with pytest.raises(Problems, match=r"F:3: b\[1\]\.a: Expected `str` matching regex"):
        read(parse(b"b:\n  - a: x\n  - a: y\n", "F"), Holder)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5s", 5), ("250ms", 0.25), ("1min", 60), ("1.5 h", 5400), ("2d", 172_800), (" 5s ", 5)],
)
def test_durations(text: str, seconds: float) -> None:
    assert Duration.read(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "size"),
    [("8 GB", 8 * 10**9), ("500MB", 5 * 10**8), ("1 GiB", 2**30), ("1.5 kB", 1500)],
)
def test_sizes(text: str, size: int) -> None:
    assert Size.read(text) == size


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (5, "5 has no unit; write a duration with its unit: 5s"),
        ("5", "'5' is not a duration; write a number and a unit"),
        ("5m", "'m' is not a unit of duration; write 5min (units: ms, s, min, h, d)"),
        ("5 Sec", "'Sec' is not a unit of duration; write 5s"),
        ("5 parsec", "'parsec' is not a unit of duration; write 5s"),
        ("-5s", "'-5s' is not a duration"),
        ("1e3s", "'1e3s' is not a duration"),
        ("0s", "'0s' is not above zero"),
        ("9" * 400 + "s", "is not above zero"),
        (True, "true has no unit"),
        (None, "nothing is not a duration"),
        ([5], "a list of 1 is not a duration"),
    ],
)
def test_no_durations(value: object, words: str) -> None:
    with pytest.raises(Unreadable) as raised:
        Duration.read(value)
    assert words in str(raised.value)


def test_no_sizes() -> None:
    with pytest.raises(Unreadable, match="'gb' is not a unit of size; write 8 GB"):
        Size.read("8gb")


def test_durations_are_spelled_as_they_are_written() -> None:
    spelled = [spell_duration(s) for s in (0.25, 5, 90, 3600, 172_800)]
    assert spelled == ["250ms", "5s", "1.5min", "1h", "2d"]
