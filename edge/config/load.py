"""The site file is read, checked as a whole, and resolved."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from edge.config import general
from edge.config.fleet import Fleet
from edge.config.schema import DeviceBlock, LinkBlock, SiteBlock, WindowsBlock
from edge.config.site import Site
from edge.document.problem import Problem, Problems, render
from edge.document.text import read_bytes
from edge.document.tree import Document, parse
from edge.document.typed import attempt, read

__all__ = ["Problem", "Problems", "check", "load_site", "render"]

T = TypeVar("T")

_SECRET = re.compile(r"(?i)(.*[_-])?(password|passwd|secret|token|mat_?khau|passphrase)")


def load_site(path: Path | str) -> Site:
    """The site that this file describes.

    Raises:
        Problems: everything that is wrong with it, each with line, key and remedy.
    """
    path = Path(path)
    document = parse(read_bytes(path), str(path))
    problems = list(_misplaced(document))
    block = None
    try:
        block = read(document, SiteBlock)
    except Problems as error:
        told = {problem.key for problem in problems}
        problems += [problem for problem in error.problems if problem.key not in told]
    problems += _general(document)
    fleet = _fleet(document, path.parent)
    problems += fleet.problems
    if problems or block is None:
        raise Problems(str(path), problems)
    return Site(
        gateway=block.gateway,
        place=general.place_of(block),
        store=general.store_of(block, path.parent),
        page=general.page_of(block),
        window_s=float(block.windows.default),
        uplink=general.uplink_of(block, path.parent),
        devices=tuple(settings for _, settings in fleet.settings),
        source_path=path,
    )


def check(path: Path | str) -> list[Problem]:
    """What is wrong with a site file; nothing where it can be run."""
    try:
        load_site(path)
    except Problems as error:
        return list(error.problems)
    return []


def _misplaced(document: Document) -> Iterator[Problem]:
    """What has no place in this file, however it is written."""
    for path in document.places:
        key = path[-1] if path else ""
        if isinstance(key, str) and _SECRET.fullmatch(key):
            yield document.problem(
                path,
                "a secret in a file that is copied and sent around",
                "put it into a file of its own, and name that file with password_file",
            )
    if ("junctions",) in document.places:
        yield document.problem(
            ("junctions",),
            "this version does not time signals",
            "delete the block: detectors and controllers are read as devices",
        )


def _general(document: Document) -> Iterator[Problem]:
    """What is wrong with those blocks that could be read."""
    for field in msgspec.structs.fields(SiteBlock):
        rule = general.CHECKS.get(field.name)
        value = _part(document, field.name, field.type)
        if rule is not None and value is not None:
            for path, what, remedy in rule(value):
                yield document.problem((field.name, *path), what, remedy)


def _fleet(document: Document, folder: Path) -> Fleet:
    """Links and devices; one that cannot be read does not keep the others from being checked."""
    windows = _part(document, "windows", WindowsBlock) or WindowsBlock()
    written: Any = document.value if isinstance(document.value, dict) else {}
    links, devices = written.get("links"), written.get("devices")
    named = links if isinstance(links, dict) else {}
    listed = devices if isinstance(devices, list) else []
    fleet = Fleet(document, folder, float(windows.default))
    blocks = {str(name): attempt(value, LinkBlock) for name, value in named.items()}
    members = [(i, attempt(value, DeviceBlock)) for i, value in enumerate(listed)]
    fleet.read(
        {name: block for name, block in blocks.items() if block is not None},
        list(blocks),
        [(i, block) for i, block in members if block is not None],
    )
    return fleet


def _part(document: Document, key: str, kind: type[T]) -> T | None:
    """The value of a key of the file, where it can be read."""
    if not isinstance(document.value, dict) or document.value.get(key) is None:
        return None
    return attempt(document.value[key], kind)
