"""The site file is read, checked as a whole, and resolved."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from edge.config import general, signals
from edge.config.fleet import Fleet, Member
from edge.config.schema import DeviceBlock, JunctionBlock, LinkBlock, SiteBlock, WindowsBlock
from edge.config.site import Site
from edge.document.problem import Problem, Problems, render
from edge.document.text import read_bytes
from edge.document.tree import Document, parse
from edge.document.tree import Path as Where
from edge.document.typed import attempt, examine, read

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
    misplaced = dict(_misplaced(document))
    document = replace(document, value=_without(document.value, misplaced))
    faults = examine(document, SiteBlock)
    problems = [*misplaced.values(), *faults.values(), *_general(document)]
    fleet = _fleet(document, faults, path.parent)
    problems += fleet.problems
    junctions = _junctions(document, fleet, path.parent)
    problems += junctions.problems
    if problems:
        raise Problems(str(path), problems)
    block = read(document, SiteBlock)
    return Site(
        gateway=block.gateway,
        place=general.place_of(block),
        store=general.store_of(block, path.parent),
        page=general.page_of(block),
        window_s=float(block.windows.default),
        uplink=general.uplink_of(block, path.parent),
        devices=tuple(settings for _, settings in fleet.settings),
        source_path=path,
        junctions=tuple(junctions.settings),
        planner=path.parent / block.planner,
    )


def check(path: Path | str) -> list[Problem]:
    """What is wrong with a site file; nothing where it can be run."""
    try:
        load_site(path)
    except Problems as error:
        return list(error.problems)
    return []


def _misplaced(document: Document) -> Iterator[tuple[Where, Problem]]:
    """What has no place in this file, however it is written."""
    for path in document.places:
        key = path[-1] if path else ""
        if isinstance(key, str) and _SECRET.fullmatch(key):
            what = "a secret in a file that is copied and sent around"
            remedy = "put it into a file of its own, and name that file with password_file"
            yield path, document.problem(path, what, remedy)


def _without(value: object, paths: Collection[Where], here: Where = ()) -> object:
    """The same value without the keys at these places."""
    if isinstance(value, dict) and paths:
        return {
            key: _without(item, paths, (*here, key))
            for key, item in value.items()
            if (*here, key) not in paths
        }
    if isinstance(value, list) and paths:
        return [_without(item, paths, (*here, i)) for i, item in enumerate(value)]
    return value


def _general(document: Document) -> Iterator[Problem]:
    """What is wrong with those blocks that could be read."""
    for field in msgspec.structs.fields(SiteBlock):
        rule = general.CHECKS.get(field.name)
        value = _part(document, field.name, field.type)
        if rule is not None and value is not None:
            for path, what, remedy in rule(value):
                yield document.problem((field.name, *path), what, remedy)


def _fleet(document: Document, faults: Mapping[Where, Problem], folder: Path) -> Fleet:
    """Links and devices; one that cannot be read does not keep the others from being checked."""
    windows = _part(document, "windows", WindowsBlock) or WindowsBlock()
    written: Any = document.value if isinstance(document.value, dict) else {}
    links, listed = written.get("links"), written.get("devices")
    named = links if isinstance(links, dict) else {}
    blocks = {str(name): attempt(value, LinkBlock) for name, value in named.items()}
    unread = any(
        path == ("links",) or (len(path) == 1 and "did you mean links?" in problem.remedy)
        for path, problem in faults.items()
    )
    fleet = Fleet(document, folder, float(windows.default))
    fleet.read(
        {name: block for name, block in blocks.items() if block is not None},
        None if unread else [*blocks, *(str(path[-1]) for path in faults if path)],
        list(_members(listed if isinstance(listed, list) else [], faults)),
    )
    return fleet


def _junctions(document: Document, fleet: Fleet, folder: Path) -> signals.Signals:
    """The junctions; a device that cannot be read does not keep its junction from being checked."""
    written: Any = document.value if isinstance(document.value, dict) else {}
    listed = written.get("junctions")
    found = signals.Signals(document, folder)
    if isinstance(listed, list) and listed:
        blocks = [(i, attempt(value, JunctionBlock)) for i, value in enumerate(listed)]
        devices = written.get("devices")
        named = [
            device["id"]
            for device in (devices if isinstance(devices, list) else [])
            if isinstance(device, dict) and isinstance(device.get("id"), str)
        ]
        found.read(
            [(i, block) for i, block in blocks if block is not None],
            {settings.id: settings for _, settings in fleet.settings},
            named,
        )
    return found


def _members(listed: list[object], faults: Collection[Where]) -> Iterator[Member]:
    """The devices, each without its faulty keys; one that lacks a needed key is left out."""
    for i, value in enumerate(listed):
        faulty = frozenset(str(path[2]) for path in faults if path[:2] == ("devices", i) != path)
        if isinstance(value, dict):
            block = attempt({k: v for k, v in value.items() if k not in faulty}, DeviceBlock)
            if block is not None:
                yield Member(i, block, faulty)


def _part(document: Document, key: str, kind: type[T]) -> T | None:
    """The value of a key of the file, where it can be read."""
    if not isinstance(document.value, dict) or document.value.get(key) is None:
        return None
    return attempt(document.value[key], kind)
