"""The site as one piece: which device hangs on which plant, and who is to be woken next."""

import heapq
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from drivers.settings import DeviceSettings
from edge.model.clock import Instant
from simulators.device import SimDevice
from simulators.feeder import Feeder
from simulators.junction import Junction
from simulators.meter import WRITTEN, Meter
from simulators.signal_cabinet import SignalCabinet
from simulators.water_plant import WaterPlant

_PLANT_OF = {
    "electricity": "feeder",
    "water": "water",
    "water_quality": "water",
    "plant": "water",
    "traffic": "junction",
}
"""The plant on which devices of a domain hang. One of each serves a whole site."""

_INLET = {"in", "inlet"}
_OUTLET = {"out", "outlet", "network"}


@dataclass(slots=True)
class _Member:
    """A device of the world and what it showed last."""

    device: SimDevice
    order: int
    """Plants before the meters that read them."""
    source: "_Member | None" = None
    readers: list["_Member"] = field(default_factory=list)
    inputs: dict[str, float] = field(default_factory=dict)
    outputs: dict[str, float] = field(default_factory=dict)


NO_CABINETS: Mapping[str, SignalCabinet] = MappingProxyType({})


class Plant:
    """Everything that a site's devices measure. Pure: `advance` is the only way time comes in."""

    def __init__(
        self,
        devices: Sequence[DeviceSettings],
        rng: random.Random,
        *,
        step_s: float = 0.5,
        cabinets: Mapping[str, SignalCabinet] = NO_CABINETS,
    ) -> None:
        """`cabinets` are signal controllers with a plan, by device: worlds of their own."""
        seed = rng.getrandbits(64)
        self._members: list[_Member] = []
        self._meters: dict[str, tuple[_Member, Meter]] = {}
        devices = [device for device in devices if device.id not in cabinets]
        self._queue: list[tuple[Instant, int]] = []
        self._due: set[int] = set()
        self._cabinets = cabinets
        self._shows = {name: self._join(cabinet, None) for name, cabinet in cabinets.items()}
        plants: dict[str, _Member] = {}
        feeders = sum(_PLANT_OF[d.profile.domain] == "feeder" for d in devices)
        for name in sorted({_PLANT_OF[d.profile.domain] for d in devices}):
            own = random.Random(f"{seed}/{name}")
            physics: SimDevice
            if name == "feeder":
                physics = Feeder(feeders - 1, own, step_s=step_s)
            elif name == "water":
                physics = WaterPlant(own, step_s=step_s)
            else:
                physics = Junction(own)
            plants[name] = self._join(physics, None)
        for settings, places in zip(devices, _places(devices), strict=True):
            # Each device has its own dice: another one on the site does not change it.
            meter = Meter(settings, random.Random(f"{seed}/{settings.id}"), places)
            member = self._join(meter, plants[_PLANT_OF[settings.profile.domain]])
            self._meters[settings.id] = (member, meter)
            self._shows[settings.id] = member

    def _join(self, device: SimDevice, source: _Member | None) -> _Member:
        member = _Member(device, len(self._members), source)
        self._members.append(member)
        self._due.add(member.order)
        if source is not None:
            source.readers.append(member)
        return member

    def advance(self, at: Instant) -> Instant | None:
        """Bring the world to `at`; when it wants to be woken next, None for never."""
        while self._queue and self._queue[0][0] <= at:
            self._due.add(heapq.heappop(self._queue)[1])
        while self._due:
            order = min(self._due)
            self._due.remove(order)
            member = self._members[order]
            inputs = member.inputs
            if member.source is not None:
                inputs = member.source.outputs | inputs
            member.outputs, call_at = member.device.update(at, inputs)
            self._due.update(reader.order for reader in member.readers)
            if call_at is not None and (call_at, order) not in self._queue:
                heapq.heappush(self._queue, (call_at, order))
        return self._queue[0][0] if self._queue else None

    def outputs(self, device: str) -> Mapping[str, float]:
        """What a device shows, by point, in the points' units."""
        return self._shows[device].outputs

    def write(self, device: str, point: str, value: float) -> None:
        """A gateway has set a point: an order to the plant where the plant knows it, else kept."""
        if device in self._cabinets:
            self._cabinets[device].write(point, value)
            self._due.add(self._shows[device].order)
            return
        member, meter = self._meters[device]
        signal = meter.signals.get(point)
        if signal is not None and member.source is not None:
            member.source.inputs[signal.name] = value * signal.to_signal
            self._due.add(member.source.order)
        else:
            member.inputs[WRITTEN + point] = value
            self._due.add(member.order)


def _places(devices: Sequence[DeviceSettings]) -> list[dict[str, str]]:
    """Where each device sits: the first meter at the head of the feeder, the others on branches.

    A flow meter whose id has the word `out` or `outlet` measures the outlet; else the first one of
    a site measures the inlet, and the ones after it the outlet, but for those called `in`, `inlet`.
    """
    places = []
    meters = flows = 0
    for settings in devices:
        domain, words = settings.profile.domain, set(re.split(r"[^a-z]+", settings.id.lower()))
        place = ""
        if domain == "electricity":
            place = f"branch{meters}." if meters else "head."
            meters += 1
        elif domain == "water":
            outlet = bool(words & _OUTLET) or (flows > 0 and not words & _INLET)
            place = "outlet_" if outlet else "inlet_"
            flows += 1
        quality = "outlet_" if words & _OUTLET else ""
        places.append({"place": place, "quality": quality})
    return places
