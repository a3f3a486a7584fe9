"""Cabinet, planner and gateway as the three processes they are, in real time."""

import asyncio
from contextlib import contextmanager

from control.plan_text import write
from drivers.modbus.driver import read_once
from edge.config.load import load_site
from edge.demo.children import Child, all_ended, ria
from edge.runtime import SystemClock
from tests.integration.signals.crossing import crossing

ADAPTIVE, ACTUATED = 4, 2
PATIENCE_S = 40.0
SITE = """\
gateway: vt-p1-01
site: {name: Ngã tư}
store: {path: store}
page: "off"
planner: planner.sock
devices:
  - id: tlc
    profile: ria-signal-controller
    link: modbus+tcp://10.0.0.30
    every: 1s
    write: {hold: [0, 4294967295], force_off: [0, 4294967295], omit: [0, 4294967295],
            call: [0, 4294967295], pattern: [0, 255], remote: [0, 1], sequence: [0, 65535],
            display_1: [0, 300], display_2: [0, 300], display_3: [0, 300], display_4: [0, 300]}
junctions:
  - {id: j1, controller: tlc, plan: j1.yaml}
"""


class Street:
    """The three processes of one junction, and a look at its controller past all of them."""

    def __init__(self, folder):
        self.folder = folder
        self.children = []
        (folder / "j1.yaml").write_text(write(crossing(startup_red_s=3)), encoding="utf-8")
        (folder / "site.yaml").write_text(SITE, encoding="utf-8")

    def start(self, name, *words, ready):
        child = Child(name, ria(*words), self.folder / f"{name}.log", cwd=None)
        self.children.append(child)
        child.wait_for(ready, PATIENCE_S)
        return child

    async def mode(self, *wanted):
        """Wait until the controller says that it is in one of these modes."""
        (device,) = load_site(self.folder / "sim.yaml").devices
        place = device.columns.names.index("controller_mode")
        async with asyncio.timeout(PATIENCE_S):
            while (mode := (await read_once(device, SystemClock())).values[place]) not in wanted:
                await asyncio.sleep(0.1)
        return int(mode)


@contextmanager
def street(folder):
    made = Street(folder)
    try:
        with all_ended(made.children):
            yield made
    finally:
        for child in made.children:
            child.end()
            child.process.stdout.close()


async def test_a_planner_comes_goes_and_comes_back(tmp_path):
    with street(tmp_path) as city:
        place = [str(tmp_path / name) for name in ("site.yaml", "sim.yaml", "planner.sock")]
        await asyncio.to_thread(
            city.start, "simulators", "simulate", place[0], "--site-out", place[1], ready="ready"
        )
        await asyncio.to_thread(city.start, "gateway", "run", place[1], ready="ready")
        assert await city.mode(ACTUATED) == ACTUATED
        planner = await asyncio.to_thread(
            city.start, "planner", "plan", "--socket", place[2], ready="ready"
        )
        await city.mode(ADAPTIVE)
        planner.kill()
        await city.mode(ACTUATED)
        again = await asyncio.to_thread(
            city.start, "planner", "plan", "--socket", place[2], ready="ready"
        )
        await city.mode(ADAPTIVE)
        assert await asyncio.to_thread(city.children[1].end) == 0
        # a gateway that is stopped gives control back itself, without the backup time
        await city.mode(ACTUATED)
        again.end()
