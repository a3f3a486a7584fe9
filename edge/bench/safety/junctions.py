"""Small junctions whose every state can be visited: short clocks, all kinds of groups."""

from control.model import Junction, Kind, SignalGroup, Stage


def four(maximum_green_s: int = 7, longest_wait_s: int = 28, minimum_green_s: int = 5) -> Junction:
    """A through movement, a left turn that yields to it, a cross street and its walkers."""
    groups = tuple(
        SignalGroup(
            name,
            yellow_s=yellow_s,
            minimum_green_s=minimum_green_s,
            maximum_green_s=maximum_green_s,
            longest_wait_s=longest_wait_s,
            kind=Kind.PEDESTRIAN if name == "walk" else Kind.VEHICLE,
        )
        for name, yellow_s in (("through", 3), ("left", 3), ("cross", 3), ("walk", 4))
    )
    return _junction(
        "four",
        groups,
        apart={(0, 2), (1, 2), (0, 3), (1, 3)},
        yields={(1, 0)},
        stages=(
            Stage("main", frozenset({0, 1}), frozenset({1})),
            Stage("side", frozenset({2, 3})),
        ),
        startup_red_s=4,
    )


def three() -> Junction:
    """The smallest with everything: a through, a left turn that yields to it, walkers across."""
    groups = tuple(
        SignalGroup(
            name,
            yellow_s=2,
            minimum_green_s=2,
            maximum_green_s=7,
            longest_wait_s=18,
            kind=Kind.PEDESTRIAN if name == "walk" else Kind.VEHICLE,
        )
        for name in ("through", "left", "walk")
    )
    return _junction(
        "three",
        groups,
        apart={(0, 2), (1, 2)},
        yields={(1, 0)},
        stages=(Stage("main", frozenset({0, 1}), frozenset({1})), Stage("walk", frozenset({2}))),
        startup_red_s=3,
    )


def eight() -> Junction:
    """Four approaches: two throughs, two lefts that yield, four crossings."""
    groups = tuple(
        SignalGroup(
            name,
            yellow_s=3,
            minimum_green_s=2,
            maximum_green_s=9,
            longest_wait_s=60,
            red_revert_s=1,
            kind=Kind.PEDESTRIAN if name.startswith("walk") else Kind.VEHICLE,
        )
        for name in ("n", "n_left", "e", "e_left", "walk_n", "walk_s", "walk_e", "walk_w")
    )
    main, side = (0, 1, 4, 5), (2, 3, 6, 7)
    apart = {(g, h) for g in main for h in side} | {(1, 4), (1, 5), (3, 6), (3, 7)}
    return _junction(
        "eight",
        groups,
        apart=apart,
        yields={(1, 0), (3, 2)},
        stages=(
            Stage("n", frozenset({0, 4, 5})),
            Stage("n_left", frozenset({0, 1}), frozenset({1})),
            Stage("e", frozenset({2, 6, 7})),
            Stage("e_left", frozenset({2, 3}), frozenset({3})),
        ),
        startup_red_s=4,
    )


def _junction(
    name: str,
    groups: tuple[SignalGroup, ...],
    apart: set[tuple[int, int]],
    yields: set[tuple[int, int]],
    stages: tuple[Stage, ...],
    startup_red_s: int,
) -> Junction:
    conflicts = frozenset(apart) | frozenset((h, g) for g, h in apart)
    return Junction(
        id=name,
        groups=groups,
        conflicts=conflicts,
        yields=frozenset(yields),
        intergreen_s={(g, h): groups[g].yellow_s + 1 for g, h in conflicts},
        stages=stages,
        startup_red_s=startup_red_s,
    )
