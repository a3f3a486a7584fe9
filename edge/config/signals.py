"""The junctions of a site: a plan that describes each, and the controller that shows it."""

import pathlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from control.model import Junction
from drivers.settings import DeviceSettings
from edge.config.schema import JunctionBlock
from edge.config.site import JunctionSettings
from edge.document.problem import Problem, Problems, nearest, quoted
from edge.document.tree import Document, Path
from edge.errors import ConfigError

WRITTEN = ("hold", "force_off", "omit", "call", "pattern", "remote", "sequence")
READ = (
    "controller_mode", "conflict_monitor", "remote_in_force", "starts", "preempt", "config_hash",
    "calls",
)  # fmt: skip
SLOWEST_S = 1.0
"""Signals are timed by the second."""

Finding = tuple[Path, str, str]


@dataclass(slots=True)
class Signals:
    """What has been found out so far."""

    document: Document
    folder: pathlib.Path
    settings: list[JunctionSettings] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def read(
        self,
        blocks: Sequence[tuple[int, JunctionBlock]],
        devices: Mapping[str, DeviceSettings],
        named: Collection[str],
    ) -> None:
        """Take the junctions that could be read.

        Args:
            blocks: By their place in the list.
            devices: Those that could be read.
            named: The names of all devices, readable or not.
        """
        ids: dict[str, int] = {}
        controllers: dict[str, int] = {}
        for i, block in blocks:
            here = len(self.problems)
            for key, value, first in (
                ("id", block.id, ids),
                ("controller", block.controller, controllers),
            ):
                j = first.setdefault(value, i)
                if j != i:
                    what = f"{quoted(value)} stands in junctions[{j}] too"
                    self._add(i, (key,), what, "name each once")
            if block.controller not in named:
                what = f"no device is called {quoted(block.controller)}"
                self._add(i, ("controller",), what, nearest(block.controller, named))
            junction = self._plan(i, block)
            device = devices.get(block.controller)
            if junction is None or device is None:
                continue
            detectors = tuple(block.detectors) or tuple(d.id for d in junction.detectors)
            for path, what, remedy in (
                *_detectors(block, junction),
                *_controller(device, junction, len(detectors)),
            ):
                self._add(i, path, what, remedy)
            if len(self.problems) == here:
                self.settings.append(
                    JunctionSettings(block.id, block.controller, junction, detectors)
                )

    def _plan(self, i: int, block: JunctionBlock) -> Junction | None:
        # a site without signals does not pay for reading plans
        from control import plan_file  # noqa: PLC0415

        try:
            return plan_file.read(self.folder / block.plan)
        except Problems as error:
            first = error.problems[0].render(block.plan)
            more = f" (the first of {len(error.problems)})" if len(error.problems) > 1 else ""
            what, _, remedy = f"{first}".rpartition("; ")
            self._add(i, ("plan",), f"{what}{more}", remedy)
        except ConfigError as error:
            what, _, remedy = str(error).rpartition("; ")
            self._add(i, ("plan",), what or remedy, remedy if what else "name a file that exists")
        return None

    def _add(self, i: int, step: Path, what: str, remedy: str) -> None:
        path = ("junctions", i, *step)
        self.problems.append(self.document.problem(path, what, remedy))


def _detectors(block: JunctionBlock, junction: Junction) -> Iterator[Finding]:
    known = [detector.id for detector in junction.detectors]
    for n, name in enumerate(block.detectors):
        if name not in known:
            what = f"{block.plan} has no detector {quoted(name)}"
            yield ("detectors", n), what, nearest(name, known)
        elif name in block.detectors[:n]:
            yield ("detectors", n), f"{name} is named twice", "name it once"


def orders_of(junction: Junction) -> tuple[str, ...]:
    """The points of its controller that are written."""
    return (*WRITTEN, *(f"display_{c.group + 1}" for c in junction.countdowns if c.last_s))


def points_of(junction: Junction, detectors: int) -> tuple[str, ...]:
    """The points of its controller that are needed, with so many detectors wired to it."""
    groups, wired = range(1, len(junction.groups) + 1), range(1, detectors + 1)
    return (
        *READ,
        *orders_of(junction),
        *(f"{name}_{k}" for name in ("signal", "age") for k in groups),
        *(f"{name}_{k}" for name in ("count", "occupancy") for k in wired),
    )


def _controller(device: DeviceSettings, junction: Junction, detectors: int) -> Iterator[Finding]:
    """Whether the device can show this junction, and may be told what to do."""
    profile, here = device.profile, ("controller",)
    needed = points_of(junction, detectors)
    missing = [name for name in needed if name not in profile.by_name]
    if missing:
        what = f"{profile.profile} has no {missing[0]}, which {junction.id} needs"
        yield here, what, "write the id of a device with the profile ria-signal-controller"
        return
    points = {point.name: point for point in device.columns.points}
    unread = [name for name in needed if name not in points]
    if unread:
        yield here, f"{device.id} is not read for {unread[0]}", "add it to the device's `only`"
        return
    for name in orders_of(junction):
        low, high = profile.by_name[name].writable or (0.0, 0.0)
        if points[name].writable is None:
            what = f"{device.id} may not be told {name}"
            yield here, what, f"add {name}: [{low:g}, {high:.0f}] to the device's `write`"
            return
    if device.columns.period_s > SLOWEST_S:
        what = f"{device.id} is read every {device.columns.period_s:g} s"
        yield here, what, "signals are timed by the second: write every: 1s for the device"
