"""The file in which an engineer describes a junction: read whole or refused, and written back.

Groups, stages and lanes have names in the file and numbers within. A file is taken only if nothing
in it is missing or contradicts the rest (I21); what is wrong is told with line, key and remedy.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from control import rules
from control.model import (
    Countdown,
    Detector,
    Junction,
    Kind,
    SignalGroup,
    Stage,
    TimePlan,
)
from control.plan_blocks import DAYS, GroupBlock, JunctionBlock
from control.plan_cycle import shortest_s
from control.plan_text import write
from edge.document.problem import Problem, Problems, nearest, quoted
from edge.document.text import read_bytes
from edge.document.tree import Document, parse
from edge.document.tree import Path as Where
from edge.document.typed import read as typed

__all__ = ["Problem", "Problems", "read", "read_text", "write"]

_USUAL = {
    "yellow_s": "yellow_s: 3",
    "minimum_green_s": "minimum_green_s: 7",
    "walk_s": "walk_s: 7",
    "clearance_s": "clearance_s: 12",
}
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def read(path: Path | str) -> Junction:
    """The junction that a plan file describes.

    Raises:
        Problems: everything that is wrong with it, each with line, key and remedy.
    """
    path = Path(path)
    return read_text(read_bytes(path), str(path))


def read_text(content: str | bytes, path: str = "plan") -> Junction:
    """The junction that this text describes; `path` names it in what is told.

    Raises:
        Problems: everything that is wrong with it, each with line, key and remedy.
    """
    document = parse(content.encode() if isinstance(content, str) else content, path)
    block = typed(document, JunctionBlock)
    problems = [*_Names(document, block).problems()]
    if problems:
        raise Problems(path, problems)
    junction = _junction(block)
    faults = rules.faults(junction)
    if faults:
        raise Problems(path, (_located(fault, document) for fault in faults))
    problems = [*_short_plans(junction, document)]
    if problems:
        raise Problems(path, problems)
    return junction


class _Names:
    """Whether everything that is named exists, and is named once."""

    def __init__(self, document: Document, block: JunctionBlock) -> None:
        self.document = document
        self.block = block

    def problems(self) -> Iterator[Problem]:
        """All that is wrong, in no order."""
        block = self.block
        yield from self._groups()
        for key, rows in (("conflicts", block.conflicts), ("yields", block.yields)):
            yield from self._known((key,), rows, block.groups, "group")
            for name, others in rows.items():
                yield from self._list((key, name), others, "group")
        yield from self._intergreens()
        for name, stage in block.stages.items():
            yield from self._list(("stages", name, "green"), stage.green, "group")
            yield from self._list(("stages", name, "yielding"), stage.yielding, "group")
            for i, group in enumerate(stage.yielding):
                if group not in stage.green:
                    what = f"{quoted(group)} gives way in this stage without being green"
                    place = ("stages", name, "yielding", i)
                    yield self.document.problem(place, what, "delete it, or add it to green")
        for name, detector in block.detectors.items():
            yield from self._list(("detectors", name, "groups"), detector.groups, "group")
        yield from self._known(("countdowns",), block.countdowns, block.groups, "group")
        for name, groups in block.lanes.items():
            yield from self._list(("lanes", name), groups, "group")
        yield from self._known(("opposing",), block.opposing, block.lanes, "lane")
        for name, lanes in block.opposing.items():
            for i, lane in enumerate(lanes):
                yield from self._known(("opposing", name, i), [lane], block.lanes, "lane")
        yield from self._known(("startup", "stage"), [block.startup.stage], block.stages, "stage")
        yield from self._plans()

    def _groups(self) -> Iterator[Problem]:
        for name, group in self.block.groups.items():
            place = ("groups", name)
            needed, foreign = ("yellow_s", "minimum_green_s"), ("walk_s", "clearance_s")
            if group.kind is Kind.PEDESTRIAN:
                needed, foreign = foreign, needed
            for key in needed:
                if getattr(group, key) is None:
                    what = f"missing in a {group.kind} group"
                    yield self.document.problem((*place, key), what, f"add `{_USUAL[key]}`")
            for key, instead in zip(foreign, reversed(needed), strict=True):
                if getattr(group, key) is not None:
                    what = f"no key of a {group.kind} group"
                    yield self.document.problem((*place, key), what, f"write {instead}")

    def _intergreens(self) -> Iterator[Problem]:
        """Seconds for pairs that do not conflict; for those that do, `rules` asks."""
        rows, groups = self.block.intergreen_s, self.block.groups
        pairs = {(g, h) for g, hs in self.block.conflicts.items() for h in hs}
        misspelt = any(name not in groups for pair in pairs for name in pair)
        yield from self._known(("intergreen_s",), rows, groups, "group")
        for name, row in rows.items():
            yield from self._known(("intergreen_s", name), row, groups, "group")
            for other in row.keys() & groups.keys() if name in groups and not misspelt else ():
                if (name, other) not in pairs and (other, name) not in pairs:
                    what = f"{name} and {other} are not listed as conflicting"
                    remedy = "list the pair under conflicts, or delete the seconds"
                    yield self.document.problem(("intergreen_s", name, other), what, remedy)

    def _plans(self) -> Iterator[Problem]:
        first: dict[tuple[str, str], Where] = {}
        for name, plan in self.block.plans.items():
            place = ("plans", name)
            for i, (stage, _) in enumerate(plan.stages):
                here = (*place, "stages", i)
                yield from self._known(here, [stage], self.block.stages, "stage")
            yield from self._known((*place, "greens"), plan.greens, self.block.groups, "group")
            for i, time in enumerate(plan.from_):
                here = (*place, "from", i)
                if not _TIME.fullmatch(time):
                    what = f"{quoted(time)} is no time of day"
                    yield self.document.problem(here, what, 'write "06:30"')
                for day in plan.days:
                    other = first.setdefault((day, time), here)
                    if other != here:
                        line = self.document.place(other)[0]
                        what = f"a plan takes over at {time} on {day} already, on line {line}"
                        remedy = "give one of the two another time or other days"
                        yield self.document.problem(here, what, remedy, related=(other,))
                        break

    def _list(self, place: Where, names: list[str], word: str) -> Iterator[Problem]:
        for i, name in enumerate(names):
            if name in names[:i]:
                what = f"{quoted(name)} is named twice"
                yield self.document.problem((*place, i), what, "delete one of the two")
            else:
                yield from self._known((*place, i), [name], self.block.groups, word)

    def _known(
        self, place: Where, names: Iterable[str], valid: Mapping[str, object], word: str
    ) -> Iterator[Problem]:
        for name in names:
            if name not in valid:
                here = (*place, name) if (*place, name) in self.document.places else place
                what = f"no {word} is called {quoted(name)}"
                yield self.document.problem(here, what, nearest(name, valid))


def _junction(block: JunctionBlock) -> Junction:
    """Names become numbers."""
    group = {name: i for i, name in enumerate(block.groups)}
    stage = {name: i for i, name in enumerate(block.stages)}
    listed = {(group[g], group[h]) for g, hs in block.conflicts.items() for h in hs}
    return Junction(
        id=block.junction,
        groups=tuple(_group(name, one) for name, one in block.groups.items()),
        conflicts=frozenset(listed | {(h, g) for g, h in listed}),
        yields=frozenset((group[g], group[h]) for g, hs in block.yields.items() for h in hs),
        intergreen_s={
            (group[g], group[h]): s for g, row in block.intergreen_s.items() for h, s in row.items()
        },
        stages=tuple(
            Stage(
                name,
                frozenset(group[g] for g in one.green),
                frozenset(group[g] for g in one.yielding),
            )
            for name, one in block.stages.items()
        ),
        detectors=tuple(
            Detector(
                name,
                one.role,
                frozenset(group[g] for g in one.groups),
                one.distance_m,
                tuple(one.lanes),
                one.locks_call,
            )
            for name, one in block.detectors.items()
        ),
        countdowns=tuple(Countdown(group[g], s) for g, s in block.countdowns.items()),
        plans=tuple(
            TimePlan(
                name,
                tuple(stage[s] for s, _ in one.stages),
                tuple(green_s for _, green_s in one.stages),
                one.offset_s,
                tuple(int(time[:2]) * 3600 + int(time[3:]) * 60 for time in one.from_),
                frozenset(DAYS.index(day) for day in one.days),
                tuple((group[g], *span) for g, spans in one.greens.items() for span in spans),
            )
            for name, one in block.plans.items()
        ),
        startup_red_s=block.startup.red_s,
        start_stage=stage[block.startup.stage],
        longest_cycle_s=block.longest_cycle_s,
        lanes={name: frozenset(group[g] for g in gs) for name, gs in block.lanes.items()},
        opposing={name: frozenset(lanes) for name, lanes in block.opposing.items()},
    )


def _group(name: str, block: GroupBlock) -> SignalGroup:
    walks = block.kind is Kind.PEDESTRIAN
    ending_s = block.clearance_s if walks else block.yellow_s
    least_s = block.walk_s if walks else block.minimum_green_s
    assert ending_s is not None  # noqa: S101  # _Names refuses a group without them
    assert least_s is not None  # noqa: S101
    return SignalGroup(
        name, ending_s, least_s, block.maximum_green_s, block.longest_wait_s,
        block.red_revert_s, block.kind,
    )  # fmt: skip


def _short_plans(junction: Junction, document: Document) -> Iterator[Problem]:
    """Plans in service that ask for less than a stage's minimum green and the change after it.

    A plan that never takes over by the clock may: it came out of a road network, whose program knew
    other intergreens, and `plan_cycle.slots` stretches it.
    """
    for plan in junction.plans:
        if not plan.from_s:
            continue
        timed = zip(plan.stages, plan.green_s, shortest_s(junction, plan), strict=True)
        for i, (stage, lasts_s, least_s) in enumerate(timed):
            if lasts_s < least_s:
                name = junction.stages[stage].id
                what = f"{lasts_s} s is below {least_s} s: minimum green and change of {name}"
                place = ("plans", plan.id, "stages", i)
                yield document.problem(place, what, f"write [{name}, {least_s}] or more")


def _located(fault: str, document: Document) -> Problem:
    """A contradiction of the whole, at the place that its sentence speaks of."""
    what, _, remedy = fault.partition("; ")
    for words, section, usual in _CONTRADICTIONS:
        match = words.search(what)
        if match:
            place = (section, *(ast.literal_eval(name) for name in match.groups()))
            return document.problem(place, what, remedy or usual)
    return document.problem((), what, remedy or "see the reference of this file")


_NAME = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CONTRADICTIONS = (
    (re.compile(f"^intergreen {_NAME} and {_NAME} is missing"), "intergreen_s", "add the seconds"),
    (re.compile(f"^intergreen {_NAME} and {_NAME}"), "intergreen_s", "write more seconds"),
    (re.compile(f"^{_NAME} and {_NAME} both yields"), "yields", "delete it here or there"),
    (re.compile(f"^stage {_NAME} shows"), "stages", "take one of the two out of the stage"),
    (re.compile(f"^stage {_NAME}"), "stages", "correct the stage"),
    (re.compile(f"^group {_NAME} conflicts with itself"), "conflicts", "delete it from its row"),
    (re.compile(f"^group {_NAME} yields to itself"), "yields", "delete it from its row"),
    (re.compile(f"^group {_NAME} is green in no"), "groups", "add it to a stage, or delete it"),
    (re.compile(f"^group {_NAME}"), "groups", "correct one of the two"),
    (re.compile(f"^plan {_NAME}"), "plans", "correct the plan"),
    (re.compile("^its stages need"), "longest_cycle_s", "allow a longer cycle"),
    (re.compile("^it has no signal group"), "groups", "name at least one"),
    (re.compile("^it has no stage"), "stages", "name at least one"),
)  # fmt: skip
"""How the sentences of `rules` begin, where what they name stands, and what to do."""
