"""`ria demo`: devices, gateway, broker and receiver as processes of their own, and the verdict."""

import asyncio
import contextlib
import json
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import drivers
from edge.demo.broker import await_broker, free_port, start_broker
from edge.demo.children import Child, ChildFailed, all_ended, ria
from edge.demo.oracle import Verdict, judge

CITY = Path(__file__).with_name("city.yaml")
PROFILES = Path(drivers.__path__[0]) / "profiles"
PAGE_PORT = 8080
DRAIN_S = 10
LEAST_DEVICES, LEAST_ANSWERS, LEAST_WINDOWS = 8, 1000, 5


@dataclass(frozen=True, slots=True)
class Files:
    """What a city leaves behind."""

    folder: Path

    @property
    def record(self) -> Path:
        """What the simulated devices answered."""
        return self.folder / "answers.jsonl"

    @property
    def ledger(self) -> Path:
        """What the receiver holds."""
        return self.folder / "ioc.db"

    @property
    def site(self) -> Path:
        """The site file that the gateway runs with."""
        return self.folder / "site.yaml"

    @property
    def gateway(self) -> Path:
        """The gateway's own counts."""
        return self.folder / "gateway.json"


def demo(for_s: float | None, report: Path | None, keep: Path | None, *, embedded: bool) -> int:
    """Run the city until Ctrl-C, or for a time; 0 where nothing was lost or doubled."""
    folder = keep or Path(tempfile.mkdtemp(prefix="ria-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "site.yaml").exists():
        print(f"ria: {folder} holds another city; name an empty folder", file=sys.stderr)
        return 2
    files = Files(folder)
    children: list[Child] = []
    try:
        with _told_to_stop() as stop, all_ended(children):
            page = _raise_city(files, children, embedded=embedded)
            print(f"Ria demo · trang web: {page}", flush=True)
            print(
                f"  10 simulated devices, a gateway, a broker ({children[0].name}) and a receiver"
            )
            print("  ends by itself" if for_s else "  Ctrl-C ends it", flush=True)
            _wait(stop, for_s, children)
            _end_in_order(children)
        found = _result(files)
    except ChildFailed as failure:
        print(f"ria: {failure}", file=sys.stderr)
        return 1
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if report:
        report.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    _print(found)
    reasons = shortfalls(found)
    for reason in reasons if for_s else ():
        print(f"ria: {reason}", file=sys.stderr)
    return 1 if reasons and for_s else 0


@contextlib.contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    stop = threading.Event()
    before = {n: signal.signal(n, lambda *_: stop.set()) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _raise_city(files: Files, children: list[Child], *, embedded: bool) -> str:
    """Start everything; the page's address."""
    port = free_port()
    plan = files.folder / "city.yaml"
    text = CITY.read_text()
    for name, value in (
        ("BROKER", f"mqtt://127.0.0.1:{port}"),
        ("STORE", str(files.folder / "store")),
        ("PAGE", f"127.0.0.1:{_page_port()}"),
    ):
        text = text.replace(f"${name}", value)
    plan.write_text(text)
    children.append(start_broker(files.folder, port, embedded=embedded))
    field = Child(
        "simulators",
        ria("simulate", str(plan), "--record", str(files.record), "--site-out", str(files.site)),
        files.folder / "simulators.log",
    )
    children.append(field)
    asyncio.run(await_broker(port))
    receiver = Child(
        "receiver",
        ria("ioc", "--broker", f"mqtt://127.0.0.1:{port}", "--ledger", str(files.ledger)),
        files.folder / "receiver.log",
    )
    children.append(receiver)
    field.wait_for("ready", 30)
    gateway = Child(
        "gateway",
        ria("run", str(files.site), "--drain", f"{DRAIN_S}s", "--report", str(files.gateway)),
        files.folder / "gateway.log",
    )
    children.append(gateway)
    receiver.wait_for("ready", 30)
    return gateway.wait_for("page", 30)


def _page_port() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PAGE_PORT))
        except OSError:
            return free_port()
    return PAGE_PORT


def _wait(stop: threading.Event, for_s: float | None, children: list[Child]) -> None:
    until = time.monotonic() + (for_s or float("inf"))
    while not stop.wait(max(0.0, min(0.2, until - time.monotonic()))):
        if time.monotonic() >= until:
            return
        for child in children:
            if child.process.poll() is not None:
                raise ChildFailed(child, f"ended with code {child.process.returncode}")


def _end_in_order(children: list[Child]) -> None:
    """The gateway drains into a city that still stands; the others follow."""
    broker, field, receiver, gateway = children
    for child, within_s in ((gateway, DRAIN_S + 10.0), (receiver, 10), (field, 10), (broker, 5)):
        child.end(within_s)


def _result(files: Files) -> dict[str, Any]:
    own: dict[str, Any] = json.loads(files.gateway.read_text())
    verdict = judge(files.record, files.ledger, files.site, PROFILES)
    return {
        **own,
        "reported_by_gateway": sorted(own),
        **_of(verdict),
        "gaps": _gaps(files.ledger),
    }


def _of(verdict: Verdict) -> dict[str, Any]:
    return {
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "wrong": verdict.wrong,
        "excused": verdict.excused,
        "answers": verdict.answers,
        "raw_cells_compared": verdict.cells_expected,
        "windows_compared": verdict.windows_expected,
        "confirmed_windows": verdict.windows,
        "remarks": verdict.remarks,
    }


def _gaps(ledger: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        count: int = db.execute("SELECT count(*) FROM gap WHERE closed_ms IS NULL").fetchone()[0]
    return count


def shortfalls(found: dict[str, Any]) -> list[str]:
    """What a demo must show and this one did not, as sentences."""
    reasons = []
    protocols = {device["protocol"] for device in found["devices"]}
    if len(found["devices"]) < LEAST_DEVICES:
        reasons.append(f"{len(found['devices'])} devices were read, {LEAST_DEVICES} are the least")
    if absent := {"modbus-tcp", "modbus-rtu", "opc-ua"} - protocols:
        reasons.append(f"no device was read over {', '.join(sorted(absent))}")
    if found["answers"] < LEAST_ANSWERS:
        reasons.append(f"{found['answers']} answers were given, {LEAST_ANSWERS} are the least")
    for device in found["devices"]:
        windows = found["confirmed_windows"].get(device["id"], 0)
        if windows < LEAST_WINDOWS:
            reasons.append(
                f"{device['id']}: {windows} windows confirmed, {LEAST_WINDOWS} are the least"
            )
    nothing = ("lost", "duplicated", "wrong", "gaps")
    reasons += [f"{name}: {found[name]}, must be 0" for name in nothing if found[name]]
    return [*reasons, *found["remarks"]]


def _print(found: dict[str, Any]) -> None:
    print(f"\n{'device':<16}{'protocol':<12}{'scans':>7}{'samples':>9}{'windows':>9}")
    for device in found["devices"]:
        windows = found["confirmed_windows"].get(device["id"], 0)
        print(
            f"{device['id']:<16}{device['protocol']:<12}{device['scans']:>7}"
            f"{device['samples']:>9}{windows:>9}"
        )
    print(
        f"\nanswers {found['answers']}, samples committed {found['samples_committed']}, "
        f"messages {found['messages_sent']} sent, {found['messages_confirmed']} confirmed\n"
        f"lost {found['lost']}, duplicated {found['duplicated']}, wrong {found['wrong']}, "
        f"gaps {found['gaps']}: {found['windows_compared']} window rows and "
        f"{found['raw_cells_compared']} raw cells compared with what the devices answered\n"
        f"gateway: {found['cpu_s']:.2f} s CPU, {found['rss_mb']:.0f} MB resident"
    )
    if found["excused"]:
        print(
            f"excused {found['excused']}: so many values may be missing, for the machine gave the"
            " simulated devices no time when they were asked"
        )
