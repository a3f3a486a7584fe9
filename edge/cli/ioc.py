"""`ria ioc`: the receiver at the operations centre, or a look into its ledger."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Literal

from cloud_sync.ioc.database import Database
from cloud_sync.ioc.export import Filter, write
from cloud_sync.ioc.influx import InfluxTarget
from cloud_sync.ioc.receiver import Receiver
from cloud_sync.ioc.service import IocSettings, run_ioc
from edge.errors import ConfigError
from edge.runtime import SystemClock, on_signals

TABLES: dict[str, Literal["summary", "cell", "event"]] = {
    "summaries": "summary",
    "cells": "cell",
    "events": "event",
}


def run_receiver(arguments: argparse.Namespace) -> int:
    """Receive until told to end; with `--export` print CSV and end."""
    if arguments.export:
        return _export(arguments)
    settings = IocSettings(
        broker=arguments.broker,
        ledger=arguments.ledger,
        identity=arguments.identity,
        influx=_target(arguments),
        replay_s=arguments.replay or 0.0,
    )
    asyncio.run(_receive(settings))
    return 0


async def _receive(settings: IocSettings) -> None:
    stop = asyncio.Event()

    def started(_: Receiver) -> None:
        print(f"ready {settings.ledger}", flush=True)

    with on_signals(stop.set):
        await run_ioc(settings, SystemClock(), stop, started)


def _target(arguments: argparse.Namespace) -> InfluxTarget | None:
    if not arguments.influx:
        return None
    path = arguments.influx_token_file
    token = path.read_text().strip() if path else ""
    return InfluxTarget(arguments.influx, token, arguments.influx_org, arguments.influx_bucket)


def _export(arguments: argparse.Namespace) -> int:
    chosen = Filter(
        gateway=arguments.gateway or "",
        device=arguments.device or "",
        point=arguments.point or "",
        since_ms=_ms(arguments.since),
        until_ms=_ms(arguments.until),
    )
    database = Database(arguments.ledger, read_only=True)
    try:
        write(database, TABLES[arguments.export], chosen, sys.stdout)
    finally:
        database.close()
    return 0


def _ms(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text!r} is not a time; write 2026-11-22T07:00:00+07:00") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return round(at.timestamp() * 1000)
