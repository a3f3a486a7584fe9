"""What the documentation points at exists: files, headings, and commands with their options."""

import argparse
import re
from pathlib import Path

import pytest

from edge.cli.main import parser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"(?ms)^```.*?^```$")
CODE = re.compile(r"(?ms)^```.*?^```$|`[^`\n]+`")
CALL = re.compile(r"(?:^|[\s`(/])ria +([a-z][\w-]*)([^\n`|#&]*)")


@pytest.fixture(params=PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def page(request):
    return request.param


def anchors(target):
    """The anchors of a page's headings, as common renderers make them."""
    titles = re.findall(r"(?m)^#+ +(.+)$", FENCE.sub("", target.read_text()))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_lead_to_files_of_the_checkout(page):
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), f"{page.relative_to(ROOT)} links to {link}"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


def commands():
    """Each command with its options."""
    actions = parser()._subparsers._group_actions
    (subparsers,) = (a for a in actions if isinstance(a, argparse._SubParsersAction))
    return {name: options(sub) for name, sub in subparsers.choices.items()}


def options(sub):
    """Those of a command, and of the verbs below it."""
    found = set(sub._option_string_actions)
    for action in sub._actions:
        if isinstance(action, argparse._SubParsersAction):
            found = found.union(*(options(verb) for verb in action.choices.values()))
    return found


def calls(text):
    """`(command, words after it)` of every call of `ria` in blocks and spans of code."""
    for code in CODE.findall(text):
        yield from CALL.findall(code)


def test_commands_and_options_exist(page):
    known = commands()
    for command, rest in calls(page.read_text()):
        assert command in known, f"there is no `ria {command}`"
        if command == "test":
            continue  # what follows goes to pytest
        for option in re.findall(r"(?<=[\s\[])--[a-z-]+", rest):
            assert option in known[command], f"`ria {command}` has no {option}"


def test_the_readme_names_every_command():
    named = {command for command, _ in calls((ROOT / "README.md").read_text())}
    assert named == set(commands())


def test_a_wrong_command_would_be_seen():
    text = "Say `ria export --all` or:\n```sh\nsudo /opt/ria/ria fly --high | ./ria run x\n```\n"
    assert list(calls(text)) == [
        ("export", " --all"),
        ("fly", " --high "),
        ("run", " x"),
    ]


def test_the_map_leads_to_every_page():
    """docs/index.md and, for decisions, their own list: no page that nobody finds."""
    found = set()
    for listing in (ROOT / "docs" / "index.md", ROOT / "docs" / "decisions" / "README.md"):
        links = LINK.findall(listing.read_text())
        found |= {(listing.parent / link).resolve() for link in links if "://" not in link}
        found.add(listing)
    documents = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert documents <= found, sorted(str(page) for page in documents - found)
