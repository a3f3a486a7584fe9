"""A small SUMO town for the tests of this folder: one signal that matters."""

import subprocess

import sumolib


def built(folder):
    """A crossing, and steady traffic over it."""
    net = folder / "cross.net.xml"
    words = ["--grid", "--grid.number", "1", "--grid.attach-length", "200", "--turn-lanes", "1",
             "--default-junction-type", "traffic_light", "--seed", "3", "-o", str(net)]  # fmt: skip
    subprocess.run(
        [sumolib.checkBinary("netgenerate"), *words], check=True, capture_output=True, timeout=60
    )
    ways = (("left0A0", "A0right0"), ("right0A0", "A0bottom0"), ("top0A0", "A0bottom0"),
            ("bottom0A0", "A0left0"))  # fmt: skip
    flows = "".join(
        f'<flow id="{a}" from="{a}" to="{b}" begin="0" end="600" probability="0.12"/>'
        for a, b in ways
    )
    (folder / "cross.rou.xml").write_text(f"<routes>{flows}</routes>")
    cfg = folder / "cross.sumocfg"
    cfg.write_text(
        '<configuration><input><net-file value="cross.net.xml"/>'
        '<route-files value="cross.rou.xml"/></input></configuration>'
    )
    return cfg
