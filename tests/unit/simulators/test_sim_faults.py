"""Who is befallen by what, when, and what becomes of bytes and values."""

import random
import struct

import msgspec
import pytest

from drivers.profile import PointSpec, Profile, Source
from drivers.settings import DeviceSettings, ModbusRtu, ModbusTcp, OpcUa
from edge.errors import ConfigError
from edge.model.clock import NS_PER_S, Instant
from edge.model.point import Columns, Kind
from simulators.clock import A_MONDAY_MORNING
from simulators.fault_file import check_faults, load_faults, parse_faults
from simulators.faults import (
    Away,
    BadStatus,
    Frozen,
    Garbage,
    HalfOpen,
    NotANumber,
    Refuses,
    ResetCounter,
    Schedule,
    Sentinel,
    Silent,
    Slow,
    Truncated,
    WrongCrc,
    WrongTransaction,
    WrongUnit,
    duration_ns,
)
from simulators.frame_faults import Envelope, bend
from simulators.modbus_rtu import crc, rtu
from simulators.modbus_tcp import mbap
from simulators.value_faults import ValueSpoiler

ALL = ("*",)
ANSWER = bytes([3, 4, 0, 1, 0, 2])
ENVELOPE = Envelope(0x1234, 7)


def at(seconds):
    return Instant(A_MONDAY_MORNING + round(seconds * NS_PER_S))


def schedule(*faults):
    return Schedule(faults, ["a", "b"], at(0))


def test_a_span_begins_ends_and_comes_again():
    plan = schedule(Silent(devices=("a",), since="10s", until="12s", every="1min"))
    active = [s for s in range(200) if plan.active("a", at(s))]
    assert active == [10, 11, 70, 71, 130, 131, 190, 191]
    assert plan.active("b", at(10)) == ()


def test_without_an_end_it_lasts_and_a_star_is_everybody():
    plan = schedule(Silent(devices=ALL, since="1s"), Slow(devices=("b",), delay="5ms"))
    assert plan.active("a", at(0.9)) == ()
    assert [type(f) for f in plan.active("b", at(1e6))] == [Silent, Slow]


def test_durations():
    assert [duration_ns(t) for t in ("800ms", "1.5s", "2min", "1h")] == [
        800_000_000, 1_500_000_000, 120 * NS_PER_S, 3600 * NS_PER_S,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="800ms"):
        duration_ns("10")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Silent(devices=("c",)), "names the device 'c'"),
        (Silent(devices=ALL, since="5s", until="5s"), "end after it begins"),
        (Silent(devices=ALL, until="5s", every="3s"), "shorter than it lasts"),
        (Silent(devices=ALL, every="3s"), "give it an end"),
    ],
)
def test_impossible_spans_are_refused(fault, words):
    with pytest.raises(ConfigError, match=words):
        schedule(fault)


def sent(*faults, wrap=mbap):
    return bend(ANSWER, ENVELOPE, wrap, faults, random.Random(1))


def test_frames_bend_as_their_fault_says():
    honest = mbap(ENVELOPE, ANSWER)
    assert sent() == (honest, 0.0, True)
    assert sent(Slow(devices=ALL, delay="800ms")) == (honest, 0.8, True)
    for mute in (Silent(devices=ALL), HalfOpen(devices=ALL), Away(devices=ALL)):
        assert sent(mute) is None
    assert sent(Refuses(devices=ALL, code=6)).frame == mbap(ENVELOPE, bytes([0x83, 6]))
    assert sent(WrongUnit(devices=ALL)).frame == mbap(Envelope(0x1234, 8), ANSWER)
    wrong = sent(WrongTransaction(devices=ALL)).frame
    assert struct.unpack_from(">H", wrong)[0] != 0x1234
    assert wrong[2:] == honest[2:]
    assert sent(Truncated(devices=ALL, keep=5)).frame == honest[:5]
    assert sent(Truncated(devices=ALL, keep=99)).frame == honest[:-1]


@pytest.mark.parametrize("where", ["before", "after", "instead"])
def test_garbage_goes_where_it_is_told(where):
    honest = mbap(ENVELOPE, ANSWER)
    frame, _, intact = sent(Garbage(devices=ALL, where=where, length=9))
    assert not intact
    assert len(frame) == (9 if where == "instead" else 9 + len(honest))
    assert frame.endswith(honest) == (where == "before")
    assert frame.startswith(honest) == (where == "after")


def test_a_broken_check_sum_and_nothing_else():
    frame, _, intact = sent(WrongCrc(devices=ALL), wrap=rtu)
    assert not intact
    assert frame[:-1] == rtu(ENVELOPE, ANSWER)[:-1]
    assert crc(frame[:-2]) != frame[-2:]


def test_faults_join_and_chance_is_a_share():
    both = sent(Slow(devices=ALL, delay="5ms"), WrongUnit(devices=ALL))
    assert both.delay_s == 0.005
    assert not both.intact
    rng = random.Random(2)
    mute = Silent(devices=ALL, chance=0.25)
    lost = sum(bend(ANSWER, ENVELOPE, mbap, [mute], rng) is None for _ in range(2000))
    assert lost == pytest.approx(500, rel=0.15)


