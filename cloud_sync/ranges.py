"""Sets of sequence numbers, kept as the closed ranges they consist of."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Ranges:
    """Whole numbers as closed ranges in ascending order that neither overlap nor touch."""

    spans: tuple[Range, ...] = ()

    @classmethod
    def of(cls, spans: Iterable[Range]) -> "Ranges":
        """The numbers of closed ranges in any order; one that ends before it begins is empty."""
        joined: list[Range] = []
        for first, last in sorted(span for span in spans if span[0] <= span[1]):
            if joined and first <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(joined[-1][1], last))
            else:
                joined.append((first, last))
        return cls(tuple(joined))

    @classmethod
    def of_numbers(cls, numbers: Iterable[int]) -> "Ranges":
        """The set of these numbers."""
        return cls.of((number, number) for number in numbers)

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self.spans, (number, number)) - 1
        inside_left = at >= 0 and self.spans[at][1] >= number
        inside_next = at + 1 < len(self.spans) and self.spans[at + 1][0] == number
        return inside_left or inside_next

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.spans)

    def __iter__(self) -> Iterator[Range]:
        return iter(self.spans)

    def __or__(self, other: "Ranges") -> "Ranges":
        if not other.spans or not self.spans:
            return self if self.spans else other
        (first, last), tail = other.spans[0], self.spans[-1]
        if len(other.spans) == 1 and first > tail[1]:  # numbers mostly arrive in order
            if first == tail[1] + 1:
                return Ranges((*self.spans[:-1], (tail[0], last)))
            return Ranges((*self.spans, (first, last)))
        return Ranges.of((*self.spans, *other.spans))

    def __sub__(self, other: "Ranges") -> "Ranges":
        left: list[Range] = []
        cuts = iter((*other.spans, (float("inf"), float("inf"))))
        cut_first, cut_last = next(cuts)
        for span_first, last in self.spans:
            first = span_first
            while first <= last:
                if cut_last < first:
                    cut_first, cut_last = next(cuts)
                elif cut_first > last:
                    left.append((first, last))
                    break
                else:
                    if cut_first > first:
                        left.append((first, int(cut_first) - 1))
                    if cut_last >= last:
                        break
                    first = int(cut_last) + 1
        return Ranges(tuple(left))

    def __and__(self, other: "Ranges") -> "Ranges":
        return self - (self - other)

    @property
    def last(self) -> int:
        """The largest number; 0 in the empty set."""
        return self.spans[-1][1] if self.spans else 0

    def holes(self) -> "Ranges":
        """The numbers from 1 up to the largest that are not in the set."""
        return Ranges.of([(1, self.last)]) - self
