"""Silence is proved to be calm, or the session is given up."""

import asyncio
from dataclasses import dataclass, field

import pytest

from drivers.opcua.assemble import Laws
from drivers.opcua.frames import Publication, Readings
from drivers.opcua.looks import Looker
from drivers.opcua.watch import watch
from drivers.row import AS_IT_IS
from edge.errors import LinkDown, NoAnswer
from edge.model.clock import ClockQuality, Instant
from edge.model.point import Columns, Point
from edge.model.quality import Quality

S = 1_000_000_000
EPOCH_S = 1_795_000_000
UNKNOWN = 0x8034_0000


@dataclass
class Time:
    """A clock that only the fake server moves."""

    now_s: float = 0.0
    boot: str = "boot"

    def now(self):
        return Instant(round((EPOCH_S + self.now_s) * S))

    def mono_ns(self):
        return round(self.now_s * S)

    def quality(self):
        return ClockQuality.SYNCED


@dataclass
class Pace:
    publishing_s: float = 0.5
    keep_alive_s: float = 1.0
    sampling_s: float = 1.0


@dataclass
class Server:
    """Publishes what it is given: `(seconds from now, {column: value} or None for keep-alive)`."""

    time: Time
    script: list
    nodes: dict = field(default_factory=lambda: {0: 1.0, 1: 2.0, 2: 3.0})
    unknown: set = field(default_factory=set)
    pace: Pace = field(default_factory=Pace)
    monitored: set = field(default_factory=set)
    source_at: int = 0
    """Of what it has not published."""
    published_at: dict = field(default_factory=dict)
    looks: int = 0
    crossing: dict | None = None
    """What it publishes just before it answers the next look but the first."""
    parting: dict | None = None
    """What it publishes just before it hears that we go."""
    spoke_first: bool = False

    async def look(self):
        self.looks += 1
        self.spoke_first = self.crossing is not None and self.looks > 1
        n = len(self.nodes)
        status = [UNKNOWN if i in self.unknown else 0 for i in range(n)]
        source_at = [self.published_at.get(i, self.source_at) for i in range(n)]
        return Readings(list(range(n)), list(self.nodes.values()), status, source_at)

    async def subscribe(self, period_s):
        await self.monitor([i for i in self.nodes if i not in self.unknown], period_s)
        return self.pace

    async def monitor(self, places, period_s):
        self.monitored |= set(places)

    async def last_word(self):
        return None if self.parting is None else self._told(self.parting)

    async def publication(self, timeout_s, interrupt):
        if self.spoke_first:
            self.spoke_first = False
            told, self.crossing = self.crossing, None
            return self._told(told)
        if not self.script:
            interrupt.set_result(None)
            return None
        after_s, told = self.script[0]
        if after_s > timeout_s:
            self.script[0] = (after_s - timeout_s, told)
            self.time.now_s += timeout_s
            return None
        self.script.pop(0)
        self.time.now_s += after_s
        if isinstance(told, int):
            return Publication(1, 1, Readings(), keep_alive=False, ended=told)
        return self._told(told)

    def _told(self, told):
        readings = Readings()
        for column, value in (told or {}).items():
            readings.handle.append(column)
            readings.value.append(value)
            readings.status.append(0)
            readings.source_at.append(self.time.now() - S // 10)
            self.nodes[column], self.published_at[column] = value, readings.source_at[-1]
        return Publication(1, 1, readings, keep_alive=not told)


def one_point():
    """A device of one point: its columns, who makes its Scans, and the clock."""
    columns = Columns("plant", (Point("plant", "p0"),), 1.0)
    return columns, Looker(columns, Laws([AS_IT_IS]), time := Time()), time


@pytest.fixture
async def scans(monkeypatch):
    """Run a script to its end; the scans as `(seconds, {name: value} or "all")`."""
    loop = asyncio.get_running_loop()

    async def run(server, *, reread_s=1000.0, columns=None):
        monkeypatch.setattr(loop, "time", lambda: server.time.now_s)
        made = columns or Columns("plant", tuple(Point("plant", f"p{i}") for i in range(3)), 1.0)
        looker = Looker(made, Laws([AS_IT_IS] * 3), server.time)
        told = []
        try:
            async for scan in watch(server, looker, made, reread_s, loop.create_future()):
                at_s = round(scan.measured_at / S - EPOCH_S, 3)
                cells = {s.point.name: s.value for s in scan.samples()}
                told.append((at_s, "all" if scan.present is None else cells))
                server.last = scan
        finally:
            monkeypatch.undo()
        return told

    return run


async def test_all_values_first_then_changes_and_signs_of_life(scans):
    server = Server(Time(), [(0.5, {0: 1.5}), (1.0, None), (0.5, {1: 2.5, 2: 3.5})])
    assert await scans(server) == [
        (0.0, "all"),
        (0.4, {"p0": 1.5}),
        (1.5, {}),
        (1.9, {"p1": 2.5, "p2": 3.5}),
    ]
    assert server.looks == 1


async def test_a_server_that_gives_no_word_is_asked(scans):
    slow = Pace(keep_alive_s=5.0)
    columns = Columns("plant", tuple(Point("plant", f"p{i}") for i in range(3)), 1.0)
    server = Server(Time(), [(5.0, None), (1.0, {0: 9.0})], pace=slow)
    assert await scans(server, columns=columns) == [
        (0.0, "all"), (2.0, {}), (3.0, {}), (4.0, {}), (5.0, {}), (5.9, {"p0": 9.0}),
    ]  # fmt: skip
    assert "keep-alive 5 s" in columns.facts["subscription"]


async def test_a_subscription_that_says_nothing_is_given_up_though_reads_are_answered(scans):
    server = Server(Time(), [(0.5, None), (1000.0, None)])
    with pytest.raises(NoAnswer, match="nothing published for 3 s"):
        await scans(server)
    assert 3.0 < server.time.now_s - 0.5 < 4.5
    assert server.looks > 1


async def test_an_ended_subscription_ends_the_session(scans):
    with pytest.raises(LinkDown, match="ended the subscription"):
        await scans(Server(Time(), [(0.5, 0x800A_0000)]))


async def test_a_node_that_vanished_in_silence_is_found_and_its_return_is_watched(scans):
    server = Server(Time(), [(1.0, None)] * 9)
    server.script[3] = (0.5, {0: 5.0})

    async def look(original=server.look):
        server.unknown = {1} if 2.0 < server.time.now_s < 6.0 else set()
        told = await original()
        if server.unknown:
            watched.append(sorted(server.monitored))
        return told

    watched = []
    server.look = look
    told = await scans(server, reread_s=3.0)
    assert [at for at, cells in told if "p1" in cells] == [3.0, 6.5], "gone, and back"
    assert watched == [[0, 1, 2]]
    assert server.monitored == {0, 1, 2}, "the returned node is watched again"


async def test_a_later_look_tells_only_what_nobody_has_told(scans):
    server = Server(Time(), [(1.0, None)] * 3 + [(1.0, {0: 9.0}), (0.5, None)])

    async def look(original=server.look):
        if server.looks:
            server.nodes[1] = 7.0
        return await original()

    server.look = look
    told = await scans(server, reread_s=2.0)
    assert [cells for _, cells in told if cells] == ["all", {"p1": 7.0}, {"p0": 9.0}]
    assert server.looks == 3, "the third look found nothing new"


async def test_what_was_published_before_a_look_was_answered_is_told_before_it(scans):
    server = Server(Time(), [(1.0, None)] * 3, crossing={0: 4.0, 1: 6.0})

    async def look(original=server.look):
        if server.looks:
            server.nodes |= {0: 5.0}
            server.source_at = server.time.now() - S // 20
        return await original()

    server.look = look
    told = await scans(server, reread_s=2.0)
    assert [(at, cells) for at, cells in told if cells] == [
        (0.0, "all"),
        (1.9, {"p0": 4.0, "p1": 6.0}),
        (1.95, {"p0": 5.0, "p1": 2.0}),
    ]


async def test_what_the_server_says_until_it_hears_that_we_go_is_told(scans):
    server = Server(Time(), [(0.5, {0: 1.5})], parting={1: 8.0})
    assert [cells for _, cells in await scans(server)] == ["all", {"p0": 1.5}, {"p1": 8.0}]


async def test_values_that_lay_in_a_socket_keep_their_time():
    columns, looker, time = one_point()
    await looker.look(Server(time, [], nodes={0: 0.5}))
    time.now_s = 30.0
    begun = time.now()
    first = looker.changed(Readings([0], [1.0], [0], [begun - 29 * S]), begun - 29 * S)
    rest = Readings([0, 0], [2.0, 3.0], [0, 0], [begun - 28 * S, begun - S])
    scans = [*first, *looker.changed(rest, begun)]
    assert [(begun - scan.measured_at) / S for scan in scans] == [29.0, 28.0, 1.0]
    assert "source_clock" not in columns.facts
    (stale,) = looker.changed(Readings([0], [4.0], [0], [begun - 28 * S]), begun)
    assert stale.measured_at == begun, "all up to its last publication was told already"


async def test_a_sign_of_life_that_lay_in_a_socket_is_as_old_as_it_is():
    _, looker, time = one_point()
    await looker.look(Server(time, [], nodes={0: 0.5}))
    time.now_s = 5.0
    now = time.now()
    (alive,) = looker.changed(Readings(), now - 4 * S)
    (scan,) = looker.changed(Readings([0], [1.0], [0], [now - 3 * S]), now)
    assert [(now - s.measured_at) / S for s in (alive, scan)] == [4.0, 3.0]
    assert alive.measured_at - alive.mono_ns == scan.measured_at - scan.mono_ns
    (ahead,) = looker.changed(Readings(), now + S)
    (unstamped,) = looker.changed(Readings())
    (astray,) = looker.changed(Readings(), now - 3600 * S)
    assert {s.measured_at for s in (ahead, unstamped, astray)} == {now}


async def test_an_unknown_node_is_refused_and_the_others_live(scans):
    server = Server(Time(), [(0.5, {0: 4.0})], unknown={2})
    told = await scans(server)
    assert told[1] == (0.4, {"p0": 4.0})
    assert server.monitored == {0, 1}


async def test_first_values_of_the_items_are_no_news(scans):
    server = Server(Time(), [])
    columns = Columns("plant", tuple(Point("plant", f"p{i}") for i in range(3)), 1.0)
    looker = Looker(columns, Laws([AS_IT_IS] * 3), server.time)
    await looker.look(server)
    looker.expect({0, 1, 2})
    initial = Readings([0, 1, 2], [1.0, 2.0, 3.5], [0, 0, 0], [0, 0, 0])
    (scan,) = looker.changed(initial)
    assert [s.point.name for s in scan.samples()] == ["p2"]
    (scan,) = looker.changed(Readings([0], [1.0], [0], [0]))
    assert [s.point.name for s in scan.samples()] == ["p0"], "later, a value told is a value"


async def test_what_a_look_has_overtaken_is_no_news():
    columns = Columns("plant", (Point("plant", "p0"), Point("plant", "p1")), 1.0)
    looker = Looker(columns, Laws([AS_IT_IS] * 2), time := Time())
    server = Server(time, [], nodes={0: 5.0, 1: 6.0})
    server.source_at = time.now() - S // 2
    await looker.look(server)
    late = Readings([0, 1], [4.0, 7.0], [0, 0], [time.now() - S, time.now() - S // 4])
    (scan,) = looker.changed(late)
    assert [(s.point.name, s.value) for s in scan.samples()] == [("p1", 7.0)]
    stepped_back = Readings([0], [3.0], [0], [time.now() - 3600 * S])
    (scan,) = looker.changed(stepped_back)
    assert [(s.point.name, s.value) for s in scan.samples()] == [("p0", 3.0)]


async def test_a_server_whose_clock_was_ahead_is_heard_once_it_is_set_right():
    _, looker, time = one_point()
    server = Server(time, [], nodes={0: 5.0})
    server.source_at = time.now() + 3600 * S
    await looker.look(server)
    time.now_s = 2.0
    (scan,) = looker.changed(Readings([0], [6.0], [0], [time.now() - S // 2]))
    assert [s.value for s in scan.samples()] == [6.0]
    server.nodes, server.source_at = {0: 7.0}, time.now() - S // 4
    (scan,) = looker.news(await looker.glance(server))
    assert [s.value for s in scan.samples()] == [7.0]


async def test_both_sides_of_the_clock_always_tell_of_the_same_moment():
    _, looker, time = one_point()
    server = Server(time, [], nodes={0: 5.0})

    async def slow_look(quick=server.look):
        time.now_s += 0.4
        return await quick()

    server.look = slow_look
    scans = [looker.failed(Quality.LINK_DOWN), await looker.look(server)]
    assert scans[1].measured_at == time.now() - S // 5, "between question and answer"
    scans += looker.changed(Readings([0], [1.0], [0], [time.now() - S // 10]))
    scans += looker.changed(Readings())
    assert {scan.measured_at - scan.mono_ns for scan in scans} == {EPOCH_S * S}


async def test_a_server_clock_that_is_off_becomes_a_fact_once(caplog):
    columns, looker, time = one_point()
    await looker.look(Server(time, [], nodes={0: 0.5}))
    for _ in range(3):
        (scan,) = looker.changed(Readings([0], [1.0], [0], [time.now() - 7200 * S]))
        assert scan.measured_at == time.now()
    assert columns.facts["source_clock"].startswith("-7200.0 s off")
    assert len(caplog.records) == 1
