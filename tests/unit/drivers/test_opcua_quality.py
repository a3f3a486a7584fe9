"""A StatusCode's cause survives; its info bits do not disturb it."""

import numpy as np
import pytest

from drivers.opcua.quality import CAUSE, overflowed, qualities, quality_of
from edge.model.quality import Quality


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x0000_0000, Quality.GOOD),
        (0x0030_0000, Quality.GOOD),  # GoodClamped has no cause of its own
        (0x0096_0000, Quality.SUBSTITUTED),  # GoodLocalOverride
        (0x4000_0000, Quality.UNCERTAIN),
        (0x4090_0000, Quality.STALE),  # UncertainLastUsableValue
        (0x4093_0000, Quality.SUSPECT),  # UncertainSensorNotAccurate
        (0x8000_0000, Quality.BAD),
        (0x8031_0000, Quality.LINK_DOWN),  # BadNoCommunication
        (0x8034_0000, Quality.REFUSED),  # BadNodeIdUnknown
        (0x808C_0000, Quality.DEVICE_FAULT),  # BadSensorFailure
        (0x808D_0000, Quality.UNAVAILABLE),  # BadOutOfService
        (0xC000_0000, Quality.BAD),  # reserved severity
    ],
)
def test_each_code_has_its_quality(status, expected):
    assert quality_of(status) is expected
    assert quality_of(status | 0xFFFF) is expected, "info bits and flags change nothing"
    assert qualities(np.array([status], np.uint32)).tolist() == [expected]


def test_a_code_never_changes_its_grade_but_for_an_overridden_value():
    grade = {0: "good", 1: "uncertain", 2: "bad"}
    for status, quality in CAUSE.items():
        if status != 0x0096_0000:
            assert quality.grade == grade[status >> 30], f"{status:#010x} → {quality.name}"


def test_an_array_is_graded_cell_by_cell():
    status = np.array([0, 0x8034_0000, 0, 0x4090_0000, 0x8034_0480], np.uint32)
    assert qualities(status).tolist() == [192, 4, 192, 65, 4]
    assert qualities(np.zeros(3, np.uint32)).tolist() == [192, 192, 192]
    assert qualities(np.zeros(0, np.uint32)).tolist() == []


def test_overflow_is_the_bit_together_with_its_info_type():
    # 0x0080 without InfoType DataValue (0x0400) is not the Overflow bit (Part 4 §7.39.1)
    assert overflowed(np.array([0, 0x0480, 0x0080, 0x8000_0480, 0x0400], np.uint32)) == 2
