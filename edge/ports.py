"""What each neighbour must offer. The siblings meet here and nowhere else."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol, TypeVar

from edge.model.clock import Instant
from edge.model.command import Command, Outcome
from edge.model.event import Event
from edge.model.message import Lane, Message, Watermark
from edge.model.point import Columns
from edge.model.scan import Scan
from edge.model.summary import RawCells, Summary

Body = Summary | RawCells | Event
"""What a letter can say."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A body and the lane it will take; its number is given in the transaction that stores it."""

    lane: Lane
    body: Body


class Driver(Protocol):
    """One device, polled or pushed alike."""

    device: str

    def scans(self) -> AsyncIterator[Scan]:
        """Scans until `stop`; a silent device yields failed Scans at its period."""
        ...

    def stop(self) -> None:
        """Begin no further look: `scans` yields the one under way and ends."""
        ...

    async def execute(self, command: Command) -> Outcome:
        """Do as the command says; never raises for what the device or its link answers."""
        ...

    @property
    def columns(self) -> Columns:
        """What its scans are made of."""
        ...


Seen_contra = TypeVar("Seen_contra", contravariant=True)
Asked_co = TypeVar("Asked_co", covariant=True)


class Planner(Protocol[Seen_contra, Asked_co]):
    """Whom the signals of a junction ask, once a second; what they say is their own affair."""

    @property
    def token(self) -> str:
        """Names the takeover; empty while nobody is there to be asked."""
        ...

    async def ask(self, seen: Seen_contra, expires_ms: int, within_s: float) -> Asked_co | None:
        """What is wished, having seen this; None where nothing comes in time. Never raises."""
        ...


class Digest(Protocol):
    """Pure memory of the open windows; the store keeps it and gives it back after a crash."""

    def absorb(self, scan: Scan) -> list[Letter]:
        """Take one scan; what it closed or showed."""
        ...

    def close_until(self, now: Instant, grace_s: float | None = None) -> list[Letter]:
        """Close what ended at or before `now`, for devices that have fallen silent.

        A device may be late by two periods, or by `grace_s`; a drain leaves no grace.
        """
        ...

    def state_of(self, device: str) -> bytes:
        """The device's open window and memories, to be stored with its cursor."""
        ...

    def restore(self, device: str, state: bytes) -> None:
        """Take back what `state_of` gave."""
        ...


Encode = Callable[[str, str, Lane, int, Instant, Body], bytes]
"""`(gateway, epoch, lane, seq, created_at, body) -> payload`: pure, the same bytes each time."""


Thin = Callable[[str, str, int, Instant, Sequence[bytes]], bytes]
"""`(gateway, epoch, seq, created_at, payloads) -> payload`: one `interval` message that says, over
a longer window, what these said of one device over consecutive ones. Pure."""


class Watcher(Protocol):
    """A rule that looks at every scan and says what happened."""

    def watch(self, scan: Scan) -> list[Event]:
        """What this scan shows that the one before did not."""
        ...

    def state_of(self, device: str) -> bytes:
        """What the rule remembers of the device."""
        ...

    def restore(self, device: str, state: bytes) -> None:
        """Take back what `state_of` gave."""
        ...


class Journal(Protocol):
    """Where scans become durable."""

    def append(self, scan: Scan) -> Future[None]:
        """Enqueue; the future is done when a power cut can no longer lose it."""
        ...

    def record(self, event: Event) -> Future[None]:
        """Put an event that no scan shows (a clock step, a start) into its lane."""
        ...


class Outbox(Protocol):
    """Messages on disk until the operations centre holds them."""

    epoch: str

    async def take(self, lane: Lane, after: int, limit: int) -> Sequence[Message]:
        """Up to `limit` unconfirmed messages with `seq > after`, oldest first."""
        ...

    async def confirm(self, lane: Lane, watermark: Watermark) -> None:
        """The operations centre holds these, and nothing beyond them.

        A watermark that holds less than the one before (a receiver restored from a backup) takes
        confirmation back: what is still kept on disk is taken out again by `take`.

        Raises:
            ValueError: the watermark is beyond the last number given out.
        """
        ...

    async def last(self, lane: Lane) -> int:
        """The last number given out in the lane; 0 where none was."""
        ...

    def on_new(self, wake: Callable[[], None]) -> None:
        """Call `wake` in the event loop whenever a message was stored."""
        ...


class Uplink(Protocol):
    """A session with the broker."""

    async def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        """Return when the broker has taken it (QoS 1: its PUBACK): flow control, no receipt."""
        ...

    def messages(self) -> AsyncIterator[tuple[str, bytes]]:
        """What comes down, as `(topic, payload)`."""
        ...


Supervise = Callable[[str, Callable[[], Awaitable[None]]], Awaitable[None]]
"""`(name, run) -> None`: run it, again after a transient error."""
