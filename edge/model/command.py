"""Asking a device to do something, and what came of it."""

from dataclasses import dataclass

from edge.model.clock import Instant


@dataclass(frozen=True, slots=True)
class Command:
    """Set one point to one value. A late command is worse than none, so it always expires."""

    id: str
    device: str
    point: str
    value: float
    issued_at: Instant
    expires_at: Instant
    origin: str


@dataclass(frozen=True, slots=True)
class Applied:
    """The device took it, and read back as asked."""

    at: Instant
    read_back: float


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not done, and the device is as it was."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """It may or may not have been done: the answer never came."""

    reason: str


@dataclass(frozen=True, slots=True)
class Expired:
    """Its time had passed before it could be tried."""


Outcome = Applied | Refused | Unreachable | Expired
