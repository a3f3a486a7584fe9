from cloud_sync.strikes import ASIDE_S, Strikes

A, B = ("interval", 7), ("raw", 3)


def test_what_was_in_flight_at_a_break_travels_alone_until_it_has_arrived():
    strikes = Strikes()
    strikes.leaves(A)
    strikes.leaves(B)
    strikes.broke(0)
    assert strikes.suspect(A)
    assert strikes.suspect(B)
    strikes.leaves(B)
    strikes.arrived(B)
    assert not strikes.suspect(B)


def test_what_breaks_three_sessions_alone_is_put_aside_and_tried_again_ever_later():
    strikes = Strikes()
    now, waits = 0.0, []
    for _ in range(5):
        breaks = 0
        while not strikes.aside(A):
            strikes.leaves(A)
            strikes.broke(now)
            breaks += 1
        waits.append(breaks)
        assert strikes.set_aside == {A}
        assert strikes.due(now + ASIDE_S - 1) == []
        now += 600
        assert strikes.due(now) == [A]
    assert waits == [4, 1, 1, 1, 1]  # once in company, three times alone, then once each


def test_a_close_that_we_asked_for_blames_nobody():
    strikes = Strikes()
    strikes.leaves(A)
    strikes.ended()
    strikes.broke(0)
    assert not strikes.suspect(A)
