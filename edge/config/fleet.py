"""All devices of a site, each on its link, and the links that they share."""

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drivers.profile import Profile
from drivers.settings import DeviceSettings, Link, OpcUa
from edge.config import bus, devices, links
from edge.config.schema import DeviceBlock, LinkBlock
from edge.document.problem import Problem, nearest, quoted
from edge.document.readable import Unreadable
from edge.document.tree import Document, Path
from edge.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Member:
    """A device of the file."""

    place: int
    """In the list."""
    block: DeviceBlock
    faulty: frozenset[str] = frozenset()
    """Keys that could not be read and are left out of `block`: what hangs on them is not judged."""


@dataclass(slots=True)
class Fleet:
    """What has been found out so far."""

    document: Document
    folder: pathlib.Path
    window_s: float
    problems: list[Problem] = field(default_factory=list)
    placed: list[bus.Placed] = field(default_factory=list)
    named: dict[str, Link] = field(default_factory=dict)
    settings: list[tuple[int, DeviceSettings]] = field(default_factory=list)

    def read(
        self,
        blocks: Mapping[str, LinkBlock],
        names: Sequence[str] | None,
        members: Sequence[Member],
    ) -> None:
        """Take links and devices; what is wrong with them joins `problems`.

        Args:
            blocks: The links that could be read, by name.
            names: All names that a link may have been meant to have, readable or not; None where
                `links` itself could not be read.
            members: The devices that could be read.
        """
        for name, link_block in blocks.items():
            self._link(name, link_block)
        first: dict[str, int] = {}
        for member in members:
            i, block = member.place, member.block
            j = first.setdefault(block.id, i)
            if j != i:
                earlier = ("devices", j, "id")
                line = self.document.place(earlier)[0]
                what = f"{block.id} is already a device, on line {line}"
                self._add(i, ("id",), what, "give it another name", related=(earlier,))
            self._device(member, names)
        self.problems += bus.contradictions(self.placed, self.document)
        self.problems += bus.shared_units(self.settings, self.document)
        self.problems += bus.overload(self.settings, self.placed, self.document)

    def _link(self, name: str, block: LinkBlock) -> None:
        path = ("links", name)
        if "://" in name:
            what = f"{quoted(name)} cannot be a link's name"
            self.problems.append(self.document.problem(path, what, "write a name such as bus-a"))
        try:
            link = links.from_block(block)
        except Unreadable as error:
            key = "timeout" if "timeout" in error.what else "opcua" if block.opcua else "modbus"
            self.problems.append(self.document.problem((*path, key), error.what, error.remedy))
            return
        address = (*path, "opcua" if isinstance(link, OpcUa) else "modbus")
        for key in links.foreign_keys(link):
            if (*path, key) in self.document.places:
                what = f"means nothing for {links.endpoint_of(link)}"
                self.problems.append(
                    self.document.problem((*path, key), what, "delete it", related=(address,))
                )
        if isinstance(link, OpcUa):
            written = block.security is not None
            self.problems += [
                self.document.problem((*path, key), what, remedy)
                for key, what, remedy in links.unprotected(link, written=written)
            ]
        self.named[name] = link
        self.placed.append(bus.Placed(link, path))

    def _device(self, member: Member, names: Sequence[str] | None) -> None:
        i, block = member.place, member.block
        before = len(self.problems)
        link = self._link_of(member, names)
        try:
            profile = devices.profile_of(block, self.folder, unasked=bool(member.faulty))
        except ConfigError as error:
            what, _, remedy = str(error).rpartition("; ")
            self._add(i, ("profile",), what, remedy)
            return
        if link is not None:
            self._belongs(i, link, profile)
        for step, what, remedy, beside in devices.findings(block, profile):
            if not (member.faulty & {"every", "window"} and step[0] in {"every", "window"}):
                related: tuple[Path, ...] = (("devices", i, *beside),) if beside else ()
                self._add(i, step, what, remedy, related=related)
        if len(self.problems) == before and link is not None and not member.faulty:
            settings = devices.settings_of(block, profile, link, self.window_s)
            self.problems += bus.unit_bounds(i, settings, self.document)
            self.settings.append((i, settings))

    def _link_of(self, member: Member, names: Sequence[str] | None) -> Link | None:
        """The device's link; None where it has none that can be read."""
        i, block = member.place, member.block
        if "://" not in block.link:
            if names is not None and block.link not in names:
                self._unknown_link(i, block.link)
            link = self.named.get(block.link)
            if isinstance(link, OpcUa):
                for key in links.OPCUA_KEYS:
                    if ("devices", i, key) in self.document.places:
                        what = f"belongs to the link {block.link}"
                        self._add(i, (key,), what, f"move it to links.{block.link}")
            return link
        try:
            link = links.from_text(block.link, block)
        except Unreadable as error:
            self._add(i, ("link",), error.what, error.remedy)
            return None
        if not member.faulty:
            self.placed.append(bus.Placed(link, ("devices", i, "link")))
        if isinstance(link, OpcUa) and member.faulty.isdisjoint(links.OPCUA_KEYS):
            for key, what, remedy in links.unprotected(link, written=block.security is not None):
                self._add(i, (key,), what, remedy)
        return link

    def _unknown_link(self, i: int, name: str) -> None:
        near = nearest(name, self.named) if self.named else "write it under links"
        remedy = f"{near}, or write modbus+tcp://host, modbus+rtu:///dev/… or opc.tcp://host"
        what = f"no link is called {quoted(name)}"
        path = ("devices", i, "link")
        related = (("links",),) if self.named else ()
        self.problems.append(self.document.problem(path, what, remedy, related=related))

    def _belongs(self, i: int, link: Link, profile: Profile) -> None:
        """Profile and link must speak the same protocol, and the device's keys be of it."""
        spoken = links.protocol_of(link)
        if spoken != profile.protocol:
            what = f"{profile.profile} speaks {profile.protocol}, and this link is {spoken}"
            self._add(
                i, ("link",), what, f"write a link for {profile.protocol}, or another profile"
            )
            return
        for key in ("unit",) if spoken == "opcua" else ("mode", *links.OPCUA_KEYS):
            if ("devices", i, key) in self.document.places:
                self._add(i, (key,), f"means nothing for {spoken}", "delete it")

    def _add(
        self, i: int, step: Path, what: str, remedy: str, *, related: tuple[Path, ...] = ()
    ) -> None:
        path = ("devices", i, *step)
        self.problems.append(self.document.problem(path, what, remedy, related=related))
