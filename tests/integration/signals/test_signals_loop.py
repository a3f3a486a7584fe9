"""A cabinet behind a socket, timed by the gateway: taking over, giving back, and what breaks.

The cabinet's own conflict monitor, which shares no code with shield or controller, watches every
run; where nothing is broken on purpose it must never trip.
"""

import dataclasses

import pytest

from control.fallback.actuated import Actuated
from control.model import Lamp
from control.planner_words import Promise
from control.safety import Mode as Shielded
from edge.bench.signals.loop import closed_loop
from simulators.conflict_monitor import Trip
from simulators.signal_controller import Mode
from tests.integration.signals.crossing import (
    CLEAR_S,
    MINIMUM_S,
    WALK,
    YELLOW_S,
    E,
    N,
    Run,
    S,
    W,
    cabinet_of,
    crossing,
    planner,
    steered,
    timed,
)  # fmt: skip

GREENS = (N, E, S, W)


def sound(run):
    return run.cabinet.monitor.trip is Trip.NONE


def runs_of(history, group, lamp):
    """Lengths, in seconds, of the whole stretches in which a group showed a lamp."""
    lengths, length = [], 0
    for lamps in history:
        if lamps[group] is lamp:
            length += 1
        elif length:
            lengths.append(length)
            length = 0
    return lengths


# Cold start, taking over, giving back


async def test_nothing_is_commanded_before_everything_was_read(tmp_path):
    async with timed(tmp_path, cabinet_of(crossing())) as run:
        await run.loop.served.cut_link()
        await run.seconds(4)
        assert run.written == []
        await run.loop.served.mend_link()
        await run.loop.reached()
        await run.seconds(2, until=lambda: run.control.told.remote)
        assert run.control.shield.tables.every == 0b11111
        first = run.seen[: crossing().startup_red_s]
        assert all(lamp is Lamp.RED for lamps in first for lamp in lamps)
        assert sound(run)


async def test_another_configuration_is_never_commanded(tmp_path):
    cabinet = cabinet_of(crossing(startup_red_s=6))
    async with (
        planner(tmp_path / "p.sock"),
        closed_loop(cabinet, tmp_path / "p.sock", plan=crossing()) as loop,
    ):
        await loop.planner_ready()
        run = Run(loop)
        await run.seconds(60)
        assert run.written == []
        assert cabinet.controller.mode is Mode.ACTUATED
        (told,) = {event.detail["reason"] for event in loop.events}
        assert told == "the controller has another configuration"


async def test_taking_over_in_mid_green_keeps_the_green(tmp_path):
    async with timed(tmp_path, cabinet_of(crossing())) as run:
        await run.seconds(60, until=lambda: run.green(N), attended=False)
        await run.seconds(3, attended=False)
        age_s = run.cabinet.controller.age_s[N]
        await run.seconds(2, until=lambda: run.cabinet.controller.mode is Mode.ADAPTIVE)
        assert run.green(N)
        assert run.cabinet.controller.age_s[N] > age_s
        await run.seconds(200)
        assert min(runs_of(run.seen, N, Lamp.GREEN)) >= MINIMUM_S
        assert sound(run)


async def test_giving_back_in_mid_green_moves_no_lamp(tmp_path):
    async with steered(tmp_path) as run:
        await run.seconds(200, until=lambda: run.green(E))
        await run.loop.control.release()
        before = run.cabinet.seen()
        await run.seconds(1, attended=False)
        assert run.cabinet.seen() == before
        assert run.cabinet.controller.mode is Mode.ACTUATED
        await run.seconds(120, attended=False)
        assert runs_of(run.seen, N, Lamp.GREEN)
        assert sound(run)


# Somebody is killed, something is cut


