"""The power goes at any moment: what was acknowledged is counted once, what was sent still stands."""

import os
import random
from uuid import uuid4

import pytest

from edge.model.clock import NS_PER_S, Instant
from edge.model.message import Lane, Watermark
from edge.store.writer import Writer
from tests.prove.power_loss_vfs import PowerLossVfs, image
from tests.prove.store_oracle import ManualClock, columns_of, faults, scan_of, settings

IMAGES = int(os.environ.get("RIA_POWER_LOSS_IMAGES", "300"))
FOREVER = Instant(2**62)
SMALL = 2 * 2**20
"""A limit that makes logs wrap and segments turn within the run."""


class Run:
    """A store that lives through commits, closed windows, restarts and days, on a logged disk."""

    def __init__(self, folder, synchronous):
        folder.mkdir()
        self.vfs = PowerLossVfs(f"power-loss-{uuid4()}", folder)
        self.folder = folder
        self.synchronous = synchronous
        self.clock = ManualClock()
        self.offered = set()
        self.acknowledged = {}
        self.sent = {}
        """By step: what a reader had seen of the outbox."""
        self._live()

    def _live(self):
        pump, meter = columns_of("pump", raw=True), columns_of("meter")
        writer = self._open()
        for group in range(150):
            number = group * 3
            scans = [scan_of(pump, n) for n in range(number, number + 3)]
            scans += [scan_of(meter, number)]
            self.offered |= {(s.columns.device, int(s.values[0])) for s in scans}
            place = writer.commit(scans)
            self.acknowledged[len(self.vfs.steps)] = frozenset(self.offered)
            writer.follow(place, scans)
            self.clock.ns += NS_PER_S // 3
            if group % 3 == 0:
                writer.tick()
            if group % 7 == 0:
                writer.confirm(Lane.INTERVAL, Watermark(writer.last(Lane.INTERVAL)))
            self.sent[len(self.vfs.steps)] = frozenset(taken(writer))
            if group % 40 == 39:
                writer.close()
                self.clock.ns += NS_PER_S * 86_400 * (group > 100)
                writer = self._open()
        writer.close()

    def _open(self):
        return Writer(
            settings(
                self.folder,
                self.clock,
                limit_bytes=SMALL,
                raw_age_s=2.0,
                synchronous=self.synchronous,
                vfs=self.vfs.name,
            ),
            lambda: None,
        )

    def known_at(self, cut):
        """`(acknowledged, sent)` when the power went."""
        acknowledged = [known for at, known in self.acknowledged.items() if at <= cut]
        sent = [known for at, known in self.sent.items() if at <= cut]
        return acknowledged[-1] if acknowledged else set(), sent[-1] if sent else set()


def taken(writer):
    return [message for lane in Lane for message in writer.take(lane, 0, 10_000)]


def after_the_cut(run, cut, folder, rng):
    """What is wrong once the machine is up again; empty where nothing is."""
    folder.mkdir()
    image(run.vfs.steps[:cut], folder, rng)
    acknowledged, sent = run.known_at(cut)
    writer = Writer(settings(folder, run.clock, limit_bytes=SMALL, synchronous="OFF"), lambda: None)
    writer.drain(FOREVER)
    writer.confirm(Lane.INTERVAL, Watermark(0))
    messages = taken(writer)
    writer.close()
    found = faults(messages, acknowledged, run.offered)
    raw = {key for key in acknowledged if key[0] == "pump"}
    found |= {f"raw {k}": v for k, v in faults(messages, raw, run.offered, Lane.RAW).items()}
    if changed := sent - set(messages):
        found["sent and then changed"] = sorted(m.seq for m in changed)
    return found


@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_or_counted_twice(tmp_path):
    run = Run(tmp_path / "run", "FULL")
    rng = random.Random(20)
    for i in range(IMAGES):
        cut = rng.randrange(len(run.vfs.steps) + 1)
        found = after_the_cut(run, cut, tmp_path / str(i), rng)
        assert not found, f"image {i}, cut after step {cut} of {len(run.vfs.steps)}: {found}"


@pytest.mark.timeout(300)
def test_the_same_cuts_do_lose_without_the_sync(tmp_path):
    run = Run(tmp_path / "run", "NORMAL")
    rng = random.Random(20)
    cuts = [rng.randrange(len(run.vfs.steps) + 1) for _ in range(IMAGES // 5)]
    losing = sum(
        "lost" in after_the_cut(run, cut, tmp_path / str(i), rng) for i, cut in enumerate(cuts)
    )
    assert losing > len(cuts) // 10
