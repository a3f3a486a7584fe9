"""What a controller is configured with, as one number: it is compared before anything is asked."""

import hashlib

import msgspec

from control.model import Junction

BITS = 48
"""A double carries it whole, and so does every point of a device."""


def fingerprint(junction: Junction) -> int:
    """48 bits that change with every interval, conflict, stage or countdown (I19, I21).

    Detectors and plans are no part of it: they may be improved without touching the lamps.
    """
    content = (
        junction.groups,
        sorted(junction.conflicts),
        sorted(junction.yields),
        sorted(junction.intergreen_s.items()),
        [(stage.id, sorted(stage.green), sorted(stage.yielding)) for stage in junction.stages],
        sorted((countdown.group, countdown.last_s) for countdown in junction.countdowns),
        junction.startup_red_s,
        junction.start_stage,
    )
    digest = hashlib.sha256(msgspec.msgpack.encode(content)).digest()
    return int.from_bytes(digest[: BITS // 8], "big")


def spelt(number: int) -> str:
    """The same as twelve hex digits, for people and for the shield."""
    return f"{number:012x}"
