"""A small city of real processes whose parts can die one by one: devices, gateway, broker, centre."""

import asyncio
import contextlib
import json
import shutil
import sqlite3
import time
from pathlib import Path

import yaml

import drivers
from edge.demo.broker import await_broker, free_port, start_broker
from edge.demo.children import Child, ria
from edge.demo.oracle import judge
from edge.runtime import SystemClock

PROFILES = Path(drivers.__path__[0]) / "profiles"
METER = {
    "id": "meter",
    "profile": "eastron-sdm120",
    "link": "modbus+tcp://10.0.0.11",
    "every": "200ms",
    "raw": ["voltage", "active_power"],
}
FEEDER = {
    "id": "feeder",
    "profile": "eastron-sdm630",
    "link": "modbus+tcp://10.0.0.12",
    "every": "200ms",
    "raw": ["voltage_l1"],
}
PUMP = {
    "id": "pump",
    "profile": "eastron-sdm120",
    "link": "bus-a",
    "unit": 3,
    "every": "500ms",
    "raw": ["voltage"],
}
WINDOW_MS = 2000
DRAIN_S = 10


def now_ms():
    return SystemClock().now() // 1_000_000


class City:
    """Everything of one city lies in `folder`; every part listens on the loopback."""

    def __init__(self, folder, devices=(METER, FEEDER, PUMP), faults=(), limit="1 GB"):
        self.folder = folder
        self.record, self.ledger = folder / "answers.jsonl", folder / "ioc.db"
        self.site, self.report = folder / "site.yaml", folder / "gateway.json"
        self.store = folder / "store"
        self.port = free_port()
        self.forgiven = []
        self._children = []
        self._starts = 0
        plan, told = folder / "city.yaml", folder / "faults.yaml"
        plan.write_text(yaml.safe_dump(self._plan(devices, limit)))
        told.write_text(yaml.safe_dump({"faults": list(faults)}))
        self.start_broker()
        words = ("--record", self.record, "--site-out", self.site, "--faults", told)
        self.field = self._child("simulators", *ria("simulate", str(plan), *map(str, words)))
        self.start_receiver()
        self.field.wait_for("ready", 30)
        self.start_gateway()

    def _plan(self, devices, limit):
        bus = {"modbus": "/dev/ttyUSB0", "baud": 115200, "timeout": "2s"}
        return {
            "gateway": "city-01",
            "site": {"name": "Trạm thử"},
            "store": {"path": str(self.store), "limit": limit},
            "page": "off",
            "windows": {"default": "2s"},
            "uplink": {"url": f"mqtt://127.0.0.1:{self.port}"},
            "links": {"bus-a": bus} if any(d["link"] == "bus-a" for d in devices) else {},
            "devices": list(devices),
        }

    def _child(self, name, *words):
        self._starts += 1
        child = Child(name, words, self.folder / f"{self._starts}-{name}.log")
        self._children.append(child)
        return child

    def start_broker(self):
        # without persistence: a broker that dies forgets every session and every message
        self.broker = start_broker(self.folder, self.port, embedded=False, persistence=False)
        self._children.append(self.broker)
        asyncio.run(await_broker(self.port))

    def start_receiver(self):
        url = f"mqtt://127.0.0.1:{self.port}"
        words = ria("ioc", "--broker", url, "--ledger", str(self.ledger))
        self.receiver = self._child("receiver", *words)
        self.receiver.wait_for("ready", 30)

    def start_gateway(self):
        words = ("run", str(self.site), "--drain", f"{DRAIN_S}s", "--report", str(self.report))
        self.gateway = self._child("gateway", *ria(*words))
        self.gateway.wait_for("ready", 30)

    def kill_gateway(self, away_s):
        """`kill -9`, and the same store again; what was read but not committed is forgiven."""
        killed_ms = now_ms()
        self.gateway.kill()
        time.sleep(away_s)
        self.start_gateway()
        self.forgiven.append((killed_ms - 1500, now_ms()))

    def finish(self):
        """Drain the gateway, end the others in order; what the gateway says it did."""
        for child in (self.gateway, self.receiver, self.field, self.broker):
            code = child.end(DRAIN_S + 10)
            assert code == 0, f"{child.name} ended with code {code}"
        return json.loads(self.report.read_text())

    def verdict(self):
        return judge(self.record, self.ledger, self.site, PROFILES, self.forgiven)

    def ask(self, sql, *values):
        return ask(self.ledger, sql, *values)

    def close(self):
        for child in reversed(self._children):
            if child.process.poll() is None:
                child.kill()
            child.end(1.0)
            child.process.stdout.close()


def ask(ledger, sql, *values):
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        return db.execute(sql, values).fetchall()


def changed(ledger, folder, *statements):
    """A copy of the ledger in which the statements were carried out, one row each."""
    copy = folder / "changed.db"
    with contextlib.closing(sqlite3.connect(ledger)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(ledger, copy)
    with contextlib.closing(sqlite3.connect(copy)) as db:
        for sql, rowid in statements:
            assert db.execute(sql, (rowid,)).rowcount == 1
        db.commit()
    return copy


def until(true, within_s, what):
    """Return the seconds it took until `true()` was; fail with `what` at the deadline."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s, f"not within {within_s:g} s: {what}"
        time.sleep(0.1)
    return time.monotonic() - began
