"""The plan file as it is written: which keys there are, and of what kind."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from control.model import Kind, Role

Seconds = Annotated[int, Meta(ge=0, le=3600, extra={"unit": "s"})]
Green = Annotated[int, Meta(ge=1, le=3600, extra={"unit": "s"})]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Names = list[Name]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class GroupBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One signal group; which keys are needed depends on its kind."""

    kind: Kind = Kind.VEHICLE
    yellow_s: Seconds | None = None
    minimum_green_s: Green | None = None
    walk_s: Green | None = None
    clearance_s: Seconds | None = None
    maximum_green_s: Green = 120
    longest_wait_s: Green = 120
    red_revert_s: Seconds = 2


class StageBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Groups that are green together."""

    green: Annotated[Names, Meta(min_length=1, examples=["[north, south]"])]
    yielding: Names = []


class DetectorBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One loop, zone or button."""

    role: Annotated[Role, Meta(examples=["stop_line"])]
    groups: Annotated[Names, Meta(min_length=1, examples=["[north]"])]
    distance_m: Annotated[float, Meta(ge=0, le=10_000, extra={"unit": "m"})] = 0.0
    lanes: Names = []
    locks_call: bool = True


class PlanBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fixed cycle, and when it takes over."""

    stages: Annotated[
        list[tuple[Name, Green]], Meta(min_length=1, examples=["[[main, 34], [side, 18]]"])
    ]
    offset_s: Seconds = 0
    from_: list[str] = msgspec.field(default=[], name="from")
    days: Annotated[list[Day], Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: list(DAYS)
    )
    greens: dict[Name, list[tuple[Seconds, Green]]] = {}


class StartupBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What follows power, and flash."""

    stage: Annotated[Name, Meta(examples=["main"])]
    red_s: Seconds = 5


class JunctionBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    junction: Annotated[Name, Meta(examples=["j1"])]
    longest_cycle_s: Green = 240
    startup: Annotated[StartupBlock, Meta(examples=["{stage: main}"])]
    groups: Annotated[
        dict[Name, GroupBlock], Meta(examples=["{north: {yellow_s: 3, minimum_green_s: 7}}"])
    ]
    conflicts: Annotated[dict[Name, Names], Meta(examples=["{north: [east]}"])]
    intergreen_s: Annotated[
        dict[Name, dict[Name, Seconds]],
        Meta(examples=["{north: {east: 5}, east: {north: 6}}"]),
    ]
    yields: dict[Name, Names] = {}
    stages: Annotated[dict[Name, StageBlock], Meta(examples=["{main: {green: [north]}}"])]
    detectors: dict[Name, DetectorBlock] = {}
    countdowns: dict[Name, Annotated[int, Meta(ge=0, le=999, extra={"unit": "s"})]] = {}
    plans: dict[Name, PlanBlock] = {}
    lanes: dict[Name, Names] = {}
    opposing: dict[Name, Names] = {}
