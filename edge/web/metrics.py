"""The gateway's numbers in the words of Prometheus; imported when somebody first asks for them."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from edge.model.clock import Clock, ClockQuality
from edge.web.lag import BOUNDS_S, LoopLag
from edge.web.source import PageSource
from edge.web.stream import Stream


class Exposition:
    """What `/metrics` answers."""

    def __init__(self, source: PageSource, clock: Clock, stream: Stream, lag: LoopLag) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._registry.register(_Gateway(source, clock, stream, lag))

    def text(self) -> bytes:
        """All of them as they stand now."""
        return generate_latest(self._registry)


class _Gateway(Collector):
    def __init__(self, source: PageSource, clock: Clock, stream: Stream, lag: LoopLag) -> None:
        self._source = source
        self._clock = clock
        self._stream = stream
        self._lag = lag

    def collect(self) -> Iterator[Metric]:
        site = self._source.site()
        yield InfoMetricFamily(
            "ria_gateway",
            "Which gateway this is, and the version it runs.",
            {"gateway": site.gateway, "version": site.version},
        )
        yield GaugeMetricFamily(
            "ria_clock_synced",
            "1 where the wall clock is disciplined by a time server.",
            float(self._clock.quality() is ClockQuality.SYNCED),
        )
        yield from self._store()
        yield from self._devices()
        yield from self._sync()
        yield from self._page()

    def _store(self) -> Iterator[Metric]:
        store = self._source.store()
        yield CounterMetricFamily(
            "ria_cells_committed", "Cells on disk since the start.", store.cells
        )
        yield CounterMetricFamily("ria_commits", "Commits since the start.", store.commits)
        yield GaugeMetricFamily("ria_store_bytes", "Disk that the store takes.", store.bytes)
        yield GaugeMetricFamily("ria_store_limit_bytes", "Its limit.", store.limit_bytes)
        yield GaugeMetricFamily(
            "ria_store_degraded", "1 where the disk refuses.", float(bool(store.degraded))
        )
        if store.last_commit_ms is not None:
            yield GaugeMetricFamily(
                "ria_store_last_commit_timestamp_seconds",
                "Unix time of the last commit.",
                store.last_commit_ms / 1000,
            )

    def _devices(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "ria_device_up", "1 where the device answers, 0 where it does not.", labels=["device"]
        )
        scans = CounterMetricFamily(
            "ria_device_scans", "Looks at the device, successful or not.", labels=["device"]
        )
        failed = CounterMetricFamily(
            "ria_device_scans_failed", "Looks that brought nothing.", labels=["device"]
        )
        last = GaugeMetricFamily(
            "ria_device_last_scan_timestamp_seconds",
            "Unix time of the last look, successful or not.",
            labels=["device"],
        )
        for health in self._source.health():
            label = [health.device]
            up.add_metric(label, float(health.state == "up"))
            scans.add_metric(label, health.scans)
            failed.add_metric(label, health.failed)
            if health.last_scan_ms is not None:
                last.add_metric(label, health.last_scan_ms / 1000)
        yield from (up, scans, failed, last)

    def _sync(self) -> Iterator[Metric]:
        sync = self._source.sync()
        yield GaugeMetricFamily(
            "ria_uplink_connected", "1 with a session at the broker.", float(sync.connected)
        )
        if sync.receiver_seen_ms is not None:
            yield GaugeMetricFamily(
                "ria_receiver_seen_timestamp_seconds",
                "Unix time at which the operations centre's receiver was last heard.",
                sync.receiver_seen_ms / 1000,
            )
        stored = CounterMetricFamily(
            "ria_messages_stored", "Last number given out in the lane.", labels=["lane"]
        )
        sent = CounterMetricFamily(
            "ria_messages_sent", "Last number handed to the broker.", labels=["lane"]
        )
        confirmed = CounterMetricFamily(
            "ria_messages_confirmed", "Messages the operations centre holds.", labels=["lane"]
        )
        waiting = GaugeMetricFamily(
            "ria_messages_waiting", "Messages stored and not confirmed.", labels=["lane"]
        )
        for lane in sync.lanes:
            label = [lane.lane]
            stored.add_metric(label, lane.stored)
            sent.add_metric(label, lane.sent)
            confirmed.add_metric(label, lane.confirmed)
            waiting.add_metric(label, lane.waiting)
        yield from (stored, sent, confirmed, waiting)

    def _page(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "ria_page_readers", "Open streams of the local page.", self._stream.readers
        )
        yield CounterMetricFamily(
            "ria_page_readers_dropped", "Readers who stalled.", self._stream.dropped
        )
        counted = 0
        buckets: list[tuple[str, float]] = []
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), self._lag.counts, strict=True):
            counted += count
            buckets.append((bound, counted))
        yield HistogramMetricFamily(
            "ria_loop_lag_seconds",
            "How late a timer of one second fired.",
            buckets=buckets,
            sum_value=self._lag.sum_s,
        )
