"""An OPC UA server on asyncua's server half, for what the node-opcua one cannot be made to do.

    python asyncua_server.py PORT [BEFORE]

Prints {"listening", "endpoint"} when ready and ends when its stdin closes. BEFORE namespaces stand
before `urn:ria:peer`, so that its index is 2 + BEFORE. Nodes: `level` (Double, 5 Hz), `count`
(Int64, 5 Hz), `bit` (Boolean), `static`, `setpoint` (writable), `unstamped` (5 Hz, no source time),
`astray` (5 Hz, source time an hour ago). Commands as for opcua_server.js: stop, delete, set.
"""

import asyncio
import json
import logging
import sys
from datetime import UTC, datetime, timedelta

from asyncua import Server, ua

PERIOD_S = 0.2


async def main(port, before):
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    for i in range(before):
        await server.register_namespace(f"urn:ria:other:{i}")
    index = await server.register_namespace("urn:ria:peer")
    nodes = {}

    async def add(name, value, kind):
        node_id = ua.NodeId(name, index)
        nodes[name] = await server.nodes.objects.add_variable(node_id, name, value, kind)

    for name in ("level", "static", "setpoint", "unstamped", "astray"):
        await add(name, 17.5, ua.VariantType.Double)
    await add("count", 0, ua.VariantType.Int64)
    await add("bit", False, ua.VariantType.Boolean)
    await nodes["setpoint"].set_writable()

    async def put(name, value, kind=ua.VariantType.Double, at=None):
        if name in nodes:
            held = ua.DataValue(ua.Variant(value, kind), SourceTimestamp=at)
            await server.write_attribute_value(nodes[name].nodeid, held)

    async def move():
        n = 0
        while True:
            n += 1
            now = datetime.now(UTC)
            await put("level", n / 10, at=now)
            await put("count", 2**52 + n, ua.VariantType.Int64, now)
            await put("bit", n % 2 == 1, ua.VariantType.Boolean, now)
            await put("unstamped", float(n))
            await put("astray", float(n), at=now - timedelta(hours=1))
            await asyncio.sleep(PERIOD_S)

    async def obey(command):
        if command["cmd"] == "delete":
            await server.delete_nodes([nodes.pop(command["node"])])
        elif command["cmd"] == "set":
            await put(command["node"], float(command["value"]), at=datetime.now(UTC))
        print(json.dumps({"done": command["cmd"]}), flush=True)
        return command["cmd"] == "stop"

    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    async with server, asyncio.TaskGroup() as group:
        moving = group.create_task(move(), name="moving values")
        print(json.dumps({"listening": port, "endpoint": server.endpoint.geturl()}), flush=True)
        while (line := await reader.readline()) and not await obey(json.loads(line)):
            pass
        moving.cancel()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
