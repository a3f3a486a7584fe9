"""Our package names are common words: they must be ours, and the locks must match pyproject."""

import importlib
import os
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("edge", "drivers", "control", "simulators", "cloud_sync")
LOCKS = {"gateway": "", "ioc": "ioc", "demo": "demo", "planner": "planner", "dev": "dev"}


@pytest.mark.parametrize("name", OURS)
def test_package_is_ours(name):
    found = Path(importlib.import_module(name).__file__)
    assert found.is_relative_to(ROOT), (
        f"import {name} finds {found}: another distribution holds that name (on the package index "
        "`control` is python-control); remove it from this environment"
    )
    owners = set(packages_distributions().get(name, [])) - {"ria-gateway"}
    assert not owners, f"{name} is also provided by {owners}"


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_address_or_a_namesake(lock):
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    assert "://" not in text
    assert "\ncontrol==" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


@pytest.mark.parametrize(("lock", "extra"), LOCKS.items())
def test_lock_matches_pyproject(lock, extra, tmp_path):
    """Resolved again with the committed lock as the preference, nothing changes."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    assert uv, "uv stands in the environment that `./ria` makes"
    committed = ROOT / "requirements" / f"{lock}.lock"
    again = tmp_path / "again.lock"
    shutil.copy(committed, again)
    env = {
        k: v for k, v in os.environ.items() if not k.startswith(("UV_INDEX", "UV_EXTRA", "UV_FIND"))
    }
    env.pop("UV_DEFAULT_INDEX", None)
    command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header"]
    command += ["pyproject.toml", "--output-file", str(again)]
    command += ["--extra", extra] if extra else []
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=env, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert again.read_text() == committed.read_text(), (
        f"requirements/{lock}.lock does not match pyproject.toml; "
        "compile it again as docs/how-to/develop.md says"
    )
