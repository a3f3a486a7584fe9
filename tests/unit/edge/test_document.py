"""YAML text to plain values, and the line of whatever is no YAML."""

import tracemalloc
from pathlib import Path

import pytest

from edge.document.problem import Problem, Problems, nearest, quoted, spell
from edge.document.text import LIMIT_BYTES, read_bytes
from edge.document.tree import parse


def first(text: str | bytes) -> Problem:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(Problems) as raised:
        parse(content, "FILE")
    return raised.value.problems[0]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1:30", "1:30"), ("010", 10), ("no", "no"), ("on", "on"), ("yes", "yes"), ("N", "N"),
        ("0o17", 15), ("0x1F", 31), ("1e3", 1000.0), ("2026-11-22", "2026-11-22"), ("-4", -4),
        (".5", 0.5), ("4.", 4.0), ("+7", 7), ("0.1.2", "0.1.2"), ("1_000", "1_000"), ("~", None),
        ("null", None), ("", None), ("true", True), ("False", False), ("tRue", "tRue"),
        ("'12'", "12"), ('"no"', "no"), ("=", "="), ("0b11", "0b11"), ("-5s", "-5s"),
        ("192.168.1.1", "192.168.1.1"), ("5s", "5s"), ("1e", "1e"), ("Tân Hòa", "Tân Hòa"),
    ],
)  # fmt: skip
def test_words_are_read_by_yaml_1_2(word: str, value: object) -> None:
    read = parse(f"a: {word}\n".encode()).value
    assert read == {"a": value}
    assert repr(read) == repr({"a": value}), "1, 1.0 and true are equal, and not the same"


def test_every_key_and_item_has_its_place() -> None:
    document = parse(b"a: 1\nb:\n  - x\n  - {y: 2,\n     z: [3,\n  4]}\nc:\n\n  d:  e\n")
    assert document.places == {
        (): (1, 1), ("a",): (1, 1), ("b",): (2, 1), ("b", 0): (3, 5), ("b", 1): (4, 5),
        ("b", 1, "y"): (4, 6), ("b", 1, "z"): (5, 6), ("b", 1, "z", 0): (5, 10),
        ("b", 1, "z", 1): (6, 3), ("c",): (7, 1), ("c", "d"): (9, 3),
    }  # fmt: skip


def test_what_is_missing_stands_at_its_block() -> None:
    document = parse(b"a:\n  b: 1\n")
    assert document.place(("a", "c", 3)) == (1, 1)
    assert document.problem(("a", "c"), "missing", "add it").render("F") == (
        "F:1: a.c: missing; add it"
    )


def test_crlf_and_directives_are_yaml() -> None:
    assert parse(b"%YAML 1.2\r\n---\r\na: 1\r\n").value == {"a": 1}
    assert parse(b"").value is None


@pytest.mark.parametrize(
    ("text", "line", "key", "what", "remedy"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "a", "written twice, first on line 1", "keep one"),
        ("a: {b: 1, c: 2,\n b: 3}", 2, "a.b", "written twice, first on line 1", "keep one"),
        ("a: 1\n1: 2\n1: 3\n", 3, "[1]", "written twice, first on line 2", "keep one"),
        ("a: {b: 1}\nc: 2\na: {b: 3}\n", 3, "a", "written twice, first on line 1", "keep one"),
        ("x: &a [1]\n", 1, "x", "&a names a value", "delete the anchor"),
        ("x: 1\ny: *a\n", 2, "y", "*a refers to another place", "write the value out"),
        ("x: 1\n<<: {a: 1}\n", 2, "<<", "<< merges", "write the keys out"),
        ("x: !!int 3\n", 1, "x", "the tag '!!int'", "delete the tag"),
        ("x: !env HOME\n", 1, "x", "the tag '!env'", "delete the tag"),
        ("a: 1\nb:\tc\n", 2, "", "a tab", "use spaces"),
        ("a: 1\n\tb: c\n", 2, "", "a tab", "use spaces"),
        ("a: 1\nb: .nan\n", 2, "b", ".nan is not a finite number", "finite"),
        ("a: -.inf\n", 1, "a", "-.inf is not a finite number", "finite"),
        ("a: 1e999\n", 1, "a", "beyond the largest number", "finite"),
        ("a: 1" + "0" * 50, 1, "a", "51 digits", "finite"),
        ("a: 1\n---\nb: 2\n", 2, "", "a second document", "one document"),
        ("? [a]\n: 1\n", 1, "", "cannot be a key", "write a name"),
        ("true: 1\n", 1, "", "true cannot be a key", "write a name"),
        ("1.5: 1\n", 1, "", "1.5 cannot be a key", "write a name"),
        ("a: b: c\n", 1, "", "a ':' where no key can begin", "one key on a line"),
        ("a: 1\nb\n", 2, "", "a key without its ':'", "key: value"),
        ("a:\n  b: 1\n c: 2\n", 3, "", "does not fit into the block that begins on line 1", "align"),
        ("a: 1\nb: [1,\n 2\nc: 3\n", 2, "", "[ opens here", "close it with ]"),
        ("a: 1\nb: {c: 1\nd: 3\n", 2, "", "{ opens here", "close it with }"),
        ('a: 1\nb: "x\nc: 3\n', 2, "", "a quote is opened here and never closed", "close"),
        ("a: @x\n", 1, "", "a character that no value begins with", "quote"),
        ('a: "\\q"\n', 1, "", "an unknown escape", "backslash"),
        ('a: "x" y\n', 1, "", "does not fit", "check the quotes"),
        ("a: [b, }\n", 1, "", "a value was expected here", "write one"),
        ("a: 1\n\x07b: 2\n", 2, "", "U+0007", "delete it"),
        ("a: 1\rb: 2\r", 1, "", "a carriage return", "LF or CR LF"),
        ("a: 1\nb: x\u2028y\n", 2, "", "U+2028", "delete it"),
        ("a: 1\nb: \u202e1\n", 2, "", "U+202E", "delete it"),
        (b"\xef\xbb\xbfa: 1\n", 1, "", "byte order mark", "UTF-8"),
        ("a: 1\n".encode("utf-16"), 1, "", "UTF-16", "UTF-8"),
        ("a: 1\n".encode("utf-16-le"), 1, "", "UTF-16", "UTF-8"),
        ("a: 1\n".encode("utf-32"), 1, "", "UTF-16 or UTF-32", "UTF-8"),
        (b"a: 1\nb: \xe9\n", 2, "", "byte 0xE9 is not UTF-8", "UTF-8"),
        (b"a: 1\nb: x\0y\n", 2, "", "a NUL byte", "restore"),
    ],
)  # fmt: skip
def test_what_is_no_configuration_is_told(
    text: str | bytes, line: int, key: str, what: str, remedy: str
) -> None:
    problem = first(text)
    assert (problem.line, problem.key) == (line, key)
    assert what in problem.what
    assert remedy in problem.remedy


