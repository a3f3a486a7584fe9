"""The process as a service: restarts, notifications, clock steps, what the clock is worth."""

import asyncio
import itertools
import random
import socket

import pytest

from edge import runtime
from edge.errors import ConfigError, LinkDown
from edge.model.clock import NS_PER_S, ClockQuality
from edge.runtime import ServiceSupervisor, SystemClock, clock_steps, supervise
from simulators.clock import ManualClock, VirtualLoop


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def run(clock):
    """Run a coroutine on a loop whose time leaps."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        yield runner.run


def failing(clock, times, error, lasts_s=0.0):
    """Something that fails so often and then ends well; and when each run of it began."""
    began_s = []

    async def once():
        began_s.append(clock.mono_ns() / NS_PER_S)
        await asyncio.sleep(lasts_s)
        if len(began_s) <= times:
            raise error

    return once, began_s


def delays_s(began_s, lasts_s=0.0):
    return [b - a - lasts_s for a, b in itertools.pairwise(began_s)]


def test_what_ends_well_is_not_run_again(clock, run):
    once, began_s = failing(clock, 0, LinkDown("never"))
    run(supervise("inlet", once, random.Random(1)))
    assert len(began_s) == 1


def test_a_transient_error_runs_it_again_and_is_told(clock, run, caplog):
    once, began_s = failing(clock, 3, LinkDown("10.0.0.12:502 refused"))
    run(supervise("inlet", once, random.Random(1)))
    assert len(began_s) == 4
    warnings = [record.getMessage() for record in caplog.records if record.name == "ria"]
    assert len(warnings) == 3
    assert all(text.startswith("inlet ended: 10.0.0.12:502 refused; again in") for text in warnings)


def test_delays_grow_with_jitter_and_stay_within_the_longest(clock, run):
    once, began_s = failing(clock, 40, LinkDown("no route"))
    run(supervise("inlet", once, random.Random(1), longest_s=8.0))
    waited = delays_s(began_s)
    for attempt, delay_s in enumerate(waited, 1):
        assert 0.2 - 1e-3 <= delay_s <= min(8.0, 1.5**attempt) + 1e-3
    assert max(waited) > 6.0
    assert min(waited[10:]) < 2.0, "full jitter reaches down as well"


def test_two_devices_do_not_come_back_in_step(clock, run):
    waited = []
    for seed in (1, 2):
        once, began_s = failing(clock, 5, LinkDown("no route"))
        run(supervise("inlet", once, random.Random(seed)))
        waited.append(delays_s(began_s))
    assert waited[0] != pytest.approx(waited[1], abs=0.01)


def test_after_a_long_good_run_the_delay_is_short_again(clock, run):
    once, began_s = failing(clock, 20, LinkDown("no route"), lasts_s=61.0)
    run(supervise("inlet", once, random.Random(1)))
    # the bound begins again at 1.5 ** 0
    assert max(delays_s(began_s, 61.0)) <= 1.0 + 1e-3


@pytest.mark.parametrize("error", [ConfigError("unit 300 is above 247"), KeyError("flow")])
def test_other_errors_get_out_at_once(clock, run, error):
    once, began_s = failing(clock, 1, error)
    with pytest.raises(type(error)):
        run(supervise("inlet", once, random.Random(1)))
    assert len(began_s) == 1


def test_it_can_be_cancelled_while_it_waits(clock, run):
    once, began_s = failing(clock, 10**6, LinkDown("no route"))

    async def for_a_while():
        async with asyncio.timeout(100.0):
            await supervise("inlet", once, random.Random(1))

    with pytest.raises(TimeoutError):
        run(for_a_while())
    assert len(began_s) > 2


@pytest.fixture
def listening(tmp_path):
    """The supervisor's end: a datagram socket in the file system."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.settimeout(5.0)
        yield end, str(tmp_path / "notify")


def told(end):
    """Every datagram that has arrived."""
    end.setblocking(False)
    found = []
    while True:
        try:
            found.append(end.recv(4096).decode())
        except BlockingIOError:
            return found


def test_ready_and_status_go_in_one_datagram(listening):
    end, path = listening
    ServiceSupervisor({"NOTIFY_SOCKET": path}).tell(READY="1", STATUS="10 thiết bị")
    assert end.recv(4096).decode() == "READY=1\nSTATUS=10 thiết bị"


def test_an_abstract_address_begins_with_an_at():
    name = f"ria-test-{random.SystemRandom().getrandbits(64):x}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0{name}")
        end.settimeout(5.0)
        ServiceSupervisor({"NOTIFY_SOCKET": f"@{name}"}).tell(STOPPING="1")
        assert end.recv(64) == b"STOPPING=1"


