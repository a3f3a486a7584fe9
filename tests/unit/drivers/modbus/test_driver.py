"""Scans on the beat, bad news included, and what refusals teach."""

import asyncio
import random

import numpy as np
import pytest

from drivers.modbus.driver import ModbusDriver
from drivers.profile import FactSpec, Limits, PointSpec, Profile, Source
from drivers.settings import DeviceSettings, ModbusTcp
from edge.errors import BadFrame, ConfigError
from edge.model.point import Columns, Point
from edge.model.quality import Quality


def profile(points, **more):
    return Profile(
        profile="made-up", title="", vendor="", domain="plant", trust="A",
        sources=[Source(document="none")], points=points, **more,
    )  # fmt: skip


def settings(points, unit=1, period_s=1.0, **more):
    columns = Columns(f"d{unit}", tuple(Point(f"d{unit}", p.name) for p in points), period_s)
    return DeviceSettings(
        f"d{unit}", profile(points, **more), ModbusTcp("192.0.2.1"), columns, unit
    )


TWO = [
    PointSpec(name="a", address=0),
    PointSpec(name="b", address=60, type="uint32", scale=0.1),
]


def driver(world, made=None):
    return ModbusDriver(made or settings(TWO), world.bus, world.clock, random.Random(1))


async def take(one, count):
    scans = []
    async for scan in one.scans():
        scans.append(scan)
        if len(scans) == count:
            one.stop()
    return scans


def test_the_first_look_is_now_and_the_rest_fall_on_the_period(world, registers):
    world.wire.units = {1: registers({0: 7, 60: 0, 61: 2301})}

    async def poll():
        await asyncio.sleep(0.3)
        return await take(driver(world), 4)

    scans = world.run(poll())
    # two requests of 10 ms: the middle lies 10 ms after the first was sent
    assert [s.mono_ns / 1e9 for s in scans] == pytest.approx([0.31, 1.01, 2.01, 3.01], abs=1e-4)
    assert [s.measured_at - scans[0].measured_at for s in scans] == [
        s.mono_ns - scans[0].mono_ns for s in scans
    ]
    assert scans[0].values.tolist() == [7.0, 230.1]
    assert scans[0].quality.tolist() == [192, 192]
    assert scans[0].boot == "manual"
    assert scans[0].present is None


def test_devices_of_one_period_wake_together(world, registers):
    world.wire.units = {u: registers({0: u, 60: 0, 61: 0}) for u in (1, 2, 3)}

    async def poll():
        async with asyncio.TaskGroup() as tg:
            for unit in (1, 2, 3):
                await asyncio.sleep(0.123)
                tg.create_task(take(driver(world, settings(TWO, unit)), 3))

    world.run(poll())
    assert sum(abs(at - 1.0) < 0.07 for at, _ in world.wire.sent) == 6


def test_a_look_that_is_late_skips_and_does_not_pile_up(world, registers):
    world.wire.units = {1: registers({0: 7, 60: 0, 61: 0})}
    world.wire.latency_s = 0.7
    scans = world.run(take(driver(world), 3))
    starts = [world.wire.times(1)[i] for i in (0, 2, 4)]
    assert starts == pytest.approx([0.0, 2.0, 4.0], abs=1e-4)
    assert len(scans) == 3


def test_a_silent_device_yields_failed_scans_at_its_period(world):
    scans = world.run(take(driver(world), 30))
    assert all((s.quality == Quality.TIMEOUT).all() for s in scans)
    assert all(np.isnan(s.values).all() for s in scans)
    whole = [round(s.mono_ns / 1e9) for s in scans]
    assert whole[-1] <= 36
    assert len(world.wire.sent) < 12


def test_without_a_link_every_scan_says_so(world):
    world.wire.down = True
    scans = world.run(take(driver(world), 5))
    assert all((s.quality == Quality.LINK_DOWN).all() for s in scans)


def test_what_came_before_the_silence_is_kept(world):
    def dies(request):
        return b"\x03\x02\x00\x09" if request.pdu[2] == 0 else None

    world.wire.units = {1: dies}
    (scan,) = world.run(take(driver(world), 1))
    assert scan.values[0] == 9
    assert scan.quality.tolist() == [Quality.GOOD, Quality.TIMEOUT]


def test_a_fault_of_one_block_is_that_block_s(world):
    def faulty(request):
        return b"\x03\x02\x00\x09" if request.pdu[2] == 0 else b"\x83\x04"

    world.wire.units = {1: faulty}
    (scan,) = world.run(take(driver(world), 1))
    assert scan.quality.tolist() == [Quality.GOOD, Quality.DEVICE_FAULT]


def test_garbage_is_a_bad_frame(world):
    world.wire.units = {1: lambda request: BadFrame("noise")}
    (scan,) = world.run(take(driver(world), 1))
    assert scan.quality.tolist() == [Quality.BAD_FRAME] * 2


def test_a_refused_hole_is_learnt_within_the_first_look(world, registers):
    rows = [PointSpec(name=f"p{a}", address=a) for a in (0, 1, 5, 6, 9)]
    world.wire.units = {1: registers({0: 10, 1: 11, 5: 15, 6: 16, 9: 19})}
    one = driver(world, settings(rows))
    first, second = world.run(take(one, 2))
    assert first.values.tolist() == second.values.tolist() == [10, 11, 15, 16, 19]
    asked = [r.name for at, r in world.wire.sent if at >= 0.99]
    assert asked == ["holding 0…1", "holding 5…6", "holding 9…9"]


