"""The shelf of profiles: each read from its file, and checked against itself before it is used."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from drivers.profile import Profile
from drivers.profile_rules import findings
from edge.document.problem import Problem, Problems, nearest
from edge.document.text import read_bytes
from edge.document.tree import Document, parse
from edge.document.typed import read
from edge.errors import ConfigError

SHELF = Path(__file__).parent / "profiles"


def names() -> tuple[str, ...]:
    """The profiles there are, in alphabetical order."""
    return tuple(sorted(path.stem for path in SHELF.glob("*.yaml")))


@cache
def load(name: str) -> Profile:
    """The profile of this name.

    Raises:
        ConfigError: there is none; names the nearest.
        Problems: its file contradicts itself.
    """
    if name not in names():
        raise ConfigError(f"no profile is called {name!r}; {nearest(name, names())}")
    return load_file(SHELF / f"{name}.yaml")


def load_file(path: Path) -> Profile:
    """The profile in this file, which need not be on the shelf.

    Raises:
        Problems: every line that is unreadable, of the wrong type, or contradicts another.
    """
    stamp = path.stat() if path.exists() else None
    # fifty devices of one profile read its file once; a file that was changed is read again
    return _load_file(path, (stamp.st_mtime_ns, stamp.st_size) if stamp else (0, 0))


@cache
def _load_file(path: Path, _stamp: tuple[int, int]) -> Profile:
    document = parse(read_bytes(path), str(path))
    profile = read(document, Profile)
    problems = [*_called(profile, path, document), *findings(profile, document)]
    if problems:
        raise Problems(str(path), problems)
    return profile


def _called(profile: Profile, path: Path, document: Document) -> Iterator[Problem]:
    if profile.profile != path.stem:
        what = f"{profile.profile!r} in a file called {path.name}"
        yield document.problem(("profile",), what, f"write {path.stem}, or rename the file")
