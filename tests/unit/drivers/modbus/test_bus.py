"""Turns are fair, the dead are left alone, and nothing is tried in a tight loop."""

import asyncio
from itertools import pairwise

import pytest

from drivers.modbus.blocks import Block
from drivers.modbus.bus import TooLate, cause_of
from drivers.modbus.frames import read, write_registers
from edge.errors import BadFrame, DeviceRefused, LinkDown, NoAnswer
from edge.model.quality import Quality

BLOCK = Block("holding", 0, 1)


def always(pdu):
    return lambda request: pdu


GOOD = always(b"\x03\x02\x00\x07")


def answers(*script):
    """One PDU after another, then the last for ever."""
    left = list(script)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


def test_units_take_turns_in_the_order_of_asking(world):
    world.wire.units = {1: GOOD, 2: GOOD, 3: GOOD}

    async def ask_thrice(unit):
        for _ in range(3):
            await world.bus.ask(read(unit, BLOCK))

    async def all_at_once():
        async with asyncio.TaskGroup() as tg:
            for unit in (1, 2, 3):
                tg.create_task(ask_thrice(unit))

    world.run(all_at_once())
    assert [request.unit for _, request in world.wire.sent] == [1, 2, 3] * 3
    assert world.bus.tally.answered == 9


def test_an_answer_says_when_it_was_asked_for_and_when_it_came(world):
    world.wire.units = {1: GOOD}

    async def queue():
        async with asyncio.TaskGroup() as tg:
            tg.create_task(world.bus.ask(read(1, BLOCK)))
            second = tg.create_task(world.bus.ask(read(1, BLOCK)))
        return second.result()

    answer = world.run(queue())
    assert answer.content == b"\x00\x07"
    # the time in the queue is not the device's
    assert answer.asked_ns == pytest.approx(10_000_000, abs=100_000)
    assert answer.answered_ns == pytest.approx(20_000_000, abs=100_000)


def test_a_dead_unit_costs_the_living_one_timeout_a_step(world):
    world.wire.units = {1: GOOD}
    late = []

    async def poll(unit):
        for second in range(600):
            await asyncio.sleep(second - world.loop.time())
            try:
                await world.bus.ask(read(unit, BLOCK))
            except NoAnswer:
                continue
            late.append(world.loop.time() - second)

    async def both():
        async with asyncio.TaskGroup() as tg:
            tg.create_task(poll(9))
            tg.create_task(poll(1))

    world.run(both())
    dead = world.wire.times(9)
    gaps = [b - a for a, b in pairwise(dead)]
    assert len(late) == 600
    assert sum(delay > 0.1 for delay in late) <= len(dead)
    assert max(late) < 1.1
    assert min(gaps) >= 2.0
    assert 30.0 < max(gaps) <= 62.0
    assert len(dead) < 60


def test_a_unit_that_comes_back_is_asked_as_before(world):
    world.wire.units = {1: answers(None, b"\x03\x02\x00\x07")}

    async def poll():
        with pytest.raises(NoAnswer):
            await world.bus.ask(read(1, BLOCK))
        with pytest.raises(NoAnswer):
            await world.bus.ask(read(1, BLOCK))
        await asyncio.sleep(61)
        await world.bus.ask(read(1, BLOCK))
        await world.bus.ask(read(1, BLOCK))

    world.run(poll())
    assert len(world.wire.sent) == 3


def test_busy_is_asked_again_three_times_with_longer_pauses(world):
    world.wire.units = {1: always(b"\x83\x06")}
    with pytest.raises(DeviceRefused, match="code 6"):
        world.run(world.bus.ask(read(1, BLOCK)))
    times = world.wire.times(1)
    assert len(times) == 4
    gaps = [b - a for a, b in pairwise(times)]
    assert gaps == sorted(gaps)
    assert sum(gaps) < 0.5

    world.wire.units = {1: answers(b"\x83\x05", b"\x83\x06", b"\x03\x02\x00\x07")}
    assert world.run(world.bus.ask(read(1, BLOCK))).content == b"\x00\x07"


@pytest.mark.parametrize(("code", "error"), [(0x0A, LinkDown), (0x0B, NoAnswer)])
def test_a_gateway_without_a_road_to_a_unit_speaks_of_that_unit_alone(world, code, error):
    world.wire.units = {1: GOOD, 9: always(bytes([0x83, code]))}

    async def ask():
        for _ in range(5):
            with pytest.raises(error, match="unit 9"):
                await world.bus.ask(read(9, BLOCK))
            await world.bus.ask(read(1, BLOCK))

    world.run(ask())
    assert len(world.wire.times(9)) == 1
    assert len(world.wire.times(1)) == 5
    assert len(world.wire.opened) == 1


