"""What is played forward: every lane's queue, and beneath it whoever else waits for a green.

People at a kerb and a bus on its way are queues like those of cars, weighed by persons. They are
rows of the rollout alone: no estimator, saturation flow or turning share ever counts them. While
nobody of them waits there is no row, and the lanes are played as if there were none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from control.lanes import LaneTables
from control.observe import Floats, Ints
from control.picture import Picture

PERSONS_PER_CAR = 1.3
"""What a queued vehicle counts beside a person: about the usual load of a car in a city's peak.
No source gives it for a junction of ours; it is one figure for all of them."""
ALL_FITS = 1e6

Kind = TypeVar("Kind", np.float64, np.int64)


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody beside the lanes' traffic who waits for a group; in car loads."""

    group: int
    queue: float
    """Persons who wait there, by `PERSONS_PER_CAR`."""
    arrivals: Floats
    """float64[seconds]: likewise, who will come in each of them."""
    flow: float
    """Car loads a second once it is green."""
    on_foot: bool = False
    """Goes first wherever the group is green, and never over the lanes of vehicles."""
    load: float = 1.0
    """Car loads to one vehicle's place on the road."""


class Play(NamedTuple):
    """The arrays of one rollout by row, in the order in which the kernel takes them."""

    queue: Floats
    served: Floats
    hinder: Floats
    arrivals: Floats
    saturation: Floats
    protected: Floats
    yielding: Floats
    opposes: Floats
    weight: Floats
    ends_s: Ints
    begins_s: Ints
    lasts_s: Ints
    needs_s: Ints
    room: Floats
    refill: Floats
    stop_cost_s: Floats


class Rows:
    """Puts rows beneath the lanes of one junction."""

    def __init__(self, lanes: LaneTables, groups: LaneTables, stop_cost_s: Floats) -> None:
        """Know the junction.

        Args:
            lanes: its tables.
            groups: the same by group (`control.lanes.by_group`).
            stop_cost_s: float64[lanes], seconds lost by one stop.
        """
        self._lanes = lanes
        self._groups = groups
        self._stop_cost_s = stop_cost_s

    def play(
        self, picture: Picture, served: Floats, hinder: Floats, rows: Sequence[Row] = ()
    ) -> Play:
        """Everything a rollout needs of this second.

        Args:
            picture: of the vehicles.
            served: float64[lanes], vehicles each let out of its green so far.
            hinder: float64[lanes], whether its head stands in the way (`rollout.service`).
            rows: whoever else waits.
        """
        t = self._lanes
        protected = (t.green & ~t.gives_way) @ picture.shares.T
        yielding = (t.green & t.gives_way) @ picture.shares.T
        alone = Play(
            picture.queue, served, hinder, picture.arrivals, picture.saturation, protected,
            yielding, t.opposes, protected + 0.4 * yielding, t.ends_s, t.begins_s, t.lasts_s,
            t.needs_s, picture.room, picture.refill, self._stop_cost_s,
        )  # fmt: skip
        return self._with(alone, rows) if rows else alone

    def _with(self, lanes: Play, rows: Sequence[Row]) -> Play:
        g = self._groups
        at = [row.group for row in rows]
        uses = self._lanes.uses.T[at].astype(float)
        on_foot = np.array([row.on_foot for row in rows])
        uses[on_foot] = 0.0
        load = np.array([row.load for row in rows])
        gives_way = g.gives_way[:, at] & ~on_foot
        protected = (g.green[:, at] & ~gives_way).astype(float)
        yielding = (g.green[:, at] & gives_way).astype(float)
        opposes = np.zeros((len(lanes.queue) + len(rows),) * 2)
        opposes[: len(lanes.queue), : len(lanes.queue)] = lanes.opposes
        opposes[len(lanes.queue) :, : len(lanes.queue)] = np.minimum(1.0, uses @ lanes.opposes)
        nothing = np.zeros(len(rows))
        return lanes._replace(
            queue=np.append(lanes.queue, [row.queue for row in rows]),
            served=np.append(lanes.served, nothing),
            hinder=np.append(lanes.hinder, _least(uses, lanes.hinder, 0.0)),
            arrivals=np.vstack([lanes.arrivals, *(row.arrivals for row in rows)]),
            saturation=np.append(lanes.saturation, [row.flow for row in rows]),
            protected=_beside(lanes.protected, protected),
            yielding=_beside(lanes.yielding, yielding),
            opposes=opposes,
            # the base policy's index is of flows: who leaves all at once has none
            weight=_beside(lanes.weight, np.zeros_like(protected)),
            ends_s=_beside(lanes.ends_s, g.ends_s[:, :, at]),
            begins_s=_beside(lanes.begins_s, g.begins_s[:, :, at]),
            room=np.append(lanes.room, load * _most(uses, lanes.room, ALL_FITS)),
            refill=np.append(lanes.refill, load * _most(uses, lanes.refill, 0.0)),
            stop_cost_s=np.append(lanes.stop_cost_s, _most(uses, lanes.stop_cost_s, 0.0)),
        )


def _beside(lanes: NDArray[Kind], rows: NDArray[Kind]) -> NDArray[Kind]:
    # the compiled kernel knows whole arrays in C's order only; another would be compiled anew
    return np.ascontiguousarray(np.concatenate([lanes, rows], axis=-1))


def _most(uses: Floats, value: Floats, otherwise: float) -> Floats:
    """By row, over the lanes that its vehicle may take."""
    taken = np.where(uses > 0, value, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(np.isfinite(taken), taken, otherwise)


def _least(uses: Floats, value: Floats, otherwise: float) -> Floats:
    return -_most(uses, -value, -otherwise)
