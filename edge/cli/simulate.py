"""`ria simulate`: every device that a site names, as servers on this machine."""

import argparse
import asyncio
import contextlib
import random

from control.fingerprint import fingerprint
from edge.config.load import load_site
from edge.config.site import Site
from edge.errors import ConfigError
from edge.runtime import SystemClock, on_signals
from simulators.fault_file import load_faults
from simulators.record import Record
from simulators.rewrite import rewritten_site
from simulators.signal_cabinet import SignalCabinet
from simulators.site_server import serve
from simulators.street import Street, Traffic


def simulate_site(arguments: argparse.Namespace) -> int:
    """Serve until told to end; the address of each device is printed."""
    site = load_site(arguments.site)
    asyncio.run(_serve(site, arguments))
    return 0


async def _serve(site: Site, arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    with contextlib.ExitStack() as stack:
        stack.enter_context(on_signals(stop.set))
        record = stack.enter_context(Record(arguments.record)) if arguments.record else None
        folder = arguments.site_out.parent if arguments.site_out else None
        served = serve(
            site.devices,
            clock=SystemClock(),
            rng=random.Random(arguments.seed),
            record=record,
            faults=load_faults(arguments.faults) if arguments.faults else (),
            folder=folder,
            cabinets=_cabinets(site, arguments, stack, stop),
        )
        async with served as field:
            for device in field.devices:
                print(f"{device.id:<20}{device.profile.title:<56.54}{_where(device.link)}")
            if arguments.site_out:
                text = arguments.site.read_text(encoding="utf-8")
                arguments.site_out.write_text(rewritten_site(text, field.links), encoding="utf-8")
                print(f"site file {arguments.site_out}")
            print("ready", flush=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(arguments.for_s):
                    await stop.wait()


def _cabinets(
    site: Site, arguments: argparse.Namespace, stack: contextlib.ExitStack, stop: asyncio.Event
) -> dict[str, SignalCabinet]:
    """A cabinet with traffic before it for each junction of the site, by its controller."""
    made = {}
    for one in site.junctions:
        traffic: Traffic = Street(one.junction, random.Random(f"{arguments.seed}/{one.id}"))
        if arguments.sumo is not None:
            from edge.cli.simulate_sumo import sumo_street  # noqa: PLC0415  # SUMO is an extra

            if len(site.junctions) > 1:
                raise ConfigError(
                    f"{site.source_path} has {len(site.junctions)} junctions, and --sumo serves"
                    " one; simulate each with a site file of its own"
                )
            traffic = stack.enter_context(sumo_street(one, arguments, stop))
        made[one.controller] = SignalCabinet(one.junction, traffic, fingerprint(one.junction))
    return made


def _where(link: object) -> str:
    return " ".join(
        str(getattr(link, name)) for name in ("host", "port", "path", "url") if hasattr(link, name)
    )
