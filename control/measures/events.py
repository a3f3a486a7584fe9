"""What happened at a signal, as numbers: when, which code, of which phase or detector.

Codes are those of the Indiana Traffic Signal Hi Resolution Data Logger Enumerations (Sturdevant et
al., Purdue University, 2012), as udot-atspm and the `atspm` package read them. Phase n is group
n - 1 of the junction and channel n its detector n - 1, for those readers know no phase 0.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PRIVATE = 60_000
"""Codes from here on are our own; the standard's and its vendors' stay below."""


class Code(IntEnum):
    """The codes written or read here, each with what its parameter counts."""

    GREEN = 1
    """Begin of green; phase."""
    GAP_OUT = 4
    """The green ended because nobody came; phase."""
    MAX_OUT = 5
    """The green ended at its longest; phase."""
    FORCE_OFF = 6
    """The green was ended from outside or by a plan; phase."""
    GREEN_END = 7
    YELLOW = 8
    """Begin of yellow; phase."""
    YELLOW_END = 9
    RED_CLEARANCE = 10
    """Begin of red; phase."""
    RED_CLEARANCE_END = 11
    """Nothing that conflicts has to wait any longer for this phase; phase."""
    WALK = 21
    """Phase, as for the two that follow."""
    PED_CLEARANCE = 22
    DONT_WALK = 23
    CALL = 43
    """A vehicle call was registered; phase."""
    CALL_DROPPED = 44
    PED_CALL = 45
    DETECTOR_OFF = 81
    """Channel, as for all detector codes up to EXCESSIVE."""
    DETECTOR_ON = 82
    RESTORED = 83
    FAULT_OTHER = 84
    FAULT_SILENT = 85
    """Watchdog fault."""
    FAULT_STUCK_OFF = 86
    """Open loop fault."""
    FAULT_STUCK_ON = 87
    """Shorted loop fault."""
    FAULT_CHATTER = 88
    """Excessive change fault."""
    BUTTON_OFF = 89
    """Phase that the button calls, as readers take it."""
    BUTTON_ON = 90
    PREEMPT_CALL = 102
    """Preemption number, here the phase asked for; as for the four that follow."""
    PREEMPT_CALL_OFF = 104
    PREEMPT_ENTRY = 105
    PREEMPT_DWELL = 107
    PREEMPT_EXIT = 111
    PATTERN = 131
    """Pattern number."""
    CYCLE_LENGTH = 132
    """Seconds; 0: free."""
    SPLIT_1 = 134
    """Programmed split of phase 1 in seconds; 135 to 149 those of phases 2 to 16."""
    SPLIT_16 = 149
    FLASH_STATUS = 173
    """A member of `Flash`."""
    ALARM_ON = 200
    """Alarm number."""
    ALARM_OFF = 201
    REQUEST = 60_001
    """A request reached the shield; its sequence number."""
    REFUSAL = 60_002
    """The request was refused; its sequence number."""
    REFUSAL_RULE = 60_003
    """Follows a refusal: the number of the invariant, 14 for I14."""
    MODE = 60_010
    """Rung of the fallback ladder."""
    COMMITMENT = 60_020
    """A change was promised on a countdown: phase x 1000 + seconds that remain."""
    BLANKED = 60_021
    """The promise was withdrawn and the display went blank; phase."""


class Flash(IntEnum):
    """Unit flash status (NTCIP 1202 v03, 5.4.5 unitFlashStatus)."""

    OTHER = 1
    NOT_FLASH = 2
    AUTOMATIC = 3
    LOCAL_MANUAL = 4
    FAULT_MONITOR = 5
    MMU = 6
    STARTUP = 7
    PREEMPT = 8


class Event(NamedTuple):
    """One row of a log."""

    at_ms: int
    """Unix milliseconds, UTC; or of a monotonic clock, where nothing else is compared with it."""
    code: int
    parameter: int


Times = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Log:
    """All rows of one signal, by time, then code, then parameter; none stands twice."""

    device: str
    at_ms: Times
    code: Numbers
    parameter: Numbers

    @staticmethod
    def of(device: str, at_ms: Times, code: Numbers, parameter: Numbers) -> "Log":
        """Rows in any order, as three columns of one length; repeats fall away."""
        order = np.lexsort((parameter, code, at_ms))
        at_ms, code, parameter = at_ms[order], code[order], parameter[order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (np.diff(at_ms) != 0) | (np.diff(code) != 0) | (np.diff(parameter) != 0)
        return Log(device, at_ms[new], code[new], parameter[new])

    @staticmethod
    def of_events(device: str, events: list[Event]) -> "Log":
        """The same of rows as a recorder gives them."""
        columns = np.array(events, dtype=np.int64).reshape(-1, 3)
        return Log.of(
            device, columns[:, 0], columns[:, 1].astype(np.int32), columns[:, 2].astype(np.int32)
        )

    def times(self, code: int, parameter: int) -> Times:
        """When this happened, in order: int64 milliseconds."""
        return self.rows((code,), parameter)[0]

    def parameters(self, *codes: int) -> list[int]:
        """Which phases or channels show any of the codes, ascending."""
        return [int(n) for n in np.unique(self.parameter[np.isin(self.code, codes)])]

    def rows(self, codes: tuple[int, ...], parameter: int) -> tuple[Times, Numbers]:
        """Times and codes of what happened to one phase or channel, in order."""
        chosen: Flags = (self.parameter == parameter) & np.isin(self.code, codes)
        return self.at_ms[chosen], self.code[chosen]
