"""A group of scans as one row: compressed columns, checked when they are read. Pure."""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import zstandard

from edge.model.clock import ClockQuality, Instant
from edge.model.point import Columns
from edge.model.scan import Scan
from edge.store.narrow import pack, unpack

FORMAT = 1
_HEAD = struct.Struct("<BI")
_SCAN = np.dtype(
    [
        ("columns", "<u4"),
        ("measured_at", "<i8"),
        ("mono_ns", "<i8"),
        ("boot", "u1"),
        ("clock", "u1"),
        ("partial", "u1"),
        ("cells", "<u4"),
    ]
)
_compressor = zstandard.ZstdCompressor(level=1)
_decompressor = zstandard.ZstdDecompressor()
LARGEST = 64 * 2**20
"""Bytes that a block may unfold to."""


def encode(scans: Sequence[Scan], numbers: Sequence[int]) -> bytes:
    """The scans, each with the number of its Columns in the segment.

    Absent cells are not stored. `zlib.crc32` of the result goes beside it.
    """
    boots = {boot: i for i, boot in enumerate(dict.fromkeys(scan.boot for scan in scans))}
    heads = np.zeros(len(scans), _SCAN)
    values, quality, partial = [], [], []
    for i, (scan, number) in enumerate(zip(scans, numbers, strict=True)):
        present = scan.present
        if present is None:
            values.append(scan.values)
            quality.append(scan.quality)
        else:
            values.append(scan.values[present])
            quality.append(scan.quality[present])
            partial.append(present)
        heads[i] = (
            number,
            scan.measured_at,
            scan.mono_ns,
            boots[scan.boot],
            scan.clock_quality,
            present is not None,
            len(values[-1]),
        )
    sections = (
        "\n".join(boots).encode(),
        heads.tobytes(),
        np.packbits(np.concatenate(partial)).tobytes() if partial else b"",
        *pack(np.concatenate(values)),
        np.concatenate(quality).tobytes(),
    )
    lengths = struct.pack(f"<{len(sections)}I", *map(len, sections))
    body = _HEAD.pack(FORMAT, len(sections)) + lengths + b"".join(sections)
    return _compressor.compress(body)


def decode(
    body: bytes,
    crc: int,
    columns_of: Callable[[int], Columns],
    wanted: Callable[[Columns], bool] = lambda _: True,
) -> Iterator[Scan]:
    """The `wanted` scans of a block, in the order in which they came.

    A cell that was absent is NaN with quality 0, and absent again.

    Raises:
        ValueError: the bytes are not those that were written, or of a newer format.
    """
    if zlib.crc32(body) != crc:
        raise ValueError("the block's checksum does not hold")
    boots_text, heads_bytes, bits, forms, singles, integers, wides, quality_bytes = _sections(body)
    boots = boots_text.decode().split("\n")
    heads = np.frombuffer(heads_bytes, _SCAN)
    values = unpack(forms, singles, integers, wides)
    quality = np.frombuffer(quality_bytes, np.uint8)
    partial = np.unpackbits(np.frombuffer(bits, np.uint8)).astype(np.bool_)
    ends = np.concatenate(([0], np.cumsum(heads["cells"], dtype=np.int64))).tolist()
    used = 0
    for head, (begin, end) in zip(heads.tolist(), pairwise(ends), strict=True):
        number, measured_at, mono_ns, boot, clock, is_partial, _ = head
        columns = columns_of(number)
        present = None
        if is_partial:
            present = partial[used : used + len(columns)]
            used += len(columns)
        if not wanted(columns):
            continue
        cells, marks = values[begin:end], quality[begin:end]
        if present is not None:
            cells, marks = np.full(len(columns), np.nan), np.zeros(len(columns), np.uint8)
            cells[present] = values[begin:end]
            marks[present] = quality[begin:end]
        yield Scan(
            columns,
            Instant(measured_at),
            mono_ns,
            boots[boot],
            ClockQuality(clock),
            cells,
            marks,
            present,
        )


def _sections(body: bytes) -> list[bytes]:
    try:
        whole = _decompressor.decompress(body, max_output_size=LARGEST)
        form, count = _HEAD.unpack_from(whole)
        if form != FORMAT:
            raise ValueError(f"the block is of format {form}; this version reads {FORMAT}")
        lengths = struct.unpack_from(f"<{count}I", whole, _HEAD.size)
    except (zstandard.ZstdError, struct.error) as error:
        raise ValueError(f"the block does not unfold: {error}") from error
    at = _HEAD.size + 4 * count
    sections = []
    for length in lengths:
        sections.append(whole[at : at + length])
        at += length
    return sections


def cells_in(scan: Scan) -> int:
    """How many cells the scan brought."""
    return len(scan.values) if scan.present is None else int(np.count_nonzero(scan.present))
