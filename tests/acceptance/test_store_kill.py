"""kill -9 at any instant: every acknowledged reading is counted once, and no number is used twice."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.model.clock import Instant
from edge.model.message import Lane
from edge.store.writer import Writer
from tests.prove.store_oracle import ManualClock, faults, settings

CYCLES = 24
CHILD = Path(__file__).parents[1] / "prove" / "store_victim.py"
SMALL = 2 * 2**20


def taken(writer):
    return [message for lane in Lane for message in writer.take(lane, 0, 1_000_000)]


def live_and_die(folder, first, delay_s):
    """Run the victim for a while, kill it, and read what it had said: `(offered, acknowledged)`."""
    victim = subprocess.Popen(
        [sys.executable, str(CHILD), str(folder), str(first), str(SMALL)],
        stdout=subprocess.PIPE,
        text=True,
    )
    ready = victim.stdout.readline()
    assert ready == "open\n", ready
    time.sleep(delay_s)  # the instant of death is what is random here
    victim.kill()
    said = victim.stdout.read().split("\n")
    victim.wait()
    victim.stdout.close()
    words = [line.split() for line in said[:-1]]  # the last line may be cut short
    offered = {(device, int(number)) for verb, device, number in words if verb == "offered"}
    acknowledged = {(device, int(number)) for verb, device, number in words if verb == "stored"}
    return offered, acknowledged


@pytest.mark.timeout(120)
def test_what_was_acknowledged_before_the_kill_is_counted_once(tmp_path):
    rng = random.Random(9)
    offered, acknowledged = set(), set()
    for cycle in range(CYCLES):
        first = cycle * 1_000_000
        mine, stored = live_and_die(tmp_path, first, rng.uniform(0.0, 0.12))
        offered |= mine
        acknowledged |= stored
    assert len(acknowledged) > CYCLES
    writer = Writer(settings(tmp_path, ManualClock(), limit_bytes=64 * SMALL), lambda: None)
    writer.drain(Instant(2**62))
    messages = taken(writer)
    writer.close()
    assert not faults(messages, acknowledged, offered)
    raw = {key for key in acknowledged if key[0] == "pump"}
    assert not faults(messages, raw, offered, Lane.RAW)
    assert not [m for m in messages if m.lane is Lane.EVENT], "the store was never degraded"
