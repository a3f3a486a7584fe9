"""`ria signal countdown` from the command line to its picture, on a town of our own."""

import json

import pytest

from edge.cli.main import run
from tests.integration.signals.town import built


@pytest.fixture
def town(tmp_path):
    folder = tmp_path / "town"
    folder.mkdir()
    return built(folder)


def test_the_curve_of_a_crossing(town, tmp_path, capfd):
    out, picture = tmp_path / "curve.json", tmp_path / "curve.png"
    code = run([
        "signal", "countdown", str(town), "--last", "0,5,full", "--seeds", "1", "--end", "200",
        "--timing", "field", "--sensing", "full", "--jobs", "2", "--json", str(out),
        "--plot", str(picture),
    ])  # fmt: skip
    shown = capfd.readouterr()
    assert code == 0, shown.err
    curve = json.loads(out.read_text())["curve"]
    assert [point["last_s"] for point in curve] == [0, 5, None]
    assert curve[0]["promises"] == 0
    for point in curve[1:]:
        assert point["promises"] > 5
        assert point["broken_promises"] == 0
    for point in curve:
        assert [result["seed"] for result in point["results"]] == [1]
        assert all(result["violations"] == result["refusals"] == 0 for result in point["results"])
        assert all(result["decision_p99_ms"] > 0 for result in point["results"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "ria, countdown 5 s" in shown.err
    assert "full" in shown.out
