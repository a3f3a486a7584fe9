"""The sums of one device's open window, and the values that stand in it; column by column."""

import numpy as np
import numpy.typing as npt

from edge.model.clock import NS_PER_S, Window
from edge.model.quality import Quality, QualityArray, is_good
from edge.model.scan import Values
from edge.model.summary import Counts, Summary
from edge.summarise.counters import Counters
from edge.summarise.layout import Layout

Mask = npt.NDArray[np.bool_]

LARGEST_CODE = 2**53
NO_STATES: dict[int, float] = {}


class Tally:
    """Sums over a window.

    A point is valid while its last cell was good; what it then held stands from scan to scan.
    Counts and weights are whole numbers and are settled only when the set of valid points changes:
    between two such moments one `_looks` and one `_clock_ns` speak for all points.
    """

    def __init__(self, layout: Layout, held: Values, quality: QualityArray) -> None:
        n = layout.size
        self._layout = layout
        self.held = held
        """The last good value of a valid point; 0 elsewhere, so that it weighs nothing."""
        self.quality = quality
        """The last cell's, of each point."""
        self.weighted: Values = np.zeros(n)
        """Value times nanoseconds."""
        self.stood_ns: Counts = np.zeros(n, np.int64)
        self.count: Counts = np.zeros(n, np.int64)
        self.good: Counts = np.zeros(n, np.int64)
        self.minimum: Values = np.full(n, np.nan)
        self.maximum: Values = np.full(n, np.nan)
        self.last: Values = np.full(n, np.nan)
        """Of points that are no longer valid; for valid ones it is `held`."""
        self.state_ns: list[dict[int, int]] = [{} for _ in layout.states]
        self._scratch: Values = np.empty(n)
        self._looks = 0
        self._clock_ns = 0
        self._settled_ns = 0
        self._entered_ns = [0] * len(layout.states)
        self._see_quality()
        self._codes = held.take(layout.states)
        self._is_coded = self.valid.take(layout.states)

    def _see_quality(self) -> None:
        self.valid: Mask = is_good(self.quality)
        self._all_valid = bool(self.valid.all())
        self._quality_bytes = self.quality.tobytes()

    def adopt(self, layout: Layout) -> None:
        """Go on with Columns that mean the same."""
        self._layout = layout

    def next(self) -> "Tally":
        """The tally of the window after this one: the values still stand, the sums begin anew."""
        return Tally(self._layout, self.held, self.quality)

    def stand(self, lasted_ns: int) -> None:
        """What is held has stood for so long."""
        if lasted_ns > 0:
            np.multiply(self.held, float(lasted_ns), out=self._scratch)
            np.add(self.weighted, self._scratch, out=self.weighted)
            self._clock_ns += lasted_ns

    def take(self, values: Values, quality: QualityArray, present: Mask | None) -> None:
        """Count the cells of one scan; they stand from now on."""
        if present is not None or quality.tobytes() != self._quality_bytes:
            self._take_changed(values, quality, present)
            return
        self._looks += 1
        if self._all_valid:
            cells = values
            np.copyto(self.held, values)
        else:
            cells = np.where(self.valid, values, np.nan)
            np.copyto(self.held, values, where=self.valid)
        np.fmin(self.minimum, cells, out=self.minimum)
        np.fmax(self.maximum, cells, out=self.maximum)
        if self._entered_ns:
            codes = self.held.take(self._layout.states)
            if codes.tobytes() != self._codes.tobytes():
                self._move_to(codes, self._is_coded)

    def _take_changed(self, values: Values, quality: QualityArray, present: Mask | None) -> None:
        self.settle()
        came = np.ones(self._layout.size, np.bool_) if present is None else present
        good = is_good(quality) & came
        cells = np.where(good, values, np.nan)
        self.count += came
        self.good += good
        np.fmin(self.minimum, cells, out=self.minimum)
        np.fmax(self.maximum, cells, out=self.maximum)
        np.copyto(self.held, np.where(good, values, 0.0), where=came)
        np.copyto(self.quality, quality, where=came)
        self._see_quality()
        self._move_to(self.held.take(self._layout.states), self.valid.take(self._layout.states))

    def _move_to(self, codes: Values, is_coded: Mask) -> None:
        for k in np.flatnonzero((codes != self._codes) | (is_coded != self._is_coded)).tolist():
            self._leave(k)
        self._codes, self._is_coded = codes, is_coded

    def _leave(self, k: int) -> None:
        if self._is_coded[k] and self._clock_ns > self._entered_ns[k]:
            code = int(min(max(self._codes[k], -LARGEST_CODE), LARGEST_CODE))
            stood_ns = self._clock_ns - self._entered_ns[k]
            self.state_ns[k][code] = self.state_ns[k].get(code, 0) + stood_ns
        self._entered_ns[k] = self._clock_ns

    def settle(self) -> None:
        """Put down, point by point, what was counted for all of them at once; changes no sum."""
        if self._looks:
            self.count += self._looks
            self.good += self._looks * self.valid
            self._looks = 0
        if self._clock_ns > self._settled_ns:
            self.stood_ns += (self._clock_ns - self._settled_ns) * self.valid
            self._settled_ns = self._clock_ns
        np.copyto(self.last, self.held, where=self.valid & (self.good > 0))

    def settle_states(self) -> None:
        """Put down the time in the states that still last; changes no sum."""
        for k in range(len(self._entered_ns)):
            self._leave(k)

    def is_empty(self) -> bool:
        """Whether no cell came and no good value stood."""
        if self._looks:
            return False
        self.settle()
        return not (self.count.any() or self.stood_ns.any())

    def summary(self, window: Window, counters: Counters, *, stepped: bool) -> Summary:
        """What the window comes to; the tally hands over its arrays and is not used again."""
        self.settle()
        self.settle_states()
        layout = self._layout
        mean = np.full(layout.size, np.nan)
        np.divide(
            self.weighted, self.stood_ns, out=mean, where=layout.is_gauge & (self.stood_ns > 0)
        )
        mean[np.isinf(mean)] = np.nan  # readings beyond 1e297: the sum has no number
        self.minimum[~layout.is_gauge] = np.nan
        self.maximum[~layout.is_gauge] = np.nan
        quality = self.quality.copy()
        suspect = layout.counters[counters.suspect]
        quality[suspect[self.valid[suspect]]] = Quality.SUSPECT
        delta = np.full(layout.size, np.nan)
        delta[layout.counters] = counters.delta()
        counter_epoch = np.zeros(layout.size, np.int64)
        counter_epoch[layout.counters] = counters.epoch
        state_s = [NO_STATES] * layout.size
        for position, stood in zip(layout.states.tolist(), self.state_ns, strict=True):
            state_s[position] = {code: ns / NS_PER_S for code, ns in stood.items()}
        return Summary(
            columns=layout.columns,
            window=window,
            count=self.count,
            good=self.good,
            good_s=self.stood_ns / NS_PER_S,
            mean=mean,
            minimum=self.minimum,
            maximum=self.maximum,
            last=self.last,
            quality=quality,
            delta=delta,
            counter_epoch=counter_epoch,
            state_s=tuple(state_s),
            clock_stepped=stepped,
        )
