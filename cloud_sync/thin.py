"""Several windows of one device said as one longer window: `edge.ports.Thin`.

What was summarised over parts gives what would have been summarised over the whole: means weigh
their good seconds, differences and counts add up, the last word is the latest one. Nothing but
resolution is lost.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from math import fsum
from typing import TypeVar

from cloud_sync import decode
from cloud_sync.encode import packer, to_json
from cloud_sync.letters import VERSION, Counters, Gauges, Interval, Letter, Numbers, States
from edge.model.clock import NS_PER_MS, Instant
from edge.model.message import Lane
from edge.model.quality import Quality

Key = TypeVar("Key", bound=Hashable)
Where = Sequence[tuple[int, int]]
"""Where one point stands: (which window, which position in it), oldest first."""


def thin(
    gateway: str, epoch: str, seq: int, created_at: Instant, payloads: Sequence[bytes]
) -> bytes:
    """One `interval` message over the time of all `payloads`, oldest first.

    Compressed where the first of them is.

    Raises:
        Illegible: a payload is no `interval` message.
        ValueError: no payloads, windows out of order, or of more than one device.
    """
    windows = [decode.interval(payload).body for payload in payloads]
    _check(windows)
    letter = Letter(
        v=VERSION,
        gateway=gateway,
        epoch=epoch,
        lane=Lane.INTERVAL,
        seq=seq,
        at=created_at // NS_PER_MS,
        body=Interval(
            device=windows[0].device,
            since=windows[0].since,
            until=windows[-1].until,
            clock_stepped=any(window.clock_stepped for window in windows),
            gauges=_gauges([window.gauges for window in windows if window.gauges]),
            counters=_counters([window.counters for window in windows if window.counters]),
            states=_states([window.states for window in windows if window.states]),
        ),
    )
    return packer(compress=payloads[0].startswith(decode.ZSTD_MAGIC))(to_json(letter))


def _check(windows: Sequence[Interval]) -> None:
    if not windows:
        raise ValueError("no windows to merge: at least one is needed")
    for earlier, later in pairwise(windows):
        if later.device != earlier.device:
            raise ValueError(f"windows of {earlier.device!r} and {later.device!r} do not merge")
        if later.since < earlier.until:
            raise ValueError(
                f"{later.device}: window from {later.since} ms begins before the one before it "
                f"ends, at {earlier.until} ms; hand them in oldest first"
            )


def _gauges(parts: Sequence[Gauges]) -> Gauges | None:
    if not parts:
        return None
    # a point whose unit changed on the way stands twice, once for each unit
    at = _positions([list(zip(part.points, part.unit, strict=True)) for part in parts])
    return Gauges(
        points=[point for point, _ in at],
        unit=[unit for _, unit in at],
        mean=[_mean(parts, where) for where in at.values()],
        min=[min(_known([p.min for p in parts], w), default=None) for w in at.values()],
        max=[max(_known([p.max for p in parts], w), default=None) for w in at.values()],
        last=_latest([p.last for p in parts], at),
        count=_added([p.count for p in parts], at),
        good=_added([p.good for p in parts], at),
        good_s=[fsum(parts[k].good_s[i] for k, i in where) for where in at.values()],
        quality=_quality([p.quality for p in parts], at),
    )


def _counters(parts: Sequence[Counters]) -> Counters | None:
    if not parts:
        return None
    at = _positions([list(zip(part.points, part.unit, strict=True)) for part in parts])
    return Counters(
        points=[point for point, _ in at],
        unit=[unit for _, unit in at],
        delta=[_sum(_known([p.delta for p in parts], where)) for where in at.values()],
        last=_latest([p.last for p in parts], at),
        epoch=[parts[where[-1][0]].epoch[where[-1][1]] for where in at.values()],
        count=_added([p.count for p in parts], at),
        good=_added([p.good for p in parts], at),
        quality=_quality([p.quality for p in parts], at),
    )


def _states(parts: Sequence[States]) -> States | None:
    if not parts:
        return None
    at = _positions([part.points for part in parts])
    return States(
        points=list(at),
        last=_latest([p.last for p in parts], at),
        count=_added([p.count for p in parts], at),
        good=_added([p.good for p in parts], at),
        seconds=[_time_in(parts, where) for where in at.values()],
        quality=_quality([p.quality for p in parts], at),
    )


def _positions(keys: Iterable[Sequence[Key]]) -> dict[Key, list[tuple[int, int]]]:
    at: dict[Key, list[tuple[int, int]]] = {}
    for k, part in enumerate(keys):
        for i, key in enumerate(part):
            at.setdefault(key, []).append((k, i))
    return at


def _known(columns: Sequence[Numbers], where: Where) -> list[float]:
    found = (columns[k][i] for k, i in where)
    return [value for value in found if value is not None]


def _sum(values: Sequence[float]) -> float | None:
    return fsum(values) if values else None


def _mean(parts: Sequence[Gauges], where: Where) -> float | None:
    known = [(parts[k].mean[i], parts[k].good_s[i], parts[k].good[i]) for k, i in where]
    weighed = [(mean, good_s, good) for mean, good_s, good in known if mean is not None]
    if (seconds := fsum(good_s for _, good_s, _ in weighed)) > 0:
        return fsum(mean * good_s for mean, good_s, _ in weighed) / seconds
    if (cells := sum(good for *_, good in weighed)) > 0:
        return fsum(mean * good for mean, _, good in weighed) / cells
    return None


def _latest(columns: Sequence[Numbers], at: Mapping[Key, Where]) -> list[float | None]:
    return [next(iter(_known(columns, where)[::-1]), None) for where in at.values()]


def _added(columns: Sequence[Sequence[int]], at: Mapping[Key, Where]) -> list[int]:
    return [sum(columns[k][i] for k, i in where) for where in at.values()]


def _time_in(parts: Sequence[States], where: Where) -> dict[int, float]:
    total: dict[int, float] = {}
    for k, i in where:
        for value, seconds in parts[k].seconds[i].items():
            total[value] = total.get(value, 0.0) + seconds
    return dict(sorted(total.items()))


def _quality(columns: Sequence[Sequence[int] | None], at: Mapping[Key, Where]) -> list[int] | None:
    codes = []
    for where in at.values():
        k, i = where[-1]
        column = columns[k]
        codes.append(Quality.GOOD.value if column is None else column[i])
    return None if all(code == Quality.GOOD for code in codes) else codes
