"""What every test may rely on: warnings are errors, no task is left behind, skips have a reason."""

import asyncio
import inspect
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# on a machine that others share, a slow minute is no fault of the test
settings.register_profile("ria", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ria")

PEERS = Path(__file__).parent / "peers"
IN_CI = bool(os.environ.get("CI"))


def missing(program: str) -> str:
    """Why `program` cannot be used here; empty where it can."""
    if program == "peers":
        return "" if (PEERS / "node_modules").is_dir() else "npm peers are not installed"
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    return "" if found else f"{program} is not installed"


def pytest_runtest_setup(item):
    for mark in item.iter_markers("needs"):
        for program in mark.args:
            if reason := missing(program):
                pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid}: skipped, and in CI a skip is a failure: {report.longrepr}"
        )
    return report


def pytest_collection_modifyitems(items):
    for item in items:
        if inspect.iscoroutinefunction(getattr(item, "function", None)):
            item.fixturenames.append("no_task_left_behind")


@pytest.fixture
async def no_task_left_behind():
    """A test that leaves a task running has a task without a parent."""
    before = asyncio.all_tasks()
    yield
    left = [
        task for task in asyncio.all_tasks() - before - {asyncio.current_task()} if not task.done()
    ]
    for task in left:
        task.cancel()
    assert not left, f"tasks left behind: {[task.get_name() for task in left]}"
