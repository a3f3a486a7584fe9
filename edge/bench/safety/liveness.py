"""A junction left to itself: everybody's turn comes, and a call at rest is answered (I30)."""

from collections import Counter
from collections.abc import Iterable

from control.model import Junction
from edge.bench.safety.twin import Controller, Orders, Twin

LOCAL = Orders(remote=False)


class Liveness:
    """Released controllers of one junction, from any state that steering can leave them in."""

    def __init__(self, junction: Junction) -> None:
        self.junction = junction
        self.twin = Twin(junction)
        self.fired: Counter[str] = Counter()
        self.broken: list[str] = []
        self._rested: set[Controller] = set()
        self._stages = [sum(1 << g for g in stage.green) for stage in junction.stages]

    def judge(self, controllers: Iterable[Controller]) -> None:
        """Release each of them, once with everybody calling and once with nobody."""
        for controller in controllers:
            if not controller.stopped:
                self._everybody(controller)
                self._nobody(controller)

    def _everybody(self, controller: Controller) -> None:
        self.fired["I30"] += 1
        left = set(self._stages)
        for _ in range(self.junction.longest_cycle_s):
            controller = controller._replace(calls=self.twin.every)
            controller = self.twin.step(controller, LOCAL)
            left = {stage for stage in left if stage & ~controller.green}
            if not left:
                return
        self.broken.append(f"I30 stages {left} do not come in {self.junction.longest_cycle_s} s")

    def _nobody(self, controller: Controller) -> None:
        controller = controller._replace(calls=0)
        before = controller
        for _ in range(self.junction.longest_cycle_s):
            before, controller = controller, self.twin.step(controller, LOCAL)
            if before == controller:
                break
        if before != controller:
            self.broken.append("I30 with nobody calling the lamps do not come to rest")
        elif controller not in self._rested:
            self._rested.add(controller)
            for group in range(self.twin.count):
                self._called(controller, group)

    def _called(self, rest: Controller, group: int) -> None:
        groups = self.junction.groups
        intergreen_s = max(
            (self.junction.intergreen_s[h, group] for h in self.junction.conflicting(group)),
            default=0,
        )
        allowed_s = max(g.minimum_green_s for g in groups) + intergreen_s + 1
        self.fired["I30"] += 1
        controller = rest._replace(calls=1 << group)
        for _ in range(allowed_s):
            controller = self.twin.step(controller, LOCAL)
            if controller.green >> group & 1:
                return
        if not rest.green >> group & 1:
            self.broken.append(f"I30 a call of group {group} at rest waits above {allowed_s} s")
