"""Two signs of broken detectors besides the silence of one: cover through green, and a lull.

A queue over a stop line moves off within seconds of its own green while the exits are free, or
waits for gaps as it used to: how long covers last in green is learned for each. And a junction over
which traffic flowed does not fall still everywhere at once.
"""

import numpy as np
from numpy.typing import NDArray

from control.model import Detector, Role
from control.observe import Floats

Bools = NDArray[np.bool_]

SPELLS, SPELLS_S = 1.0, 8.0
"""Of cover in green, and how long they last together: what is thought before any is seen."""
SPREAD = 1.5
"""Variance of their number over its mean."""
MEMORY_S = 900.0
"""Of cover in green."""
SEEN_BY = 4.0
"""Loops that one vehicle crosses: stop line, advance, exit, and one where lanes join."""


class Cover:
    """Covers of the stop lines through their own greens; one `surprise` a second."""

    def __init__(self, detectors: tuple[Detector, ...], leads: Bools) -> None:
        """`leads`: bool[detectors, detectors], the row an exit of the column, a stop line."""
        at_line = [k for k, d in enumerate(detectors) if d.role is Role.STOP_LINE]
        away = [k for k, d in enumerate(detectors) if d.role is Role.EXIT]
        self._ahead = np.zeros((len(detectors), len(detectors)))
        for k in at_line:
            told = [e for e in away if leads[e, k]]
            shared = [e for e in away if detectors[e].groups & detectors[k].groups]
            self._ahead[k, told or shared] = 1.0
        # without exits a full road beyond looks the same
        self._at_line = self._ahead.any(axis=1)
        self._spells = np.full(len(detectors), SPELLS)
        self._spells_s = np.full(len(detectors), SPELLS_S)
        self._spell_s = np.zeros(len(detectors))

    def surprise(self, covered: Bools, due: Floats, trusted: Bools) -> Floats:
        """float64[detectors], nats: of a cover that has lasted so long through green.

        Args:
            covered: bool[detectors], without a break in this second.
            due: float64[detectors], 1 where the lamps let its traffic go.
            trusted: bool[detectors]; the others teach nothing.
        """
        free = self._at_line & (self._ahead @ covered == 0.0)
        self._spell_s += covered * due * free
        ended = ~covered & (self._spell_s > 0.0)
        if ended.any():
            learns = ended & trusted
            keep = np.where(learns, MEMORY_S / (MEMORY_S + self._spell_s), 1.0)
            self._spells = self._spells * keep + learns
            self._spells_s = self._spells_s * keep + learns * self._spell_s
            self._spell_s[ended] = 0.0
        return np.asarray(np.log1p(self._spell_s / self._spells_s) * (self._spells / SPREAD))


class Lull:
    """The time for which no detector of a junction has given a sign."""

    def __init__(self, detectors: tuple[Detector, ...]) -> None:
        self._asked = np.array([d.role is not Role.PUSH_BUTTON for d in detectors], np.bool_)
        self._due_s = np.zeros(len(detectors))

    def surprise(
        self, alive: Bools, due: Floats, trusted: Bools, counted: Floats, in_s: Floats
    ) -> float:
        """Nats, of all that are trusted together.

        Args:
            alive: bool[detectors], that gave a sign in this second.
            due: float64[detectors], 1 where the lamps let its traffic go.
            trusted: bool[detectors]; the others neither break a lull nor speak in it.
            counted: float64[detectors], vehicles in `in_s`, by their number's spread.
            in_s: float64[detectors], seconds in which they were due.
        """
        asked = self._asked & trusted
        if (alive & asked).any() or not asked.any():
            self._due_s[:] = 0.0
            return 0.0
        self._due_s += due
        return float((np.log1p(self._due_s / in_s) * counted)[asked].sum()) / SEEN_BY