async def test_a_gateway_that_is_gone_leaves_the_controller_alone_in_time(tmp_path):
    async with steered(tmp_path) as run:
        await run.seconds(run.cabinet.remote.backup_s, attended=False)
        assert run.cabinet.controller.mode is Mode.ADAPTIVE
        await run.seconds(1, attended=False)
        assert run.cabinet.controller.mode is Mode.ACTUATED
        await run.seconds(150, attended=False)
        assert all(runs_of(run.seen, g, Lamp.GREEN) for g in GREENS)
        assert sound(run)


async def test_a_cut_link_is_given_back_and_taken_over_again(tmp_path):
    async with steered(tmp_path) as run:
        await run.loop.served.cut_link()
        await run.seconds(20)
        assert run.control.state.mode is Shielded.WATCHING
        assert run.cabinet.controller.mode is Mode.ACTUATED
        await run.loop.served.mend_link()
        await run.loop.reached()
        await run.seconds(3, until=lambda: run.cabinet.controller.mode is Mode.ADAPTIVE)
        await run.seconds(100)
        assert sound(run)


class Bound(Actuated):
    """Actuated, but every end of green is decided and promised nine seconds ahead."""

    AHEAD_S = 9

    def __init__(self, junction):
        super().__init__(junction)
        self._shown = junction.start_stage
        self._ends_at_s = None
        self._at_s = 0

    def decide(self, seen):
        wished = super().decide(seen)
        self._at_s = seen.at_s
        if self._ends_at_s is None:
            green = self.junction.stages[self._shown].green
            if wished != self._shown and all(seen.lamps[g] is Lamp.GREEN for g in green):
                self._ends_at_s = seen.at_s + self.AHEAD_S
            elif wished != self._shown and Lamp.GREEN not in seen.lamps:
                self._shown = wished
        elif seen.at_s >= self._ends_at_s:
            self._shown, self._ends_at_s = wished, None
        return self._shown

    def promises(self):
        if self._ends_at_s is None:
            return []
        left_s = self._ends_at_s - self._at_s
        green = self.junction.stages[self._shown].green
        return [Promise(g, begins=False, in_s=left_s) for g in green if g != WALK]


def kept_or_blanked(run):
    """Whether each numeral was followed by the next lower, by nothing, or at 1 by the change."""
    shown = 0
    pairs = zip(run.displays, run.displays[1:], run.seen, run.seen[1:], strict=False)
    for now, then, lamps, after in pairs:
        for group, left_s in now.items():
            shown += 1
            assert then.get(group) in {left_s - 1, None}
            if left_s == 1:
                assert (lamps[group], after[group]) in {
                    (Lamp.GREEN, Lamp.YELLOW), (Lamp.GREEN, Lamp.GREEN)
                }  # fmt: skip
    return shown


async def test_a_shown_countdown_ends_with_the_change(tmp_path):
    async with steered(tmp_path, make=Bound) as run:
        await run.seconds(200)
        assert kept_or_blanked(run) > 50
        ones = [
            (t, group)
            for t, shown in enumerate(run.displays[:-1])
            for group, left_s in shown.items()
            if left_s == 1
        ]
        assert len(ones) >= 6
        assert all(run.seen[t + 1][group] is Lamp.YELLOW for t, group in ones)
        assert sound(run)


@pytest.mark.parametrize("left_s", [1, 2, 5, 8])
@pytest.mark.parametrize("dies", ["gateway", "link", "planner"])
async def test_who_dies_during_a_countdown_blanks_it_or_keeps_it(tmp_path, dies, left_s):
    path = tmp_path / "p.sock"
    async with (
        planner(path, Bound) as serving,
        closed_loop(cabinet_of(crossing()), path) as loop,
    ):
        await loop.planner_ready()
        run = Run(loop)

        def counting():
            return any(shown == left_s for shown in run.cabinet.display.shown.values())

        await run.seconds(200, until=counting)
        counted = dict(run.cabinet.display.shown)
        if dies == "link":
            await run.loop.served.cut_link()
        elif dies == "planner":
            serving.cancel()
            await loop.planner_gone()
        await run.seconds(left_s + 2, attended=dies != "gateway")
        for group in counted:
            changed = run.seen[-3][group] is Lamp.YELLOW
            blanked = all(group not in shown for shown in run.displays[-3:])
            assert changed or blanked
            assert blanked
        kept_or_blanked(run)
        await run.seconds(60, attended=dies != "gateway")
        assert sound(run)