def test_a_missing_value_is_refused_alone_and_probed_again_after_five_minutes(world, registers):
    rows = [PointSpec(name=f"p{a}", address=a) for a in range(8)]
    unit = registers({a: a for a in range(8) if a != 5})
    world.wire.units = {1: unit}
    one = driver(world, settings(rows, period_s=10.0))

    async def poll():
        scans = []
        async for scan in one.scans():
            scans.append(scan)
            if len(scans) == 3:
                unit.held[5] = 5
            if len(scans) == 40:
                one.stop()
        return scans

    scans = world.run(poll())
    for scan in scans[:25]:
        assert scan.quality.tolist() == [192] * 5 + [Quality.REFUSED] + [192] * 2
    assert scans[-1].values.tolist() == list(range(8))
    first_whole = next(s for s in scans if (s.quality == 192).all())
    assert 270 <= first_whole.mono_ns / 1e9 <= 340


def test_exception_two_out_of_overload_is_not_believed_at_once(world, registers):
    unit = registers({a: a for a in range(8)})
    moods = [b"\x83\x02"]
    world.wire.units = {1: lambda request: moods.pop() if moods else unit(request)}
    one = driver(world, settings([PointSpec(name=f"p{a}", address=a) for a in range(8)]))
    (scan,) = world.run(take(one, 1))
    assert (scan.quality == 192).all()
    assert len(world.wire.sent) == 2


def test_a_controller_that_restarts_loses_none_of_its_plan(world, registers):
    unit = registers({a: a for a in range(8)})
    world.wire.units = {1: unit}
    one = driver(world, settings([PointSpec(name=f"p{a}", address=a) for a in range(8)]))

    async def poll():
        scans = []
        async for scan in one.scans():
            scans.append(scan)
            world.wire.units[1] = (lambda r: b"\x83\x02") if 2 <= len(scans) < 4 else unit
            if len(scans) == 6:
                one.stop()
        return scans

    scans = world.run(poll())
    assert [int(s.quality[0]) for s in scans] == [192, 192, 4, 4, 192, 192]
    assert world.wire.sent[-1][1].name == "holding 0…7"


def test_a_device_that_refuses_everything_costs_one_lesson_in_five_minutes(world, registers):
    world.wire.units = {1: registers({})}
    one = driver(world, settings([PointSpec(name=f"p{a}", address=a) for a in range(8)]))
    scans = world.run(take(one, 60))
    assert all((s.quality == Quality.REFUSED).all() for s in scans)
    assert len(world.wire.sent) <= 4 * 8


def test_a_device_that_comes_back_to_its_senses_is_read_in_one_piece_again(world, registers):
    unit = registers({a: a for a in range(8)})
    world.wire.units = {1: lambda r: b"\x83\x01" if world.loop.time() < 60 else unit(r)}
    one = driver(world, settings([PointSpec(name=f"p{a}", address=a) for a in range(8)]))
    scans = world.run(take(one, 400))
    assert (scans[100].quality == Quality.REFUSED).all()
    assert scans[-1].values.tolist() == list(range(8))
    assert [r.name for at, r in world.wire.sent if at >= 390] == ["holding 0…7"] * 10


def test_facts_are_read_before_the_first_look_and_again_when_the_device_was_away(world, registers):
    serial = {
        100 + i: int.from_bytes(pair, "big") for i, pair in enumerate([b"SN", b"42", b"\0\0"])
    }
    facts = [
        FactSpec(name="serial", address=100, length=3),
        FactSpec(name="firmware", address=110, type="uint16"),
        FactSpec(name="absent", address=200),
    ]
    unit = registers({0: 1, 60: 0, 61: 1, 110: 310, **serial})
    world.wire.units = {1: unit}
    one = driver(world, settings(TWO, facts=facts))
    seen = []

    async def poll():
        async for _ in one.scans():
            seen.append(dict(one.columns.facts))
            if len(seen) == 2:
                world.wire.units = {}
            if len(seen) == 4:
                unit.held[101] = int.from_bytes(b"43", "big")
                world.wire.units = {1: unit}
            if len(seen) == 10:
                one.stop()

    world.run(poll())
    assert seen[0] == {"serial": "SN42", "firmware": "310"}
    assert seen[-1]["serial"] == "SN43"


def test_stop_ends_the_wait_at_once(world, registers):
    world.wire.units = {1: registers({0: 1, 60: 0, 61: 1})}
    one = driver(world, settings(TWO, period_s=3600.0))

    async def poll():
        async with asyncio.TaskGroup() as tg:
            scans = tg.create_task(take(one, 100))
            await asyncio.sleep(5)
            one.stop()
        return scans.result()

    assert len(world.run(poll())) == 1
    assert world.loop.time() < 6


def test_a_point_that_the_profile_lacks_is_refused_by_name(world):
    made = settings(TWO)
    odd = Columns("d1", (Point("d1", "c"),), 1.0)
    with pytest.raises(ConfigError, match="c not in profile made-up"):
        driver(world, DeviceSettings("d1", made.profile, made.link, odd))


def test_limits_of_the_profile_are_kept(world, registers):
    world.wire.units = {1: registers({a: a for a in range(100)})}
    rows = [PointSpec(name=f"p{a}", address=a) for a in range(100)]
    one = driver(world, settings(rows, limits=Limits(max_registers=40, turnaround_ms=100)))
    world.run(take(one, 1))
    assert [r.pdu[4] for _, r in world.wire.sent] == [40, 40, 20]
    assert world.wire.times(1) == pytest.approx([0.0, 0.11, 0.22], abs=1e-3)
