"""Networks drawn by hand: a few straight ways over one or two junctions, and a program."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """A controlled way from the end of one lane to the begin of another."""

    link: int
    start: str
    end: str
    shape: str
    junction: str = "J"
    direction: str = "s"


@dataclass(frozen=True)
class Walk:
    """A crossing of one junction."""

    link: int
    shape: str
    junction: str = "J"


def network(
    ways, program, *, walks=(), foes=(), roads=(), joins=(), lengths=None, signal="S", more=""
):
    """The text of a `.net.xml`.

    Args:
        ways: of the signal; lanes are named `edge_0`.
        program: (state, seconds) or (state, seconds, least, most) each.
        walks: crossings.
        foes: pairs of links within one junction.
        roads: further lanes.
        joins: (from lane, to lane) without signal.
        lengths: lane → metres, 100 where nothing is said.
        signal: its name.
        more: further elements.
    """
    rows = {}
    for each in (*ways, *walks):
        rows.setdefault(each.junction, []).append(each)
    lanes = {lane for way in ways for lane in (way.start, way.end)} | set(roads)
    lanes |= {lane for join in joins for lane in join}
    edges = {}
    for lane in sorted(lanes):
        edges.setdefault(lane.rsplit("_", 1)[0], []).append(lane)
    text = ["<net>"]
    for edge, its in edges.items():
        text.append(f'<edge id="{edge}">')
        text += [_lane(lane, (lengths or {}).get(lane, 100.0), "0,0 1,0") for lane in its]
        text.append("</edge>")
    vias = {}
    for junction, its in rows.items():
        walked = sum(isinstance(each, Walk) for each in its)
        for row, each in enumerate(its):
            if isinstance(each, Walk):
                name = f":{junction}_c{row - len(its) + walked}"
                kind = "crossing"
            else:
                name, kind = f":{junction}_{row}", "internal"
            vias[each] = f"{name}_0"
            text.append(
                f'<edge id="{name}" function="{kind}">{_lane(name + "_0", 9.0, each.shape)}</edge>'
            )
        text.append(f'<edge id=":{junction}_w0" function="walkingarea">')
        text.append(_lane(f":{junction}_w0_0", 1.0, "0,0 1,1") + "</edge>")
    for junction, its in rows.items():
        text.append(f'<junction id="{junction}" type="traffic_light">')
        for row, one in enumerate(its):
            bits = "".join(
                "01"[(one.link, two.link) in foes or (two.link, one.link) in foes]
                for two in reversed(its)
            )
            text.append(f'<request index="{row}" response="{bits}" foes="{bits}"/>')
        text.append("</junction>")
    for way in ways:
        (a, i), (b, j) = way.start.rsplit("_", 1), way.end.rsplit("_", 1)
        text.append(
            f'<connection from="{a}" to="{b}" fromLane="{i}" toLane="{j}" via="{vias[way]}" '
            f'tl="{signal}" linkIndex="{way.link}" dir="{way.direction}"/>'
        )
        text.append(
            f'<connection from="{vias[way][:-2]}" to="{b}" fromLane="0" toLane="{j}" dir="s"/>'
        )
    text += [
        f'<connection from=":{walk.junction}_w0" to="{vias[walk][:-2]}" fromLane="0" '
        f'toLane="0" tl="{signal}" linkIndex="{walk.link}" dir="s"/>'
        for walk in walks
    ]
    for start, end in joins:
        (a, i), (b, j) = start.rsplit("_", 1), end.rsplit("_", 1)
        text.append(f'<connection from="{a}" to="{b}" fromLane="{i}" toLane="{j}" dir="s"/>')
    text.append(logic(program, signal) + more + "</net>")
    return "\n".join(text)


def logic(program, signal="S"):
    """A `tlLogic` of (state, seconds) or (state, seconds, least, most)."""
    phases = ""
    for state, seconds, *span in program:
        words = f' minDur="{span[0]}" maxDur="{span[1]}"' if span else ""
        phases += f'<phase state="{state}" duration="{seconds}"{words}/>'
    return f'<tlLogic id="{signal}" type="static" programID="p" offset="0">{phases}</tlLogic>'


def _lane(name, length_m, shape):
    return f'<lane id="{name}" index="0" speed="10" length="{length_m}" shape="{shape}"/>'
