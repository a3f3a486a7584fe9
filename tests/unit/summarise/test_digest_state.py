import numpy as np
import pytest

from edge.analytics.device_health import DeviceHealth
from edge.analytics.quality_changes import QualityChanges
from edge.model.clock import NS_PER_S, ClockQuality, Instant
from edge.model.message import Lane
from edge.model.point import Columns, Kind, Point
from edge.model.quality import Quality
from edge.model.scan import Scan
from edge.summarise.state import Frozen, pack
from edge.summarise.summariser import Summariser

BEGIN = 1_699_963_200


def columns(*names):
    points = tuple(
        Point("d", name, Kind.COUNTER if name == "total" else Kind.GAUGE, "volume", "m3")
        for name in names
    )
    return Columns("d", points, period_s=1.0, window_s=10.0)


def scan(of, at_s, values, quality=192):
    return Scan(
        of,
        Instant((BEGIN + at_s) * NS_PER_S),
        at_s * NS_PER_S,
        "boot",
        ClockQuality.SYNCED,
        np.array(values, np.float64),
        np.full(len(values), quality, np.uint8),
    )


def restored(state, of):
    digest = Summariser({"d": of}, [DeviceHealth(), QualityChanges()])
    digest.restore("d", state)
    return digest


def test_a_device_never_seen_has_a_state_too():
    of = columns("flow")
    state = Summariser({"d": of}, [DeviceHealth()]).state_of("d")
    letters = restored(state, of).absorb(scan(of, 0, [1.0]))
    assert [letter.lane for letter in letters] == [Lane.EVENT]


def test_the_columns_handed_in_are_used_where_they_mean_the_same():
    of = columns("flow", "total")
    digest = Summariser({})
    digest.absorb(scan(of, 0, [1.0, 100.0]))
    again = columns("flow", "total")
    letters = restored(digest.state_of("d"), again).close_until(Instant((BEGIN + 99) * NS_PER_S))
    assert letters[0].body.columns is again


def test_a_window_of_points_that_the_site_no_longer_has_is_still_told():
    old, new = columns("level", "total"), columns("total", "flow")
    digest = Summariser({"d": old})
    digest.absorb(scan(old, 0, [3.0, 100.0]))
    again = restored(digest.state_of("d"), new)
    letters = again.absorb(scan(new, 1, [104.0, 5.0]))
    letters += again.close_until(Instant((BEGIN + 99) * NS_PER_S))
    before, after = (x.body for x in letters if x.lane is Lane.INTERVAL)
    assert before.columns.names == ("level", "total")
    assert [(p.kind, p.quantity, p.unit) for p in before.columns.points] == [
        (Kind.GAUGE, "volume", "m3"),
        (Kind.COUNTER, "volume", "m3"),
    ]
    assert (before.mean[0], before.count.tolist()) == (3.0, [1, 1])
    assert after.delta[0] == 4.0, "the counter stayed, and so did its base"


SERIES = [
    *[(at_s, 65_500.0 + at_s) for at_s in range(35)],  # up to the rollover at 65 536
    (35, 65_535.0),
    *[(at_s, at_s - 36.0) for at_s in range(36, 44)],
    *[(44, 300.0), (45, 500.0), (46, 501.0), (76, 750.0), (77, 751.0)],  # exchanged, with a pause
    *[(81, 3.0), (82, 752.0), (83, 2.0), (84, 753.0)],  # two glitches in one window
    *[(at_s, float(at_s)) for at_s in range(85, 92)],  # reset
]


def test_a_restart_after_every_scan_changes_no_counter():
    point = Point("d", "total", Kind.COUNTER, modulus=65_536.0, rate_limit=10.0)
    of = Columns("d", (point,), period_s=1.0, window_s=20.0)
    without, again = Summariser({"d": of}), Summariser({"d": of})
    kinds = []
    for at_s, reading in SERIES:
        now = Instant((BEGIN + at_s) * NS_PER_S)
        expected = without.absorb(scan(of, at_s, [reading])) + without.close_until(now, grace_s=0)
        letters = again.absorb(scan(of, at_s, [reading])) + again.close_until(now, grace_s=0)
        assert len(letters) == len(expected)
        for letter, other in zip(letters, expected, strict=True):
            if letter.lane is Lane.EVENT:
                assert letter == other
                kinds.append(letter.body.kind.removeprefix("counter_"))
            else:
                assert letter.body.delta.tolist() == other.body.delta.tolist()
                assert letter.body.counter_epoch.tolist() == other.body.counter_epoch.tolist()
        state = again.state_of("d")
        again = Summariser({"d": of})
        again.restore("d", state)
    assert kinds == ["rollover", "suspect", "reset", "suspect", "reset"]
    assert again.state_of("d") == without.state_of("d")


def test_a_restart_after_a_window_was_closed_by_the_clock_gives_no_time_twice():
    of = columns("flow")
    digest = Summariser({"d": of})
    digest.absorb(scan(of, 9, [3.0]))
    digest.close_until(Instant((BEGIN + 10) * NS_PER_S), grace_s=0)
    again = restored(digest.state_of("d"), of)
    again.absorb(scan(of, 11, [3.0]))
    (letter,) = again.close_until(Instant((BEGIN + 99) * NS_PER_S))
    assert letter.body.good_s[0] == 1.0 + 2.0


def test_rules_remember_across_a_restart():
    of = columns("flow")
    digest = Summariser({"d": of}, [DeviceHealth(), QualityChanges()])
    digest.absorb(scan(of, 0, [1.0]))
    digest.absorb(scan(of, 1, [np.nan], Quality.LINK_DOWN))
    assert restored(digest.state_of("d"), of).absorb(scan(of, 2, [np.nan], 1)) == []


def test_a_rule_that_is_new_to_the_state_starts_anew():
    of = columns("flow")
    digest = Summariser({"d": of}, [DeviceHealth()])
    digest.absorb(scan(of, 0, [1.0]))
    again = restored(digest.state_of("d"), of)
    assert len(again.absorb(scan(of, 1, [1.0], Quality.DEVICE_FAULT))) == 1


def test_one_device_does_not_touch_another():
    of = columns("flow")
    digest = Summariser({"d": of})
    digest.absorb(scan(of, 0, [1.0]))
    state = digest.state_of("d")
    other = Columns("e", (Point("e", "flow"),), period_s=1.0, window_s=10.0)
    digest.absorb(scan(other, 50, [2.0]))
    assert digest.state_of("d") == state


@pytest.mark.parametrize(
    "state", [b"", b"noise", pack(Frozen(b"noise", {})), pack(Frozen(b"\x91\x63", {}))]
)
def test_bytes_that_are_no_state_are_refused(state):
    with pytest.raises(ValueError, match="open window"):
        Summariser({}).restore("d", state)


def test_the_state_of_a_young_window_is_small():
    of = columns(*[f"p{number}" for number in range(100)])
    digest = Summariser({"d": of})
    for at_s in range(12):
        digest.absorb(scan(of, at_s, np.arange(100.0)))
    assert len(digest.state_of("d")) < 3000
