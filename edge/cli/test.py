"""`ria test`: the servers that the tests need, then the tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "tests" / "peers"
PACKAGES = {
    "mosquitto": "mosquitto",
    "mosquitto_sub": "mosquitto-clients",
    "mbpoll": "mbpoll",
    "socat": "socat",
    "victoria-metrics": "victoria-metrics",
    "chromium": "chromium",
    "systemd-analyze": "systemd",
    "node": "nodejs",
    "npm": "npm",
}
"""Debian's package for each program that a test needs."""


def run_tests(rest: list[str], *, everything: bool) -> int:
    """Set up what may be set up, say what is left out and why, and run pytest."""
    if not (ROOT / "tests").is_dir():
        print("ria: the tests are in the source checkout; run ./ria test there", file=sys.stderr)
        return 2
    _servers()
    _peers()
    chosen = [] if everything else ["-m", "not campaign"]
    words = [sys.executable, "-m", "pytest", "-q", *chosen, *(rest or ["tests"])]
    return subprocess.run(words, cwd=ROOT, check=False).returncode


def _absent() -> dict[str, str]:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    return {p: package for p, package in PACKAGES.items() if not shutil.which(p, path=path)}


def _servers() -> None:
    """Debian's own servers, where we may install them."""
    absent = _absent()
    if absent and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"ria: installing {', '.join(absent.values())} for the tests", file=sys.stderr)
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "--no-install-recommends", *absent.values()]
        for words in (["apt-get", "update"], install):
            subprocess.run(words, check=False, env=env, capture_output=True)
        absent = _absent()
    if absent:
        print(
            f"ria: without {', '.join(absent)} some tests are left out; "
            f"as root: apt install {' '.join(absent.values())}",
            file=sys.stderr,
        )


def _peers() -> None:
    """The npm peers, from their committed lock."""
    lock, mark = PEERS / "package-lock.json", PEERS / "node_modules" / ".package-lock.json"
    if not shutil.which("npm") or (mark.exists() and mark.stat().st_mtime >= lock.stat().st_mtime):
        return
    print("ria: installing the protocol peers in tests/peers", file=sys.stderr)
    words = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(words, cwd=PEERS, check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"ria: npm ci failed: {done.stderr.strip()[-300:]}", file=sys.stderr)
