"""Words to command: each command lives in a file of its own and is loaded only when called."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.cli.prove import add_arguments as add_prove_arguments
from edge.cli.signal import add_arguments as add_signal_arguments
from edge.errors import EdgeError

Command = Callable[[argparse.Namespace], int]

UNITS_S = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """`20s`, `1min`, `500ms`, `2h` as seconds."""
    for unit in ("ms", "min", "h", "s"):
        number = text.removesuffix(unit)
        if number != text:
            try:
                value = float(number)
            except ValueError:
                break
            if value > 0:
                return value * UNITS_S[unit]
            break
    raise argparse.ArgumentTypeError(f"{text!r} is not a time; write 20s, 1min or 500ms")


def run(words: Sequence[str]) -> int:
    """Run one command line; the exit code."""
    arguments = parser().parse_args(words)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if arguments.verbose else logging.WARNING,
        format="%(levelname).1s %(message)s",
    )
    # our own log speaks; libraries are heard from warnings up
    logging.getLogger("ria").setLevel(logging.DEBUG if arguments.verbose else logging.INFO)
    for noisy in ("pymodbus", "asyncua", "amqtt", "mqtt", "transitions"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    command: Command = arguments.command
    try:
        return command(arguments)
    except EdgeError as error:
        print(f"ria: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read our output has had enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Every command and option there is."""
    top = argparse.ArgumentParser(
        prog="ria", description="The gateway between a city's field devices and its centre."
    )
    top.add_argument("--verbose", action="store_true", help="say more on standard error")
    top.add_argument("--version", action="version", version=_version())
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    demo = _add(commands, "demo", _demo, "a whole small city on this machine")
    demo.add_argument("--for", dest="for_s", type=seconds, metavar="TIME", help="end by itself")
    demo.add_argument("--report", type=Path, metavar="FILE", help="write what came of it as JSON")
    demo.add_argument("--keep", type=Path, metavar="DIR", help="keep the city's files here")
    demo.add_argument(
        "--embedded", action="store_true", help="the built-in broker even if there is Mosquitto"
    )

    gateway = _add(commands, "run", _run, "the gateway")
    gateway.add_argument("site", type=Path, metavar="SITE.yaml")
    gateway.add_argument(
        "--drain",
        type=seconds,
        default=5.0,
        metavar="TIME",
        help="how long a stop may wait for the centre (default 5s)",
    )
    gateway.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write the gateway's own counts as JSON at the end",
    )

    check = _add(commands, "check", _check, "every error of a site file, with line, key and remedy")
    check.add_argument("site", type=Path, metavar="SITE.yaml")

    read = _add(commands, "read", _read, "one look at a device, now")
    read.add_argument("site", type=Path, metavar="SITE.yaml")
    read.add_argument("device", nargs="?", help="its id; all devices where left out")
    read.add_argument("point", nargs="?", help="one point of it")
    read.add_argument("--json", type=Path, metavar="FILE")

    simulate = _add(commands, "simulate", _simulate, "serve every device that a site names")
    simulate.add_argument("site", type=Path, metavar="SITE.yaml")
    simulate.add_argument("--faults", type=Path, metavar="FILE", help="faults by device and time")
    simulate.add_argument("--record", type=Path, metavar="FILE", help="write down every answer")
    simulate.add_argument(
        "--site-out",
        type=Path,
        metavar="FILE",
        help="the same site, with the links as they are served",
    )
    simulate.add_argument(
        "--sumo", type=Path, metavar="CFG", help="traffic of its one junction: a .sumocfg"
    )
    simulate.add_argument(
        "--timing", choices=("resco", "scenario", "field"), default="field", help="with --sumo"
    )
    simulate.add_argument("--seed", type=int, default=1)
    simulate.add_argument("--for", dest="for_s", type=seconds, metavar="TIME", help="end by itself")

    ioc = _add(commands, "ioc", _ioc, "the receiver at the operations centre")
    ioc.add_argument("--broker", default="mqtt://127.0.0.1:1883", metavar="URL")
    ioc.add_argument("--ledger", type=Path, default=Path("ria-ioc.db"), metavar="FILE")
    ioc.add_argument(
        "--identity", type=Path, metavar="DIR", help="folder with ca.pem, cert.pem and key.pem"
    )
    ioc.add_argument("--influx", metavar="URL", help="copy to an InfluxDB v2 API")
    ioc.add_argument("--influx-token-file", type=Path, metavar="FILE")
    ioc.add_argument("--influx-org", default="ria")
    ioc.add_argument("--influx-bucket", default="ria")
    ioc.add_argument("--replay", type=seconds, metavar="TIME", help="copy this much history again")
    ioc.add_argument(
        "--export",
        choices=("summaries", "cells", "events"),
        help="write CSV to standard output and end",
    )
    ioc.add_argument("--gateway")
    ioc.add_argument("--device")
    ioc.add_argument("--point")
    ioc.add_argument("--since", metavar="ISO", help="for --export")
    ioc.add_argument("--until", metavar="ISO", help="for --export")

    planner = _add(commands, "plan", _plan, "the planner of signals, asked by the gateway")
    planner.add_argument(
        "--socket", type=Path, required=True, metavar="PATH", help="where gateways ask"
    )
    planner.add_argument("--strategy", choices=("adaptive", "actuated"), default="adaptive")

    bench = _add(commands, "bench", _bench, "what the line costs, beside two references")
    bench.add_argument("what", choices=("line",))
    bench.add_argument("--seconds", type=float, default=60.0)
    bench.add_argument("--devices", type=int, default=50)
    bench.add_argument("--json", type=Path, metavar="FILE")

    signal = commands.add_parser(
        "signal", help="controllers compared, and what a road network says of its signals"
    )
    add_signal_arguments(signal)

    summary = "campaigns that try to break a promise, with counts"
    add_prove_arguments(_add(commands, "prove", _prove, summary))

    test = _add(commands, "test", _test, "the test suite, with the servers it needs")
    test.add_argument("--all", action="store_true", help="the long campaigns too")
    test.add_argument("rest", nargs=argparse.REMAINDER, help="handed to pytest")
    return top


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Command,
    summary: str,
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=summary, description=summary)
    made.set_defaults(command=command)
    return made


