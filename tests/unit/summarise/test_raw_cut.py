import math

import numpy as np

from edge.model.clock import ClockQuality, Instant
from edge.model.point import Columns, Point
from edge.model.scan import Scan
from edge.summarise.raw import cut


def columns(device, *raw):
    return Columns(device, tuple(Point(device, n, raw=n in raw) for n in "abc"), period_s=1.0)


def scan(of, at, values, present=None, quality=(192, 192, 192)):
    return Scan(
        of,
        Instant(at),
        at,
        "boot",
        ClockQuality.SYNCED,
        np.array(values, np.float64),
        np.array(quality, np.uint8),
        None if present is None else np.array(present),
    )


def test_only_raw_points_are_cut_scan_by_scan():
    d = columns("d", "a", "c")
    (cells,) = cut([scan(d, 1, [1, 2, 3]), scan(d, 2, [4, 5, 6], quality=(192, 0, 8))])
    assert (cells.device, cells.points, cells.at) == ("d", ("a", "c"), (1, 2))
    assert cells.values.tolist() == [[1, 3], [4, 6]]
    assert cells.quality.tolist() == [[192, 192], [192, 8]]
    assert cells.present is None


def test_devices_stay_apart_in_the_order_of_their_first_scan():
    d, e, none = columns("d", "a"), columns("e", "b"), columns("f")
    groups = cut(
        [
            scan(e, 1, [1, 2, 3]),
            scan(none, 1, [0, 0, 0]),
            scan(d, 2, [4, 5, 6]),
            scan(e, 3, [7, 8, 9]),
        ]
    )
    assert [(g.device, g.at, g.values.tolist()) for g in groups] == [
        ("e", (1, 3), [[2], [8]]),
        ("d", (2,), [[4]]),
    ]


def test_changed_columns_begin_a_group_of_their_own():
    before, same, after = columns("d", "a"), columns("d", "a"), columns("d", "a", "b")
    groups = cut(
        [
            scan(before, 1, [1, 2, 3]),
            scan(same, 2, [1, 2, 3]),
            scan(after, 3, [1, 2, 3]),
            scan(before, 4, [1, 2, 3]),
        ]
    )
    assert [(g.points, g.at) for g in groups] == [
        (("a",), (1, 2)),
        (("a", "b"), (3,)),
        (("a",), (4,)),
    ]


def test_absent_cells_are_marked_and_empty_rows_left_out():
    d = columns("d", "a", "b")
    (cells,) = cut(
        [
            scan(d, 1, [1, 2, 3], [True, False, False]),
            scan(d, 2, [4, 5, 6], [False, False, True]),
            scan(d, 3, [7, 8, 9]),
        ]
    )
    assert cells.at == (1, 3)
    assert cells.present.tolist() == [[True, False], [True, True]]
    assert math.isnan(cells.values[0, 1])
    assert cells.quality.tolist() == [[192, 0], [192, 192]]


def test_a_bitmap_that_says_nothing_is_dropped():
    d = columns("d", "a")
    (cells,) = cut([scan(d, 1, [1, 2, 3], [True, False, True])])
    assert cells.present is None


def test_nothing_gives_nothing():
    assert cut([]) == []
