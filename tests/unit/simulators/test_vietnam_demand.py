import random
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from edge.errors import ConfigError
from simulators.sumo.vietnam.demand import (
    PEAK_HOUR,
    Departure,
    Origin,
    departures,
    loaded_mcu_s,
    poisson,
    walkers,
    write_routes,
)
from simulators.sumo.vietnam.scenes import Scene
from simulators.sumo.vietnam.signal_plan import clearance_s, cycle_s, greens
from simulators.sumo.vietnam.vehicles import Traffic

SHARE = Traffic().share


def test_the_same_seed_is_the_same_morning():
    origins = [Origin(1.0, ((0.7, ("a", "b")), (0.3, ("a", "c"))))]
    one = departures(origins, SHARE, 600, seed=3)
    assert one == departures(origins, SHARE, 600, seed=3)
    assert one != departures(origins, SHARE, 600, seed=4)
    assert [d.at_s for d in one] == sorted(d.at_s for d in one)


def test_the_hour_has_its_profile():
    times = list(poisson(5.0, 4000, random.Random(1)))
    quarters = Counter(int(t // 1000) for t in times)
    for quarter, factor in enumerate(PEAK_HOUR):
        assert quarters[quarter] == pytest.approx(5000 * factor, rel=0.05)


def test_four_in_five_ride_motorcycles_and_turns_keep_their_shares():
    who = departures([Origin(5.0, ((0.7, ("a", "b")), (0.3, ("a", "c"))))], SHARE, 3600, 1)
    kinds = Counter(one.kind for one in who)
    for kind, share in SHARE.items():
        assert kinds[kind] / len(who) == pytest.approx(share, rel=0.15)
    assert Counter(one.edges for one in who)["a", "b"] / len(who) == pytest.approx(0.7, rel=0.05)


def test_demand_follows_from_the_part_that_is_loaded_most():
    parts = [(7.0, 44.0, 0.85), (3.5, 16.0, 0.15)]
    assert loaded_mcu_s(parts, 120.0, 0.9) == pytest.approx(0.9 * 0.5 * 7.0 * 44 / 120 / 0.85)
    assert loaded_mcu_s([(7.0, 44.0, 0.85), (3.5, 7.0, 0.15)], 120.0, 0.9) == pytest.approx(
        0.9 * 0.5 * 3.5 * 7 / 120 / 0.15
    )


def test_people_walk_at_their_rate():
    assert len(walkers([("a", "b")], 3600, 3600, 1)) == pytest.approx(3240, rel=0.06)
    assert walkers([("a", "b")], 0, 3600, 1) == []


@pytest.mark.parametrize("lanes", [(2, 2), (3, 2), (4, 2), (5, 5)])
def test_greens_leave_time_to_walk_over_the_other_street(lanes):
    main, side = lanes
    plan = greens({"main": main, "side": side}, crossings=True)
    assert plan["side"].through_s - plan["side"].clearance_s >= 7
    assert plan["side"].clearance_s * 1.2 >= 2 * main * 3.5
    assert plan["main"].clearance_s == clearance_s(side)
    assert min(one.left_s for one in plan.values()) >= 7
    assert cycle_s(plan) >= 118


def test_routes_name_types_with_their_parameters(tmp_path):
    path = tmp_path / "r.rou.xml"
    write_routes(
        path,
        Traffic(),
        [Departure(1.5, "motorcycle", ("a", "b")), Departure(2.0, "person", ("a", "c"))],
    )
    root = ET.parse(path).getroot()
    types = {kind.get("id"): kind for kind in root.iter("vType")}
    assert types["motorcycle"].get("tau") == "1.0"
    assert set(types) == set(SHARE)
    assert root.find("vehicle").get("type") == "motorcycle"
    assert root.find("vehicle/route").get("edges") == "a b"
    assert root.find("person/walk").attrib == {"from": "a", "to": "c"}


def test_a_varied_set_changes_one_class_and_not_the_original():
    base = Traffic()
    other = base.varied("motorcycle", tau=1.4)
    assert other.types["motorcycle"]["tau"] == 1.4
    assert other.types["car"] == base.types["car"]
    assert base.types["motorcycle"]["tau"] == 1.0


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"lanes": 1}, "lanes 1 is outside 2 to 5"),
        ({"spacing_m": 20.0}, "spacing 20 m is outside 100 to 2000 m"),
        ({"degree": 3.0}, "demand 3 of saturation is outside"),
    ],
)
def test_what_cannot_be_built_is_refused_with_its_bound(wrong, sentence):
    with pytest.raises(ConfigError, match=sentence):
        Scene(**wrong).checked()
