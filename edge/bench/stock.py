"""The gateway one writes in an afternoon from stock parts: what ours is measured against.

pymodbus block reads with its own conversion, a tuple for each point, SQLite commits of 1,000 rows,
JSON for each point, aiomqtt at QoS 1. Nothing in it is made slow on purpose: reads are in blocks,
rows are written in bulk, and many messages are in flight. `each` publishes a message for each
point, as such gateways do; `scan` is the kinder variant, one message with a list for each scan.
"""

import asyncio
import json
import resource
import sqlite3
import sys
import time
from pathlib import Path

import aiomqtt
from pymodbus.client import AsyncModbusTcpClient

REGISTERS = 100
COMMIT_ROWS = 1000
Row = tuple[int, str, float, int]


async def _poll(
    device: int, port: int, points: int, until: float, rows: list[Row], mqtt: aiomqtt.Client,
    db: sqlite3.Connection, counts: list[int], each: bool,
) -> None:  # fmt: skip
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()
    loop = asyncio.get_running_loop()
    due = float(int(loop.time()) + 1)
    while due < until:
        await asyncio.sleep(due - loop.time())
        scan: list[Row] = []
        for start in range(0, 2 * points, REGISTERS):
            answer = await client.read_holding_registers(start, count=REGISTERS, device_id=1)
            at = time.time_ns()  # this is not our gateway: it reads the clock itself
            values = client.convert_from_registers(answer.registers, client.DATATYPE.FLOAT32)
            if isinstance(values, list):
                for i, value in enumerate(values):
                    name = f"device-{device}.point-{start // 2 + i}"
                    scan.append((at, name, float(value), 192))
        rows += scan
        if len(rows) >= COMMIT_ROWS:
            db.executemany("INSERT INTO sample VALUES (?, ?, ?, ?)", rows)
            db.commit()
            rows.clear()
        told = [
            {"ts": at, "id": name, "value": value, "q": quality}
            for at, name, value, quality in scan
        ]
        if each:
            for point in told:
                await mqtt.publish(f"stock/{point['id']}", json.dumps(point), qos=1)
        else:
            await mqtt.publish(f"stock/{device}", json.dumps(told), qos=1)
        counts[0] += len(scan)
        due = max(due + 1.0, float(int(loop.time())))
    client.close()


async def _run(
    ports: list[int], points: int, broker: int, path: Path, run_s: float, *, each: bool
) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE sample (at INTEGER, id TEXT, value REAL, quality INTEGER)")
    rows: list[Row] = []
    counts = [0]
    until = asyncio.get_running_loop().time() + run_s
    async with aiomqtt.Client("127.0.0.1", broker) as mqtt, asyncio.TaskGroup() as group:
        before = _cpu_s()
        for device, port in enumerate(ports):
            group.create_task(
                _poll(device, port, points, until, rows, mqtt, db, counts, each),
                name=f"stock-{device}",
            )
    print(json.dumps({"cpu_s": _cpu_s() - before, "points": counts[0]}))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    _ports, _points, _broker, _path, _how, _seconds = sys.argv[1:]
    asyncio.run(
        _run(
            [int(port) for port in _ports.split(",")],
            int(_points),
            int(_broker),
            Path(_path),
            float(_seconds),
            each=_how == "each",
        )
    )
