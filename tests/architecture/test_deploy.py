"""What stands in deploy/ is what the product of today needs, and is accepted by those who read it."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.config.load import check, render

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd" / "ria.service"
PACKAGES = {"edge", "drivers", "control", "simulators", "cloud_sync"}
EXPOSURE = 15
"""Tenths: `systemd-analyze security` says 1.4 of 10; more than 1.5 is a hardening lost."""


def systemd_analyze(*words):
    return subprocess.run(
        ["systemd-analyze", *words], check=False, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def unit(tmp_path):
    """The unit as this machine can verify it: its program is one that exists here."""
    text, exchanged = re.subn(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text())
    assert exchanged == 1
    text = re.sub(r"(?m)^Documentation=.*\n", "", text)
    copy = tmp_path / "ria.service"
    copy.write_text(text)
    return copy


@pytest.mark.needs("systemd-analyze")
def test_systemd_knows_every_line_of_the_unit(unit):
    done = systemd_analyze("verify", str(unit))
    # an unknown key is a line on standard error and code 0: silence is the only yes
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.needs("systemd-analyze")
def test_an_unknown_key_would_have_been_seen(unit):
    unit.write_text(unit.read_text().replace("[Service]", "[Service]\nNoNewPrivilege=yes"))
    assert "NoNewPrivilege" in systemd_analyze("verify", str(unit)).stderr


@pytest.mark.needs("systemd-analyze")
def test_the_service_is_exposed_no_more_than_it_says():
    done = systemd_analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(UNIT))
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_the_unit_points_at_what_exists():
    text = UNIT.read_text()
    paths = re.findall(r"/opt/ria/(\S+)", text)
    assert "ria" in paths
    for path in paths:
        assert (ROOT / path).exists(), path
    assert os.access(ROOT / "ria", os.X_OK)
    assert "Type=notify" in text
    assert "Restart=always" in text


def test_the_example_site_can_be_run():
    problems = check(DEPLOY / "site.example.yaml")
    assert not problems, render(problems)


def copied():
    """The packages of ours that the image takes."""
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copies = [line.split() for line in lines if line.startswith("COPY ") and "--from" not in line]
    found = set()
    for _, source, target in copies:
        if source in PACKAGES:
            assert target == f"/opt/ria/{source}"
            found.add(source)
    return found


def imported(package):
    """The packages of ours that any file of the package names in an import, at any depth."""
    names = set()
    for source in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    return names & PACKAGES


def test_the_image_holds_what_the_gateway_imports_and_no_simulators():
    found = copied()
    assert "simulators" not in found
    needed = set().union(*(imported(package) for package in found)) - {"simulators"}
    assert needed <= found, f"the image lacks {needed - found}"


@pytest.mark.parametrize(
    "code",
    [
        "import edge.assembly.gateway",
        "import edge.cli.run, drivers.modbus.driver, drivers.opcua.driver, edge.web.server",
    ],
)
def test_the_gateway_starts_from_the_image_alone(tmp_path, code):
    """Loaded from a copy of the image's folders; `-S` keeps this checkout's path file out."""
    for package in copied():
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignore)
    site = next(p for p in sys.path if p.endswith("site-packages"))
    report = (
        f"import sys; sys.path.append({site!r})\n{code}\n"
        f"ours = {sorted(PACKAGES)!r}\n"
        "print(*sorted({m.__file__ for n, m in sys.modules.items()"
        " if n.partition('.')[0] in ours and m.__file__}), sep='\\n')"
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-S", "-c", report],
        check=False,
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split("\n")[:-1]
    assert len(loaded) > 20
    assert all(Path(path).is_relative_to(tmp_path) for path in loaded), loaded


def test_the_image_runs_the_lock_of_the_gateway():
    text = (DEPLOY / "Dockerfile").read_text()
    assert "requirements/gateway.lock" in text
    assert "--require-hashes" in text
    assert re.search(r"(?m)^USER ria$", text)
