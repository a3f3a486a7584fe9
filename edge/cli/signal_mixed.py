"""`ria signal mixed`: streets full of motorcycles, and how true their stop lines are."""

import argparse
import json
from pathlib import Path

from edge.errors import ConfigError

SCENES = ("arterial", "crossing")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its words."""
    parser.add_argument(
        "what", choices=("build", "check"), help="build: write a network and its demand;"
        " check: measure a saturated stop line against published numbers",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="build: folder for the SUMO files")
    parser.add_argument("--scene", choices=SCENES, default="arterial")
    parser.add_argument("--junctions", type=int, default=3, metavar="N")
    parser.add_argument(
        "--arm-lanes", default="3,2", metavar="MAIN,SIDE",
        help="lanes towards a signal, the leftmost for left turns (default 3,2)",
    )  # fmt: skip
    parser.add_argument("--spacing", type=float, default=300.0, metavar="M")
    parser.add_argument("--undivided", action="store_true", help="no median, 50 instead of 60 km/h")
    parser.add_argument(
        "--demand", type=float, default=0.85, metavar="SHARE",
        help="of saturation, in the busiest quarter under the fixed plan (default 0.85)",
    )  # fmt: skip
    parser.add_argument("--people", type=float, default=400.0, metavar="PER_HOUR")
    parser.add_argument("--span", type=int, default=3600, metavar="S", help="seconds of demand")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="check: all numbers")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="check: a picture")
    parser.add_argument("--lanes", default="1,2,3", metavar="N,N", help="check: widths to measure")
    parser.add_argument("--greens", type=int, default=15, metavar="N", help="check: for each width")
    parser.add_argument(
        "--no-range", action="store_true", help="check: leave out the range of parameters"
    )


def mixed(arguments: argparse.Namespace) -> int:
    """Build or check; 0 where it was done. A number that is not met is said, not hidden."""
    return _build(arguments) if arguments.what == "build" else _check(arguments)


def _build(arguments: argparse.Namespace) -> int:
    # loaded here, so that a gateway's command line never does
    from simulators.sumo.vietnam.scenes import Scene, arterial, crossing  # noqa: PLC0415

    if arguments.out is None:
        raise ConfigError("build writes a folder of SUMO files; name it with --out DIR")
    lanes = _numbers("--arm-lanes", arguments.arm_lanes)
    if len(lanes) != 2:
        raise ConfigError(f"--arm-lanes {arguments.arm_lanes}: two numbers, such as 3,2")
    scene = Scene(
        junctions=arguments.junctions,
        lanes=lanes[0],
        side_lanes=lanes[1],
        spacing_m=arguments.spacing,
        divided=not arguments.undivided,
        people_h=arguments.people,
        degree=arguments.demand,
        span_s=arguments.span,
        seed=arguments.seed,
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    make = {"arterial": arterial, "crossing": crossing}[arguments.scene]
    print(make(arguments.out, scene))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from edge.bench.signals.saturation import varied  # noqa: PLC0415
    from edge.bench.signals.saturation_check import as_json, check  # noqa: PLC0415
    from edge.bench.signals.saturation_plot import plot  # noqa: PLC0415
    from simulators.sumo.vietnam.vehicles import Traffic  # noqa: PLC0415

    if arguments.greens < 4:
        raise ConfigError(f"--greens {arguments.greens}: at least 4 greens make an interval")
    lanes = _numbers("--lanes", arguments.lanes)
    base = Traffic()
    others = {} if arguments.no_range else varied(base)
    own, range_ = check(lanes, arguments.greens, base, others, lambda text: print(text, flush=True))
    found = as_json(own, range_)
    print(f"{found['met']} of {found['of']} published numbers met within 10 % or the interval")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if arguments.plot:
        plot(arguments.plot, own, range_)
    return 0


def _numbers(option: str, text: str) -> list[int]:
    try:
        numbers = [int(word) for word in text.split(",")]
    except ValueError as error:
        raise ConfigError(f"{option} {text}: write whole numbers, such as 1,2,3") from error
    for number in numbers:
        if not 1 <= number <= 5:
            raise ConfigError(f"{option} {text}: {number} lanes is outside 1 to 5")
    return numbers
