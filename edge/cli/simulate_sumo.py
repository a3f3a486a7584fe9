"""`ria simulate --sumo`: the street before a site's cabinet is a SUMO network."""

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from control.fingerprint import fingerprint
from control.net.timing import Timing
from edge.bench.signals.hardware import Case, Scene, opened
from edge.config.site import JunctionSettings
from edge.errors import ConfigError
from simulators.sumo.session import scenario

FOR_EVER_S = 10**6


@contextmanager
def sumo_street(
    settings: JunctionSettings, arguments: argparse.Namespace, stop: asyncio.Event
) -> Iterator[Scene]:
    """The signal of the plan, in the network; what its vehicles lost is told at the end.

    The plan must be the one that `ria signal plan` derives from this network: lamps and loops of
    the simulation are those of the plan by their number.

    Raises:
        ConfigError: the network has no such signal, or the plan is of another one.
    """
    begin_s = round(scenario(arguments.sumo).begin_s)
    lasts_s = FOR_EVER_S if arguments.for_s is None else round(arguments.for_s)
    plan = settings.junction
    case = Case(
        arguments.sumo,
        begin_s,
        begin_s + lasts_s,
        arguments.seed,
        Timing(arguments.timing),
        plan.id,
    )
    # the window ends by the simulation's own clock, a little later than the wall's
    arguments.for_s = None
    with opened(case) as scene:
        there = scene.derived.junction
        if fingerprint(there) != fingerprint(plan) or there.detectors != plan.detectors:
            raise ConfigError(
                f"{settings.id}: its plan is not what {arguments.sumo} comes to with --timing"
                f" {arguments.timing}; write it anew with `ria signal plan`"
            )
        scene.at_horizon = stop.set
        yield scene
        if scene.passed_s >= lasts_s:
            score = scene.score()
            print(
                f"{scene.passed_s} s: {score.n} vehicles, mean delay {score.delay_s:.2f} s,"
                f" {score.unfinished} under way, {score.pending} not yet in the network",
                flush=True,
            )
