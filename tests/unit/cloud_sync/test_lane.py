import pytest

from cloud_sync.lane import ALL, LanePost, holding
from cloud_sync.ranges import Ranges
from edge.model.clock import Instant
from edge.model.message import Lane, Message, Watermark


def message(seq):
    return Message("g", "e", Lane.RAW, seq, b"x", Instant(0))


class Box:
    """An outbox of numbers."""

    def __init__(self, *seqs):
        self.seqs = list(seqs)

    def feed(self, post, limit=4):
        while (wanted := post.wanted()) is not None:
            found = [message(s) for s in self.seqs if s > wanted.after][:limit]
            post.offer(wanted, found, limit)

    def sent_by(self, post, now=0.0):
        """All that the lane would send now."""
        out = []
        while True:
            self.feed(post)
            if not post.waiting:
                return out
            out.append(post.pop(now).seq)


@pytest.fixture
def post():
    post = LanePost(ahead=100)
    post.begin(0.0)
    return post


def test_everything_goes_once_in_order_and_then_the_lane_is_dry(post):
    box = Box(*range(1, 11))
    assert box.sent_by(post) == list(range(1, 11))
    assert post.wanted() is None
    box.seqs.append(11)
    post.wake()
    assert box.sent_by(post) == [11]


def test_a_message_stored_while_the_outbox_was_asked_is_not_overlooked(post):
    wanted = post.wanted()
    post.wake()
    post.offer(wanted, [], 4)
    assert post.wanted() is not None


def test_a_watermark_that_misses_numbers_has_them_sent_at_once_and_only_once(post):
    box = Box(*range(1, 11))
    box.sent_by(post)
    assert post.hear(Watermark(10, ((3, 4), (7, 7))), 1.0)
    assert box.sent_by(post, 1.0) == [3, 4, 7]
    post.hear(Watermark(10, ((3, 3), (7, 7))), 2.0)
    assert box.sent_by(post, 2.0) == []
    assert not post.patrol(30.0)
    assert post.patrol(33.0)
    assert box.sent_by(post, 33.0) == [3, 7]


def test_numbers_newly_missing_do_not_wait_for_old_ones(post):
    box = Box(*range(1, 21))
    box.sent_by(post)
    post.hear(Watermark(5, ((2, 2),)), 1.0)
    assert box.sent_by(post, 1.0) == [2]
    post.hear(Watermark(9, ((2, 2), (8, 8))), 2.0)
    assert box.sent_by(post, 2.0) == [8]


def test_missing_numbers_that_the_outbox_no_longer_has_are_forgotten(post):
    box = Box(*range(1, 11))
    box.sent_by(post)
    box.seqs.remove(4)
    post.hear(Watermark(10, ((3, 5),)), 1.0)
    assert box.sent_by(post, 1.0) == [3, 5]
    assert post.sent == Ranges(((3, 3), (5, 5)))


def test_silence_repeats_from_the_watermark_and_its_patience_doubles(post):
    box = Box(1, 2, 3)
    box.sent_by(post)
    post.hear(Watermark(1), 0.0)
    repeats = []
    for now in range(2000):
        if post.patrol(float(now)):
            repeats.append(now)
            assert box.sent_by(post, float(now)) == [2, 3]
    assert repeats == [30, 90, 210, 450, 930, 1530]


def test_progress_gives_the_shortest_patience_back(post):
    box = Box(1, 2, 3)
    box.sent_by(post)
    assert post.patrol(30.0)
    box.sent_by(post, 30.0)
    post.hear(Watermark(1), 40.0)
    assert not post.patrol(69.0)
    assert post.patrol(70.0)


def test_no_more_is_taken_out_than_may_be_unconfirmed():
    post = LanePost(ahead=5)
    box = Box(*range(1, 21))
    assert box.sent_by(post) == list(range(1, 9))  # taken out by fours
    post.hear(Watermark(3), 1.0)
    assert box.sent_by(post, 1.0) == []
    post.hear(Watermark(4), 2.0)
    assert box.sent_by(post, 2.0) == [9, 10, 11, 12]


def test_a_watermark_that_steps_back_starts_again_with_the_oldest(post):
    box = Box(*range(1, 7))
    box.sent_by(post)
    post.hear(Watermark(6), 1.0)
    assert post.hear(Watermark(2), 2.0)
    box.seqs = [3, 4, 5, 6]  # what the outbox takes out again
    assert box.sent_by(post, 2.0) == [3, 4, 5, 6]


def test_an_answer_that_a_new_session_overtook_is_thrown_away(post):
    wanted = post.wanted()
    post.begin(1.0)
    post.offer(wanted, [message(1)], 4)
    assert not post.waiting
    assert post.wanted().last == ALL


def test_what_was_put_aside_does_not_count_as_sent(post):
    box = Box(1, 2)
    box.sent_by(post)
    post.put_aside(1)
    post.hear(Watermark(2, ((1, 1),)), 1.0)
    assert box.sent_by(post, 1.0) == []
    post.repeat(1)
    assert box.sent_by(post, 2.0) == [1]


def test_the_same_watermark_twice_says_nothing(post):
    assert post.hear(Watermark(0), 0.0)
    assert not post.hear(Watermark(0), 1.0)
    assert holding(Watermark(5, ((2, 3),))) == Ranges(((1, 1), (4, 5)))
