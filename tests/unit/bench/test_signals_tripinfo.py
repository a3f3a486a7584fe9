"""Every vehicle that was due before the horizon counts, whatever became of it."""

from types import SimpleNamespace

import pytest

from edge.bench.signals.demand import Demand, read_demand
from edge.bench.signals.tripinfo import LOCKED_S, Ledger, Trip, trips
from edge.errors import ConfigError

HORIZON_S = 3600.0


class Unsupported(Exception):
    """SUMO's no."""


class Traffic:
    """A simulation as the ledger sees it, second by second; an old one knows no time loss."""

    TraCIException = Unsupported

    def __init__(self, *, old=False):
        self.now_s, self.loaded, self.arrived, self.teleports = 0.0, [], 0, 0
        self.lost_s, self.removed = {}, []
        self.simulation = SimpleNamespace(
            getTime=lambda: self.now_s,
            getLoadedIDList=lambda: self.loaded,
            getArrivedNumber=lambda: self.arrived,
            getStartingTeleportNumber=lambda: self.teleports,
        )
        self.vehicle = SimpleNamespace(
            getIDCount=lambda: len(self.lost_s),
            getIDList=lambda: list(self.lost_s),
            getTimeLoss=self.refuse if old else self.lost_s.__getitem__,
            getSpeed=lambda vehicle: 4.0,
            getAllowedSpeed=lambda vehicle: 16.0,
            isStopped=lambda vehicle: vehicle == "bus",
            remove=self.removed.append,
        )

    def refuse(self, vehicle):
        raise Unsupported(f"{vehicle}: unsupported variable")


def trip(name, due_s, delay_s=0.0, arrival_s=None, loss_s=0.0, **more):
    fields = {"stood_s": 0.0, "stops": 0, "type": "car"} | more
    return Trip(name, due_s + delay_s, delay_s, arrival_s, loss_s, **fields)


def demand(due_s, *, whole=True, classes=None):
    return Demand(due_s, whole, classes or {})


def scored(due_s, so_far_s, records, *, whole=True, ended_s=4000.0):
    ledger = Ledger(demand(due_s, whole=whole), 0.0, HORIZON_S)
    traffic = Traffic()
    traffic.lost_s |= so_far_s
    ledger.close(traffic)
    return ledger.score(iter(records), ended_s)


def test_finished_under_way_waiting_and_never_in_are_all_counted():
    score = scored(
        {"home": 10.0, "way": 3000.0, "late": 3500.0, "never": 3590.0},
        {"way": 40.0},
        [
            trip("home", 10.0, 2.0, 100.0, loss_s=18.0),
            trip("way", 3000.0, 5.0, 3700.0, loss_s=90.0),
            trip("late", 3500.0, 150.0, None, loss_s=7.0),
        ],
    )
    assert (score.n, score.arrived, score.unfinished, score.pending) == (4, 1, 1, 2)
    assert score.delay_s == pytest.approx((20 + 45 + 100 + 10) / 4)
    assert score.delay_drained_s == pytest.approx((20 + 95 + 157 + 410) / 4)
    assert score.drained_unfinished == 2


def test_the_published_reckoning_forgets_trips_that_never_departed():
    due_s, so_far_s = {"home": 0.0, "never": 3000.0}, {}
    records = [trip("home", 0.0, 0.0, 100.0, loss_s=20.0)]
    assert scored(due_s, so_far_s, records).delay_published_s == pytest.approx(310.0)
    forgotten = scored(due_s, so_far_s, records, whole=False)
    assert forgotten.delay_published_s == pytest.approx(20.0)
    assert forgotten.delay_s == pytest.approx(310.0)


def test_a_vehicle_due_at_the_horizon_does_not_count_and_is_kept_out():
    ledger, traffic = Ledger(demand({"in": 5.0, "out": HORIZON_S}), 0.0, HORIZON_S), Traffic()
    traffic.loaded = ["in", "out"]
    ledger.watch(traffic)
    ledger.close(traffic)
    assert traffic.removed == ["out"]
    traffic.loaded, traffic.now_s = ["flow.9"], HORIZON_S + 5
    ledger.watch(traffic)
    assert traffic.removed == ["out", "flow.9"]
    records = [trip("in", 5.0, 0.0, 50.0, loss_s=3.0), trip("out", HORIZON_S, 0.0, 3700.0)]
    assert ledger.score(iter(records), 4000.0).n == 1


def test_a_vehicle_of_a_flow_is_due_when_it_is_made():
    ledger, traffic = Ledger(demand({}), 0.0, HORIZON_S), Traffic()
    traffic.now_s, traffic.loaded = 101.0, ["flow.0"]
    ledger.watch(traffic)
    ledger.close(traffic)
    score = ledger.score(iter([]), 4000.0)
    assert (score.pending, score.delay_s) == (1, HORIZON_S - 100.0)


def test_locked_is_vehicles_left_and_no_arrival_for_twenty_minutes():
    ledger, traffic = Ledger(demand({}), 0.0, HORIZON_S), Traffic()
    traffic.now_s = LOCKED_S + 1.0
    ledger.watch(traffic)
    assert not ledger.locked  # an empty street is not locked
    traffic.lost_s["stuck"] = 9.0
    for traffic.now_s in (LOCKED_S + 2.0, 2.0 * LOCKED_S):
        ledger.watch(traffic)
    assert not ledger.locked
    traffic.now_s += 1.0
    ledger.watch(traffic)
    assert ledger.locked


