"""From a wish to what may be told: the wish, less what is forbidden, plus what is owed.

Owed are the end of a green at its maximum (I7), service of a call that can wait no longer (I8) and
the changes that a display has promised (I11, I13). Forbidden is an early end (I6), a yellow trap
(I31), a call against a standing green (I1), and whatever would break a promise.
"""

from collections.abc import Sequence
from typing import NamedTuple

from control.requests import LOCAL
from control.safety_state import NO_CALL, Commitment, State, Verdict
from control.safety_tables import ACTING_MS, Tables, closure, groups_of, mask_of

TOLD_MS = 1_000
"""From the word that ends a green to its end, at most."""


class Told(NamedTuple):
    """Masks of what reaches the controller."""

    hold: int
    ending: int
    omit: int
    call: int


class Promised(NamedTuple):
    """Masks of what the displayed promises ask."""

    locked: int = 0
    """Greens that must not end yet."""
    barred: int = 0
    """Groups that must not begin yet."""
    end: int = 0
    begin: int = 0
    longest_ms: int = 0


def compose(
    tables: Tables, state: State, commitments: Sequence[Commitment], verdicts: list[Verdict]
) -> Told:
    """What one second of steering tells the controller."""
    wish = state.standing or LOCAL
    hold, off = mask_of(wish.hold), mask_of(wish.force_off)
    omit, call = mask_of(wish.omit), mask_of(wish.call)
    green = state.green
    ripe = mask_of(
        g for g in groups_of(green) if state.least_ms[g] + state.lag_ms >= tables.minimum_ms[g]
    )
    promised = _promised(tables, state, commitments, verdicts)
    serve = overdue(tables, state.wait_ms, promised.longest_ms)
    against = 0
    for group in groups_of(serve):
        against |= tables.conflicts[group]
    must = (promised.end | _pressed(tables, state) | against | state.ending) & green
    allowed = ripe & ~promised.locked
    ending = 0
    for group in groups_of((off & green) | must):
        bit = 1 << group
        together = closure(tables.yields_to, bit, green)
        if not together & ~(allowed if must & bit else allowed & ~hold):
            ending |= together
        elif not must & bit:
            _withhold(verdicts, state, "force-off", bit, *_why(bit, together, ripe, promised))
    barred = against
    for group in groups_of(must | ending):
        # what it yields to must end with it: let none of them begin before
        barred |= tables.yields_to[group]
    barred = (barred & ~promised.begin) | promised.barred
    if omit & serve & ~barred:
        _withhold(verdicts, state, "omit", omit & serve, "its call can wait no longer", "I8")
    omit = (omit & ~serve & ~promised.begin) | (barred & ~green)
    call = (call | serve | promised.begin) & ~green
    early = mask_of(g for g in groups_of(call) if tables.conflicts[g] & green & ~ending)
    if early & ~serve & ~promised.begin:
        _withhold(verdicts, state, "call", early & ~serve, "a conflicting green stands", "I1")
    return Told(green & ~ending, ending, omit, call & ~early)


def _why(bit: int, together: int, ripe: int, promised: Promised) -> tuple[str, str]:
    if together & promised.locked:
        return "a display promises a later end", "I11"
    if bit & ~ripe:
        return "its minimum green is not over", "I6"
    return "what it yields to stays green", "I31"


def _withhold(
    verdicts: list[Verdict], state: State, verb: str, groups: int, reason: str, invariant: str
) -> None:
    names = ", ".join(map(str, groups_of(groups)))
    verdicts.append(
        Verdict(state.sequence, False, f"{verb} of {names} withheld: {reason}", invariant)
    )


def _pressed(tables: Tables, state: State) -> int:
    """Greens whose end must be prepared, for a conflicting call has stood beside them (I7)."""
    pressed = 0
    for group in groups_of(state.green):
        if _press_ms(tables, state, group) >= tables.press_ms[group]:
            pressed |= 1 << group
    return pressed


def _press_ms(tables: Tables, state: State, group: int) -> int:
    """How long a green has stood beside a conflicting call, at most; `NO_CALL` without one."""
    longest_ms = max(
        (state.wait_ms[other] for other in groups_of(tables.conflicts[group])), default=NO_CALL
    )
    return min(longest_ms, state.most_ms[group] + state.lag_ms)


