"""Watches lamps, second by second, and counts what must not be; knows no controller.

It reads the lamp strings that SUMO shows and the rules of `rules.py`, nothing else. Each violation
is counted once, when it begins or when the interval that was too short has ended.
"""

from edge.bench.signals.program import Pair, Signal
from edge.bench.signals.rules import GREEN, LETTERS, MOVING, YELLOW, Rules

KEPT = 20
"""Sentences kept; the rest is only counted."""
_LONG_S = 1 << 30


class Monitor:
    """Of one signal. Before the first look everything has stood as it is for long."""

    def __init__(self, signal: Signal, rules: Rules) -> None:
        self.signal = signal
        self.rules = rules
        self.violations = 0
        self.sentences: list[str] = []
        self._state = ""
        self._since_s = [0] * signal.links
        """Begin of what each link shows; G and g are one green."""
        self._green_ended_s = [-_LONG_S] * signal.links
        self._yellow_ended_s = [-_LONG_S] * signal.links
        self._together: set[Pair] = set()
        self._foes = sorted((i, j) for i, j in signal.foes if i < j)
        self._yields_to = {
            k: sorted(j for i, j in signal.gives_way if i == k) for k in range(signal.links)
        }
        self._before = {j: [i for i, k in rules.clearance_s if k == j] for j in range(signal.links)}

    def look(self, at_s: int, state: str) -> None:
        """Judge what is shown from `at_s` on; call each second, or at least at each change."""
        if state == self._state:
            return
        if len(state) != self.signal.links:
            self._count(at_s, f"{len(state)} lamps are shown, the program has {self.signal.links}")
            return
        for link, letter in enumerate(state):
            if letter not in LETTERS and self._letter(link) != letter:
                self._count(at_s, f"link {link} shows {letter!r}, which is no signal")
        if not self._state:
            self._since_s = [at_s - _LONG_S] * self.signal.links
        else:
            for link, letter in enumerate(state):
                self._changed(at_s, link, self._state[link], letter)
            self._begun(at_s, state)
            self._trapped(at_s, state)
        self._meeting(at_s, state)
        self._state = state

    def _letter(self, link: int) -> str:
        return self._state[link] if self._state else ""

    def _changed(self, at_s: int, link: int, before: str, now: str) -> None:
        """One link's own sequence: green, yellow, red, each for long enough."""
        if _aspect(before) == _aspect(now):
            return
        shown_s = at_s - self._since_s[link]
        least_s = self.rules.yellow_s[link]
        if before in GREEN:
            self._green_ended_s[link] = at_s
            if shown_s < self.rules.minimum_green_s[link]:
                least = self.rules.minimum_green_s[link]
                self._count(at_s, f"link {link} was green for {shown_s} s, at least {least} s")
            if now not in YELLOW and least_s:
                self._count(at_s, f"link {link} went from {before} to {now} without yellow")
        elif before in YELLOW:
            self._yellow_ended_s[link] = at_s
            if now in GREEN and link not in self.rules.resumed:
                self._count(at_s, f"link {link} went from yellow back to green")
            elif shown_s < least_s:
                self._count(at_s, f"link {link} was yellow for {shown_s} s, at least {least_s} s")
        self._since_s[link] = at_s

    def _begun(self, at_s: int, state: str) -> None:
        """A green begins only after the clearance of each hard foe."""
        for link, letter in enumerate(state):
            if letter not in GREEN or self._state[link] in GREEN:
                continue
            for foe in self._before[link]:
                least_s = self.rules.clearance_s[foe, link]
                cleared_s = at_s - self._green_ended_s[foe]
                red_s = at_s - self._yellow_ended_s[foe]
                if state[foe] in GREEN:
                    continue  # a conflict, which is counted as such
                if cleared_s < least_s:
                    self._count(
                        at_s,
                        f"link {link} became green {cleared_s} s after the green of link {foe}, "
                        f"at least {least_s} s",
                    )
                elif red_s < self.rules.red_s:
                    self._count(
                        at_s,
                        f"link {link} became green {red_s} s after the yellow of link {foe}, "
                        f"at least {self.rules.red_s} s",
                    )

    def _trapped(self, at_s: int, state: str) -> None:
        """A yielding green that turns yellow beside a green it yields to (I31)."""
        for link, letter in enumerate(state):
            if letter not in YELLOW or self._state[link] != "g":
                continue
            peer = next((peer for peer in self._yields_to[link] if state[peer] in GREEN), None)
            if peer is not None:
                self._count(
                    at_s, f"link {link} turned yellow, and link {peer}, its foe, stays green"
                )

    def _meeting(self, at_s: int, state: str) -> None:
        """Foes that go together: hard ones at all, others both with priority."""
        met: set[Pair] = set()
        for pair in self._foes:
            one, two = state[pair[0]], state[pair[1]]
            if one not in MOVING or two not in MOVING:
                continue
            if pair in self.rules.shown and (
                pair in self.rules.both_prior or not one == two == "G"
            ):
                continue
            met.add(pair)
            if pair not in self._together:
                self._count(at_s, f"links {pair[0]} ({one}) and {pair[1]} ({two}) meet and both go")
        self._together = met

    def _count(self, at_s: int, what: str) -> None:
        self.violations += 1
        if len(self.sentences) < KEPT:
            self.sentences.append(f"{at_s} s, signal {self.signal.id}: {what}")


def _aspect(letter: str) -> str:
    if letter in GREEN:
        return "green"
    return "yellow" if letter in YELLOW else "red"
