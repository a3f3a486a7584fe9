"""Any sequence of storing, crashing, sending, confirming and running short of disk adds up."""

import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from edge.model.clock import NS_PER_MS, NS_PER_S, Instant
from edge.model.event import EventKind
from edge.model.message import Lane, Watermark
from edge.store.writer import Writer
from tests.prove.store_oracle import (
    BEGIN,
    ManualClock,
    columns_of,
    encode,
    scan_of,
    settings,
    thin,
)

TIGHT, WIDE = 300_000, 64 * 2**20
COLUMNS = {name: columns_of(name, raw=name == "raw") for name in ("one", "two", "raw")}


def padded(gateway, epoch, lane, seq, created_at, body):
    payload = encode(gateway, epoch, lane, seq, created_at, body)
    return payload if lane is Lane.EVENT else payload + b" " * 3000


class OperationsCentre:
    """Stores by number, believes tombstones, says what it holds."""

    def __init__(self):
        self.held = {lane: {} for lane in Lane}
        self.buried = {lane: set() for lane in Lane}

    def receive(self, message):
        known = self.held[message.lane].setdefault(message.seq, message.payload)
        assert known == message.payload, f"{message.lane} {message.seq} was used twice"
        said = json.loads(message.payload)
        if message.lane is Lane.EVENT and said["kind"] == EventKind.HISTORY_THINNED:
            detail = said["detail"]
            ends = iter(detail["ranges"])
            for first, last in zip(ends, ends, strict=True):
                self.buried[Lane(detail["lane"])].update(range(first, last + 1))

    def watermark(self, lane):
        there = set(self.held[lane]) | self.buried[lane]
        upto = max(self.held[lane], default=0)
        missing = sorted(set(range(1, upto + 1)) - there)
        return Watermark(upto, tuple((number, number) for number in missing))

    def forget_after(self, lane, seq):
        self.held[lane] = {n: payload for n, payload in self.held[lane].items() if n <= seq}

    def counted(self, lane):
        counted = Counter()
        for seq, payload in self.held[lane].items():
            if seq not in self.buried[lane]:
                said = json.loads(payload)
                counted.update((said["device"], number) for number in said["numbers"])
        return counted


class StoreMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="ria-store-"))
        self.lives = 0
        self.folder = self.root / "0"
        self.folder.mkdir()
        self.clock = ManualClock()
        self.centre = OperationsCentre()
        self.stored = Counter()
        self.number = 0
        self.writer = None

    @initialize(limit=st.sampled_from([TIGHT, WIDE]), raw_age_s=st.sampled_from([0.0, 5.0]))
    def begin(self, limit, raw_age_s):
        self.limit = limit
        self.options = {
            "limit_bytes": limit,
            "raw_age_s": raw_age_s,
            "synchronous": "OFF",
            "encode": padded,
            "thin": lambda *said: thin(*said) + b" " * 3000,
        }
        self.open()
        self.epoch = self.writer.epoch

    def open(self):
        self.writer = Writer(settings(self.folder, self.clock, **self.options), lambda: None)

    @rule(
        devices=st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4),
        looks=st.integers(1, 20),
        period_ms=st.sampled_from([100, 400, 7000]),
        late_s=st.sampled_from([0, 0, 0, 30]),
        power_fails=st.booleans(),
    )
    def store(self, devices, looks, period_ms, late_s, power_fails):
        for _ in range(looks):
            if self.limit == TIGHT:
                self.writer.tick()
            if self.writer.shortage:
                return
            self.number += 1
            at = max(BEGIN, self.clock.ns - late_s * NS_PER_S)
            scans = [scan_of(COLUMNS[name], self.number, at) for name in dict.fromkeys(devices)]
            place = self.writer.commit(scans)
            self.stored.update((scan.columns.device, self.number) for scan in scans)
            self.writer.follow(place, scans)
            self.clock.ns += period_ms * NS_PER_MS
        if power_fails:
            self.crash()

    @rule(times=st.integers(1, 3), passed_s=st.sampled_from([0, 1, 60, 90_000]))
    def wait(self, times, passed_s):
        self.clock.ns += passed_s * NS_PER_S
        for _ in range(times):
            self.writer.tick()

    @rule()
    def crash(self):
        self.lives += 1
        lives_on = self.root / str(self.lives)
        shutil.copytree(self.folder, lives_on)
        self.writer.close()
        shutil.rmtree(self.folder)
        self.folder = lives_on
        self.open()

    @rule()
    def restart(self):
        self.writer.close()
        self.open()

    @rule(lane=st.sampled_from(Lane), skipped=st.integers(0, 2), many=st.integers(1, 30))
    def send(self, lane, skipped, many):
        for message in self.writer.take(lane, 0, skipped + many)[skipped:]:
            self.centre.receive(message)

    @rule(lane=st.sampled_from(Lane))
    def confirm(self, lane):
        self.writer.confirm(lane, self.centre.watermark(lane))

    @precondition(lambda self: self.limit == WIDE)
    @rule(lane=st.sampled_from(Lane), kept=st.floats(0, 1))
    def restore_the_centre_from_its_backup(self, lane, kept):
        self.centre.forget_after(lane, int(kept * max(self.centre.held[lane], default=0)))
        self.writer.confirm(lane, self.centre.watermark(lane))

    def teardown(self):
        if self.writer is None:
            return
        try:
            self.add_up()
        finally:
            self.writer.close()
            shutil.rmtree(self.root)

    def add_up(self):
        assert self.writer.epoch == self.epoch
        self.writer.drain(Instant(2**62))
        for _ in range(100):
            self.writer.tick()
        for lane in (Lane.EVENT, Lane.INTERVAL, Lane.RAW):
            for message in self.writer.take(lane, 0, 100_000):
                self.centre.receive(message)
        assert self.centre.counted(Lane.INTERVAL) == self.stored
        raw = Counter({key: n for key, n in self.stored.items() if key[0] == "raw"})
        arrived = self.centre.counted(Lane.RAW)
        assert arrived <= raw
        if not self.centre.buried[Lane.RAW]:
            assert arrived == raw
        for lane in Lane:
            there = set(self.centre.held[lane]) | self.centre.buried[lane]
            assert there == set(range(1, self.writer.last(lane) + 1)), f"{lane} has holes"


TestStore = StoreMachine.TestCase
TestStore.settings = hypothesis_settings(max_examples=25, stateful_step_count=20, deadline=None)
