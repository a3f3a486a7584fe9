"""Nothing asks a lamp for what the invariants forbid (I1-I31; `docs/reference/invariants.md`).

The shield stands between whoever wishes (planner, operator, preemption) and the signal controller.
It is pure: what it knows comes with each call, once a second or whenever. It never times a lamp;
the controller does. It mirrors the controller's intervals from what is read back, asks for nothing
early, and gives control back when the two disagree. Time is monotonic milliseconds.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from control.model import Junction, Lamp
from control.requests import LOCAL, PATTERN_FREE, Actuation, Request
from control.safety_duty import compose
from control.safety_mirror import advance, impossible, lit, readable
from control.safety_state import (
    AGREED,
    FLASHING,
    LIFE_MS,
    MISMATCH_MS,
    NO_CALL,
    SETTLED,
    STALE_MS,
    STRIKES,
    STRIKES_WITHIN_MS,
    UNSEEN,
    WATCHDOG_MS,
    Commitment,
    Mode,
    ReadBack,
    State,
    Verdict,
)
from control.safety_tables import groups_of, tables

__all__ = ["Commitment", "Mode", "ReadBack", "Shield", "State", "Verdict"]


class Bar(NamedTuple):
    """Why nothing may be commanded, and by which invariant."""

    reason: str
    invariant: str


class Shield:
    """The last word before one junction's controller. Holds constants only."""

    def __init__(self, junction: Junction) -> None:
        """`junction` is sound: `control.rules.demand_sound` has passed it."""
        self.tables = tables(junction)

    def start(self, config_hash: str, token: str = "", now_ms: int = 0) -> State:
        """Know nothing of the lamps yet; command nothing until they were read (I19).

        Args:
            config_hash: of the controller's configuration that the junction was read from.
            token: names this takeover; requests must bear it.
            now_ms: monotonic.
        """
        nothing = (0,) * len(self.tables.minimum_ms)
        return State(
            config_hash=config_hash,
            token=token,
            mode=Mode.WATCHING,
            now_ms=now_ms,
            sequence=-1,
            standing=None,
            silent_ms=WATCHDOG_MS,
            known=False,
            lag_ms=0,
            green=0,
            yellow=0,
            least_ms=nothing,
            most_ms=nothing,
            wait_ms=tuple(NO_CALL for _ in nothing),
            ending=0,
            omitted=0,
            barred=0,
            steered=0,
            odd_ms=AGREED,
            flash_ms=SETTLED,
            strikes=(),
        )

    def take_over(self, state: State, token: str) -> State:
        """Begin another takeover: requests of the old one are void, a release is forgiven."""
        if state.mode is Mode.LOCKED:
            return state
        fresh = state._replace(token=token, sequence=-1)
        return _let_go(fresh, Mode.WATCHING)

    def reset(self, state: State, token: str) -> State:
        """An operator has looked and lifts the lock-out (I16)."""
        return _let_go(state._replace(token=token, sequence=-1, strikes=()), Mode.WATCHING)

    def step(
        self,
        state: State,
        seen: ReadBack | None,
        request: Request | None,
        now_ms: int,
        commitments: Sequence[Commitment] = (),
    ) -> tuple[State, Actuation, tuple[Verdict, ...]]:
        """Judge one request against what the controller shows.

        Args:
            state: what the last call returned.
            seen: the controller's lamps; None where it did not answer.
            request: what is wished in this second; None where nothing came.
            now_ms: monotonic; where it goes back no time has passed and the look is not used (I20).
            commitments: promises on display. What would break one is withheld, and its change is
                asked for in time; a verdict of I11 says which cannot be kept and must go blank.

        Returns:
            What to remember, what reaches the controller, and why.
        """
        verdicts: list[Verdict] = []
        passed_ms = max(0, now_ms - state.now_ms)
        if now_ms < state.now_ms:
            seen = None  # a look from no one knows when
        state, bar = self._see(state, seen, passed_ms, verdicts)
        state = self._hear(state, request, passed_ms, bar, verdicts)
        if state.mode is not Mode.STEERING:
            wish = state.standing
            if bar is None and wish is not None and wish.pattern is not None:
                return state, Actuation(pattern=wish.pattern), tuple(verdicts)
            return state, LOCAL, tuple(verdicts)
        if bar is not None:  # one look is missing: what stands, stands
            every, green = _groups(self.tables.every), _groups(state.green)
            return state, Actuation(hold=green, omit=every, remote=True), tuple(verdicts)
        told = compose(self.tables, state, commitments, verdicts)
        state = state._replace(
            ending=told.ending,
            omitted=told.omit,
            barred=told.omit & state.omitted if state.steered else 0,
            steered=min(state.steered + 1, 2),
        )
        actuation = Actuation(
            hold=_groups(told.hold),
            force_off=_groups(told.ending),
            omit=_groups(told.omit),
            call=_groups(told.call),
            remote=True,
        )
        return state, actuation, tuple(verdicts)

    def _see(
        self, state: State, seen: ReadBack | None, passed_ms: int, verdicts: list[Verdict]
    ) -> tuple[State, Bar | None]:
        """Mirror a look; with the reason, if any, why nothing may be commanded now."""
        wait_ms = tuple(
            min(wait + passed_ms, longest) if wait != NO_CALL else NO_CALL
            for wait, longest in zip(state.wait_ms, self.tables.wait_ms, strict=True)
        )
        state = state._replace(now_ms=state.now_ms + passed_ms, wait_ms=wait_ms)
        lag_ms = state.lag_ms + passed_ms
        if not readable(seen, len(wait_ms)) or (state.known and seen.age_ms > lag_ms):
            # no look, or one from before the last
            lag_ms = min(lag_ms, self.tables.lag_cap_ms)
            state = state._replace(lag_ms=lag_ms, omitted=0, barred=0, odd_ms=UNSEEN)
            bar = Bar("the controller was not read", "I19")
            if state.known and lag_ms <= STALE_MS:
                return state, bar
            return _stop(state, bar, verdicts)
        between_ms = lag_ms - seen.age_ms
        stopped = seen.flash or seen.fault or any(lamp > Lamp.GREEN for lamp in seen.lamps)
        green = 0 if stopped else lit(seen, Lamp.GREEN)
        yellow = 0 if stopped else lit(seen, Lamp.YELLOW)
        odd_ms = AGREED
        if not seen.remote or between_ms > STALE_MS:
            # it does not obey, or did so unseen: what was told explains nothing of this look
            state = state._replace(ending=0, steered=0)
        wrong = impossible(self.tables, state, green, yellow, between_ms)
        wrong = wrong or _disobeyed(state, green)
        if state.ending & green:
            odd_ms = 0 if state.odd_ms == UNSEEN else state.odd_ms + between_ms
            if odd_ms > MISMATCH_MS:
                wrong = wrong or "a green stands that was told to end"
        clocks = advance(self.tables, state, seen.calls, green, between_ms)
        state = state._replace(
            known=True,
            lag_ms=min(seen.age_ms, self.tables.lag_cap_ms),
            green=green,
            yellow=yellow,
            least_ms=clocks.least_ms,
            most_ms=clocks.most_ms,
            wait_ms=clocks.wait_ms,
            odd_ms=odd_ms,
            flash_ms=FLASHING if stopped else self._started(state, green | yellow, between_ms),
        )
        if stopped:
            return _stop(state, Bar("the controller flashes or has a fault", "I18"), verdicts)
        if wrong:
            return _release(state, wrong, verdicts)
        if seen.config_hash != state.config_hash:
            return _stop(state, Bar("the controller has another configuration", "I19"), verdicts)
        if state.lag_ms > STALE_MS:
            return _stop(state, Bar("the look at the controller is too old", "I19"), verdicts)
        if state.flash_ms != SETTLED:
            return _stop(state, Bar("the controller starts up after flash", "I18"), verdicts)
        return state, None

    def _started(self, state: State, moving: int, between_ms: int) -> int:
        """How far start-up after flash has come: it begins with the first look that is all red."""
        if state.flash_ms == SETTLED:
            return SETTLED
        if state.flash_ms == FLASHING:
            return FLASHING if moving else 0
        red_ms = state.flash_ms + between_ms
        return SETTLED if red_ms >= self.tables.startup_red_ms else red_ms

    def _hear(
        self,
        state: State,
        request: Request | None,
        passed_ms: int,
        bar: Bar | None,
        verdicts: list[Verdict],
    ) -> State:
        """Take a request or refuse it; give control back when none came for too long."""
        silent_ms = min(state.silent_ms + passed_ms, WATCHDOG_MS)
        sequence, standing, mode = state.sequence, state.standing, state.mode
        if request is not None:
            flaw = self._flaw(state, request)
            if flaw is None:
                sequence, standing, silent_ms, flaw = request.sequence, request, 0, bar
                if bar is None and mode is Mode.WATCHING and request.pattern is None:
                    mode = Mode.STEERING
            number = getattr(request, "sequence", None)
            if type(number) is not int:
                number = state.sequence
            verdicts.append(Verdict(number, flaw is None, *(flaw or ())))
        if standing is not None and standing.expires_ms <= state.now_ms:
            standing = None
        state = state._replace(silent_ms=silent_ms, sequence=sequence, standing=standing, mode=mode)
        if silent_ms >= WATCHDOG_MS:
            return _stop(state, Bar("no valid request for 2 s", "I15"), verdicts)[0]
        if standing is not None and standing.pattern is not None:
            return _let_go(state, Mode.WATCHING)._replace(standing=standing)
        return state

    def _flaw(self, state: State, request: Request) -> Bar | None:
        """Why a request is refused whatever the lamps show."""
        if state.mode in {Mode.RELEASED, Mode.LOCKED}:
            return Bar("control was released after a disagreement; take over anew", "I16")
        if not _well_formed(request, len(self.tables.minimum_ms)):
            return Bar("the request is malformed", "I17")
        if request.token != state.token:
            return Bar("the request bears the token of another takeover", "I14")
        if request.sequence <= state.sequence:
            return Bar(f"sequence {request.sequence} is not above {state.sequence}", "I14")
        life_ms = request.expires_ms - state.now_ms
        if not 0 < life_ms <= LIFE_MS:
            return Bar(f"it expires in {life_ms} ms, outside 1 to {LIFE_MS} ms", "I14")
        if request.hold & request.force_off or request.omit & request.call:
            return Bar("it asks for a thing and its opposite", "I14")
        if request.pattern is not None:
            if request.hold or request.force_off or request.omit or request.call:
                return Bar("it asks for a pattern and for phases at once", "I14")
            if request.pattern != PATTERN_FREE and request.pattern > self.tables.patterns:
                return Bar(f"there is no pattern {request.pattern} to ask for", "I14")
        return None


