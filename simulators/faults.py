"""What may go wrong between a gateway and its devices, and when: decided here, done elsewhere."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.errors import ConfigError
from edge.model.clock import NS_PER_MS, NS_PER_S, Instant

_UNITS_NS = {"ms": NS_PER_MS, "s": NS_PER_S, "min": 60 * NS_PER_S, "h": 3600 * NS_PER_S}

Duration = Annotated[str, Meta(pattern=r"^\d+(\.\d+)?(ms|s|min|h)$")]
"""A number and `ms`, `s`, `min` or `h`."""


class Fault(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="fault"
):
    """One thing that goes wrong, with some devices, for some time."""

    devices: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Ids of the site file; `*` is every device."""
    since: Duration = "0s"
    """After the start of the simulation."""
    until: Duration | None = None
    """After the start; for ever where it is left out."""
    every: Duration | None = None
    """The span comes again with this period: `since: 10s, until: 12s, every: 60s`."""


class AnswerFault(Fault, frozen=True, kw_only=True):
    """Something wrong with single answers."""

    chance: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    """Share of the answers that it befalls, while it lasts."""


class Slow(AnswerFault, frozen=True, kw_only=True, tag="slow"):
    """The answer is right but comes late."""

    delay: Duration


class Silent(AnswerFault, frozen=True, kw_only=True, tag="silent"):
    """No answer."""


class Refuses(AnswerFault, frozen=True, kw_only=True, tag="exception"):
    """An exception response instead of the answer."""

    code: Annotated[int, Meta(ge=1, le=11)]


class Garbage(AnswerFault, frozen=True, kw_only=True, tag="garbage"):
    """Random bytes before, after or instead of the answer."""

    where: Literal["before", "after", "instead"] = "instead"
    length: Annotated[int, Meta(ge=1, le=260)] = 7


class Truncated(AnswerFault, frozen=True, kw_only=True, tag="truncated"):
    """The answer breaks off."""

    keep: Annotated[int, Meta(ge=0, le=260)] = 6
    """Bytes that still come."""


class WrongTransaction(AnswerFault, frozen=True, kw_only=True, tag="wrong_transaction"):
    """The answer carries another transaction id. Modbus TCP only."""


class WrongUnit(AnswerFault, frozen=True, kw_only=True, tag="wrong_unit"):
    """The answer carries another unit id."""


class WrongCrc(AnswerFault, frozen=True, kw_only=True, tag="wrong_crc"):
    """The answer's check sum is broken. Modbus RTU only."""


class HalfOpen(Fault, frozen=True, tag="half_open"):
    """Connections are accepted and kept, and never answer again, even when the span is over."""


class ClosesAfterAccept(Fault, frozen=True, tag="close_after_accept"):
    """Every connection is closed as soon as it is accepted. Modbus TCP only."""


class Away(Fault, frozen=True, tag="away"):
    """The server is gone: connections are refused, the serial port is not there."""


class ValueFault(Fault, frozen=True, kw_only=True):
    """Something wrong with the values, while every answer is well formed."""

    points: tuple[str, ...] = ()
    """Names in the profile; none is all that it can befall."""


class Frozen(ValueFault, frozen=True, kw_only=True, tag="frozen"):
    """Values stand still."""


class ResetCounter(ValueFault, frozen=True, kw_only=True, tag="reset_counter"):
    """Counters begin again at zero when the span begins, and count on from there for good."""


class NotANumber(ValueFault, frozen=True, kw_only=True, tag="nan"):
    """Floats are NaN."""


class Sentinel(ValueFault, frozen=True, kw_only=True, tag="sentinel"):
    """The device's own mark for "not available". Modbus only."""


class BadStatus(ValueFault, frozen=True, kw_only=True, tag="bad_status"):
    """Values come with a bad or uncertain status. OPC UA only."""

    status: str = "BadSensorFailure"
    """A name of OPC 10000-6, A.2."""


AnyFault = (
    Slow | Silent | Refuses | Garbage | Truncated | WrongTransaction | WrongUnit | WrongCrc
    | HalfOpen | ClosesAfterAccept | Away | Frozen | ResetCounter | NotANumber | Sentinel
    | BadStatus
)  # fmt: skip

TCP_ONLY = (WrongTransaction, ClosesAfterAccept, HalfOpen)
RTU_ONLY = (WrongCrc,)
OPCUA_ABLE = (Frozen, ResetCounter, NotANumber, BadStatus, Away)
OPCUA_ONLY = (BadStatus,)


class _Span(msgspec.Struct, frozen=True):
    since_ns: int
    until_ns: int | None
    every_ns: int
    fault: AnyFault

    def covers(self, elapsed_ns: int) -> bool:
        """Whether this much after the start lies inside."""
        if elapsed_ns < self.since_ns:
            return False
        if self.until_ns is None:
            return True
        if self.every_ns:
            elapsed_ns = self.since_ns + (elapsed_ns - self.since_ns) % self.every_ns
        return elapsed_ns < self.until_ns


class Schedule:
    """Who is befallen by what, when. Pure: the same instant always gives the same answer."""

    def __init__(
        self, faults: Iterable[AnyFault], devices: Sequence[str], started_at: Instant
    ) -> None:
        self._started_at = started_at
        self._spans: dict[str, list[_Span]] = {}
        for fault in faults:
            span = _span(fault)
            names = devices if "*" in fault.devices else fault.devices
            for name in names:
                if name not in devices:
                    raise ConfigError(
                        f"a {kind_of(fault)} fault names the device {name!r}, which the site does "
                        f"not have: name one of {', '.join(sorted(devices))}, or '*'"
                    )
                self._spans.setdefault(name, []).append(span)

    def active(self, device: str, at: Instant) -> tuple[AnyFault, ...]:
        """What befalls this device at this instant, in the order of the file."""
        spans = self._spans.get(device)
        if spans is None:
            return ()
        elapsed_ns = at - self._started_at
        return tuple(span.fault for span in spans if span.covers(elapsed_ns))

    def all_of(self, device: str) -> tuple[AnyFault, ...]:
        """What may ever befall this device."""
        return tuple(span.fault for span in self._spans.get(device, ()))


def kind_of(fault: AnyFault) -> str:
    """The fault's name in a file."""
    return str(fault.__struct_config__.tag)


def duration_ns(text: str) -> int:
    """Nanoseconds of `800ms`, `10s`, `2min`, `1h`.

    Raises:
        ValueError: it is no such text.
    """
    for unit, ns in _UNITS_NS.items():
        number = text.removesuffix(unit)
        if number != text and number[-1:].isdigit():
            return round(float(number) * ns)
    raise ValueError(f"{text!r} is no duration: write a number and ms, s, min or h, as in 800ms")


def _span(fault: AnyFault) -> _Span:
    since_ns = duration_ns(fault.since)
    until_ns = None if fault.until is None else duration_ns(fault.until)
    every_ns = 0 if fault.every is None else duration_ns(fault.every)
    if until_ns is not None and until_ns <= since_ns:
        raise ConfigError(
            f"a {kind_of(fault)} fault lasts from {fault.since} until {fault.until}: "
            "let it end after it begins"
        )
    if every_ns and (until_ns is None or every_ns < until_ns - since_ns):
        raise ConfigError(
            f"a {kind_of(fault)} fault comes again every {fault.every}, which is shorter than it "
            "lasts: give it an end before it comes again"
        )
    return _Span(since_ns, until_ns, every_ns, fault)
