"""What the payloads hold, field for field: the same structures on both sides of the wire.

`cloud_sync/schema/*.json` says the same in JSON Schema; `docs/reference/wire.md` in words.
Times are integer milliseconds since 1970-01-01T00:00:00Z. A number that does not exist is null.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from edge.model.event import EventKind
from edge.model.message import Lane
from edge.model.point import Kind

VERSION: Literal[1] = 1

LARGEST = 2**53 - 1
"""RFC 8259, 6: integers up to here mean the same to every reader of JSON."""

At = Annotated[int, Meta(ge=0, le=LARGEST)]
"""Unix time in milliseconds."""
Count = Annotated[int, Meta(ge=0, le=LARGEST)]
Code = Annotated[int, Meta(ge=0, le=255)]
"""A quality code of `edge.model.quality`."""
Seq = Annotated[int, Meta(ge=1, le=LARGEST)]
Name = Annotated[str, Meta(min_length=1)]
Numbers = Sequence[float | None]


class _Form(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A JSON object without room for a field that the schema does not name."""


class Gauges(_Form, frozen=True):
    """Levels: one array per column, all in the order of `points`."""

    points: Sequence[Name]
    unit: Sequence[str]
    """UCUM codes."""
    mean: Numbers
    """Time-weighted over good cells."""
    min: Numbers
    max: Numbers
    last: Numbers
    count: Sequence[Count]
    """Cells in the window, good or not."""
    good: Sequence[Count]
    good_s: Sequence[float]
    """Seconds for which a good value stood: the weight of `mean`."""
    quality: Sequence[Code] | None = None
    """Of the last cell; left out where all are 192, good."""

    def __post_init__(self) -> None:
        _same_length(
            self.points,
            unit=self.unit,
            mean=self.mean,
            min=self.min,
            max=self.max,
            last=self.last,
            count=self.count,
            good=self.good,
            good_s=self.good_s,
            quality=self.quality,
        )


class Counters(_Form, frozen=True):
    """Accumulators: what they rose by, through resets and rollovers."""

    points: Sequence[Name]
    unit: Sequence[str]
    delta: Numbers
    last: Numbers
    epoch: Sequence[Count]
    """Rises with each reset or exchange: readings of two epochs do not compare."""
    count: Sequence[Count]
    good: Sequence[Count]
    quality: Sequence[Code] | None = None

    def __post_init__(self) -> None:
        _same_length(
            self.points,
            unit=self.unit,
            delta=self.delta,
            last=self.last,
            epoch=self.epoch,
            count=self.count,
            good=self.good,
            quality=self.quality,
        )


class States(_Form, frozen=True):
    """Codes and bits: how long each value stood."""

    points: Sequence[Name]
    last: Numbers
    count: Sequence[Count]
    good: Sequence[Count]
    seconds: Sequence[dict[int, float]]
    """For each point, seconds by value; JSON writes the value as a text."""
    quality: Sequence[Code] | None = None

    def __post_init__(self) -> None:
        _same_length(
            self.points,
            last=self.last,
            count=self.count,
            good=self.good,
            seconds=self.seconds,
            quality=self.quality,
        )


class Interval(_Form, frozen=True):
    """One device over one window, `since <= t < until`; a kind without points is left out."""

    device: Name
    since: At
    until: At
    clock_stepped: bool = False
    """The wall clock was stepped inside the window: its length is not to be trusted."""
    gauges: Gauges | None = None
    counters: Counters | None = None
    states: States | None = None

    def __post_init__(self) -> None:
        if self.until <= self.since:
            raise ValueError(f"window ends at {self.until} ms, not after its start {self.since} ms")


Run = tuple[Code | None, Seq]
"""A quality code, null where no cell came, and how many times in a row it stands."""