def overdue(tables: Tables, waited_ms: Sequence[int], promised_ms: int) -> int:
    """Calls to serve now, lest one waits too long (I8): earliest due first, a stage at a time.

    Calls are served in the order in which they are due, each with its home stage, and a stage
    takes its round at most. As soon as one could come too late in that order, the order begins.
    """
    due = sorted(
        (tables.wait_ms[group] - wait_ms, group)
        for group, wait_ms in enumerate(waited_ms)
        if wait_ms != NO_CALL
    )
    needed_ms = promised_ms
    reached = 0
    for left_ms, group in due:
        home = tables.home[group]
        if not reached >> home & 1:
            reached |= 1 << home
            needed_ms += tables.round_ms[home]
        if left_ms < needed_ms + tables.sooner_ms[group] + ACTING_MS:
            first = tables.stages[tables.home[due[0][1]]]
            return mask_of(other for _, other in due if first >> other & 1)
    return 0


def _promised(
    tables: Tables,
    state: State,
    commitments: Sequence[Commitment],
    verdicts: list[Verdict],
) -> Promised:
    """What the promises ask; one that cannot be kept is named and asks nothing."""
    kept = Promised()
    for commitment in commitments:
        left_ms = commitment.change_ms - state.now_ms
        bit = 1 << commitment.group
        if bool(state.green & bit) is commitment.begins:
            continue  # it has happened
        if commitment.begins:
            asks = _begin(tables, state, commitment.group, left_ms, kept)
        else:
            asks = _end(tables, state, commitment.group, left_ms, kept)
        if asks is None:
            reason = f"group {commitment.group} cannot change in {left_ms} ms: blank its display"
            verdicts.append(Verdict(state.sequence, False, reason, "I11"))
            continue
        kept = Promised(
            locked=kept.locked | asks.locked,
            barred=kept.barred | asks.barred,
            end=kept.end | asks.end,
            begin=kept.begin | asks.begin,
            longest_ms=max(kept.longest_ms, left_ms),
        )
    return kept


def _end(tables: Tables, state: State, group: int, left_ms: int, kept: Promised) -> Promised | None:
    """A green that ends when it was promised; what it yields to is free until then."""
    bit = 1 << group
    together = closure(tables.yields_to, bit, state.green)
    unripe_ms = max(_unripe_ms(tables, state, g) for g in groups_of(together))
    if left_ms < unripe_ms or together & kept.locked & ~bit:
        return None
    for other in groups_of(state.green):
        if closure(tables.yields_to, 1 << other, state.green) & bit:
            if (kept.locked | kept.end) >> other & 1:
                return None
            if _press_ms(tables, state, other) + left_ms > tables.press_ms[other]:
                return None
    if left_ms > tables.promise_ms[group]:
        return None
    partners = mask_of(
        g
        for g in groups_of(tables.yields_to[group] & ~state.green)
        if left_ms < tables.minimum_ms[g] + ACTING_MS
    )
    if left_ms > 0:
        return Promised(locked=bit, barred=partners)
    return Promised(end=bit, barred=partners)


def _begin(
    tables: Tables, state: State, group: int, left_ms: int, kept: Promised
) -> Promised | None:
    """A red that turns green when it was promised; nothing that conflicts with it begins before."""
    bit = 1 << group
    if kept.barred & bit:
        return None
    end = 0
    for other, needed_ms in tables.intergreen_ms[group]:
        if state.green >> other & 1:
            together = closure(tables.yields_to, 1 << other, state.green)
            unripe_ms = max(_unripe_ms(tables, state, g) for g in groups_of(together))
            told_ms = 0 if state.ending >> other & 1 else TOLD_MS
            if left_ms < needed_ms + unripe_ms + told_ms or together & kept.locked:
                return None
            if left_ms <= needed_ms + TOLD_MS:
                end |= 1 << other
        elif left_ms < needed_ms - state.least_ms[other] - state.lag_ms:
            return None
    if left_ms < tables.back_ms[group] - state.least_ms[group] - state.lag_ms:
        return None
    barred = tables.conflicts[group] | (bit if left_ms > 0 else 0)
    return Promised(barred=barred, end=end, begin=0 if left_ms > 0 else bit)


def _unripe_ms(tables: Tables, state: State, group: int) -> int:
    return max(0, tables.minimum_ms[group] - state.least_ms[group] - state.lag_ms)
