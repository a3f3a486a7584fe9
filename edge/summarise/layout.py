"""Where the kinds stand among a device's columns, and how long its values may be held."""

import numpy as np

from edge.model.clock import NS_PER_S
from edge.model.point import Columns, Kind

HELD_PERIODS = 2
"""A value stands for at most this many periods after the last scan that brought or confirmed it."""


class Layout:
    """What is derived from Columns once, so that no scan has to derive it again."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.size = len(columns)
        self.window_ns = round(columns.window_s * NS_PER_S)
        self.period_ns = round(columns.period_s * NS_PER_S)
        self.hold_ns = HELD_PERIODS * self.period_ns
        self.counters = columns.where(Kind.COUNTER)
        self.states = columns.where(Kind.STATE, Kind.BIT)
        self.is_gauge = np.zeros(self.size, np.bool_)
        self.is_gauge[columns.where(Kind.GAUGE)] = True
