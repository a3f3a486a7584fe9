"""A junction as the text of a plan file, in the order in which an engineer would write it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from control.model import Junction, Kind, SignalGroup, TimePlan
from control.plan_blocks import DAYS

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = frozenset({"true", "false", "null"})


def write(junction: Junction) -> str:
    """The text which `plan_file.read_text` reads back as an equal junction."""
    return "\n".join(_Writer(junction).lines()) + "\n"


class _Writer:
    """Names instead of numbers."""

    def __init__(self, junction: Junction) -> None:
        self.junction = junction
        self.group = [_word(group.id) for group in junction.groups]
        self.stage = [_word(stage.id) for stage in junction.stages]

    def lines(self) -> Iterator[str]:
        """Line by line."""
        junction = self.junction
        start = self.stage[junction.start_stage]
        yield f"junction: {_word(junction.id)}"
        yield f"longest_cycle_s: {junction.longest_cycle_s}"
        yield f"startup: {{red_s: {junction.startup_red_s}, stage: {start}}}"
        yield from _block("groups", ((_word(g.id), _group(g)) for g in junction.groups))
        once = [(g, h) for g, h in sorted(junction.conflicts) if g < h]
        yield from _block("conflicts", self._rows(once), empty="{}")
        yield from _block("intergreen_s", self._matrix(junction.intergreen_s), empty="{}")
        yield from _block("yields", self._rows(sorted(junction.yields)))
        yield from _block("stages", self._stages())
        yield from _block("detectors", self._detectors())
        yield from _block(
            "countdowns", ((self.group[c.group], str(c.last_s)) for c in junction.countdowns)
        )
        yield from _block("plans", ((_word(p.id), self._plan(p)) for p in junction.plans))
        yield from _block(
            "lanes", ((_word(lane), self._names(gs)) for lane, gs in junction.lanes.items())
        )
        opposing = junction.opposing.items()
        yield from _block(
            "opposing", ((_word(lane), _list(map(_word, sorted(ways)))) for lane, ways in opposing)
        )

    def _names(self, groups: Iterable[int]) -> str:
        return _list(self.group[g] for g in sorted(groups))

    def _rows(self, pairs: Sequence[tuple[int, int]]) -> Iterator[tuple[str, str]]:
        for g in sorted({g for g, _ in pairs}):
            yield self.group[g], self._names(h for k, h in pairs if k == g)

    def _matrix(self, seconds: Mapping[tuple[int, int], int]) -> Iterator[tuple[str, str]]:
        for g in sorted({g for g, _ in seconds}):
            row = sorted((h, s) for (k, h), s in seconds.items() if k == g)
            yield self.group[g], _row((self.group[h], str(s)) for h, s in row)

    def _stages(self) -> Iterator[tuple[str, str]]:
        for stage in self.junction.stages:
            keys = [("green", self._names(stage.green))]
            if stage.yielding:
                keys.append(("yielding", self._names(stage.yielding)))
            yield _word(stage.id), _row(keys)

    def _detectors(self) -> Iterator[tuple[str, str]]:
        for one in self.junction.detectors:
            keys = [
                ("role", str(one.role)),
                ("groups", self._names(one.groups)),
                ("distance_m", repr(float(one.distance_m))),
            ]
            if one.lanes:
                keys.append(("lanes", _list(map(_word, one.lanes))))
            if not one.locks_call:
                keys.append(("locks_call", "false"))
            yield _word(one.id), _row(keys)

    def _plan(self, plan: TimePlan) -> str:
        timed = zip(plan.stages, plan.green_s, strict=True)
        keys = [("stages", _list(f"[{self.stage[stage]}, {s}]" for stage, s in timed))]
        if plan.offset_s:
            keys.append(("offset_s", str(plan.offset_s)))
        if plan.from_s:
            times = (f'"{s // 3600:02d}:{s % 3600 // 60:02d}"' for s in plan.from_s)
            keys.append(("from", _list(times)))
        if len(plan.days) < len(DAYS):
            keys.append(("days", _list(DAYS[day] for day in sorted(plan.days))))
        if plan.greens:
            spans = {
                g: _list(f"[{begin_s}, {end_s}]" for h, begin_s, end_s in plan.greens if h == g)
                for g, _, _ in plan.greens
            }
            keys.append(("greens", _row((self.group[g], span) for g, span in spans.items())))
        return _row(keys)


def _group(group: SignalGroup) -> str:
    walks = group.kind is Kind.PEDESTRIAN
    keys = {"kind": str(group.kind)} if walks else {}
    keys |= {
        "walk_s" if walks else "minimum_green_s": str(group.minimum_green_s),
        "clearance_s" if walks else "yellow_s": str(group.yellow_s),
        "maximum_green_s": str(group.maximum_green_s),
        "longest_wait_s": str(group.longest_wait_s),
        "red_revert_s": str(group.red_revert_s),
    }
    return _row(keys.items())


def _block(key: str, rows: Iterable[tuple[str, str]], *, empty: str = "") -> Iterator[str]:
    """A key with its rows; nothing where there is no row, unless the key is needed."""
    lines = [f"  {name}: {value}" for name, value in rows]
    if lines or empty:
        yield f"\n{key}:" + ("" if lines else f" {empty}")
    yield from lines


def _row(keys: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in keys) + "}"


def _list(items: Iterable[str]) -> str:
    return "[" + ", ".join(items) + "]"


def _word(text: str) -> str:
    """A name, in quotes where YAML would read it otherwise."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)
