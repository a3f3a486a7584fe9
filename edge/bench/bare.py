"""The least that any asyncio program pays to read the same registers: sockets, and no thought."""

import asyncio
import json
import resource
import struct
import sys

REGISTERS = 100


async def _poll(port: int, points: int, until: float, counts: list[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    loop = asyncio.get_running_loop()
    due = float(int(loop.time()) + 1)
    transaction = 0
    while due < until:
        await asyncio.sleep(due - loop.time())
        for start in range(0, 2 * points, REGISTERS):
            transaction = transaction % 65535 + 1
            writer.write(struct.pack(">HHHBBHH", transaction, 0, 6, 1, 3, start, REGISTERS))
            await reader.readexactly(9 + 2 * REGISTERS)
        counts[0] += points
        due = max(due + 1.0, float(int(loop.time())))
    writer.close()
    await writer.wait_closed()


async def _run(ports: list[int], points: int, run_s: float) -> None:
    counts = [0]
    until = asyncio.get_running_loop().time() + run_s
    before = _cpu_s()
    async with asyncio.TaskGroup() as group:
        for port in ports:
            group.create_task(_poll(port, points, until, counts), name=f"bare-{port}")
    print(json.dumps({"cpu_s": _cpu_s() - before, "points": counts[0]}))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    _ports, _points, _seconds = sys.argv[1:]
    asyncio.run(_run([int(port) for port in _ports.split(",")], int(_points), float(_seconds)))
