"""The contracts of pyproject are kept, and package inits stay empty of code."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("edge", "drivers", "control", "simulators", "cloud_sync")


def test_imports_only_go_down():
    lint = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [lint, "--no-cache"], check=False, cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout


def test_package_inits_hold_a_docstring_and_no_code():
    for package in PACKAGES:
        for init in (ROOT / package).rglob("__init__.py"):
            body = ast.parse(init.read_text()).body
            assert len(body) == 1, init
            assert isinstance(body[0], ast.Expr), init


def test_no_import_by_name_of_our_own_packages():
    for package in PACKAGES:
        for source in (ROOT / package).rglob("*.py"):
            assert "importlib.import_module" not in source.read_text(), source


def test_gateway_starts_without_the_heavy_and_the_foreign():
    """What a Modbus-only gateway must never import (DESIGN: the map of processes)."""
    code = "import sys, edge.assembly; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    for heavy in (
        "numba",
        "asyncua",
        "influxdb_client",
        "amqtt",
        "simulators",
        "prometheus_client",
    ):
        assert heavy not in loaded
