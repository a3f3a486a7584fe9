"""A junction as arrays over its stages and lanes, the form in which the planner thinks."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from control.model import Junction
from control.observe import Floats, Ints
from control.staging import Staging

FOREVER_S = 10_000


@dataclass(frozen=True, slots=True)
class LaneTables:
    """Everything about a junction that does not change while it runs."""

    lanes: tuple[str, ...]
    uses: NDArray[np.bool_]
    """bool[lanes, groups]: whose traffic stands on which lane."""
    green: NDArray[np.bool_]
    """bool[stages, groups]."""
    gives_way: NDArray[np.bool_]
    """bool[stages, groups]: green, and another green of the stage goes first."""
    opposes: Floats
    """float64[lanes, lanes]."""
    ends_s: Ints
    """int64[stages, stages, lanes]: when a lane's green ends in a change; FOREVER_S: it stays."""
    begins_s: Ints
    lasts_s: Ints
    """int64[stages, stages]."""
    needs_s: Ints
    """int64[stages]: minimum green."""


def by_group(junction: Junction) -> LaneTables:
    """The same as if each group had a lane of its own, in the order of the groups."""
    alone = {str(g): frozenset({g}) for g in range(len(junction.groups))}
    return tables(replace(junction, lanes=alone, opposing={}))


def tables(junction: Junction) -> LaneTables:
    """Work out a junction once."""
    lanes = tuple(junction.lanes)
    groups, stages = len(junction.groups), len(junction.stages)
    uses = np.zeros((len(lanes), groups), dtype=np.bool_)
    for number, lane in enumerate(lanes):
        uses[number, sorted(junction.lanes[lane])] = True
    green = np.zeros((stages, groups), dtype=np.bool_)
    gives_way = np.zeros((stages, groups), dtype=np.bool_)
    for number, stage in enumerate(junction.stages):
        green[number, sorted(stage.green)] = True
        gives_way[number, sorted(stage.yielding)] = True
    opposes = np.zeros((len(lanes), len(lanes)))
    for number, lane in enumerate(lanes):
        for other in junction.opposing.get(lane, ()):
            if other in junction.lanes:
                opposes[number, lanes.index(other)] = 1.0
    shape = (stages, stages, len(lanes))
    ends = np.full(shape, FOREVER_S, dtype=np.int64)
    begins = np.zeros(shape, dtype=np.int64)
    lasts = np.zeros((stages, stages), dtype=np.int64)
    staging = Staging(junction)
    for a in range(stages):
        for b in range(stages):
            if a == b:
                continue
            change = staging.change(a, b)
            lasts[a, b] = change.lasts_s
            for at in range(len(lanes)):
                mine = set(np.flatnonzero(uses[at]).tolist())
                gone = [change.ends_s[g] for g in mine if g in change.ends_s]
                came = [change.begins_s[g] for g in mine if g in change.begins_s]
                stays = any(green[a, g] and g not in change.ends_s for g in mine)
                if gone and not stays:
                    ends[a, b, at] = max(gone)
                elif not stays:
                    ends[a, b, at] = -FOREVER_S
                begins[a, b, at] = min(came) if came else FOREVER_S
    needs = np.array(
        [
            max((junction.groups[g].minimum_green_s for g in stage.green), default=0)
            for stage in junction.stages
        ],
        dtype=np.int64,
    )
    return LaneTables(lanes, uses, green, gives_way, opposes, ends, begins, lasts, needs)