PROFILE = Profile(
    profile="p", title="t", vendor="v", domain="water", trust="B",
    sources=[Source(document="made up")],
    points=[
        PointSpec(name="flow", address=0, type="float32"),
        PointSpec(name="total", address=2, type="uint32", kind=Kind.COUNTER, modulus=1000),
    ],
)  # fmt: skip


def test_frozen_values_stand_and_then_move_again():
    spoiler = ValueSpoiler(PROFILE)
    stuck = Frozen(devices=ALL, points=("flow",))
    assert spoiler.spoil({"flow": 1, "total": 1}, [stuck]).values == {"flow": 1, "total": 1}
    assert spoiler.spoil({"flow": 2, "total": 2}, [stuck]).values == {"flow": 1, "total": 2}
    assert spoiler.spoil({"flow": 3, "total": 3}, []).values == {"flow": 3, "total": 3}
    assert spoiler.spoil({"flow": 4, "total": 4}, [stuck]).values == {"flow": 4, "total": 4}


def test_a_reset_counter_counts_on_from_zero_for_good():
    spoiler = ValueSpoiler(PROFILE)
    reset = ResetCounter(devices=ALL)
    told = [spoiler.spoil({"flow": 5, "total": t}, f).values for t, f in
            ((900, []), (950, [reset]), (990, [reset]), (20, []), (30, [reset]), (35, [reset]))]  # fmt: skip
    assert [t["total"] for t in told] == [900, 0, 40, 70, 0, 5]
    assert {t["flow"] for t in told} == {5}


def test_marks_nan_and_status_are_named_by_point():
    shown = ValueSpoiler(PROFILE).spoil(
        {"flow": 1, "total": 2},
        [
            NotANumber(devices=ALL, points=("flow",)),
            Sentinel(devices=ALL),
            BadStatus(devices=ALL, points=("total",), status="UncertainLastUsableValue"),
        ],
    )
    assert shown.nan == {"flow"}
    assert shown.marked == {"flow", "total"}
    assert shown.status == {"total": "UncertainLastUsableValue"}


GOOD = b"""
faults:
  - {fault: slow, devices: [a], since: 10s, until: 20s, delay: 800ms}
  - {fault: exception, devices: ['*'], code: 6, chance: 0.1}
  - fault: frozen
    devices: [a]
    points: [flow]
"""


def test_a_file_says_all_that(tmp_path):
    path = tmp_path / "faults.yaml"
    path.write_bytes(GOOD)
    slow, refuses, frozen = load_faults(path)
    assert slow == Slow(devices=("a",), since="10s", until="20s", delay="800ms")
    assert refuses == Refuses(devices=ALL, code=6, chance=0.1)
    assert frozen == Frozen(devices=("a",), points=("flow",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("faults: [{fault: slwo, devices: [a]}]", "slwo"),
        (
            "faults:\n  - {fault: silent, devices: [a]}\n  - {fault: slow, devices: [a]}",
            ":3:.*delay",
        ),
        ("faults:\n  - {fault: silent, devices: [a], since: 10}", ":2:.*since"),
        ("faults:\n  - {fault: silent, devices: [a], since: 1day}", ":2:.*since"),
        ("faults:\n  - {fault: exception, devices: [a], code: 99}", ":2:.*code"),
        ("faults:\n  - {fault: silent, devices: []}", ":2:.*devices"),
        ("faults:\n  - {fault: silent, devices: [a], delay: 1s}", ":2:.*delay"),
        ("faults:\n  - &x {fault: silent, devices: [a]}\n  - *x", ":3:.*alias"),
        ("faults: [", "f:1:"),
        ("- 1", "object"),
    ],
)
def test_mistakes_in_a_file_have_their_line(text, words):
    with pytest.raises(ConfigError, match=words):
        parse_faults(text.encode(), "f")


def device(link):
    return DeviceSettings("a", PROFILE, link, Columns("a", (), 1.0))


TCP, RTU, UA = ModbusTcp("h"), ModbusRtu("/dev/x"), OpcUa("opc.tcp://h:4840")


@pytest.mark.parametrize(
    ("fault", "link"),
    [
        (WrongCrc(devices=("a",)), TCP),
        (WrongTransaction(devices=("a",)), RTU),
        (HalfOpen(devices=("a",)), RTU),
        (BadStatus(devices=("a",)), TCP),
        (Slow(devices=("a",), delay="1s"), UA),
        (Sentinel(devices=("a",)), UA),
    ],
)
def test_a_fault_of_another_protocol_is_refused_by_name_but_not_by_star(fault, link):
    with pytest.raises(ConfigError, match="cannot befall a"):
        check_faults([fault], [device(link)])
    check_faults([msgspec.structs.replace(fault, devices=ALL)], [device(link)])


def test_a_fault_names_points_that_are_there():
    with pytest.raises(ConfigError, match=r"a\.flwo"):
        check_faults([NotANumber(devices=("a",), points=("flwo",))], [device(TCP)])
    check_faults([NotANumber(devices=("a",), points=("flow",))], [device(TCP)])
