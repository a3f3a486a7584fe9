"""The slow, obvious twin of edge.summarise: one device, one value at a time, exact fractions.

Nothing is summed up on the way. First every scan is given its place in time, then every piece of
time and every cell is put into its window, and only then is each window counted out.
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction

S = 10**9


@dataclass(eq=False)
class Slot:
    """One window as it came to be."""

    since: int
    until: int
    closed_by: int = -1
    """Number of the scan whose coming closed it; the number of scans where none did."""
    stepped: bool = False
    pieces: list = field(default_factory=list)
    """(number of the scan whose values stood, nanoseconds)."""
    cells: list = field(default_factory=list)
    """Numbers of the scans that came in it."""


def place(scans, period_ns, window_ns):
    """The windows in order, the clock steps as (scan number, ns), and each scan's age in ns."""

    def aligned(at):
        return Slot(at - at % window_ns, at - at % window_ns + window_ns)

    first = scans[0]
    slots, steps, ages = [aligned(first.measured_at)], [], []
    at, newest, age = first.measured_at, first, 0
    hold_left = 2 * period_ns

    def give(number, ns):
        nonlocal hold_left
        ns = min(ns, hold_left)
        hold_left -= ns
        if ns:
            slots[-1].pieces.append((number - 1, ns))

    def turn(number, slot, until=None, stepped=False):
        slots[-1].closed_by = number
        slots[-1].stepped = stepped
        if until is not None:
            slots[-1].until = until
        slots.append(slot)

    for number, scan in enumerate(scans):
        moved = scan.measured_at - newest.measured_at
        if scan.boot == newest.boot:
            run = scan.mono_ns - newest.mono_ns
            step = moved - run if abs(moved - run) > S // 2 else 0
            is_late = run < 0 and not step
        else:
            run = moved
            step = moved if moved < -2 * period_ns else 0
            is_late = False
        run = max(run, 0)
        target = at + run if step else max(at, scan.measured_at)
        left = run
        while target >= slots[-1].until:
            part = min(slots[-1].until - at, left)
            give(number, part)
            left -= part
            at = slots[-1].until
            turn(number, aligned(at) if hold_left and left else aligned(target))
        give(number, left)
        at = target
        if step:
            at = scan.measured_at
            turn(number, Slot(at, aligned(at).until), until=target, stepped=True)
            steps.append((number, step))
        slots[-1].cells.append(number)
        if not is_late:
            newest, hold_left = scan, 2 * period_ns
            age += run
        ages.append(age)
    left = hold_left
    while left:
        part = min(slots[-1].until - at, left)
        give(len(scans), part)
        left -= part
        at = slots[-1].until
        turn(len(scans), aligned(at))
    slots[-1].closed_by = len(scans)
    return slots, steps, ages


@dataclass
class Booking:
    """What a counter was after one scan, and what that scan booked."""

    booked: Fraction = Fraction(0)
    epoch: int = 0
    suspect: bool = False
    known: bool = False


def book(point, readings, ages, period_ns):
    """One counter through its readings; None where a scan brought no good one."""
    base = base_at = None
    suspects = []  # (value, age), oldest first, rising credibly among themselves
    epoch, out = 0, []

    def credible(rise, since_ns):
        return rise <= Fraction(point.rate_limit) * (since_ns + period_ns) / S if limited else True

    limited = not math.isinf(point.rate_limit)
    modulus = Fraction(point.modulus)
    for reading, age in zip(readings, ages, strict=True):
        booked = Fraction(0)
        if reading is not None:
            value = Fraction(reading)
            if base is None:
                base, base_at = value, age
            elif value >= base and credible(value - base, age - base_at):
                booked = value - base
                base_at = age if value > base else base_at
                base, suspects = value, []
            elif base > value and base - value <= abs(base) / 2**23:
                suspects = []
            elif (
                value < base
                and modulus
                and limited
                and credible(modulus - base + value, age - base_at)
            ):
                booked = modulus - base + value
                base, base_at, suspects = value, age, []
            else:
                if suspects:
                    before, before_at = suspects[-1]
                    if value < before or not credible(value - before, age - before_at):
                        suspects = []
                suspects.append((value, age))
                if sum(1 for suspect, _ in suspects if suspect != 0) == 3:
                    start = suspects[0][0]
                    wrapped = modulus - base + start
                    booked = value - start
                    if not limited and start < base and 0 <= wrapped <= modulus / 16:
                        booked += wrapped
                    else:
                        epoch += 1
                    base, base_at, suspects = value, age, []
        out.append(Booking(booked, epoch, bool(suspects), base is not None))
    return out


def came(scan, i):
    """Whether the scan brought a cell of the point."""
    return scan.present is None or bool(scan.present[i])


def good(scan, i):
    """Whether it brought a good one."""
    return came(scan, i) and scan.quality[i] >= 192


def stands(scans, upto, i):
    """What the point held after scan `upto`; None where its last cell was not good."""
    for scan in reversed(scans[: upto + 1]):
        if came(scan, i):
            return float(scan.values[i]) if scan.quality[i] >= 192 else None
    return None


def summarise(scans):
    """Rows (window, stepped, per point dicts) of one device, and its clock steps."""
    columns = scans[0].columns
    period_ns, window_ns = round(columns.period_s * S), round(columns.window_s * S)
    slots, steps, ages = place(scans, period_ns, window_ns)
    bookings = {
        i: book(
            point,
            [float(scan.values[i]) if good(scan, i) else None for scan in scans],
            ages,
            period_ns,
        )
        for i, point in enumerate(columns.points)
        if point.kind == "counter"
    }
    rows = []
    for slot in slots:
        points = [
            _count_out(scans, slot, i, point, bookings.get(i))
            for i, point in enumerate(columns.points)
        ]
        if any(p["count"] or p["good_s"] for p in points):
            rows.append(((slot.since, slot.until), slot.stepped, points))
    return rows, steps


def _count_out(scans, slot, i, point, booking):
    cells = [n for n in slot.cells if came(scans[n], i)]
    values = [float(scans[n].values[i]) for n in cells if good(scans[n], i)]
    weights = [(stands(scans, number, i), ns) for number, ns in slot.pieces]
    weights = [(value, ns) for value, ns in weights if value is not None]
    stood = sum(ns for _, ns in weights)
    is_gauge = point.kind == "gauge"
    earlier = [scan for scan in scans[: slot.closed_by] if came(scan, i)]
    row = {
        "count": len(cells),
        "good": len(values),
        "good_s": stood / S,
        "mean": math.nan,
        "minimum": min(values) if values and is_gauge else math.nan,
        "maximum": max(values) if values and is_gauge else math.nan,
        "last": values[-1] if values else math.nan,
        "quality": int(earlier[-1].quality[i]) if earlier else 0,
        "delta": math.nan,
        "counter_epoch": 0,
        "state_s": {},
    }
    if is_gauge and stood:
        row["mean"] = float(sum(Fraction(value) * ns for value, ns in weights) / stood)
    if point.kind in ("state", "bit"):
        for value, ns in weights:
            row["state_s"][int(value)] = row["state_s"].get(int(value), 0) + ns
        row["state_s"] = {code: ns / S for code, ns in row["state_s"].items()}
    if booking and slot.closed_by > 0:
        after = booking[slot.closed_by - 1]
        row["counter_epoch"] = after.epoch
        if after.known:
            row["delta"] = float(sum(booking[n].booked for n in slot.cells))
        if after.suspect and row["quality"] >= 192:
            row["quality"] = 67
    return row
