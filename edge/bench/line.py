"""`ria bench line`: CPU of the gateway process, from the wire to the watermark, per point.

Fifty devices of a hundred points are read once a second from a server in another process; broker
and receiver are processes of their own. The same devices are then read by a gateway of stock parts
(`stock.py`) and by a bare socket loop (`bare.py`). Ratios hold where absolutes do not: the machine
may be shared.
"""

import asyncio
import contextlib
import json
import shutil
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edge.bench.process import usage
from edge.demo.broker import await_broker, free_port, start_broker
from edge.demo.children import Child, ChildFailed, all_ended, ria

POINTS = 100
SETTLE_S = 3.0
"""From the end of a window until its summaries are confirmed, with room to spare."""
METER = Path(__file__).with_name("bench-meter.yaml")


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of the benchmark: its folder, and what it is run with."""

    folder: Path
    seconds: float
    devices: int
    broker_port: int

    @property
    def window_s(self) -> int:
        """A minute as in the field; shorter only where the whole run is."""
        return 60 if self.seconds >= 60 else 10

    @property
    def ports_csv(self) -> str:
        """The served ports, as the simulators wrote them into the site file."""
        site = yaml.safe_load((self.folder / "served.yaml").read_text())
        return ",".join(device["link"].rpartition(":")[2] for device in site["devices"])


def bench_line(seconds: float, devices: int, out: Path | None) -> int:
    """Run all four parts and print the comparison; 0 where every part ran."""
    folder = Path(tempfile.mkdtemp(prefix="ria-bench-"))
    bench = Bench(folder, seconds, devices, free_port())
    children: list[Child] = []
    try:
        with all_ended(children):
            broker = start_broker(folder, bench.broker_port, embedded=False)
            children.append(broker)
            asyncio.run(await_broker(bench.broker_port))
            _say(f"broker: {broker.name}")
            _say(f"{devices} devices of {POINTS} points at 1 Hz, {seconds:g} s a part")
            children.append(_field(bench))
            found: dict[str, Any] = {
                "devices": devices,
                "points": devices * POINTS,
                "seconds": seconds,
                "window_s": bench.window_s,
                "broker": broker.name,
            }
            found |= _gateway(bench, children, raw=False)
            found |= _gateway(bench, children, raw=True)
            broker_port = str(bench.broker_port)
            for key, how in (("stock", "each"), ("stock_batched", "scan")):
                path = str(folder / f"{key}.db")
                found |= _reference(bench, key, "stock", broker_port, path, how)
            found |= _reference(bench, "bare", "bare")
    except ChildFailed as failure:
        _say(str(failure))
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found["times_below_stock"] = round(
        found["stock_cpu_us_per_point"] / found["cpu_us_per_point"], 1
    )
    found["times_above_bare"] = round(found["cpu_us_per_point"] / found["bare_cpu_us_per_point"], 1)
    if out:
        out.write_text(json.dumps(found, indent=2) + "\n")
    _print(found)
    return 0


def _field(bench: Bench) -> Child:
    lines = "\n".join(
        f"  - {{name: value_{i:03}, address: {2 * i}, type: float32, quantity: voltage, unit: V}}"
        for i in range(POINTS)
    )
    (bench.folder / "bench-meter.yaml").write_text(METER.read_text().replace("$POINTS", lines))
    plan = bench.folder / "plan.yaml"
    plan.write_text(_site(bench, "plan", raw=False))
    served = bench.folder / "served.yaml"
    words = ria("simulate", str(plan), "--site-out", str(served))
    child = Child("devices", words, bench.folder / "devices.log")
    child.wait_for("ready", 30)
    return child


def _site(bench: Bench, name: str, *, raw: bool) -> str:
    site: dict[str, Any] = {
        "gateway": f"bench-{name}",
        "site": {"name": "bench", "timezone": "Asia/Ho_Chi_Minh"},
        "store": {"path": str(bench.folder / name), "limit": "4 GB"},
        "page": "off",
        "windows": {"default": f"{bench.window_s}s"},
        "uplink": {"url": f"mqtt://127.0.0.1:{bench.broker_port}"},
        "devices": [
            {
                "id": f"m{i:02}",
                "profile": "bench-meter.yaml",
                "link": f"modbus+tcp://10.1.0.{i + 1}",
                "every": "1s",
            }
            | ({"raw": True} if raw else {})
            for i in range(bench.devices)
        ],
    }
    return yaml.safe_dump(site, sort_keys=False)


def _gateway(bench: Bench, children: list[Child], *, raw: bool) -> dict[str, Any]:
    """Whole windows only: from just after one ends to just after a later one does."""
    name = "raw" if raw else "plain"
    site = bench.folder / f"{name}.yaml"
    links = bench.ports_csv.split(",")
    plan = yaml.safe_load(_site(bench, name, raw=raw))
    for device, port in zip(plan["devices"], links, strict=True):
        device["link"] = f"modbus+tcp://127.0.0.1:{port}"
    site.write_text(yaml.safe_dump(plan, sort_keys=False))
    ledger, report = bench.folder / f"{name}.db", bench.folder / f"{name}.json"
    receiver = Child(
        "receiver",
        ria("ioc", "--broker", f"mqtt://127.0.0.1:{bench.broker_port}", "--ledger", str(ledger)),
        bench.folder / f"{name}-receiver.log",
    )
    children.append(receiver)
    receiver.wait_for("ready", 30)
    _sleep_until_before(bench.window_s, ahead_s=6.0)
    gateway = Child(
        "gateway",
        ria("run", str(site), "--drain", "10s", "--report", str(report)),
        bench.folder / f"{name}-gateway.log",
    )
    children.append(gateway)
    gateway.wait_for("ready", 30)
    since = _next_edge(bench.window_s)
    until = since + bench.window_s * max(1, -(-int(bench.seconds) // bench.window_s))
    _say(f"gateway, raw {'on' if raw else 'off'}: {until - since} s")
    _sleep_until(since + SETTLE_S)
    before = usage(gateway.process.pid)
    _sleep_until(until + SETTLE_S)
    after = usage(gateway.process.pid)
    for child in (gateway, receiver):
        if child.end(25.0):
            raise ChildFailed(child, "did not end cleanly")
    samples, sent = _received(ledger, since * 1000, until * 1000)
    cpu_us = round((after.cpu_s - before.cpu_s) * 1e6 / samples, 2)
    if raw:
        return {
            "cpu_us_per_point_raw": cpu_us,
            "uplink_bytes_per_sample_raw": round(sent / samples, 2),
        }
    own = json.loads(report.read_text())
    return {
        "samples": samples,
        "cpu_us_per_point": cpu_us,
        "rss_mb": round(after.resident_mb, 1),
        "disk_bytes_per_sample": round((after.written_bytes - before.written_bytes) / samples, 1),
        "uplink_bytes_per_sample": round(sent / samples, 2),
        "first_commit_cpu_s": own["first_commit_cpu_s"],
    }


def _received(ledger: Path, since_ms: float, until_ms: float) -> tuple[int, int]:
    """Samples that the receiver holds of these windows, and the bytes that told it."""
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        samples = db.execute(
            "SELECT sum(count) FROM summary WHERE since_ms >= ? AND until_ms <= ?",
            (since_ms, until_ms),
        ).fetchone()[0]
        sent = db.execute(
            "SELECT sum(size_bytes) FROM message WHERE made_ms > ? AND made_ms <= ?",
            (since_ms + SETTLE_S * 1000, until_ms + SETTLE_S * 1000),
        ).fetchone()[0]
    if not samples:
        raise SystemExit("ria: the receiver holds nothing of the measured windows")
    return samples, sent or 0


def _reference(bench: Bench, name: str, module: str, *more: str) -> dict[str, Any]:
    words = [sys.executable, "-m", f"edge.bench.{module}", bench.ports_csv, str(POINTS), *more]
    _say(f"{name}: {bench.seconds:g} s")
    child = Child(name, [*words, str(bench.seconds)], bench.folder / f"{name}.log")
    with all_ended([child]):
        said = json.loads("{" + child.wait_for("{", bench.seconds + 60))
        child.process.wait(20)
    return {f"{name}_cpu_us_per_point": round(said["cpu_s"] * 1e6 / said["points"], 2)}


def _next_edge(window_s: int) -> int:
    return int(_now() // window_s + 1) * window_s


def _sleep_until_before(window_s: int, ahead_s: float) -> None:
    """Until a window has just enough left for the gateway to start and settle in it."""
    left_s = window_s - _now() % window_s
    wait_s = left_s - ahead_s if left_s >= ahead_s else left_s - ahead_s + window_s
    time.sleep(wait_s)


def _sleep_until(wall_s: float) -> None:
    time.sleep(max(0.0, wall_s - _now()))


def _now() -> float:
    return time.time_ns() / 1e9


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print(found: dict[str, Any]) -> None:
    print(f"\n{'':<34}{'CPU µs a point':>16}")
    for name, key in (
        ("Ria, wire to watermark", "cpu_us_per_point"),
        ("Ria, every cell sent too", "cpu_us_per_point_raw"),
        ("stock parts, a message a point", "stock_cpu_us_per_point"),
        ("stock parts, a message a scan", "stock_batched_cpu_us_per_point"),
        ("bare sockets, reading only", "bare_cpu_us_per_point"),
    ):
        print(f"{name:<34}{found[key]:>16.2f}")
    print(
        f"\n{found['times_below_stock']} times below stock parts, "
        f"{found['times_above_bare']} times bare sockets; {found['rss_mb']} MB resident, "
        f"first commit after {found['first_commit_cpu_s']} s CPU,\n"
        f"{found['disk_bytes_per_sample']} bytes written and {found['uplink_bytes_per_sample']} "
        f"bytes sent a sample ({found['uplink_bytes_per_sample_raw']} with every cell)"
    )
