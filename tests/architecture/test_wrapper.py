"""`./ria` installs the smallest lock that a command needs, and never takes away what is there."""

import shutil
import subprocess
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("gateway", "ioc", "demo", "planner", "sim", "dev")

PYTHON = """#!/bin/sh
case "$1" in
  -c) echo "$0.site" ;;
  -m) [ "$2" = edge ] && echo "ran $3" || true ;;
esac
"""
UV = """#!/bin/sh
for word; do lock=$word; done
echo "synced $(basename "$lock" .lock)"
"""


@pytest.fixture
def checkout(tmp_path):
    """The wrapper with a Python and an installer that only say what they were asked."""
    shutil.copy(ROOT / "ria", tmp_path / "ria")
    (tmp_path / "requirements").mkdir()
    for lock in (*LOCKS, "bootstrap"):
        (tmp_path / "requirements" / f"{lock}.lock").write_text(f"# {lock}\n")
    programs = tmp_path / ".venv" / "bin"
    (programs / "python.site").mkdir(parents=True)
    for name, text in (("python", PYTHON), ("uv", UV)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return tmp_path


def ria(checkout, command):
    """The lock that was synced, if any, when `command` ran."""
    done = subprocess.run(
        [checkout / "ria", command], capture_output=True, text=True, check=True, timeout=30
    )
    *synced, ran = done.stdout.splitlines()
    assert ran == f"ran {command}"
    return [line.removeprefix("synced ") for line in synced]


def packages(lock):
    lines = (ROOT / "requirements" / f"{lock}.lock").read_text().splitlines()
    return {line.split("==")[0] for line in lines if "==" in line and not line.startswith(" ")}


def test_each_command_brings_its_lock_and_nothing_more(checkout):
    for command, lock in (
        ("run", "gateway"),
        ("ioc", "ioc"),
        ("demo", "demo"),
        ("plan", "planner"),
        ("signal", "sim"),
        ("prove", "sim"),
        ("test", "dev"),
    ):
        (checkout / ".venv" / "ria-lock").unlink(missing_ok=True)
        assert ria(checkout, command) == [lock]
        assert ria(checkout, command) == []


def test_a_changed_lock_is_installed_again(checkout):
    ria(checkout, "run")
    (checkout / "requirements" / "gateway.lock").write_text("# newer\n")
    assert ria(checkout, "run") == ["gateway"]


COMMANDS = {"gateway": "run", "ioc": "ioc", "demo": "demo", "planner": "plan", "sim": "signal"}


@pytest.mark.parametrize(("first", "then"), list(product(COMMANDS, COMMANDS)))
def test_no_command_takes_packages_away(checkout, first, then):
    """Whatever ran before can run again with no further installation."""
    ria(checkout, COMMANDS[first])
    ria(checkout, COMMANDS[then])
    installed = (checkout / ".venv" / "ria-lock").read_text().split()[0]
    assert packages(first) | packages(then) <= packages(installed)
    assert ria(checkout, COMMANDS[first]) == []