def _version() -> str:
    from edge.assembly.version import VERSION  # noqa: PLC0415

    return f"ria {VERSION}"


# Loading a command loads what it needs and nothing else: the gateway never sees the simulators.


def _demo(arguments: argparse.Namespace) -> int:
    from edge.demo.city import demo  # noqa: PLC0415

    return demo(arguments.for_s, arguments.report, arguments.keep, embedded=arguments.embedded)


def _run(arguments: argparse.Namespace) -> int:
    from edge.cli.run import run_site  # noqa: PLC0415

    return run_site(arguments.site, arguments.drain, arguments.report)


def _check(arguments: argparse.Namespace) -> int:
    from edge.cli.check import check_site  # noqa: PLC0415

    return check_site(arguments.site)


def _read(arguments: argparse.Namespace) -> int:
    from edge.cli.read import read_devices  # noqa: PLC0415

    return read_devices(arguments.site, arguments.device, arguments.point, arguments.json)


def _simulate(arguments: argparse.Namespace) -> int:
    from edge.cli.simulate import simulate_site  # noqa: PLC0415

    return simulate_site(arguments)


def _ioc(arguments: argparse.Namespace) -> int:
    from edge.cli.ioc import run_receiver  # noqa: PLC0415

    return run_receiver(arguments)


def _plan(arguments: argparse.Namespace) -> int:
    from edge.cli.plan import plan  # noqa: PLC0415

    return plan(arguments)


def _bench(arguments: argparse.Namespace) -> int:
    from edge.bench.line import bench_line  # noqa: PLC0415

    return bench_line(arguments.seconds, arguments.devices, arguments.json)


def _prove(arguments: argparse.Namespace) -> int:
    from edge.cli.prove import prove  # noqa: PLC0415

    return prove(arguments)


def _test(arguments: argparse.Namespace) -> int:
    from edge.cli.test import run_tests  # noqa: PLC0415

    return run_tests(arguments.rest, everything=arguments.all)