def test_an_arrival_breaks_the_lock():
    ledger, traffic = Ledger(demand({}), 0.0, HORIZON_S), Traffic()
    traffic.lost_s["slow"] = 9.0
    for traffic.now_s, traffic.arrived in ((1000.0, 1), (2199.0, 0)):
        ledger.watch(traffic)
    assert not ledger.locked


def test_stops_carbon_and_standing_come_from_whom_they_belong_to():
    ledger = Ledger(demand({"a": 0.0, "b": 0.0}, classes={"moto": "motorcycle"}), 0.0, HORIZON_S)
    ledger.close(Traffic())
    score = ledger.score(
        iter(
            [
                trip("a", 0.0, 0.0, 90.0, stood_s=100.0, stops=2),
                trip("b", 0.0, 0.0, 90.0, stood_s=50.0, stops=1, type="moto"),
            ]
        ),
        4000.0,
    )
    assert score.max_vehicle_wait_s == 100.0
    assert score.stops == 1.5
    assert score.co2_kg == pytest.approx((0.6 * 100 + 28 * 2 + 0.148 * 50 + 2.9) / 1000)


def test_without_a_look_at_the_horizon_there_is_no_score():
    with pytest.raises(RuntimeError, match="horizon"):
        Ledger(demand({}), 0.0, HORIZON_S).score(iter([]), 4000.0)


def test_records_are_read_as_sumo_writes_them(tmp_path):
    path = tmp_path / "trips.xml"
    path.write_text(
        '<tripinfos><tripinfo id="a" depart="12.00" departDelay="2.00" arrival="80.00" '
        'timeLoss="9.50" waitingTime="4.00" waitingCount="2" vType="car"/>'
        '<tripinfo id="b" depart="20.00" departDelay="0.00" arrival="-1.00" timeLoss="1.00" '
        'waitingTime="0.00" waitingCount="0" vType="car"/>'
        '<tripinfo id="c" depart="-1" departDelay="9.00" arrival="-1" vType="car"/>'
        '<personinfo id="p"/></tripinfos>'
    )
    found = list(trips(path))
    assert found == [
        Trip("a", 12.0, 2.0, 80.0, 9.5, 4.0, 2, "car"),
        Trip("b", 20.0, 0.0, None, 1.0, 0.0, 0, "car"),
    ]
    assert found[0].due_s == 10.0


def test_demand_is_who_departs_from_the_begin_on(tmp_path):
    path = tmp_path / "r.rou.xml"
    path.write_text(
        '<routes><vTypeDistribution id="mix"><vType id="moto" vClass="motorcycle"/>'
        '</vTypeDistribution><trip id="early" depart="9.99"/><trip id="a" depart="10.00"/>'
        '<trip id="clock" depart="0:01:30"/><trip id="called" depart="triggered"/>'
        '<flow id="f" period="3"/></routes>'
    )
    found = read_demand([path], 10.0)
    assert found.due_s == {"a": 10.0, "clock": 90.0}
    assert found.classes == {"moto": "motorcycle"}
    assert not found.counts_never_departed


def test_a_file_that_is_none_is_named(tmp_path):
    (tmp_path / "r.rou.xml").write_text("<routes><trip")
    with pytest.raises(ConfigError, match=r"r\.rou\.xml is no readable SUMO file"):
        read_demand([tmp_path / "r.rou.xml"], 0.0)
    (tmp_path / "t.rou.xml").write_text('<routes><trip id="a" depart="1 h"/></routes>')
    with pytest.raises(ConfigError, match="'1 h' is no time"):
        read_demand([tmp_path / "t.rou.xml"], 0.0)


def test_an_old_simulation_is_reckoned_back_from_the_end():
    """Ten seconds at a quarter of the allowed speed lose 7.5 s; a bus at its halt loses nothing."""
    ledger, traffic = Ledger(demand({"car": 0.0, "bus": 0.0}), 0.0, HORIZON_S), Traffic(old=True)
    traffic.lost_s |= {"car": 0.0, "bus": 0.0}
    ledger.close(traffic)
    for traffic.now_s in range(3601, 3611):
        ledger.watch(traffic)
    del traffic.lost_s["car"]
    for traffic.now_s in range(3611, 3700):
        ledger.watch(traffic)
    records = [trip("car", 0.0, 0.0, 3611.0, loss_s=50.0), trip("bus", 0.0, 0.0, None, loss_s=9.0)]
    score = ledger.score(iter(records), 3700.0)
    assert score.delay_s == pytest.approx((42.5 + 9.0) / 2)
    assert score.delay_drained_s == pytest.approx((50.0 + 9.0) / 2)


def test_buses_have_a_mean_of_their_own_beside_all():
    classes = {"car": "passenger", "b12": "bus"}
    ledger = Ledger(demand({"a": 0.0, "b": 0.0, "late": 0.0}, classes=classes), 0.0, HORIZON_S)
    ledger.close(Traffic())
    records = [
        trip("a", 0.0, arrival_s=90.0, loss_s=10.0),
        trip("b", 0.0, delay_s=2.0, arrival_s=90.0, loss_s=40.0, type="b12"),
    ]
    found = ledger.score(iter(records), 4000.0)
    assert (found.buses, found.bus_delay_s) == (1, 42.0)
    assert found.n == 3