def _disobeyed(state: State, green: int) -> str:
    """What changed against the last two words; one alone may have crossed with the change."""
    if state.steered < 2:
        return ""
    if state.green & ~green & ~state.ending:
        return "a green ended that was held"
    if green & ~state.green & state.barred:
        return "a green began that was omitted"
    return ""


def _well_formed(request: Request, count: int) -> bool:
    if not isinstance(request, Request):
        return False
    sets = (request.hold, request.force_off, request.omit, request.call)
    return (
        type(request.sequence) is int
        and type(request.expires_ms) is int
        and (request.pattern is None or (type(request.pattern) is int and request.pattern >= 0))
        and all(isinstance(groups, frozenset) for groups in sets)
        and all(type(g) is int and 0 <= g < count for groups in sets for g in groups)
    )


def _stop(state: State, bar: Bar, verdicts: list[Verdict]) -> tuple[State, Bar]:
    """Give control back to the controller; the next valid request may take it again."""
    if state.mode is Mode.STEERING:
        verdicts.append(
            Verdict(state.sequence, False, f"control given back: {bar.reason}", bar.invariant)
        )
        state = _let_go(state, Mode.WATCHING)
    return state, bar


def _release(state: State, wrong: str, verdicts: list[Verdict]) -> tuple[State, Bar]:
    """Give control back after a disagreement; for good when it was not the first (I16)."""
    bar = Bar(wrong, "I16")
    if state.mode in {Mode.RELEASED, Mode.LOCKED}:
        return state, bar
    since_ms = state.now_ms - STRIKES_WITHIN_MS
    strikes = (*(at for at in state.strikes if at > since_ms), state.now_ms)
    mode = Mode.LOCKED if len(strikes) > STRIKES else Mode.RELEASED
    verdicts.append(Verdict(state.sequence, False, f"control released: {wrong}", "I16"))
    return _let_go(state._replace(strikes=strikes), mode), bar


def _let_go(state: State, mode: Mode) -> State:
    """Forget what was told; the mirror stays, so that a next takeover knows the running greens."""
    return state._replace(
        mode=mode, standing=None, ending=0, omitted=0, barred=0, steered=0, odd_ms=AGREED
    )


@lru_cache
def _groups(mask: int) -> frozenset[int]:
    return frozenset(groups_of(mask))