def test_silent_where_nobody_listens(tmp_path, monkeypatch):
    ServiceSupervisor({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).tell(READY="1")
    monkeypatch.delattr(socket, "socket")  # without an address no socket is even made
    ServiceSupervisor({}).tell(READY="1")


@pytest.mark.parametrize(
    ("environ", "watchdog_s"),
    [({}, 0.0), ({"WATCHDOG_USEC": ""}, 0.0), ({"WATCHDOG_USEC": "30000000"}, 30.0)],
)
def test_watchdog_time_is_read_in_microseconds(environ, watchdog_s):
    assert ServiceSupervisor(environ).watchdog_s == watchdog_s


def test_watchdog_is_petted_at_a_third_of_its_time(listening, run):
    end, path = listening
    supervisor = ServiceSupervisor({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000"})

    async def for_35_s():
        async with asyncio.timeout(35.0):
            await supervisor.keep_alive(lambda: "")

    with pytest.raises(TimeoutError):
        run(for_35_s())
    assert told(end) == ["WATCHDOG=1"] * 4  # at 0, 10, 20 and 30 s


def test_an_ill_process_says_why_and_does_not_pet(listening, run):
    end, path = listening
    supervisor = ServiceSupervisor({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000"})
    reasons = iter(["", "store: no commit for 31 s", "store: no commit for 41 s", ""])

    async def for_35_s():
        async with asyncio.timeout(35.0):
            await supervisor.keep_alive(lambda: next(reasons))

    with pytest.raises(TimeoutError):
        run(for_35_s())
    assert told(end) == [
        "WATCHDOG=1",
        "STATUS=store: no commit for 31 s",
        "STATUS=store: no commit for 41 s",
        "WATCHDOG=1",
    ]


def steps_within(clock, run, script, for_s=10.0):
    """The clock steps that are told while `script` moves the wall."""
    found = []

    async def listen():
        async for step in clock_steps(clock):
            found.append(step)  # noqa: PERF401  # it never ends: cancelled with what it has

    async def both():
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(listen(), name="steps")
            await script()
            await asyncio.sleep(for_s)
            listening.cancel()

    run(both())
    return found


def test_a_step_forward_and_one_back_are_told_with_both_walls(clock, run):
    async def script():
        await asyncio.sleep(2.5)
        clock.step(3600.0)
        await asyncio.sleep(2.0)
        clock.step(-7200.0)

    steps = steps_within(clock, run, script)
    moved_s = [(after - before) / NS_PER_S for before, after in steps]
    assert moved_s == pytest.approx([3600.0, -7200.0])
    # each `before` is the time at which the old clock would have stood: it goes on from `after`
    assert steps[1][0] - steps[0][1] == pytest.approx(2 * NS_PER_S, abs=NS_PER_S // 100)


def test_a_clock_that_is_slewed_is_not_stepped(clock, run):
    async def script():
        for _ in range(20):
            await asyncio.sleep(1.0)
            clock.step(0.4)  # below the bound each second, 8 s in all

    assert steps_within(clock, run, script) == []


def test_quality_follows_the_time_servers_mark_once_a_second(tmp_path, monkeypatch):
    mark = tmp_path / "synchronized"
    monkeypatch.setattr(runtime, "SYNCED_MARK", mark)
    mono_ns = 5 * NS_PER_S
    monkeypatch.setattr(runtime.time, "monotonic_ns", lambda: mono_ns)
    clock = SystemClock()
    assert clock.quality() is ClockQuality.SAVED
    mark.touch()
    mono_ns += NS_PER_S - 1
    assert clock.quality() is ClockQuality.SAVED, "the file is asked at most once a second"
    mono_ns += 1
    assert clock.quality() is ClockQuality.SYNCED
    mark.unlink()
    assert clock.quality() is ClockQuality.SYNCED
    mono_ns += NS_PER_S
    assert clock.quality() is ClockQuality.SAVED


def test_quality_is_asked_in_the_first_second_after_the_boot(tmp_path, monkeypatch):
    mark = tmp_path / "synchronized"
    mark.touch()
    monkeypatch.setattr(runtime, "SYNCED_MARK", mark)
    monkeypatch.setattr(runtime.time, "monotonic_ns", lambda: 0)
    assert SystemClock().quality() is ClockQuality.SYNCED


def test_the_boot_is_known_by_what_the_service_copied(tmp_path, monkeypatch):
    (tmp_path / "boot_id").write_text("01234567-89ab-cdef-0123-456789abcdef\n")
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    assert SystemClock().boot == "0123456789abcdef"


def test_a_boot_that_cannot_be_known_is_a_new_one(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "none"))
    monkeypatch.setattr(runtime, "BOOT_ID", tmp_path / "none")
    assert SystemClock().boot != SystemClock().boot
