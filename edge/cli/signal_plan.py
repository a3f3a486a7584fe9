"""`ria signal plan`: the plan file of a signal as a SUMO network describes it, with its loops."""

import argparse
import sys
from pathlib import Path

from control import plan_file
from control.net import derive, loops
from control.net.timing import Timing
from edge.errors import ConfigError
from simulators.sumo.session import scenario


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may stand after `ria signal plan`."""
    parser.add_argument("cfg", type=Path, metavar="CFG", help="a .sumocfg")
    parser.add_argument("signal", nargs="?", help="its id; may be left out where there is one")
    parser.add_argument(
        "--timing", choices=[str(each) for each in Timing], default=str(Timing.FIELD)
    )


def add_net_arguments(parser: argparse.ArgumentParser) -> None:
    """What may stand after `ria signal net`."""
    parser.add_argument("cfg", type=Path, metavar="CFG", help="a .sumocfg, or a .net.xml alone")
    parser.add_argument(
        "--timing", choices=[str(each) for each in Timing], default=str(Timing.SCENARIO)
    )


def net(arguments: argparse.Namespace) -> int:
    """Print what was read out of a network, and what in it an engineer should look at."""
    path, more = arguments.cfg, []
    if not path.name.endswith((".net.xml", ".net.xml.gz")):
        scene = scenario(path)
        path, more = scene.network, list(scene.additional)
    _, signals = derive.read(path, more, Timing(arguments.timing))
    print(derive.report(signals) or f"{path} has no signal that changes")
    return 0


def plan(arguments: argparse.Namespace) -> int:
    """Print the plan; what an engineer should read of it goes to standard error.

    Raises:
        ConfigError: the network has no such signal.
    """
    scene = scenario(arguments.cfg)
    network, signals = derive.read(scene.network, list(scene.additional), Timing(arguments.timing))
    name = arguments.signal or next(iter(signals), "")
    if name not in signals or (arguments.signal is None and len(signals) > 1):
        known = ", ".join(sorted(signals)) or "none that changes"
        raise ConfigError(f"{arguments.cfg} has the signals {known}; name one of them")
    derived, _ = loops.equip(network, signals[name])
    print(derive.report({name: derived}), file=sys.stderr)
    print(plan_file.write(derived.junction), end="")
    return 0
