"""`ria ioc`: the receiver, and the copy beside it, until it is told to stop."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from cloud_sync import topics
from cloud_sync.ioc.desk import Desk
from cloud_sync.ioc.influx import InfluxCopy, InfluxTarget
from cloud_sync.ioc.receiver import Receiver
from cloud_sync.uplink import BrokerUrl, MqttUplink
from edge.errors import EdgeError
from edge.model.clock import NS_PER_MS, Clock

log = logging.getLogger("ria.ioc")

PAUSE_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class IocSettings:
    """What the receiver is told."""

    broker: str
    """`mqtt://host:1883` or `mqtts://host:8883`."""
    ledger: Path
    name: str = "ria-ioc"
    """Client id at the broker; two receivers of one name throw each other out."""
    identity: Path | None = None
    """Folder with ca.pem, cert.pem and key.pem."""
    influx: InfluxTarget | None = None
    replay_s: float = 0.0
    """How much of what was received is copied again at the start."""


async def run_ioc(
    settings: IocSettings,
    clock: Clock,
    stop: asyncio.Event,
    started: Callable[[Receiver], None] = lambda _: None,
) -> None:
    """Receive until `stop` is set.

    `started` is called once the ledger is open.

    Raises:
        ConfigError: the settings cannot work.
        StoreFailed: the ledger cannot be opened.
    """
    url = BrokerUrl.parse(settings.broker)

    def connect() -> MqttUplink:
        return MqttUplink(
            url,
            settings.name,
            subscribe=[topics.EVERY_UP],
            identity=settings.identity,
            persistent=True,
        )

    async with Desk(settings.ledger) as desk:
        receiver = Receiver(desk, connect, clock)
        started(receiver)
        runs: dict[str, Callable[[], Awaitable[None]]] = {"ioc.receiver": receiver.run}
        if settings.influx is not None:
            copy = InfluxCopy(desk, settings.influx)
            if settings.replay_s > 0:
                await copy.replay(clock.now() // NS_PER_MS - round(settings.replay_s * 1000))
            runs["ioc.influx"] = copy.run
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(_again_and_again(name, run), name=name)
                for name, run in runs.items()
            ]
            await stop.wait()
            for task in running:
                task.cancel()


async def _again_and_again(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run it; after a transient error again, after a pause drawn from a span that doubles."""
    span_s = 1.0
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await run()
        except EdgeError as error:
            if not error.transient:
                raise
            log.warning("%s: %s", name, error)
        if asyncio.get_running_loop().time() - began > PAUSE_LIMIT_S:
            span_s = 1.0
        await asyncio.sleep(random.uniform(0, span_s))
        span_s = min(2 * span_s, PAUSE_LIMIT_S)
