"""A broker for the demo: Mosquitto where it is found, else the embedded one.

The embedded one (amqtt, MQTT 3.1.1, loopback only) keeps nothing for absent subscribers and
forgets everything when it ends: the watermark must be enough, and it is.
"""

import asyncio
import logging
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

from edge.demo.children import Child

MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence {persistence}
persistence_location {folder}/
autosave_on_changes true
autosave_interval 1
max_queued_messages 100000
log_type error
"""


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def mosquitto_path() -> str | None:
    """Where Mosquitto stands; Debian keeps it out of an ordinary user's path."""
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin"
    return shutil.which("mosquitto", path=path)


def start_broker(folder: Path, port: int, *, embedded: bool, persistence: bool = True) -> Child:
    """Start a broker on a loopback port; it is ready when `await_broker` returns."""
    mosquitto = None if embedded else mosquitto_path()
    if mosquitto is None:
        words = [sys.executable, "-m", "edge.demo.broker", str(port)]
        return Child("embedded broker", words, folder / "broker.log")
    config = folder / "mosquitto.conf"
    data = folder / "mosquitto"
    data.mkdir(exist_ok=True)
    keep = "true" if persistence else "false"
    text = MOSQUITTO.format(port=port, folder=data, persistence=keep)
    if os.geteuid() == 0:
        text += "user root\n"  # else it gives up its rights and cannot write to our folder
    config.write_text(text)
    return Child("mosquitto", [mosquitto, "-c", str(config)], folder / "broker.log")


async def await_broker(port: int, within_s: float = 15.0) -> None:
    """Return when something accepts connections on the port.

    Raises:
        TimeoutError: nothing did within the time.
    """
    async with asyncio.timeout(within_s):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def serve_embedded(port: int) -> None:
    """Run the embedded broker until SIGTERM."""
    from amqtt.broker import Broker  # noqa: PLC0415  # demo extra only

    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    broker = Broker(config)
    await broker.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await broker.shutdown()


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(serve_embedded(int(sys.argv[1])))
