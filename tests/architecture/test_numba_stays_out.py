"""Only the planner compiles: whatever the gateway is made of loads without numba."""

import subprocess
import sys

import pytest

LOOK = """
import importlib, sys
importlib.import_module(sys.argv[1])
print(*sorted(name for name in sys.modules if name.split(".")[0] in ("numba", "llvmlite")))
"""


@pytest.mark.parametrize(
    "module", ["control.safety", "control.model", "control.health", "control.service", "edge.assembly"]
)  # fmt: skip
def test_it_loads_without_numba(module):
    done = subprocess.run(
        [sys.executable, "-c", LOOK, module], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == []


def test_the_planner_would_have_been_seen():
    done = subprocess.run(
        [sys.executable, "-c", LOOK, "control.planner"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "numba" in done.stdout.split()
