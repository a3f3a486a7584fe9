import pytest

from edge.errors import StoreFailed
from edge.model.clock import NS_PER_S
from edge.store.database import Database
from edge.store.place import BEFORE_ALL, Place
from edge.store.segment import Segment
from edge.store.segments import LAST_ROW, Segments
from tests.prove.store_oracle import ManualClock, columns_of, scan_of

PUMP, METER = columns_of("pump"), columns_of("meter")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def begin(tmp_path, clock):
    opened = []

    def begin(**changed):
        options = {"clock": clock, "segment_bytes": 10**6} | changed
        segments = Segments(
            tmp_path / "segments",
            lambda path, create: Database(path, create=create, synchronous="OFF"),
            **options,
        )
        segments.epoch = "e1"
        opened.append(segments)
        return segments

    yield begin
    for segments in opened:
        segments.close()


def numbers(rows):
    return [row.scans and [int(scan.values[0]) for scan in row.scans] for row in rows]


def test_rows_are_read_back_in_order_by_place_device_and_time(begin):
    segments = begin()
    places = [segments.append([scan_of(PUMP, n), scan_of(METER, n)], 0) for n in range(3)]
    assert places == [Place(1, 1), Place(1, 2), Place(1, 3)]
    assert numbers(segments.rows_after(places[0], 10)) == [[1, 1], [2, 2]]
    assert numbers(segments.rows_after(BEFORE_ALL, 1)) == [[0, 0]]
    at = scan_of(PUMP, 1).measured_at
    [row], after = segments.page(
        BEFORE_ALL, 10, since=at, until=at + 1, wanted=lambda c: c.device == "meter"
    )
    assert after == Place(2, 0)
    assert row.place == places[1]
    assert [scan.columns for scan in row.scans] == [METER]


def test_history_opens_one_file_at_a_time_and_those_once_that_hold_nothing(begin, clock):
    segments = begin()
    for day in range(3):
        segments.append([scan_of(PUMP, day, clock.ns)], 0)
        clock.ns += 86_400 * NS_PER_S
    asked = {"since": clock.ns - 86_400 * NS_PER_S, "until": clock.ns, "wanted": lambda _: True}
    pages, place = [], BEFORE_ALL
    while place is not None:
        rows, place = segments.page(place, 5, **asked)
        pages.append(numbers(rows))
    assert pages == [[], [], [[2]], []]
    rows, place = segments.page(BEFORE_ALL, 5, **asked)
    assert numbers(rows) == [[2]]
    assert segments.page(place, 5, **asked) == ([], None)


def test_writing_goes_on_in_the_last_segment_after_a_restart(begin):
    first = begin()
    first.append([scan_of(PUMP, 0)], 7)
    first.close()
    second = begin()
    assert second.adopt_last() == (Place(1, 1), "e1", 7)
    assert second.append([scan_of(METER, 1), scan_of(PUMP, 1)], 8) == Place(1, 2)
    assert numbers(second.rows_after(BEFORE_ALL, 9)) == [[0], [1, 1]]


def test_a_segment_of_another_epoch_is_not_written(begin):
    first = begin()
    first.append([scan_of(PUMP, 0)], 0)
    first.close()
    second = begin()
    second.adopt_last()
    second.epoch = "e2"
    assert second.append([scan_of(PUMP, 1)], 0) == Place(2, 1)


@pytest.mark.parametrize("step_ns", [86_400 * NS_PER_S, -86_400 * NS_PER_S])
def test_a_day_turns_the_segment_whichever_way_the_clock_went(begin, clock, step_ns):
    segments = begin()
    segments.append([scan_of(PUMP, 0)], 0)
    clock.ns += step_ns
    assert segments.append([scan_of(PUMP, 1)], 0) == Place(2, 1)
    assert numbers(segments.rows_after(BEFORE_ALL, 9)) == [[0], [1]]


def test_size_turns_the_segment_and_old_ones_go_by_unlink(begin, tmp_path):
    segments = begin(segment_bytes=30_000)
    while segments.append([scan_of(PUMP, 0)], 0).segment < 3:
        pass
    before = segments.bytes_on_disk()
    freed = segments.evict(1)
    assert freed > 0
    assert segments.bytes_on_disk() == before - freed
    assert sorted(path.name for path in (tmp_path / "segments").glob("*.seg")) == [
        "00000002.seg",
        "00000003.seg",
    ]
    assert segments.rows_after(BEFORE_ALL, 1)[0].place == Place(2, 1)


def test_numbers_are_not_used_again_after_eviction(begin):
    segments = begin(least_number=41)
    assert segments.append([scan_of(PUMP, 0)], 0) == Place(42, 1)


def test_a_failed_write_retires_the_segment_and_its_doubtful_rows_do_not_count(begin, monkeypatch):
    segments = begin()
    segments.append([scan_of(PUMP, 0)], 0)
    written = Segment.append

    def on_disk_but_not_acknowledged(self, scans, revision):
        written(self, scans, revision)
        self.last_row -= 1
        raise StoreFailed("disk I/O error")

    monkeypatch.setattr(Segment, "append", on_disk_but_not_acknowledged)
    with pytest.raises(StoreFailed, match="disk I/O error"):
        segments.append([scan_of(PUMP, 1)], 0)
    monkeypatch.undo()
    assert segments.append([scan_of(PUMP, 1)], 0) == Place(2, 1)
    assert numbers(segments.rows_after(BEFORE_ALL, 9)) == [[0], [1]]
    segments.close()
    assert numbers(begin().rows_after(BEFORE_ALL, 9)) == [[0], [1]]


def test_a_damaged_block_is_one_unreadable_row(begin):
    segments = begin()
    for n in range(3):
        segments.append([scan_of(PUMP, n)], 0)
    segments.current.database.execute("UPDATE block SET body = x'00ff' WHERE row = 2")
    assert numbers(segments.rows_after(BEFORE_ALL, 9)) == [[0], None, [2]]


@pytest.mark.parametrize("content", [b"", b"this is not a database" * 400])
def test_a_damaged_file_does_not_hide_the_ones_after_it(begin, clock, tmp_path, content):
    segments = begin()
    for n in range(3):
        segments.append([scan_of(PUMP, n)], 0)
        clock.ns += 86_400 * NS_PER_S
    segments.close()
    (tmp_path / "segments" / "00000002.seg").write_bytes(content)
    rows = begin().rows_after(BEFORE_ALL, 9)
    assert [row.place for row in rows if row.scans] == [Place(1, 1), Place(3, 1)]
    if content:
        assert Place(2, LAST_ROW) in [row.place for row in rows]


def test_a_last_segment_that_does_not_open_is_left_behind(begin, tmp_path):
    folder = tmp_path / "segments"
    folder.mkdir()
    (folder / "00000005.seg").write_bytes(b"rubbish" * 1000)
    segments = begin()
    last, _, _ = segments.adopt_last()
    assert last > Place(5, 1)
    assert segments.append([scan_of(PUMP, 0)], 0) == Place(6, 1)


def test_no_segment_can_begin_where_the_folder_is_gone(begin, tmp_path):
    segments = begin()
    (tmp_path / "segments").rmdir()
    with pytest.raises(StoreFailed):
        segments.append([scan_of(PUMP, 0)], 0)
    (tmp_path / "segments").mkdir()
    assert segments.append([scan_of(PUMP, 0)], 0).row == 1
