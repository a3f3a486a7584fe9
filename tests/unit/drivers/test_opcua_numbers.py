"""A command's float fits the node's type exactly, or it is refused."""

import pytest

from drivers.opcua.numbers import fitted


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        (1, 1.0, True),
        (2, -128.0, -128),
        (5, 65535.0, 65535),
        (8, -(2.0**53), -(2**53)),
        (11, 0.1, 0.1),
    ],
)
def test_what_fits_is_kept(kind, raw, expected):
    assert fitted(kind, raw) == expected
    assert type(fitted(kind, raw)) is type(expected)


def test_a_float_rounds_to_its_own_precision():
    assert fitted(10, 0.1) == 0.10000000149011612


@pytest.mark.parametrize(
    ("kind", "raw", "says"),
    [
        (1, 2.0, "neither 0 nor 1"),
        (4, 1.5, "not whole"),
        (4, float("nan"), "not whole"),
        (3, 256.0, "Byte holds"),
        (7, -1.0, "UInt32 holds"),
        (10, 1e39, "Float holds"),
        (12, 1.0, "no number"),
    ],
)
def test_what_does_not_is_refused(kind, raw, says):
    with pytest.raises(ValueError, match=says):
        fitted(kind, raw)
