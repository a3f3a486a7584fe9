"""The signals of one junction, once a second: seen, asked, shielded, told.

The last scan of the controller becomes an observation; the planner answers with a request; the
shield lets out what is safe; the driver writes it. Nothing here times a lamp. Where the planner,
the scan or the road to the controller is missing, the shield gives control back, and the
controller goes on alone.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from control.fingerprint import fingerprint, spelt
from control.observe import Observation
from control.planner_words import Asked
from control.requests import LOCAL
from control.safety import Mode, Shield, Verdict
from edge.assembly.cabinet_orders import NEEDED, CabinetOrders, reason_of
from edge.assembly.promises import Promises
from edge.assembly.signal_view import SignalView
from edge.config.site import JunctionSettings
from edge.latest import Latest
from edge.model.clock import NS_PER_MS, Clock
from edge.model.event import Detail, Event, EventKind
from edge.model.scan import Scan
from edge.ports import Driver, Planner

log = logging.getLogger("ria.signals")

REQUEST_LIFE_MS = 2_000
ANSWER_S = 0.25
"""How long the planner may take: its own deadline is a tenth of this."""
AFTER_LOOK_S = 0.2
"""Devices are looked at on the whole second; what they say has come by then."""
FORGIVEN_S = 300
"""After a disagreement the controller stays alone for so long before it is taken over again."""


class JunctionControl:
    """Everything the gateway knows of one junction's signals."""

    def __init__(
        self,
        settings: JunctionSettings,
        driver: Driver,
        latest: Latest,
        planner: Planner[Observation, Asked],
        clock: Clock,
        record: Callable[[Event], None],
        answer_s: float = ANSWER_S,
    ) -> None:
        """`settings.junction` is sound: its plan file was read without a problem."""
        self.id = settings.id
        self.junction = settings.junction
        self.shield = Shield(settings.junction)
        self.state = self.shield.start(
            spelt(fingerprint(settings.junction)), now_ms=clock.mono_ns() // NS_PER_MS
        )
        self.told = LOCAL
        self.verdicts: tuple[Verdict, ...] = ()
        self._device = driver.device
        self._latest = latest
        self._planner = planner
        self._clock = clock
        self._record = record
        self._answer_s = answer_s
        self._view = SignalView(settings.junction, driver.columns, settings.detectors)
        self._orders = CabinetOrders(driver, clock, settings.id)
        self._written = (*NEEDED, *(n for n in driver.columns.names if n.startswith("display_")))
        self._promises = Promises(settings.junction)
        self._scan_ns = -1
        self._released_ms: int | None = None
        self._said = ""
        self._failed = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Control until `stop`; then give control back, as the last word to the controller."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            next_s = int(loop.time() - AFTER_LOOK_S) + 1 + AFTER_LOOK_S
            try:
                async with asyncio.timeout_at(next_s):
                    await stop.wait()
            except TimeoutError:
                await self.second()
        await self.release()

    async def second(self) -> None:
        """See, ask, judge, tell."""
        now_ms = self._clock.mono_ns() // NS_PER_MS
        scan = self._latest.of(self._device)
        seen = self._view.read_back(scan, now_ms)
        asked: Asked | None = None
        if scan is not None and seen is not None and scan.mono_ns != self._scan_ns:
            self._scan_ns = scan.mono_ns
            self._take_over(now_ms)
            observation = self._view.observation(scan, seen, now_ms // 1000)
            expires_ms = now_ms + REQUEST_LIFE_MS
            asked = await self._planner.ask(observation, expires_ms, self._answer_s)
        if seen is not None:
            self._promises.pass_by(seen.lamps, now_ms)
            if asked is not None:
                self._promises.hear(asked.promises, seen.lamps, now_ms)
        before = self.state.mode
        self.state, self.told, self.verdicts = self.shield.step(
            self.state, seen, asked.request if asked else None, now_ms, self._promises.standing
        )
        if seen is not None:
            self._promises.withdraw(self.verdicts, seen.lamps)
        if not self.told.remote:
            self._promises.withdraw_all()
        self._report(before, now_ms)
        await self._tell(scan, now_ms)

    async def release(self) -> None:
        """Give control back; what cannot be told any more the controller notices by itself."""
        self.told = LOCAL
        self._promises.withdraw_all()
        await self._tell(self._latest.of(self._device), self._clock.mono_ns() // NS_PER_MS)

    def _take_over(self, now_ms: int) -> None:
        """Accept a planner that is new, and forgive a disagreement when enough time has passed."""
        forgiven = (
            self.state.mode is Mode.RELEASED
            and self._released_ms is not None
            and now_ms - self._released_ms >= FORGIVEN_S * 1000
        )
        new = self._planner.token and self._planner.token != self.state.token
        if forgiven or (new and self.state.mode in {Mode.WATCHING, Mode.STEERING}):
            self.state = self.shield.take_over(self.state, self._planner.token)

    async def _tell(self, scan: Scan | None, now_ms: int) -> None:
        held = self._held(scan)
        numerals = self._promises.numerals(now_ms)
        why = reason_of(await self._orders.give(self.told, numerals, held))
        if why and why != self._failed:
            self._note({"what": "order not given", "reason": why})
        self._failed = why

    def _held(self, scan: Scan | None) -> Mapping[str, float]:
        if scan is None:
            return {}
        return {point: self._view.value(scan, point) for point in self._written}

    def _report(self, before: Mode, now_ms: int) -> None:
        """Changes of who decides, and why; a refusal is told when it begins, not every second."""
        refused = [v for v in self.verdicts if not v.accepted]
        turning = [v for v in refused if v.reason.startswith("control ")]
        why = next(iter(turning or refused), None)
        if self.state.mode is not before:
            self._released_ms = now_ms if self.state.mode is Mode.RELEASED else None
            self._note(
                {
                    "what": self.state.mode.name.lower(),
                    "before": before.name.lower(),
                    "reason": why.reason if why else "",
                    "invariant": why.invariant if why else "",
                    "sequence": self.state.sequence,
                }
            )
        elif why is not None and why.reason != self._said:
            self._note({"what": "refused", "reason": why.reason, "invariant": why.invariant})
        self._said = why.reason if why else ""

    def _note(self, detail: dict[str, Detail]) -> None:
        log.info("%s: %s", self.id, detail)
        self._record(Event(EventKind.COMMAND, self._clock.now(), self.id, detail))
