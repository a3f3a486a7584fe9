"""An OPC UA StatusCode says more than good or bad: its cause survives into our quality byte.

Part 4 §7.39 gives the layout (two bits of severity, fourteen of sub-code, sixteen of flags and
info bits), Part 8 §6.3 and Annex A of Part 6 the codes.
"""

import numpy as np
import numpy.typing as npt

from edge.model.quality import Quality, QualityArray

StatusArray = npt.NDArray[np.uint32]

SEVERITY_AND_CODE = 0xFFFF_0000
"""What names the status; the rest are flags and info bits."""
OVERFLOW = 0x0480
"""InfoType DataValue with the Overflow bit: the server's queue lost older values of this item."""

BAD = 0x8000_0000
"""From here up a StatusCode is bad."""
BAD_TYPE_MISMATCH = 0x8074_0000
BAD_NO_DATA = 0x809B_0000

CAUSE: dict[int, Quality] = {
    0x0096_0000: Quality.SUBSTITUTED,  # GoodLocalOverride
    0x408F_0000: Quality.STALE,  # UncertainNoCommunicationLastUsableValue
    0x4090_0000: Quality.STALE,  # UncertainLastUsableValue
    0x4091_0000: Quality.SUBSTITUTED,  # UncertainSubstituteValue
    0x4092_0000: Quality.SUBSTITUTED,  # UncertainInitialValue
    0x4093_0000: Quality.SUSPECT,  # UncertainSensorNotAccurate
    0x4094_0000: Quality.SUSPECT,  # UncertainEngineeringUnitsExceeded
    0x4095_0000: Quality.SUSPECT,  # UncertainSubNormal
    0x4208_0000: Quality.SUBSTITUTED,  # UncertainTransducerInManual
    0x4209_0000: Quality.SUBSTITUTED,  # UncertainSimulatedValue
    0x8004_0000: Quality.BUSY,  # BadResourceUnavailable
    0x8005_0000: Quality.LINK_DOWN,  # BadCommunicationError
    0x8006_0000: Quality.BAD_FRAME,  # BadEncodingError
    0x8007_0000: Quality.BAD_FRAME,  # BadDecodingError
    0x800A_0000: Quality.TIMEOUT,  # BadTimeout
    0x800B_0000: Quality.REFUSED,  # BadServiceUnsupported
    0x800C_0000: Quality.LINK_DOWN,  # BadShutdown
    0x800D_0000: Quality.LINK_DOWN,  # BadServerNotConnected
    0x800E_0000: Quality.LINK_DOWN,  # BadServerHalted
    0x8010_0000: Quality.BUSY,  # BadTooManyOperations
    0x8012_0000: Quality.REFUSED,  # BadCertificateInvalid
    0x8013_0000: Quality.REFUSED,  # BadSecurityChecksFailed
    0x8014_0000: Quality.REFUSED,  # BadCertificateTimeInvalid
    0x801A_0000: Quality.REFUSED,  # BadCertificateUntrusted
    0x801F_0000: Quality.REFUSED,  # BadUserAccessDenied
    0x8020_0000: Quality.REFUSED,  # BadIdentityTokenInvalid
    0x8021_0000: Quality.REFUSED,  # BadIdentityTokenRejected
    0x8031_0000: Quality.LINK_DOWN,  # BadNoCommunication
    0x8032_0000: Quality.UNAVAILABLE,  # BadWaitingForInitialData
    0x8033_0000: Quality.REFUSED,  # BadNodeIdInvalid
    0x8034_0000: Quality.REFUSED,  # BadNodeIdUnknown
    0x8035_0000: Quality.REFUSED,  # BadAttributeIdInvalid
    0x803A_0000: Quality.REFUSED,  # BadNotReadable
    0x803B_0000: Quality.REFUSED,  # BadNotWritable
    0x803C_0000: Quality.OUT_OF_RANGE,  # BadOutOfRange
    0x803D_0000: Quality.REFUSED,  # BadNotSupported
    0x803E_0000: Quality.REFUSED,  # BadNotFound
    0x803F_0000: Quality.REFUSED,  # BadObjectDeleted
    0x8055_0000: Quality.REFUSED,  # BadSecurityPolicyRejected
    0x8056_0000: Quality.BUSY,  # BadTooManySessions
    BAD_TYPE_MISMATCH: Quality.REFUSED,
    0x807D_0000: Quality.BUSY,  # BadTcpServerTooBusy
    0x8085_0000: Quality.TIMEOUT,  # BadRequestTimeout
    0x8089_0000: Quality.REFUSED,  # BadConfigurationError
    0x808A_0000: Quality.LINK_DOWN,  # BadNotConnected
    0x808B_0000: Quality.DEVICE_FAULT,  # BadDeviceFailure
    0x808C_0000: Quality.DEVICE_FAULT,  # BadSensorFailure
    0x808D_0000: Quality.UNAVAILABLE,  # BadOutOfService
    BAD_NO_DATA: Quality.UNAVAILABLE,
    0x809D_0000: Quality.UNAVAILABLE,  # BadDataLost
    0x809E_0000: Quality.UNAVAILABLE,  # BadDataUnavailable
    0x80AE_0000: Quality.LINK_DOWN,  # BadConnectionClosed
    0x80B1_0000: Quality.UNAVAILABLE,  # BadNoDataAvailable
}
"""Where a code says more than its severity does; all others take the bare severity."""


def quality_of(status: int) -> Quality:
    """The quality of one StatusCode, info bits ignored."""
    cause = CAUSE.get(status & SEVERITY_AND_CODE)
    if cause is not None:
        return cause
    severity = status >> 30
    # the fourth pattern is reserved; Part 4 §7.39.1 has clients take it for bad
    return Quality.GOOD if severity == 0 else Quality.UNCERTAIN if severity == 1 else Quality.BAD


def qualities(status: StatusArray) -> QualityArray:
    """The quality of each StatusCode; uint32[n] in, uint8[n] out."""
    if not np.any(status & np.uint32(SEVERITY_AND_CODE)):
        return np.full(len(status), Quality.GOOD, np.uint8)
    codes, where = np.unique(status, return_inverse=True)
    return np.array([quality_of(int(code)) for code in codes], np.uint8)[where]


def overflowed(status: StatusArray) -> int:
    """How many of these say that the server dropped values before them (Part 4 §7.39.1)."""
    return int(np.count_nonzero((status & np.uint32(OVERFLOW)) == OVERFLOW))
