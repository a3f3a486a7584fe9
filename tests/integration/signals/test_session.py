"""A scenario that writes wherever it can, run without a trace in its folder."""

import pytest

from simulators.sumo.session import Session, scenario
from tests.integration.signals.test_evaluate import prints
from tests.integration.signals.town import built

OUTPUTS = ("summary", "summary-output", "vehroutes", "vehroute-output", "fcd-output", "log",
           "tripinfo-output", "person-summary-output", "queue-output", "lanechange-output",
           "statistic-output", "stop-output", "netstate-dump", "device.rerouting.output")  # fmt: skip


@pytest.fixture
def talkative(tmp_path):
    town = tmp_path / "town"
    for folder in (town, town / "a", town / "b"):
        folder.mkdir()
    cfg = built(town)
    for folder, kind in (("a", "inductionLoop"), ("b", "laneAreaDetector")):
        length = ' length="20"' if folder == "b" else ""
        (town / folder / "loops.add.xml").write_text(
            f'<additional><{kind} id="{folder}" lane="left0A0_0" pos="50"{length} freq="10" '
            f'file="loops.xml"/><edgeData id="{folder}d" file="edges.xml" freq="10"/></additional>'
        )

    def write(outputs, *more):
        said = "".join(f'<{name} value="{n}.out.xml"/>' for n, name in enumerate(outputs))
        said += "".join(more)
        cfg.write_text(
            '<configuration><input><net-file value="cross.net.xml"/><route-files '
            'value="cross.rou.xml"/><additional-files value="a/loops.add.xml b/loops.add.xml"/>'
            f"</input><output>{said}</output></configuration>"
        )
        return cfg

    return write


@pytest.mark.parametrize("outputs", [OUTPUTS[::2], OUTPUTS[1::2]])
def test_the_folder_of_a_scenario_stays_as_it_was(talkative, outputs, monkeypatch, tmp_path):
    cfg = talkative(outputs, '<output-prefix value="p_"/>')
    before = prints(cfg.parent)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with Session(scenario(cfg), seed=1, begin_s=0) as session:
        loops = set(session.api.inductionloop.getIDList())
        areas = set(session.api.lanearea.getIDList())
        for _ in range(60):
            session.step()
        folder = session.folder
        session.close()
        assert session.tripinfo.stat().st_size > 0
    assert (loops, areas) == ({"a"}, {"b"})
    assert prints(cfg.parent) == before
    assert list(elsewhere.iterdir()) == []
    assert not folder.exists()


def test_words_of_a_configuration(talkative):
    scene = scenario(talkative(()))
    assert scene.name == "cross"
    assert [path.name for path in scene.additional] == ["loops.add.xml"] * 2
    assert (scene.begin_s, scene.end_s) == (0.0, None)