@pytest.mark.parametrize("code", [1, 2, 3, 4, 8])
def test_a_plain_no_is_handed_on_at_once(world, code):
    world.wire.units = {1: always(bytes([0x83, code]))}
    with pytest.raises(DeviceRefused):
        world.run(world.bus.ask(read(1, BLOCK)))
    assert len(world.wire.sent) == 1


def test_a_spoilt_answer_is_asked_for_once_more(world):
    world.wire.units = {1: answers(BadFrame("noise"), b"\x03\x02\x00\x07")}
    assert world.run(world.bus.ask(read(1, BLOCK))).content == b"\x00\x07"
    world.wire.units = {1: always(BadFrame("noise"))}
    with pytest.raises(BadFrame):
        world.run(world.bus.ask(read(1, BLOCK)))
    assert len(world.wire.sent) == 4


def test_a_sleeping_unit_is_woken(world):
    world.wire.units = {1: answers(None, b"\x03\x02\x00\x07")}
    assert world.run(world.bus.ask(read(1, BLOCK), wake_retries=1)).content == b"\x00\x07"


def test_connects_are_spread_and_never_close(world):
    world.wire.down = True

    async def poll():
        for _ in range(3000):
            with pytest.raises(LinkDown):
                await world.bus.ask(read(1, BLOCK))
            await asyncio.sleep(0.1)

    world.run(poll())
    gaps = [b - a for a, b in pairwise(world.wire.opened)]
    assert min(gaps) >= 1.0
    assert 10.0 < max(gaps) <= 60.2
    assert len({round(gap, 1) for gap in gaps[3:]}) > 3, "no jitter"


def test_a_server_that_accepts_and_hangs_up_is_not_hammered(world):
    world.wire.units = {1: always(LinkDown("fake: connection lost"))}

    async def poll():
        for _ in range(1000):
            with pytest.raises(LinkDown):
                await world.bus.ask(read(1, BLOCK))
            await asyncio.sleep(0.05)

    world.run(poll())
    assert min(b - a for a, b in pairwise(world.wire.opened)) >= 1.0
    assert len(world.wire.opened) < 20


def test_a_write_is_sent_once_and_only_while_it_is_wanted(world):
    world.wire.units = {1: always(BadFrame("noise"))}
    request = write_registers(1, 0, b"\x00\x01")
    with pytest.raises(TooLate):
        world.run(world.bus.ask(request, wanted=lambda: False))
    assert world.wire.sent == []
    with pytest.raises(BadFrame):
        world.run(world.bus.ask(request, wanted=lambda: True))
    assert len(world.wire.sent) == 1


def test_a_device_s_silence_between_requests_does_not_hold_the_others(world):
    world.wire.units = {1: GOOD, 2: GOOD}

    async def ask(unit, times, rest_s):
        for _ in range(times):
            await world.bus.ask(read(unit, BLOCK), rest_s=rest_s)

    async def both():
        async with asyncio.TaskGroup() as tg:
            tg.create_task(ask(1, 3, 0.5))
            tg.create_task(ask(2, 20, 0.0))

    world.run(both())
    assert all(b - a >= 0.5 for a, b in pairwise(world.wire.times(1)))
    assert world.wire.times(2)[-1] < 0.5


def test_a_late_answer_is_waited_out_beside_the_queue(world):
    world.wire.units = {1: GOOD, 2: GOOD}
    world.wire.settle = {1: 0.7}

    async def both():
        async with asyncio.TaskGroup() as tg:
            tg.create_task(world.bus.ask(read(1, BLOCK)))
            tg.create_task(world.bus.ask(read(2, BLOCK)))

    world.run(both())
    assert [request.unit for _, request in world.wire.sent] == [2, 1]
    assert world.wire.times(1)[0] >= 0.7


def test_a_closed_bus_stays_closed(world):
    async def ask():
        async with world.bus:
            pass
        with pytest.raises(LinkDown, match="closed"):
            await world.bus.ask(read(1, BLOCK))

    world.run(ask())
    assert world.wire.opened == []


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (DeviceRefused(2, ""), Quality.REFUSED),
        (DeviceRefused(4, ""), Quality.DEVICE_FAULT),
        (DeviceRefused(6, ""), Quality.BUSY),
        (DeviceRefused(99, ""), Quality.DEVICE_FAULT),
        (NoAnswer(""), Quality.TIMEOUT),
        (BadFrame(""), Quality.BAD_FRAME),
        (LinkDown(""), Quality.LINK_DOWN),
    ],
)
def test_every_failure_has_its_quality(error, cause):
    assert cause_of(error) == cause