class Cells(_Form, frozen=True):
    """Every reading of a device's raw points: one array per point, all in the order of `t`."""

    device: Name
    points: Sequence[Name]
    t: Sequence[At]
    values: Sequence[Numbers]
    quality: Sequence[Sequence[Run]] | None = None
    """For each point its runs, adding up to the length of `t`; left out where all cells came and
    all are 192, good."""

    def __post_init__(self) -> None:
        _same_length(self.points, values=self.values, quality=self.quality)
        if any(len(column) != len(self.t) for column in self.values):
            raise ValueError(f"values: each point needs {len(self.t)} numbers, one for each t")
        for runs in self.quality or ():
            if (cells := sum(times for _, times in runs)) != len(self.t):
                raise ValueError(f"quality: runs add up to {cells} cells, not {len(self.t)}")


Fact = str | int | float | bool | None | Sequence[str | int]


class Happening(_Form, frozen=True):
    """One thing that happened; `detail` depends on its kind."""

    kind: EventKind
    subject: str
    at: At
    detail: Mapping[str, Fact] = {}


Said = TypeVar("Said", bound=Interval | Cells | Happening)


class Letter(_Form, Generic[Said], frozen=True):
    """A sequenced message: `(gateway, epoch, lane, seq)` names it for ever."""

    v: Literal[1]
    gateway: Name
    epoch: Name
    lane: Lane
    seq: Seq
    at: At
    """When the message was made."""
    body: Said


AnyLetter = Letter[Interval] | Letter[Cells] | Letter[Happening]


class Place(_Form, frozen=True):
    """Where the site stands, for a map."""

    name: str
    province: str = ""
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    """Degrees north, WGS 84."""
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    """Degrees east, WGS 84."""
    timezone: str = "UTC"
    """IANA name; for people, all times on the wire are UTC."""


class DescribedPoint(_Form, frozen=True):
    """One point: what its numbers mean."""

    name: Name
    kind: Kind
    unit: str
    quantity: str = ""
    labels: dict[str, str] = {}
    """What people call it, by language."""
    states: dict[int, str] = {}
    """Meaning of each value of a state."""
    raw: bool = False
    """Whether its every reading is sent."""


class DescribedDevice(_Form, frozen=True):
    """One device: what it is and what it tells."""

    device: Name
    profile: str = ""
    protocol: str = ""
    period_s: float = 0.0
    window_s: float = 0.0
    labels: dict[str, str] = {}
    facts: dict[str, str] = {}
    """Texts the device gave: serial number, firmware."""
    points: Sequence[DescribedPoint] = ()


class Site(_Form, frozen=True):
    """What a gateway reads and where it stands; sent at every connect, retained."""

    v: Literal[1]
    gateway: Name
    epoch: Name
    at: At
    place: Place
    devices: Sequence[DescribedDevice] = ()
    software: str = ""


class LiveCells(_Form, frozen=True):
    """The latest of one device, or of those of its points that changed."""

    device: Name
    at: At
    points: Sequence[Name]
    values: Numbers
    quality: Sequence[Code] | None = None
    """Left out where all are 192, good."""

    def __post_init__(self) -> None:
        _same_length(self.points, values=self.values, quality=self.quality)


class Live(_Form, frozen=True):
    """The latest values; a lost one is replaced by the next."""

    v: Literal[1]
    gateway: Name
    at: At
    devices: Sequence[LiveCells]


class Held(_Form, frozen=True):
    """What the operations centre holds of one lane: 1..upto, less the closed ranges `missing`."""

    upto: Count
    missing: Sequence[tuple[Seq, Seq]] = ()


class Receipt(_Form, frozen=True):
    """The watermark: what of one store's messages the operations centre has committed."""

    v: Literal[1]
    gateway: Name
    epoch: Name
    session: Name
    """Changes whenever the receiver starts: what is not confirmed is then sent again."""
    serial: Count
    """Rises with every watermark of a session: an older one that comes late is not believed."""
    at: At
    lanes: dict[Lane, Held]


def _same_length(points: Sequence[str], **columns: Sequence[object] | None) -> None:
    for name, column in columns.items():
        if column is not None and len(column) != len(points):
            raise ValueError(f"{name}: {len(column)} entries for {len(points)} points")
