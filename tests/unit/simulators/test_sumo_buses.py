"""Which buses a signal hears, and what they say of themselves."""

from types import SimpleNamespace

from control.model import Junction, Kind, SignalGroup
from control.observe import PERSONS, BusCall
from simulators.sumo.buses import FORGOTTEN_S, Buses

GROUPS = (SignalGroup("cars", 3, 5), SignalGroup("walk", 8, 6, kind=Kind.PEDESTRIAN))
JUNCTION = Junction("j", GROUPS, frozenset(), frozenset(), {}, ())
DERIVED = SimpleNamespace(junction=JUNCTION, group_of=(-1, 0, 1))


class Town:
    """Buses under way, as SUMO tells of them."""

    def __init__(self):
        self.departed, self.arrived = ["b"], []
        self.classes = {"b": "bus", "car": "passenger"}
        self.ahead = [("tls", 1, 100.0, "r")]
        self.halts, self.halt_m = [], 50.0
        self.aboard = 0
        self.api = SimpleNamespace(
            simulation=SimpleNamespace(
                getDepartedIDList=lambda: self.departed, getArrivedIDList=lambda: self.arrived
            ),
            vehicle=SimpleNamespace(
                getVehicleClass=self.classes.__getitem__,
                getNextTLS=lambda name: self.ahead,
                getStops=lambda name, limit: self.halts,
                getDrivingDistance=lambda name, edge, to_m: self.halt_m,
                getAllowedSpeed=lambda name: 10.0,
                getPersonNumber=lambda name: self.aboard,
            ),
        )
        self.buses = Buses(self, {"tls": DERIVED})

    def heard(self, at_s=7, signal="tls"):
        self.buses.refresh(at_s)
        self.departed = []
        return self.buses.calls(signal)


def test_a_bus_within_reach_says_when_it_comes_and_who_is_aboard():
    town = Town()
    assert town.heard() == (BusCall("b", 0, 17, 7 + FORGOTTEN_S, PERSONS),)
    town.aboard = 12
    assert town.heard()[0].persons == 12
    assert town.heard(signal="another") == ()


def test_who_is_no_bus_is_not_heard():
    town = Town()
    town.departed = ["car"]
    assert town.heard() == ()


def test_far_away_past_the_line_or_gone_is_not_heard():
    town = Town()
    assert town.heard()
    town.ahead = [("tls", 1, 151.0, "r")]
    assert town.heard() == ()
    town.ahead = []
    assert town.heard() == ()
    town.ahead = [("tls", 1, 20.0, "r")]
    assert town.heard()
    town.arrived = ["b"]
    assert town.heard() == ()


def test_a_link_that_is_never_green_or_walked_over_hears_nobody():
    town = Town()
    for link in (0, 2):
        town.ahead = [("tls", link, 20.0, "r")]
        assert town.heard() == ()


def test_before_its_halt_a_bus_does_not_call():
    town = Town()
    town.halts = [SimpleNamespace(lane="in_0", endPos=30.0)]
    assert town.heard() == ()
    town.halt_m = 130.0
    assert town.heard()
