from cloud_sync.ioc.thinned import Thinned
from cloud_sync.ranges import Ranges


def numbers(*spans):
    return Ranges.of(spans)


def test_rows_stop_counting_when_the_message_that_says_them_is_held_and_not_before():
    thinned = Thinned()
    thinned.add(numbers((1, 10)), 57)
    assert thinned.settle(numbers((1, 5))) == Ranges()
    assert thinned.concerns(57)
    assert thinned.settle(numbers((1, 5), (57, 57))) == numbers((1, 10))
    assert thinned.settle(numbers((1, 5), (57, 57))) == Ranges()


def test_merges_of_merges_are_followed_in_whatever_order_they_are_told():
    merges = [(numbers((1, 10)), 57), (numbers((57, 58)), 99)]
    for order in (merges, merges[::-1]):
        thinned = Thinned()
        for ranges, by in order:
            thinned.add(ranges, by)
        assert thinned.settle(numbers((1, 10))) == Ranges()
        assert thinned.settle(numbers((1, 10), (57, 57))) == Ranges()
        assert thinned.settle(numbers((1, 10), (99, 99))) == numbers((1, 10), (57, 58))


def test_what_was_removed_without_a_successor_still_counts_where_it_came():
    thinned = Thinned()
    thinned.add(numbers((3, 9)), None)
    assert thinned.covered == numbers((3, 9))
    assert thinned.settle(numbers((1, 9))) == Ranges()