def test_all_is_told_at_once_and_no_more_than_a_person_reads() -> None:
    with pytest.raises(Problems) as raised:
        parse(b"a: &x 1\nb: *x\na: !t 2\n", "FILE")
    assert [problem.line for problem in raised.value.problems] == [1, 2, 3, 3]
    with pytest.raises(Problems) as raised:
        parse(b"".join(b"- &a%d 1\n" % i for i in range(20_000)), "FILE")
    assert len(raised.value.problems) <= 51
    assert "more; repair these first" in str(raised.value)


BOMBS = {
    "brackets": "[" * 250_000,
    "braces": "{a: " * 60_000,
    "dashes": "- " * 120_000,
    "questions": "? " * 120_000,
    "mixed": "[a, {b: " * 30_000,
    "laughs": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
    "aliases": "a: &a 1\nb: [" + "*a," * 80_000 + "]\n",
    "quote": '"' + "a" * 250_000,
    "tabs": "\t" * 250_000,
    "repeats": "k: v\n" * 50_000,
}


# the parser beneath takes minutes over some of these; here they are milliseconds
@pytest.mark.timeout(20)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_at_once(bomb: str) -> None:
    problem = first(BOMBS[bomb])
    assert problem.what


@pytest.mark.timeout(20)
def test_a_wide_list_is_no_bomb() -> None:
    document = parse(("a: [" + "1," * 40_000 + "]").encode())
    assert document.value == {"a": [1] * 40_000}


def test_a_long_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    noise, sparse = tmp_path / "noise.yaml", tmp_path / "sparse.yaml"
    noise.write_bytes(bytes(range(256)) * (10 * 2**20 // 256))
    with sparse.open("wb") as file:
        file.truncate(100 * 2**20)
    for path in (noise, sparse):
        tracemalloc.start()
        with pytest.raises(Problems, match="longer than 256 kB"):
            read_bytes(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2**20
    with pytest.raises(Problems, match="256 kB"):
        parse(b"#" * (LIMIT_BYTES + 1), "FILE")


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Problems, match=r"missing.yaml:1: cannot be read: No such file"):
        read_bytes(tmp_path / "missing.yaml")
    with pytest.raises(Problems, match="cannot be read: Is a directory"):
        read_bytes(tmp_path)
    with pytest.raises(Problems, match="not a regular file"):
        read_bytes(Path("/dev/zero"))


def test_sentences() -> None:
    assert spell(("devices", 2, "points", "flow")) == "devices[2].points.flow"
    assert nearest("flw", ["flow", "total"]) == "did you mean flow?"
    assert nearest("e", ["N", "E", "O"]) == "did you mean E?"
    assert nearest("xyz", ["flow", "total"]) == "choose one of: flow, total"
    assert nearest("xyz", []) == "there is none to choose from"
    assert nearest("xyz", [f"p{i:02}" for i in range(20)]).endswith("p11, … (20 in all)")
    assert quoted(None) == "nothing"
    assert quoted(False) == "false"
    assert quoted({"a": 1}) == "a block of 1 keys"
    assert quoted([1, 2]) == "a list of 2"
    assert quoted("x" * 90) == repr("x" * 57 + "…")
    assert quoted(10**50) == "1" + "0" * 36 + "…"
