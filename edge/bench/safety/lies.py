"""An adversary between controller and shield: looks that are false, missing, late or another's.

Its requests are few, for what is tried is the judgement of looks. A lie names one group and another
lamp than the true one. The controller keeps its own checks here: a shield that sees what is not
there can only be kept from harm by them, and gives control back when two looks disagree.
"""

from collections.abc import Iterator
from dataclasses import replace

from control.model import Lamp
from control.requests import Request
from edge.bench.safety.explorer import SECOND_MS, Move, Situation, World

REDUCTION = (
    "at most two looks of a path are false (one in the quick run); each names one group and any "
    "other lamp, or is dark, flashing, of another configuration, not remote, too old, or missing",
    "with each of them: no request, end all and begin nothing, end all and omit nothing",
)


def _request(world: World, off: int, omit: int) -> Request:
    return Request(
        sequence=1,
        expires_ms=SECOND_MS + 1,
        token="",
        force_off=world.groups(off),
        omit=world.groups(omit),
    )


def moves(world: World, situation: Situation) -> Iterator[Move]:
    """All moves from here."""
    controller = situation.controller
    every = world.twin.every
    requests = (
        ("silence", None),
        ("keep all", _request(world, 0, every)),
        ("let all", _request(world, 0, 0)),
        ("end all", _request(world, controller.green, every)),
        ("end all, let all", _request(world, controller.green, 0)),
    )
    for name, request in requests:
        yield Move(name, request=request)
        if not situation.lies:
            continue
        truth = world.truth(situation)
        yield Move(f"{name}, blind", request=request, blind=True)
        for what, seen in (
            ("stale", replace(truth, age_ms=2_000)),
            ("another configuration", replace(truth, config_hash="another")),
            ("not remote", replace(truth, remote=not truth.remote)),
            ("fault", replace(truth, fault=True)),
            ("short", replace(truth, lamps=truth.lamps[1:])),
        ):
            yield Move(f"{name}, {what}", request=request, seen=seen)
        for group, lamp in enumerate(truth.lamps):
            for other in (Lamp.RED, Lamp.YELLOW, Lamp.GREEN, Lamp.DARK):
                if other is not lamp:
                    lamps = (*truth.lamps[:group], other, *truth.lamps[group + 1 :])
                    false = replace(truth, lamps=lamps)
                    yield Move(f"{name}, {group} as {other.name}", request=request, seen=false)
