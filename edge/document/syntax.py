"""What the YAML parser says, for somebody who has never heard of a YAML parser."""

from yaml.error import MarkedYAMLError

from edge.document.problem import Problem

_AT_START = (
    ("found unexpected end of stream", "a quote is opened here and never closed",
     "close the quote"),
    ("did not find expected ',' or ']'", "the list that [ opens here does not go on as one",
     "put a comma between the items and close it with ]"),
    ("did not find expected ',' or '}'", "the block that { opens here does not go on as one",
     "put a comma between the keys and close it with }"),
    ("could not find expected ':'", "a key without its ':'", "write `key: value`"),
)  # fmt: skip
"""Where the cause is the beginning: what libyaml says, what it means, what to do."""

_AT_END = (
    ("mapping values are not allowed in this context", "a ':' where no key can begin",
     "put one key on a line, align it with its neighbours, and quote a text that holds ': '"),
    ("did not find expected key", "this does not fit into the block",
     "align the line with the keys above it, and check the quotes and brackets on it"),
    ("did not find expected '-' indicator", "this does not fit into the list",
     "align the '-' with those above it"),
    ("block sequence entries are not allowed", "a '-' where no list can begin",
     "put '- ' on a line of its own"),
    ("found character that cannot start any token", "a character that no value begins with",
     "quote the text"),
    ("did not find expected node content", "a value was expected here", "write one"),
    ("did not find expected <document start>", "the text goes on after its end",
     "align the line with the keys above it"),
    ("did not find expected comment or line break", "nothing may follow on this line",
     "quote the text"),
    ("found unknown escape character", "an unknown escape in a quoted text",
     "write \\\\ for a backslash, or use single quotes"),
    ("expected", "the text is no YAML here", "quote the text"),
)  # fmt: skip


def explain(error: MarkedYAMLError, last_line: int) -> Problem:
    """The parser's error as a problem; both ends of what it could not read are kept."""
    said = error.problem or str(error)
    end = min(error.problem_mark.line + 1, last_line) if error.problem_mark else last_line
    start = min(error.context_mark.line + 1, end) if error.context_mark else end
    for words, what, remedy in _AT_START:
        if words in said and error.context_mark is not None:
            first = error.context_mark.column + 1
            related = (end,) if end != start else ()
            seen = "" if end == start else f" (noticed on line {end})"
            return Problem(start, "", what + seen, remedy, first, related)
    what, remedy = next(
        ((what, remedy) for words, what, remedy in _AT_END if words in said),
        (said, "see the line before, too"),
    )
    if start != end and what.endswith(("block", "list")):
        what += f" that begins on line {start}"
    mark = error.problem_mark
    column = mark.column + 1 if mark else None
    return Problem(end, "", what, remedy, column, (start,) if start != end else ())
