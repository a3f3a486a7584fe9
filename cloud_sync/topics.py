"""Every topic of the wire between gateways and the operations centre.

ria/v1/<gateway>/up/<lane>          audit, event, interval, raw: sequenced, QoS 1
ria/v1/<gateway>/up/live            latest values, QoS 0, never stored
ria/v1/<gateway>/up/site            what the gateway reads and where it stands; retained
ria/v1/<gateway>/down/watermark     what the operations centre holds; retained
"""

import re
from dataclasses import dataclass
from typing import Literal

from edge.model.message import Lane

ROOT = "ria/v1"
EVERY_UP = f"{ROOT}/+/up/#"
"""All that gateways send, for the receiver's subscription."""

GATEWAY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A gateway's name is one level of a topic: no `/`, no wildcard, at most 64 letters."""

Leaf = Lane | Literal["live", "site", "watermark"]


@dataclass(frozen=True, slots=True)
class Topic:
    """Whom a message is from or for, and what it is."""

    gateway: str
    leaf: Leaf


def lane(gateway: str, lane: Lane) -> str:
    """Where the messages of one sequenced lane go up."""
    return f"{ROOT}/{_checked(gateway)}/up/{lane.value}"


def live(gateway: str) -> str:
    """Where the latest values go up."""
    return f"{ROOT}/{_checked(gateway)}/up/live"


def site(gateway: str) -> str:
    """Where the description of the site goes up."""
    return f"{ROOT}/{_checked(gateway)}/up/site"


def watermark(gateway: str) -> str:
    """Where the operations centre says what it holds."""
    return f"{ROOT}/{_checked(gateway)}/down/watermark"


def parse(topic: str) -> Topic:
    """Read a topic back.

    Raises:
        ValueError: it is none of the four kinds above.
    """
    root, _, rest = topic.partition("/v1/")
    levels = rest.split("/")
    if f"{root}/v1" != ROOT or len(levels) != 3 or not GATEWAY_NAME.fullmatch(levels[0]):
        raise ValueError(f"topic {topic!r} is not {ROOT}/<gateway>/up|down/<leaf>")
    match levels:
        case [gateway, "up", "audit" | "event" | "interval" | "raw" as leaf]:
            return Topic(gateway, Lane(leaf))
        case [gateway, "up", "live" | "site" as leaf]:
            return Topic(gateway, leaf)
        case [gateway, "down", "watermark"]:
            return Topic(gateway, "watermark")
        case _:
            raise ValueError(
                f"topic {topic!r} ends in {'/'.join(levels[1:])!r}: known are up/audit, up/event, "
                "up/interval, up/raw, up/live, up/site and down/watermark"
            )


def _checked(gateway: str) -> str:
    if not GATEWAY_NAME.fullmatch(gateway):
        raise ValueError(
            f"gateway name {gateway!r} cannot stand in a topic: use 1 to 64 letters, digits, "
            "dots, dashes and underscores, beginning with a letter or digit"
        )
    return gateway
