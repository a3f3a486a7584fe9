"""The planner's service unit is known to systemd, points at what exists, and is hardened."""

import re
import subprocess
from pathlib import Path

import msgspec
import pytest

from edge.cli.main import parser
from edge.config.schema import SiteBlock

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "systemd" / "ria-plan.service"
EXPOSURE = 15
"""Tenths of what `systemd-analyze security` says, as for the gateway."""


def systemd_analyze(*words):
    return subprocess.run(
        ["systemd-analyze", *words], check=False, capture_output=True, text=True, timeout=60
    )


@pytest.mark.needs("systemd-analyze")
def test_systemd_knows_every_line_of_the_unit(tmp_path):
    text = re.sub(r"(?m)^ExecStart=.*$", "ExecStart=/bin/true", UNIT.read_text())
    copy = tmp_path / "ria-plan.service"
    copy.write_text(re.sub(r"(?m)^Documentation=.*\n", "", text))
    done = systemd_analyze("verify", str(copy))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.needs("systemd-analyze")
def test_the_planner_is_exposed_no_more_than_the_gateway():
    done = systemd_analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(UNIT))
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_the_unit_calls_a_command_that_exists_and_listens_where_gateways_ask():
    text = UNIT.read_text()
    (words,) = re.findall(r"(?m)^ExecStart=/opt/ria/ria (.*)$", text)
    arguments = parser().parse_args(words.split())
    planner = {field.name: field.default for field in msgspec.structs.fields(SiteBlock)}["planner"]
    assert str(arguments.socket) == planner
    (page,) = re.findall(r"(?m)^Documentation=file:///opt/ria/(\S+)$", text)
    assert (ROOT / page).is_file()
    assert "Restart=always" in text
    assert "MemoryDenyWriteExecute" not in re.sub(r"(?m)^#.*$", "", text)
