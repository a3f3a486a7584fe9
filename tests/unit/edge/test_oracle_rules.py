"""What the judge forgives, and what it never does, in records and ledgers written by hand."""

import json
import sqlite3

import pytest
import yaml

from edge.demo.oracle import judge

T = 1_795_000_000_000
"""Where a window of 10 s begins."""


@pytest.fixture
def verdict(tmp_path):
    """Judge answers `(ms, how, value)` and stand-stills `(ms, ms)` beside cells `(ms, value)`."""

    def judged(answers, cells, idle=(), mode="subscribe"):
        device = {"id": "plant", "profile": "p", "raw": True, "mode": mode}
        (tmp_path / "site.yaml").write_text(yaml.safe_dump({"devices": [device]}))
        (tmp_path / "p.yaml").write_text(yaml.safe_dump({"points": [{"name": "level"}]}))
        lines = [
            {"at": (T + ms) * 10**6, "device": "plant", "how": how, "values": {"level": value}}
            for ms, how, value in answers
        ]
        lines += [
            {"stood_since": (T + since) * 10**6, "stood_until": (T + until) * 10**6}
            for since, until in idle
        ]
        record, ledger = tmp_path / "record.jsonl", tmp_path / "ledger.db"
        record.write_text("".join(json.dumps(line) + "\n" for line in lines))
        ledger.unlink(missing_ok=True)
        db = sqlite3.connect(ledger)
        db.execute("CREATE TABLE cell (device, point, at_ms, value, quality)")
        db.execute(
            "CREATE TABLE summary (device, point, since_ms, until_ms, count, good, min, max, last)"
        )
        for ms, value in cells:
            db.execute("INSERT INTO cell VALUES ('plant', 'level', ?, ?, 192)", (T + ms, value))
        values = [value for _, value in cells]
        row = (T, T + 10_000, len(cells), len(cells), min(values), max(values), values[-1])
        db.execute("INSERT INTO summary VALUES ('plant', 'level', ?, ?, ?, ?, ?, ?, ?)", row)
        db.commit()
        db.close()
        return judge(record, ledger, tmp_path / "site.yaml", tmp_path)

    return judged


def counts(verdict):
    return verdict.lost, verdict.duplicated, verdict.wrong, verdict.excused


LOOKED = [(1000, "read", 5.0), (2000, "publish", 6.0), (3000, "read", 6.0)]


def test_a_look_beside_a_subscription_may_tell_again_what_stands_but_not_twice(verdict):
    assert counts(verdict(LOOKED, [(1000, 5.0), (2000, 6.0)])) == (0, 0, 0, 0)
    assert counts(verdict(LOOKED, [(1000, 5.0), (2000, 6.0), (3000, 6.0)])) == (0, 0, 0, 0)
    twice = [(1000, 5.0), (2000, 6.0), (3000, 6.0), (3000, 6.0)]
    assert counts(verdict(LOOKED, twice)) == (0, 2, 0, 0), "a cell, and a count in the window"


def test_a_look_that_shows_something_else_must_be_told(verdict):
    answers = [*LOOKED[:2], (3000, "read", 7.0)]
    assert counts(verdict(answers, [(1000, 5.0), (2000, 6.0)])) == (2, 0, 1, 0)


def test_a_device_that_is_only_read_must_tell_every_look(verdict):
    assert counts(verdict(LOOKED, [(1000, 5.0), (2000, 6.0)], mode="read")) == (2, 0, 0, 0)


FOUR = [(ms, "publish", ms / 1000) for ms in (1000, 3100, 4000, 6000)]


def test_what_left_while_the_simulators_stood_still_may_be_missing_and_is_told_of(verdict):
    cells = [(1000, 1.0), (4000, 4.0), (6000, 6.0)]
    assert counts(verdict(FOUR, cells)) == (2, 0, 0, 0)
    assert counts(verdict(FOUR, cells, idle=[(2000, 3000)])) == (0, 0, 0, 2)


def test_nothing_is_excused_later_and_nothing_doubled_ever(verdict):
    missing_later = [(1000, 1.0), (3100, 3.1), (6000, 6.0)]
    assert verdict(FOUR, missing_later, idle=[(2000, 3000)]).lost == 1
    doubled = [(1000, 1.0), (3100, 3.1), (3100, 3.1), (4000, 4.0), (6000, 6.0)]
    assert counts(verdict(FOUR, doubled, idle=[(2000, 3000)]))[:2] == (0, 2)


def test_of_equal_values_the_one_without_a_cell_near_it_is_the_lost_one(verdict):
    answers = [(ms, "publish", 5.0) for ms in (1000, 1200, 1400, 1600)]
    found = verdict(answers, [(1000, 5.0), (1401, 5.0), (1602, 5.0)])
    assert found.lost == 2
    assert f"plant.level: cell lost, answered at {T + 1200} ms" in found.remarks
