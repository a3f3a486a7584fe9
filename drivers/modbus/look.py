"""One look at one device: what to ask, what refusals teach, and what came of it."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from drivers.modbus.blocks import Block, plan, span_of, split
from drivers.modbus.bus import Answer, Bus, cause_of
from drivers.modbus.frames import Request, read
from drivers.profile import WIDTH, PointSpec, Profile
from drivers.registers import Decoder, compile_decoder, decode_fact
from edge.errors import BadFrame, DeviceRefused, LinkDown, NoAnswer
from edge.model.quality import Quality, QualityArray
from edge.model.scan import Values

ILLEGAL_ADDRESS = 2
STRIKES = 3
"""Looks in a row in which a block that was once answered must be refused before that is believed:
a controller that restarts refuses everything for a while."""


_known: dict[tuple[int, tuple[str, ...]], tuple[Profile, tuple[Block, ...], Decoder]] = {}


def _for_all_alike(
    profile: Profile, specs: Sequence[PointSpec]
) -> tuple[tuple[Block, ...], Decoder]:
    """Plan and decoder, made once for all devices of one profile: fifty start as fast as one.

    Looks of one event loop decode one after the other, so they may share a decoder's buffer.
    """
    key = (id(profile), tuple(spec.name for spec in specs))
    if key not in _known:
        blocks = plan(specs, profile.limits)
        # the profile is kept too: another object may not take its place in memory
        _known[key] = profile, blocks, compile_decoder(profile, specs, blocks)
    _, blocks, decoder = _known[key]
    return blocks, decoder


class Look(NamedTuple):
    """What a look brought, and when the device was asked first and had answered last."""

    values: Values
    quality: QualityArray
    asked_ns: int
    """0 where the device answered nothing."""
    answered_ns: int


class Looker:
    """Knows what to ask one unit, and learns from what it refuses.

    A block that is refused (exceptions 1 to 3; 2 only twice in a row, for overloaded devices send
    it at random) is asked for again in two parts, within the same look, until what is refused
    stands alone. That value is REFUSED, and is not asked for again for `probe_s`.
    """

    def __init__(
        self, profile: Profile, specs: Sequence[PointSpec], unit: int, probe_s: float = 300.0
    ) -> None:
        self._profile = profile
        self._specs = specs
        self._unit = unit
        self._probe_s = probe_s
        self._rest_s = profile.limits.turnaround_ms / 1000
        self._spans = frozenset(span_of(spec) for spec in specs)
        self._probe_at_s: dict[Block, float] = {}
        self._strikes: dict[Block, int] = {}
        self._requests: dict[Block, Request] = {}
        self._blocks, self._decoder = _for_all_alike(profile, specs)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What is read in each look."""
        return self._blocks

    @property
    def refused(self) -> frozenset[Block]:
        """What the device says it does not have."""
        return frozenset(self._probe_at_s)

    async def look(self, bus: Bus, now_s: float) -> Look:
        """Ask for everything once. Cells that were not read carry the reason; raises nothing."""
        probes = [b for b, at_s in self._probe_at_s.items() if at_s <= now_s]
        waiting = deque([*self._blocks, *probes])
        answers: dict[Block, bytes | Quality] = {}
        wake_retries = self._profile.limits.wake_retries
        asked_ns = answered_ns = 0
        recovered = False
        while waiting:
            block = waiting.popleft()
            try:
                answer = await self._ask(bus, block, wake_retries)
            except DeviceRefused as error:
                cause = cause_of(error)
                if cause != Quality.REFUSED or self._disbelieved(block):
                    answers[block] = cause
                elif parts := split(block, self._spans):
                    waiting.extendleft(reversed(parts))
                else:
                    self._probe_at_s[block] = now_s + self._probe_s
            except (LinkDown, NoAnswer, BadFrame) as error:
                if block not in self._probe_at_s:
                    answers[block] = cause_of(error)
            else:
                wake_retries = 0
                asked_ns, answered_ns = asked_ns or answer.asked_ns, answer.answered_ns
                answers[block] = answer.content
                self._strikes[block] = 0
                recovered |= self._probe_at_s.pop(block, None) is not None
        if tuple(answers) != self._blocks:
            self._adopt(tuple(answers))
        values, quality = self._decoder.decode([*answers.values()])
        if recovered:
            # what was learnt may be as outdated: the next look begins with the largest reads again
            known = [s for s in self._specs if span_of(s) not in self._probe_at_s]
            self._adopt(plan(known, self._profile.limits))
        return Look(values, quality, asked_ns, answered_ns)

    async def facts(self, bus: Bus) -> dict[str, str]:
        """The texts that the device tells of itself; those it refuses are left out.

        Raises:
            LinkDown, NoAnswer, BadFrame: the device is away.
        """
        found: dict[str, str] = {}
        for spec in self._profile.facts:
            count = spec.length if spec.type == "string" else WIDTH[spec.type]
            block = Block(spec.table, spec.address, count)
            try:
                answer = await self._ask(bus, block, self._profile.limits.wake_retries)
            except DeviceRefused:
                continue
            found[spec.name] = decode_fact(self._profile, spec, answer.content)
        return found

    def _adopt(self, blocks: tuple[Block, ...]) -> None:
        self._blocks = blocks
        self._strikes = {b: n for b, n in self._strikes.items() if b in blocks}
        self._decoder = compile_decoder(self._profile, self._specs, blocks)

    def _disbelieved(self, block: Block) -> bool:
        """Whether this refusal of a block that was once answered is still one too few."""
        if block not in self._strikes:
            return False
        self._strikes[block] += 1
        return self._strikes[block] < STRIKES

    async def _ask(self, bus: Bus, block: Block, wake_retries: int) -> Answer:
        request = self._requests.get(block)
        if request is None:
            request = self._requests[block] = read(self._unit, block)
        try:
            return await bus.ask(request, wake_retries=wake_retries, rest_s=self._rest_s)
        except DeviceRefused as error:
            if error.code != ILLEGAL_ADDRESS:
                raise
        return await bus.ask(request, rest_s=self._rest_s)