# What breaks in the cabinet


def burn_out(run):
    run.cabinet.damage.burnt_out |= {(g, Lamp.RED) for g in GREENS}


def weld_green(run):
    run.cabinet.damage.welded.add((E, Lamp.GREEN))


def weld_yellow(run):
    run.cabinet.damage.welded.add((N, Lamp.YELLOW))


def cut_yellow(run):
    run.cabinet.damage.cut_yellow_s = 1


def mend(run):
    run.cabinet.damage = dataclasses.replace(
        run.cabinet.damage, burnt_out=set(), welded=set(), cut_yellow_s=None
    )


@pytest.mark.parametrize(
    ("harm", "trip"),
    [
        (burn_out, Trip.RED_FAIL),
        (weld_green, Trip.CONFLICT),
        (weld_yellow, Trip.DUAL_INDICATION),
        (cut_yellow, Trip.SHORT_YELLOW),
    ],
)
async def test_what_breaks_flashes_until_a_person_has_come(tmp_path, harm, trip):
    async with steered(tmp_path) as run:
        await run.seconds(100, until=lambda: run.green(N))
        harm(run)
        await run.seconds(200, until=lambda: not sound(run))
        assert run.cabinet.monitor.trip is trip
        await run.seconds(2)
        assert set(run.cabinet.seen()) == {Lamp.FLASH}
        assert not run.control.told.remote
        mend(run)
        await run.seconds(60)
        run.cabinet.lose_power()
        await run.seconds(3, attended=False)
        run.cabinet.restore_power()
        await run.seconds(3, attended=False)
        for point, value in (("remote", 1), ("pattern", 254), ("call", 31), ("sequence", 9)):
            run.cabinet.remote.write(point, value)
        await run.seconds(30, attended=False)
        assert set(run.cabinet.seen()) == {Lamp.FLASH}
        assert run.cabinet.monitor.trip is trip
        run.cabinet.reset_by_hand()
        await run.loop.reached()
        begun = len(run.seen)
        await run.seconds(30, until=lambda: run.cabinet.controller.mode is Mode.ADAPTIVE)
        back = [lamps for lamps in run.seen[begun:] if Lamp.FLASH not in lamps]
        assert all(set(lamps) == {Lamp.RED} for lamps in back[: crossing().startup_red_s])
        await run.seconds(60)
        assert sound(run)


async def test_a_controller_that_does_not_obey_is_left_alone(tmp_path):
    async with steered(tmp_path) as run:
        run.cabinet.remote.told = lambda: (
            dataclasses.replace(run.control.told, force_off=frozenset(), hold=frozenset()),
            {},
        )
        await run.seconds(200, until=lambda: run.control.state.mode is Shielded.RELEASED)
        assert not run.control.told.remote
        assert run.loop.events[-1].detail["what"] == "released"
        assert run.loop.events[-1].detail["invariant"] == "I16"


async def test_a_lamp_that_disagrees_trips_and_is_told(tmp_path):
    async with steered(tmp_path) as run:
        await run.seconds(100, until=lambda: run.green(N))
        run.cabinet.damage.burnt_out.add((N, Lamp.GREEN))
        run.cabinet.damage.welded.add((N, Lamp.RED))
        await run.seconds(2)
        assert run.cabinet.monitor.trip is Trip.DISAGREEMENT
        assert set(run.cabinet.seen()) == {Lamp.FLASH}
        assert not run.control.told.remote
        scan_says = run.cabinet.outputs()
        assert scan_says["monitor_trip"] == Trip.DISAGREEMENT


