"""The slow, obvious twin of control.kernels.rollout: objects and words where that has arrays."""

import math
from dataclasses import dataclass, field

from control.kernels import rollout as told


def service(protected, yielding, red, served, saturation, opposing, hinder):
    """Vehicles of one lane in one second of green."""
    if hinder == 2 or protected + yielding == 0:
        return 0.0
    if hinder == 1:
        if red > 0 or yielding == 0:
            return 0.0
        protected = 0.0
    accepted = math.exp(-opposing * (told.CRITICAL_GAP_S - told.FOLLOW_UP_S / 2)) / told.FOLLOW_UP_S
    headway_s = 0.0
    if protected:
        headway_s += protected / saturation
    if yielding:
        headway_s += yielding / max(0.01, min(accepted, saturation))
    through = (1 - red) ** served if red > 0 else 1.0
    return (protected + yielding) / headway_s * through


def index(stage, now, there, weight, lasts, saturation, needs):
    """The most vehicles per second that a stage could let out over some length of green."""
    lost_s = 0.0
    if stage != now:
        lost_s = lasts[now][stage] + told.LOST_S + (lasts[stage][now] + told.LOST_S) / 2
    found = 0.0
    for green_s in (4, 8, 16, 32):
        if stage != now and green_s < needs[stage]:
            continue
        leave, busy_s = 0.0, 1.0
        for vehicles, share, rate in zip(there, weight[stage], saturation, strict=True):
            if share > 0.05:
                let_out = min(vehicles * share, rate * share * green_s)
                leave += let_out
                busy_s = max(busy_s, let_out / (rate * share))
        if leave > 0.05:
            found = max(found, leave / (lost_s + busy_s))
    return found


def indices(now, queue, soon, weight, lasts, saturation, needs):
    there = [q + s for q, s in zip(queue, soon, strict=True)]
    return [index(k, now, there, weight, lasts, saturation, needs) for k in range(len(weight))]


def best_stage(now, queue, soon, weight, lasts, saturation, needs):
    """The first of the highest indices; the running stage while none exceeds its own."""
    found = list(indices(now, queue, soon, weight, lasts, saturation, needs))
    best, most = now, -1.0
    for stage, value in enumerate(found):
        if stage != now and value > most:
            best, most = stage, value
    return best if most > found[now] + 1e-9 else now


def fullest_stage(now, queue, soon, protected, most):
    """The first of the fullest stages; the running one while none is fuller."""

    def near(stage):
        counted = [min(most, q + s) for q, s in zip(queue, soon, strict=True)]
        return sum(c for c, share in zip(counted, protected[stage], strict=True) if share > 0.05)

    found = max(range(len(protected)), key=lambda stage: (near(stage), -stage))
    return found if near(found) > near(now) + 1e-9 else now


@dataclass
class Lane:
    """What stands on it, and what it has been through."""

    queue: float
    served: float
    hinder: float
    green_s: int
    lost_s: float = 0.0
    gone: float = 0.0
    last_out: float = 0.0
    inside: float = 0.0
    """Who clears the junction as the green ends."""


@dataclass
class Signal:
    """Where the signal is: in a stage, or some seconds into a change."""

    stage: int
    settled_s: int
    target: int | None = None
    elapsed_s: int = 0
    reached: list = field(default_factory=list)

    def go(self, target):
        self.target, self.elapsed_s = target, 0

    def arrive(self, lasts):
        if self.target is not None and self.elapsed_s >= lasts[self.stage][self.target]:
            self.stage, self.target, self.settled_s = self.target, None, 0
            self.reached.append(self.stage)

    def shows(self, lane, ends, begins):
        """The stage whose green a lane sees; None: it sees none."""
        if self.target is None or self.elapsed_s < ends[self.stage][self.target][lane]:
            return self.stage
        if self.elapsed_s >= begins[self.stage][self.target][lane]:
            return self.target
        return None

    def tick(self):
        if self.target is None:
            self.settled_s += 1
        else:
            self.elapsed_s += 1


def roll(p):
    """The cost of a first decision, and what each lane lets out second by second.

    `p` holds the arguments of the kernel by their names.
    """
    count, seconds = len(p.queue0), len(p.arrivals[0])
    lanes = [
        Lane(
            p.queue0[k],
            p.served0[k],
            p.hinder0[k],
            100 if p.protected[p.now][k] + p.yielding[p.now][k] > 0 else 0,
        )
        for k in range(count)
    ]
    signal = Signal(p.now, p.age)
    decided = p.then == p.now
    cost = 0.0
    departures = [[0.0] * seconds for _ in lanes]
    for t in range(seconds):
        if signal.target is None and not decided:
            if t >= p.stay:
                signal.go(p.then)
                decided = True
        elif (
            signal.target is None and t % p.every == 0 and signal.settled_s >= p.needs[signal.stage]
        ):
            queue = [lane.queue for lane in lanes]
            soon = [sum(p.arrivals[k][t : t + 4]) for k in range(count)]
            if p.most:
                wanted = fullest_stage(signal.stage, queue, soon, p.protected, p.most)
            else:
                wanted = best_stage(
                    signal.stage, queue, soon, p.weight, p.lasts, p.saturation, p.needs
                )
            if wanted != signal.stage:
                signal.go(wanted)
        signal.arrive(p.lasts)
        before = [lane.last_out for lane in lanes]
        for k, lane in enumerate(lanes):
            shown = signal.shows(k, p.ends, p.begins)
            lane.inside = 0.0
            let_out = _second(p, k, lane, shown, signal.stage, before, t)
            came = p.arrivals[k][t]
            there = lane.queue + came
            out = min(there, let_out)
            lane.queue = there - out
            lane.served += out
            lane.gone += out
            lane.last_out = departures[k][t] = out + lane.inside
            cost += lane.queue + min(came, lane.queue) * p.stop_cost[k]
        signal.tick()
    for k, lane in enumerate(lanes):
        cost += lane.queue * p.last_cost + lane.queue**2 / (2 * p.saturation[k])
    return cost, departures, signal.reached


def _second(p, k, lane, shown, stage, before, t):
    """What the light, the gaps and the room behind let out of a lane."""
    protected = p.protected[shown][k] if shown is not None else 0.0
    yielding = p.yielding[shown][k] if shown is not None else 0.0
    if protected + yielding == 0:
        if shown is None and lane.green_s and lane.queue > 0 and p.yielding[stage][k] > 0.2:
            lane.inside = min(lane.queue, 1.0)
            lane.queue -= lane.inside
            lane.gone += lane.inside
        lane.green_s, lane.served, lane.hinder = 0, 0.0, 0
        return 0.0
    if lane.green_s == 0:
        lane.lost_s = told.START_LOST_S if lane.queue > 0.5 else 0.0
    lane.green_s += 1
    if lane.green_s <= lane.lost_s:
        return 0.0
    against = sum(before[o] for o in range(len(before)) if p.opposes[k][o]) if yielding else 0.0
    able = service(
        protected, yielding, 1 - protected - yielding, lane.served, p.saturation[k], against,
        lane.hinder,
    )  # fmt: skip
    return min(able, max(0.0, p.room[k] + p.refill[k] * t - lane.gone))
