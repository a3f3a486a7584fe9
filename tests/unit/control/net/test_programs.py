"""What a program says along its cycle, one rule at a time."""

import pytest

from control.net.programs import Phase, Program, changes_s, check_letters, read, stages, yellows_s
from edge.errors import ConfigError
from tests.unit.control.net.drawn import logic


def program(*phases):
    made = []
    for state, seconds, *span in phases:
        made.append(Phase(state, seconds, *(span or (None, None))))
    return Program("S", "p", 0, tuple(made))


def test_a_state_in_which_a_link_begins_is_a_stage():
    assert stages(program(("Gr", 30), ("yr", 3), ("rG", 20), ("ry", 3)), 5) == ["Gr", "rG"]


def test_a_yielding_green_that_becomes_full_begins():
    permitted = (("Ggr", 30), ("ygr", 3), ("rGr", 8), ("ryr", 3), ("rrG", 9), ("rry", 3))
    assert stages(program(*permitted), 5) == ["Ggr", "rGr", "rrG"]
    falls = (("GGr", 30), ("ygr", 3), ("rgr", 8), ("ryr", 3), ("rrG", 9), ("rry", 3))
    assert stages(program(*falls), 5) == ["GGr", "rrG"]


def test_a_state_in_which_nothing_begins_is_passed_through():
    found = stages(program(("GG", 30), ("rG", 20), ("ry", 3), ("rr", 2)), 5)
    assert found == ["GG"]


def test_fixed_and_short_is_passed_through_and_a_short_one_with_a_range_is_not():
    short = (("Gr", 30), ("yr", 3), ("rG", 4), ("ry", 3))
    assert stages(program(*short), 5) == ["Gr"]
    assert stages(program(*short), 4) == ["Gr", "rG"]
    ranged = (("Gr", 30), ("yr", 3), ("rG", 4, 4, 20), ("ry", 3))
    assert stages(program(*ranged), 5) == ["Gr", "rG"]
    fixed = (("Gr", 30), ("yr", 3), ("rG", 4, 4, 4), ("ry", 3))
    assert stages(program(*fixed), 5) == ["Gr"]


def test_a_stage_split_in_phases_or_over_the_end_of_the_cycle_is_one():
    split = (("Gr", 3), ("Gr", 3), ("yr", 3), ("rG", 20), ("ry", 3))
    assert stages(program(*split), 5) == ["Gr", "rG"]
    wrapped = (("Gr", 3), ("yr", 3), ("rG", 20), ("ry", 3), ("Gr", 3))
    assert stages(program(*wrapped), 5) == ["Gr", "rG"]


def test_a_state_shown_twice_is_one_stage():
    twice = (("Gr", 9), ("yr", 3), ("rG", 9), ("ry", 3), ("Gr", 9), ("yr", 3), ("rG", 8), ("ry", 3))
    assert stages(program(*twice), 5) == ["Gr", "rG"]


def test_yellow_is_the_shortest_that_follows_a_green_over_all_phases():
    found = yellows_s(
        program(("Grr", 9), ("yrr", 2), ("yGr", 2), ("ryr", 3), ("Grr", 9), ("yrr", 3), ("rrr", 1))
    )
    assert found == {0: 3, 1: 3}


def test_the_way_from_one_stage_to_the_next_is_measured_in_seconds():
    made = program(("Gr", 20), ("yr", 3), ("rr", 2), ("rG", 20), ("ry", 4))
    assert changes_s(made, ["Gr", "rG"]) == {(0, 1): 5, (1, 0): 4}


def test_a_green_that_ends_inside_the_change_counts_from_there():
    made = program(("GGr", 20), ("yGr", 3), ("rGr", 1), ("ryr", 3), ("rrG", 20), ("rry", 3))
    found = changes_s(made, ["GGr", "rrG"])
    assert (found[0, 2], found[1, 2]) == (7, 3)


def test_no_change_is_measured_over_a_stage_between():
    made = program(("Grr", 20), ("yrr", 3), ("rGr", 20), ("ryr", 3), ("rrG", 20), ("rry", 3))
    assert changes_s(made, ["Grr", "rGr", "rrG"]) == {(0, 1): 3, (1, 2): 3, (2, 0): 3}


def test_of_two_changes_the_shorter_counts():
    made = program(("Gr", 9), ("yr", 5), ("rG", 9), ("ry", 3), ("Gr", 9), ("yr", 3), ("rG", 9), ("ry", 4))  # fmt: skip
    assert changes_s(made, ["Gr", "rG"]) == {(0, 1): 3, (1, 0): 3}


@pytest.mark.parametrize(("letter", "means"), [("o", "blinking"), ("O", "switched off"), ("x", "unknown")])  # fmt: skip
def test_an_unknown_letter_is_refused_by_name(letter, means):
    with pytest.raises(
        ConfigError, match=rf"signal S, program p: letter '{letter}' \({means}\) in G{letter}"
    ):
        check_letters(program(("Gr", 9), ("G" + letter, 3)))


@pytest.mark.parametrize("letter", "GgyYrus")
def test_every_other_letter_is_known(letter):
    check_letters(program((letter, 9)))


def test_the_program_read_last_runs_and_only_it_is_judged(tmp_path):
    first, second = tmp_path / "a.xml", tmp_path / "b.xml"
    first.write_text(f"<a>{logic([('oo', 9)])}</a>")
    second.write_text(f"<a>{logic([('Gr', 9), ('rG', 9, 5, 40)])}</a>")
    assert read([first, second])["S"].phases == (
        Phase("Gr", 9, None, None),
        Phase("rG", 9, 5, 40),
    )
    with pytest.raises(ConfigError, match="letter 'o'"):
        read([second, first])


def test_an_unreadable_file_is_named(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text("<a>")
    with pytest.raises(ConfigError, match=r"a\.xml is no readable SUMO file"):
        read([path])
