"""A junction of a SUMO network as the street in front of a cabinet: lamps in, loops out."""

from collections.abc import Sequence

from control.model import Lamp
from control.net.derive import Derived
from simulators.street import Sensed
from simulators.sumo.sensors import occupied
from simulators.sumo.session import Session

BLINKING, OFF = "o", "O"


class SumoStreet:
    """Steps the simulation by a second at a time; asks SUMO for its loops and nothing else."""

    def __init__(self, session: Session, signal: str, derived: Derived) -> None:
        """`derived.junction` has its detectors, and their loops lie in the session."""
        self._session = session
        self._signal = signal
        self._derived = derived
        self._names = [detector.id for detector in derived.junction.detectors]
        self._shown = ""

    def second(self, lamps: Sequence[Lamp]) -> Sensed:
        """Let one second pass under these lamps."""
        letters = self._letters(tuple(lamps))
        if letters != self._shown:
            self._session.api.trafficlight.setRedYellowGreenState(self._signal, letters)
            self._shown = letters
        self._session.step()
        loops = self._session.api.inductionloop
        return Sensed(
            tuple(sum(gone >= 0 for *_, gone, _ in loops.getVehicleData(n)) for n in self._names),
            tuple(occupied(loops.getLastStepOccupancy(n)) for n in self._names),
        )

    def _letters(self, lamps: tuple[Lamp, ...]) -> str:
        if Lamp.FLASH in lamps:
            return BLINKING * len(self._derived.group_of)
        if Lamp.DARK in lamps:
            return OFF * len(self._derived.group_of)
        return self._derived.letters(lamps)
