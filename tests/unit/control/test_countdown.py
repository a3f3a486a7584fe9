"""What a countdown has shown binds all that comes after it."""

from control.countdown import Blanked, Ledger, Reason
from control.model import Countdown, Junction, Lamp, SignalGroup, Stage
from control.staging import Change

R, Y, G = Lamp.RED, Lamp.YELLOW, Lamp.GREEN
A, B, SILENT = range(3)
PAIRS = frozenset({(A, B), (B, A), (SILENT, B), (B, SILENT)})
JUNCTION = Junction(
    "j", tuple(SignalGroup(name, 3, 7, maximum_green_s=60) for name in "abc"), PAIRS, frozenset(),
    dict.fromkeys(PAIRS, 5), (Stage("one", frozenset({A, SILENT})), Stage("two", frozenset({B}))),
    countdowns=(Countdown(A, 8), Countdown(B, 3)),
)  # fmt: skip
GREEN_A, GREEN_B = (G, R, G), (R, G, R)


def ledger(at_s=20, junction=JUNCTION, began_s=0):
    """One that has watched the green of a since `began_s`."""
    one = Ledger(junction)
    one.watch(began_s, GREEN_A)
    one.watch(at_s, GREEN_A)
    return one


def full(last_s=999):
    groups = JUNCTION.groups
    return Junction("j", groups, PAIRS, frozenset(), JUNCTION.intergreen_s, JUNCTION.stages,
                    countdowns=(Countdown(A, last_s),))  # fmt: skip


def test_a_green_without_a_display_may_end_at_any_time():
    one = ledger()
    assert one.earliest_end_s(SILENT, 20) == 20
    assert one.may_end(SILENT, 20)
    assert one.commit(SILENT, 20, 1)


def test_an_end_is_decided_before_its_first_number():
    one = ledger()
    assert one.earliest_end_s(A, 20) == 28
    assert not one.may_end(A, 20)
    assert not one.commit(A, 27, 1)
    assert one.commit(A, 28, 1)
    assert one.earliest_end_s(A, 20) == 28


def test_numbers_run_down_and_the_lamp_changes_when_they_have():
    one = ledger()
    assert one.commit(A, 30, 1)
    shown = []
    for at_s in range(20, 31):
        one.watch(at_s, GREEN_A)
        shown.append(one.display(at_s)[A])
        assert one.may_end(A, at_s) == (at_s == 30)
        assert one.due(at_s) == ({A} if at_s == 30 else set())
    assert shown == [None, None, 8, 7, 6, 5, 4, 3, 2, 1, None]
    one.watch(31, (Y, R, Y))
    assert one.events() == []
    assert one.display(31) == {A: None, B: None}


def test_a_promise_is_free_until_its_first_number_is_seen():
    one = ledger()
    assert one.commit(A, 40, 1)
    assert one.display(20)[A] is None
    assert one.commit(A, 30, 0)
    assert one.withdraw(A)
    assert one.commit(A, 28, 1)
    assert one.display(20)[A] == 8
    assert not one.commit(A, 29, 1)
    assert not one.commit(A, 28, 0)
    assert one.commit(A, 28, 1)
    assert not one.withdraw(A)
    assert one.earliest_end_s(A, 22) == 28


def test_what_was_shown_fixes_the_next_stage():
    one = ledger()
    assert one.next_stage is None
    assert one.commit(A, 28, 1)
    assert one.next_stage is None
    one.display(20)
    assert one.next_stage == 1
    assert not one.commit(B, 33, 0)
    assert one.commit(B, 33, 1)
    one.watch(28, (Y, R, Y))
    one.display(28)
    assert one.next_stage == 1
    one.watch(33, GREEN_B)
    assert one.next_stage is None


def test_red_is_counted_down_from_the_green_countdown_and_the_intergreen():
    one = ledger()
    assert one.commit(B, 33, 1)
    assert one.display(24)[B] is None
    assert one.display(25)[B] == 8
    assert not one.may_begin(B, 32)
    assert one.may_begin(B, 33)
    assert one.may_begin(A, 25)


def test_a_whole_change_is_promised_or_nothing_of_it():
    one = ledger()
    change = Change({A: 0, SILENT: 0}, {B: 5})
    assert one.earliest_change_s(change, 20) == 28
    assert not one.commit_change(change, 27, 1)
    assert one.due(99) == frozenset()
    assert one.commit_change(change, 28, 1)
    assert one.due(99) == {A, B}
    torn = ledger()
    assert torn.commit(B, 30, 1)
    assert torn.display(24)[B] == 6
    assert not torn.commit_change(change, 28, 1)
    assert torn.due(99) == {B}
    later = Change({A: 4}, {B: 9})
    assert ledger().earliest_change_s(later, 20) == 24


def test_a_full_countdown_is_decided_when_the_green_begins():
    one = Ledger(full())
    one.watch(0, GREEN_B)
    one.watch(10, GREEN_A)
    assert one.earliest_end_s(A, 10) == 11
    assert one.commit(A, 35, 1)
    assert one.display(10)[A] == 25
    late = ledger(20, full())
    assert late.earliest_end_s(A, 20) == 60  # nothing was promised: its maximum green
    assert not late.commit(A, 59, 1)
    assert late.commit(A, 60, 1)


def test_a_maximum_green_is_no_surprise():
    assert ledger(55).earliest_end_s(A, 55) == 60
    assert ledger(75).earliest_end_s(A, 75) == 76


def test_an_emergency_puts_the_numbers_out_first():
    one = ledger()
    one.commit(A, 28, 1)
    one.display(20)
    one.watch(22, GREEN_A)
    one.blank(Reason.PREEMPT)
    assert one.events() == [Blanked(22, A, Reason.PREEMPT, 28)]
    assert one.events() == []
    assert one.display(22)[A] is None
    assert not one.may_end(A, 22)
    assert one.earliest_end_s(A, 22) == 23
    assert one.may_end(A, 23)
    assert one.next_stage is None
    assert one.commit(A, 40, 1)  # nothing is promised while it is blank
    assert one.display(35)[A] is None


def test_what_was_blank_counts_again_after_the_next_change():
    one = ledger()
    one.blank(Reason.FAULT, [A, SILENT])
    assert one.events() == []  # nothing had been shown
    one.watch(25, (Y, R, Y))
    one.watch(30, (R, R, R))
    assert one.commit(A, 36, 0)
    assert one.display(30)[A] == 6


def test_a_lost_link_puts_all_numbers_out():
    one = ledger()
    one.commit_change(Change({A: 0}, {B: 5}), 28, 1)
    one.display(20)
    one.display(25)
    one.watch(26, GREEN_A, linked=False)
    assert [(e.group, e.reason) for e in one.events()] == [(A, Reason.LINK), (B, Reason.LINK)]
    assert one.display(26) == {A: None, B: None}


def test_flash_shows_no_number():
    one = ledger()
    one.commit(A, 28, 1)
    one.display(20)
    one.watch(21, (Lamp.FLASH,) * 3)
    assert [e.reason for e in one.events()] == [Reason.FLASH]
    assert one.commit(A, 40, 1)
    assert one.display(35) == {A: None, B: None}


def test_a_controller_that_does_not_follow_is_told_of():
    early, late = ledger(), ledger()
    for one in (early, late):
        one.commit(A, 28, 1)
        one.display(20)
    early.watch(24, (Y, R, Y))
    assert early.events() == [Blanked(24, A, Reason.BROKEN, 28)]
    late.watch(29, GREEN_A)
    assert late.events() == []
    late.watch(30, GREEN_A)
    assert late.events() == [Blanked(30, A, Reason.BROKEN, 28)]
