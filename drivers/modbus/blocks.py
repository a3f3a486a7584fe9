"""Which reads bring all the points of a device, and how long they keep a serial bus busy."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from drivers.profile import WIDTH, Limits, PointSpec, Table

MAX_BITS = 2000
"""Coils or discrete inputs in one read (Modbus Application Protocol V1.1b3, 6.1)."""

BIT_TABLES: frozenset[Table] = frozenset({"coil", "discrete"})


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """`count` consecutive addresses of one table, read in one request."""

    table: Table
    address: int
    count: int

    @property
    def end(self) -> int:
        """The first address after it."""
        return self.address + self.count

    @property
    def size(self) -> int:
        """Bytes of the answer that carry its content: bits are packed, registers take two."""
        return (self.count + 7) // 8 if self.table in BIT_TABLES else self.count * 2

    def covers(self, other: "Block") -> bool:
        """Whether all of `other` is inside."""
        return self.table == other.table and self.address <= other.address and other.end <= self.end


def span_of(spec: PointSpec) -> Block:
    """The addresses that one value takes; they are always read in the same request."""
    width = 1 if spec.table in BIT_TABLES or spec.bit is not None else WIDTH[spec.type]
    return Block(spec.table, spec.address, width)


def plan(specs: Sequence[PointSpec], limits: Limits) -> tuple[Block, ...]:
    """The fewest reads that bring every point, unused addresses of small gaps read along.

    A value is never split between two reads: its halves would be of two instants. Taking as much
    as the limits allow from the lowest address upwards is optimal, for what does not fit into one
    block can always begin the next.
    """
    return join({span_of(spec) for spec in specs}, limits)


def join(spans: Iterable[Block], limits: Limits) -> tuple[Block, ...]:
    """The fewest blocks that cover these spans under the limits."""
    blocks: list[Block] = []
    for span in sorted(spans):
        last = blocks[-1] if blocks else None
        if last is not None and last.table == span.table:
            bits = span.table in BIT_TABLES
            longest = MAX_BITS if bits else limits.max_registers
            # a register's worth of bits costs the wire what a register costs
            widest_gap = limits.max_gap * 16 if bits else limits.max_gap
            count = max(last.end, span.end) - last.address
            if span.address - last.end <= widest_gap and count <= longest:
                blocks[-1] = Block(last.table, last.address, count)
                continue
        blocks.append(span)
    return tuple(blocks)


def split(block: Block, spans: Collection[Block]) -> tuple[Block, ...]:
    """The two parts in which to try a block that the device refused; empty for a single value.

    The cut goes through the gap nearest the middle, for a hole in the map is the usual reason;
    where there is no gap, between the two values nearest the middle. Repeated, it finds each hole,
    each missing value and a device's unwritten size limit in a logarithm of the block's length.
    """
    inside = join({s for s in spans if block.covers(s)}, Limits(max_gap=0))
    pieces = inside if len(inside) > 1 else _separable(block, spans)
    if len(pieces) < 2:
        return ()
    middle = block.address + block.count / 2
    left, right = min(
        pairwise(pieces), key=lambda pair: abs((pair[0].end + pair[1].address) / 2 - middle)
    )
    first, last = pieces[0].address, pieces[-1].end
    return (
        Block(block.table, first, left.end - first),
        Block(block.table, right.address, last - right.address),
    )


def _separable(block: Block, spans: Collection[Block]) -> list[Block]:
    """The values inside, those that overlap as one: they cannot be read apart."""
    pieces: list[Block] = []
    for span in sorted(s for s in spans if block.covers(s)):
        if pieces and span.address < pieces[-1].end:
            last = pieces[-1]
            pieces[-1] = Block(last.table, last.address, max(last.end, span.end) - last.address)
        else:
            pieces.append(span)
    return pieces


def char_s(baud: int, parity: str, stop_bits: int) -> float:
    """How long one character takes: a start bit, eight of data, parity, stop bits."""
    return (9 + (parity != "N") + stop_bits) / baud


def silence_s(baud: int, parity: str, stop_bits: int) -> float:
    """The silence that parts two frames: 3.5 characters, fixed above 19200 Bd.

    Modbus over Serial Line V1.02, 2.5.1.1.
    """
    return 0.00175 if baud > 19200 else 3.5 * char_s(baud, parity, stop_bits)


def bus_time_s(
    blocks: Sequence[Block], baud: int, parity: str, stop_bits: int, turnaround_ms: int = 0
) -> float:
    """How long one look keeps a serial bus, if the device answers without thinking.

    Eight characters of request, five and the content of answer, a silence after each; where the
    device needs a longer silence between requests, that one.
    """
    silence = silence_s(baud, parity, stop_bits)
    characters = sum(8 + 5 + block.size for block in blocks)
    between = silence + max(silence, turnaround_ms / 1000)
    return characters * char_s(baud, parity, stop_bits) + len(blocks) * between
