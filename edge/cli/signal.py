"""`ria signal`: controllers compared, and what a road network says of its signals."""

import argparse
import os
import re
from importlib.util import find_spec
from pathlib import Path

from control.countdown import WHOLE_GREEN_S
from edge.bench.signals.spec import (
    Controller,
    DetectorFailures,
    Sensing,
    Spec,
    Stages,
    Timing,
)
from edge.cli import signal_mixed, signal_plan, signal_report
from edge.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `ria signal`."""
    verbs = parser.add_subparsers(title="what", required=True, metavar="WHAT")
    summary = "controllers beside one another on a SUMO configuration"
    evaluate = verbs.add_parser("evaluate", help=summary, description=summary)
    evaluate.set_defaults(command=_evaluate)
    _evaluate_arguments(evaluate)
    summary = "what it costs to announce every change on displays of the last seconds"
    countdown = verbs.add_parser("countdown", help=summary, description=summary)
    countdown.set_defaults(command=_countdown)
    _countdown_arguments(countdown)
    summary = "what the log of a signal says, as figures and diagrams"
    report = verbs.add_parser("report", help=summary, description=summary)
    report.set_defaults(command=signal_report.report)
    signal_report.add_arguments(report)
    summary = "the plan file of a signal of a SUMO network"
    plan = verbs.add_parser("plan", help=summary, description=summary)
    plan.set_defaults(command=signal_plan.plan)
    signal_plan.add_arguments(plan)
    summary = "what is read out of a SUMO network: groups, relations, stages, doubts"
    network = verbs.add_parser("net", help=summary, description=summary)
    network.set_defaults(command=signal_plan.net)
    signal_plan.add_net_arguments(network)
    summary = "streets full of motorcycles, and how true their stop lines are"
    mixed = verbs.add_parser("mixed", help=summary, description=summary)
    mixed.set_defaults(command=signal_mixed.mixed)
    signal_mixed.add_arguments(mixed)


def _evaluate_arguments(evaluate: argparse.ArgumentParser) -> None:
    evaluate.add_argument("cfg", type=Path, metavar="CFG", help="a .sumocfg")
    evaluate.add_argument(
        "--controllers",
        type=controllers,
        default=list(Controller),
        metavar="LIST",
        help=f"of {','.join(Controller)} (default all)",
    )
    evaluate.add_argument(
        "--countdown",
        type=countdown,
        default=0,
        metavar="N",
        help="ria announces every change on displays of the last N seconds, or full (default 0)",
    )
    evaluate.add_argument(
        "--bus-priority", action="store_true", help="buses call for their green where ria times it"
    )
    evaluate.add_argument(
        "--fail-detectors",
        type=failures,
        metavar="SHARE@SECOND",
        help="0.3@1800: of all detectors 30 %% fail 1,800 s after the begin",
    )
    evaluate.add_argument(
        "--fail-seed", type=int, default=1, metavar="N", help="which detectors: the draw's seed"
    )
    _run_arguments(evaluate)


def _countdown_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cfg", type=Path, metavar="CFG", help="a .sumocfg")
    parser.add_argument(
        "--last",
        type=countdowns,
        default=[0, 3, 5, 8, 10, WHOLE_GREEN_S],
        metavar="LIST",
        help="seconds on display, or full (default 0,3,5,8,10,full)",
    )
    _run_arguments(parser)
    parser.set_defaults(fail_detectors=None, countdown=0, bus_priority=False)


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    """What is run how, and where its results go."""
    parser.add_argument(
        "--seeds", type=seeds, default=[1, 2, 3, 4, 5], metavar="LIST", help="1-5 or 1,3,8"
    )
    parser.add_argument(
        "--timing",
        choices=[str(each) for each in Timing],
        default=str(Timing.SCENARIO),
        help="whose yellow, clearance and minimum green (default scenario: the net's own)",
    )
    parser.add_argument(
        "--sensing",
        choices=[str(each) for each in Sensing],
        default=str(Sensing.LOOPS),
        help="what controllers may see (default loops)",
    )
    parser.add_argument("--begin", type=int, metavar="SECOND", help="default: as CFG has it")
    parser.add_argument("--end", type=int, metavar="SECOND", help="default: as CFG has it")
    parser.add_argument(
        "--stages",
        choices=[str(each) for each in Stages],
        help="the program's own or maximal sets (default derived in field timing, else net)",
    )
    parser.add_argument(
        "--sumo",
        type=simulator,
        default=None,
        metavar="HOW",
        help="libsumo (default), or traci:/path/to/sumo of any version from 1.9",
    )
    parser.add_argument("--jobs", type=positive, default=_processors(), help="runs at once")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="a PNG")


def controllers(words: str) -> list[Controller]:
    """`fixed,ria`."""
    try:
        return list(dict.fromkeys(Controller(word.strip()) for word in words.split(",")))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{words!r}: {error}; choose of {','.join(Controller)}"
        ) from error


def seeds(words: str) -> list[int]:
    """`1-5`, `7` or `1,3,8-10`, each once."""
    found: dict[int, None] = {}
    for part in words.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < first + 10_000:
            raise argparse.ArgumentTypeError(f"{words!r} lists no seeds; write 1-5 or 1,3,8")
        found |= dict.fromkeys(range(first, last + 1))
    return list(found)


def countdown(words: str) -> int:
    """`5`, or `full`."""
    if words.strip() == "full":
        return WHOLE_GREEN_S
    if not re.fullmatch(r"\s*\d{1,2}\s*", words):
        raise argparse.ArgumentTypeError(
            f"{words!r} is no countdown; write 0 to 99 seconds, or full"
        )
    return int(words)


def countdowns(words: str) -> list[int]:
    """`0,3,5,full`, each once."""
    return list(dict.fromkeys(countdown(word) for word in words.split(",")))


def simulator(words: str) -> Path | None:
    """`libsumo`, or the program after `traci:`."""
    if words == "libsumo":
        return None
    path = Path(words.removeprefix("traci:"))
    if not words.startswith("traci:") or not os.access(path, os.X_OK) or path.is_dir():
        raise argparse.ArgumentTypeError(
            f"{words!r} is no simulator; write libsumo, or traci: and the path of a sumo program"
        )
    return path


def failures(words: str) -> tuple[float, int]:
    """`0.3@1800` as (share, second)."""
    share, at, second = words.partition("@")
    try:
        found = float(share), int(second)
    except ValueError:
        found = -1.0, 0
    if not at or not 0 <= found[0] <= 1 or found[1] < 0:
        raise argparse.ArgumentTypeError(
            f"{words!r}: write a share from 0 to 1, @, and seconds after the begin, as 0.3@1800"
        )
    return found


def positive(words: str) -> int:
    """A count of at least one."""
    if not words.isdigit() or int(words) < 1:
        raise argparse.ArgumentTypeError(f"{words!r} is no count; write 1 or more")
    return int(words)


def _processors() -> int:
    return len(os.sched_getaffinity(0))


def _evaluate(arguments: argparse.Namespace) -> int:
    # loaded only here: other commands live without a simulator
    from edge.bench.signals.compare import Outputs, compare, orders  # noqa: PLC0415
    from edge.bench.signals.run import one  # noqa: PLC0415

    pattern, name = _pattern(arguments)
    specs = orders(pattern, arguments.controllers, arguments.seeds)
    outputs = Outputs(arguments.json, arguments.plot)
    return compare(one, specs, name, arguments.jobs, outputs)


def _countdown(arguments: argparse.Namespace) -> int:
    from edge.bench.signals.compare import Outputs  # noqa: PLC0415
    from edge.bench.signals.countdown import measure, orders  # noqa: PLC0415
    from edge.bench.signals.run import one  # noqa: PLC0415

    pattern, name = _pattern(arguments)
    specs = orders(pattern, arguments.last, arguments.seeds)
    outputs = Outputs(arguments.json, arguments.plot)
    return measure(one, specs, name, arguments.jobs, outputs)


def _pattern(arguments: argparse.Namespace) -> tuple[Spec, str]:
    """What all runs have in common, and what the scenario is called."""
    from simulators.sumo.session import scenario  # noqa: PLC0415

    _installed("libsumo" if arguments.sumo is None else "traci")
    if arguments.plot is not None:
        _installed("matplotlib")
    scene = scenario(arguments.cfg)
    begin_s, end_s = _window(arguments, scene.begin_s, scene.end_s)
    timing = Timing(arguments.timing)
    derived = Stages.DERIVED if timing is Timing.FIELD else Stages.NET
    pattern = Spec(
        cfg=arguments.cfg,
        controller=Controller.FIXED,
        seed=0,
        timing=timing,
        sensing=Sensing(arguments.sensing),
        begin_s=begin_s,
        end_s=end_s,
        stages=Stages(arguments.stages or derived),
        sumo=arguments.sumo,
        failures=_failures(arguments),
        countdown_s=arguments.countdown,
        bus_priority=arguments.bus_priority,
    )
    return pattern, scene.name


def _window(arguments: argparse.Namespace, begin_s: float, end_s: float | None) -> tuple[int, int]:
    """Begin and horizon: as given, else as the configuration has them."""
    begin_s = begin_s if arguments.begin is None else arguments.begin
    end_s = end_s if arguments.end is None else arguments.end
    if end_s is None:
        raise ConfigError(f"{arguments.cfg} sets no end; say --end and the second to stop at")
    if not 0 <= begin_s < end_s:
        raise ConfigError(
            f"{arguments.cfg}: nothing lies between second {begin_s:g} and second {end_s:g}; "
            "choose --begin and --end"
        )
    return round(begin_s), round(end_s)


def _installed(package: str) -> None:
    if find_spec(package) is None:
        raise ConfigError(f"{package} is not installed; ./ria brings it, or the extra [sim]")


def _failures(arguments: argparse.Namespace) -> DetectorFailures | None:
    if arguments.fail_detectors is None:
        return None
    share, after_s = arguments.fail_detectors
    return DetectorFailures(share, after_s, arguments.fail_seed)
