"""One run of SUMO: started, stepped a second at a time, looked at, and closed.

Two ways to the same words: libsumo in this process, or a `sumo` of any version (1.9 on) over
TraCI. Whatever the configuration would write goes to a folder of our own.
"""

import os
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.errors import ConfigError

LANE, POSITION, SPEED = 0x51, 0x56, 0x40
_OUTPUTS = frozenset((
    "netstate-dump", "netstate", "ndump", "summary", "tripinfo", "vehroutes", "vehroute",
    "emissions", "emission", "battery", "log", "l", "message-log", "error-log",
    "device.ssm.file", "device.toc.file", "device.rerouting.output", "save-state.files",
    "save-state.prefix", "device.taxi.dispatch-algorithm.output",
    "device.taxi.idle-algorithm.output",
))  # fmt: skip
"""Beside those whose name ends in `-output`; SUMO's older words for them among these."""
_OURS = ("tripinfo-output", "tripinfo")
_READING = ("include", "poi", "poly", "variableSpeedSign")
_AFFIXES = ("output-prefix", "output-suffix")


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a SUMO configuration names."""

    cfg: Path
    network: Path
    additional: tuple[Path, ...]
    routes: tuple[Path, ...]
    begin_s: float
    end_s: float | None

    @property
    def name(self) -> str:
        """Of its network: configurations are often all called `run`."""
        return self.network.name.removesuffix(".xml").removesuffix(".net")


def scenario(cfg: Path) -> Scenario:
    """Read a configuration file.

    Raises:
        ConfigError: it cannot be read, or names no network.
    """
    try:
        root = ET.parse(cfg).getroot()  # noqa: S314
    except (OSError, ET.ParseError) as error:
        raise ConfigError(f"{cfg} is no readable SUMO configuration: {error}") from error

    def value(*names: str) -> str | None:
        for element in root.iter():
            if element.tag in names:
                return element.get("value") or element.get("v")
        return None

    def files(*names: str) -> tuple[Path, ...]:
        words = (value(*names) or "").replace(" ", ",").split(",")
        return tuple(cfg.parent / word for word in words if word)

    network = value("net-file", "net", "n")
    if network is None:
        raise ConfigError(f"{cfg} names no net-file; Ria derives the signals from it")
    end = value("end", "e")
    return Scenario(
        cfg,
        cfg.parent / network,
        files("additional-files", "additional", "a"),
        files("route-files", "routes", "r"),
        float(value("begin", "b") or 0),
        None if end is None else float(end),
    )


class Session:
    """A running simulation. Use it as a context; leaving it ends the simulation."""

    def __init__(
        self,
        scene: Scenario,
        *,
        seed: int,
        begin_s: int,
        sumo: Path | None = None,
        more: Sequence[Path] = (),
        options: Sequence[str] = (),
    ) -> None:
        self.scene = scene
        self._folder = tempfile.TemporaryDirectory(prefix="ria-sumo-")
        self.folder = Path(self._folder.name)
        self._copies = 0
        self.tripinfo = self.folder / "tripinfo.xml"
        additional = [self._redirected(path) for path in scene.additional] + list(more)
        words = [
            "-c", str(scene.cfg), "--begin", str(begin_s), "--end", "1000000",
            "--seed", str(seed), "--random", "false", "--no-step-log", "true",
            "--no-warnings", "true", "--duration-log.disable", "true",
            "--time-to-teleport", "-1", "--tripinfo-output", str(self.tripinfo),
            "--tripinfo-output.write-unfinished", "true", "--step-length", "1",
            "--xml-validation", "never",
        ]  # fmt: skip
        words += self._outputs()
        if additional:
            words += ["--additional-files", ",".join(map(str, additional))]
        words += options
        if sumo is None:
            import libsumo  # noqa: PLC0415  heavy, and only for those who simulate

            self.api: Any = libsumo
            libsumo.start(["sumo", *words])
            self.version = str(libsumo.getVersion()[1])
        else:
            import traci  # noqa: PLC0415

            traci.start([str(sumo), *words], label=f"ria-{os.getpid()}-{id(self)}")
            self.api = traci
            self.version = str(traci.getVersion()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        self._folder.cleanup()

    def close(self) -> None:
        """End the simulation; its trip file is complete after that."""
        if self.api is not None:
            self.api.close()
            self.api = None

    def step(self) -> None:
        """One second."""
        self.api.simulationStep()

    @property
    def now_s(self) -> int:
        """Simulated time."""
        return round(float(self.api.simulation.getTime()))

    def _redirected(self, path: Path) -> Path:
        """A copy whose detectors write into our own folder; the file itself where none does."""
        text = path.read_text(encoding="utf-8")
        root = ET.fromstring(text)  # noqa: S314
        writing = [
            (element, name)
            for element in root.iter()
            for name in ("file", "output", "dest")
            if element.get(name) and element.tag not in _READING
        ]
        if not writing:
            return path
        # two files of one name may come from two folders
        copy = self.folder / f"{self._copies}-{path.name}"
        self._copies += 1
        for number, (element, name) in enumerate(writing):
            element.set(name, str(self.folder / f"{copy.stem}-{number}.xml"))
        ET.ElementTree(root).write(copy, encoding="utf-8")
        return copy

    def _outputs(self) -> Iterable[str]:
        """Every output the configuration asks for, sent to our folder under its own name."""
        root = ET.parse(self.scene.cfg).getroot()  # noqa: S314
        words: list[str] = []
        for number, element in enumerate(root.iter()):
            if element.tag in _OURS:
                continue
            if element.tag in _AFFIXES:
                words += [f"--{element.tag}", ""]
            elif element.tag in _OUTPUTS or element.tag.endswith("-output"):
                name = element.get("value") or element.get("v") or ""
                files = [
                    str(self.folder / f"cfg{number}-{place}-{Path(file).name}")
                    for place, file in enumerate(name.split(","))
                ]
                words += [f"{'--' if len(element.tag) > 1 else '-'}{element.tag}", ",".join(files)]
        return words