async def test_power_that_fails_comes_back_through_all_red(tmp_path):
    async with steered(tmp_path) as run:
        await run.seconds(100, until=lambda: run.green(N))
        run.cabinet.lose_power()
        await run.seconds(5)
        assert set(run.cabinet.seen()) == {Lamp.DARK}
        assert not run.control.told.remote
        run.cabinet.restore_power()
        begun = len(run.seen)
        await run.seconds(1)
        await run.loop.reached()
        await run.seconds(30, until=lambda: run.cabinet.controller.mode is Mode.ADAPTIVE)
        red = [set(lamps) == {Lamp.RED} for lamps in run.seen[begun:]]
        assert all(red[: crossing().startup_red_s])
        await run.seconds(100)
        assert sound(run)


# What comes from the street


class Stubborn(Actuated):
    """Ends the green of one group as soon as it may, and asks for it again at once."""

    def decide(self, seen):
        return 1 if seen.lamps[N] is Lamp.GREEN else 0


async def test_a_green_that_is_called_back_waits_for_red_revert(tmp_path):
    cabinet = cabinet_of(crossing(), vph=0.0)
    async with timed(tmp_path, cabinet, Stubborn) as run:
        await run.seconds(200)
        reds = runs_of(run.seen, N, Lamp.RED)[1:]
        yellows = runs_of(run.seen, N, Lamp.YELLOW)
        assert len(reds) > 3
        assert min(reds) >= crossing().groups[N].red_revert_s
        assert set(yellows) == {YELLOW_S}
        assert sound(run)


async def test_a_stuck_button_is_served_and_starves_nobody(tmp_path):
    async with steered(tmp_path) as run:
        run.cabinet.damage.stuck_detectors[4] = 1.0
        await run.seconds(400)
        assert len(runs_of(run.seen, WALK, Lamp.GREEN)) >= 4
        for group in GREENS:
            reds = runs_of(run.seen[30:], group, Lamp.RED)
            assert len(reds) >= 4
            assert max(reds) <= 120
        assert sound(run)


@pytest.mark.parametrize("after_s", [0, 3, 8])
async def test_preemption_leaves_pedestrians_their_clearance(tmp_path, after_s):
    async with steered(tmp_path) as run:
        run.cabinet.damage.stuck_detectors[4] = 1.0
        await run.seconds(300, until=lambda: run.green(WALK))
        run.cabinet.damage.stuck_detectors.clear()
        await run.seconds(after_s)
        run.cabinet.preempt = E + 1
        begun = max(0, len(run.seen) - 40)
        await run.seconds(60, until=lambda: run.green(E))
        walks = runs_of(run.seen[begun:], WALK, Lamp.GREEN)
        clears = runs_of(run.seen[begun:], WALK, Lamp.YELLOW)
        assert walks
        assert min(walks) >= crossing().groups[WALK].minimum_green_s
        assert set(clears) == {CLEAR_S}
        await run.seconds(60)
        assert run.green(E)
        run.cabinet.preempt = 0
        await run.seconds(200, until=lambda: run.green(S))
        assert sound(run)


# Both wires, and the same course every time


async def test_the_same_course_every_time_and_over_both_wires(tmp_path):
    courses = []
    for place, protocol, seconds in (("a", "modbus", 60), ("b", "modbus", 60), ("c", "opcua", 15)):
        (tmp_path / place).mkdir()
        cabinet = cabinet_of(crossing(), vph=0.0)
        async with timed(tmp_path / place, cabinet, Stubborn, protocol=protocol) as run:
            await run.seconds(seconds)
            assert run.control.told.remote
            courses.append(run.seen)
    assert courses[0] == courses[1]
    assert courses[2] == courses[0][:15]
    assert {lamp for lamps in courses[2] for lamp in lamps} == {Lamp.RED, Lamp.YELLOW, Lamp.GREEN}
