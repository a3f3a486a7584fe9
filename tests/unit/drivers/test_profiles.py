"""Every profile on the shelf, and every way in which one can contradict itself."""

import re
from pathlib import Path

import pytest

from drivers import catalogue
from drivers.profile import WIDTH
from edge.document.problem import Problems
from edge.errors import ConfigError
from edge.model.point import Kind
from edge.model.units import QUANTITIES, fits

NAMES = catalogue.names()


def test_the_shelf_holds_every_domain() -> None:
    profiles = [catalogue.load(name) for name in NAMES]
    assert len(profiles) >= 16
    assert {p.domain for p in profiles} == {
        "electricity",
        "water",
        "water_quality",
        "traffic",
        "plant",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_loads_and_its_vectors_hold(name: str) -> None:
    profile = catalogue.load(name)
    assert profile.sources, "where do the facts come from?"
    assert profile.trust in {"A", "B"}
    if profile.protocol == "modbus":
        assert len(profile.vectors) >= 3
        assert all(vector.source for vector in profile.vectors)
    for spec in profile.points:
        assert fits(spec.quantity, spec.unit)
        assert set(spec.label) == {"vi", "en"}
        if spec.kind is Kind.GAUGE and spec.quantity != "volume":
            assert spec.plausible is not None, f"{spec.name}: what can it not be?"
        if spec.kind is Kind.COUNTER and spec.quantity != "event_count":
            assert spec.rate_limit is not None, f"{spec.name}: how fast can it count?"


def test_all_labels_of_a_profile_differ() -> None:
    for name in NAMES:
        for language in ("vi", "en"):
            labels = [spec.label[language] for spec in catalogue.load(name).points]
            twice = {label for label in labels if labels.count(label) > 1}
            assert not twice, f"{name}: {twice}"


def test_bytes_of_a_vector_are_as_many_as_the_point_takes() -> None:
    for name in NAMES:
        profile = catalogue.load(name)
        for vector in profile.vectors:
            spec = profile.by_name[vector.point]
            registers = 1 if spec.bit is not None else WIDTH[spec.type]
            assert len(bytes.fromhex(vector.bytes)) == 2 * registers


def test_an_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean eastron-sdm630"):
        catalogue.load("eastron-sdm360")


def test_a_profile_is_read_once() -> None:
    assert catalogue.load("tuf-2000m") is catalogue.load("tuf-2000m")


GOOD = """\
profile: meter
title: A meter
vendor: Nobody
domain: water
trust: B
sources:
  - document: the manual
limits: {max_registers: 10}
points:
  - {name: flow, address: 0, type: float32, quantity: volume_flow, unit: m3/h, plausible: [0, 9]}
  - {name: total, address: 2, type: uint32, kind: counter, quantity: volume, unit: m3}
  - {name: fault, address: 4, bit: 3, kind: bit, quantity: alarm}
vectors:
  - {point: flow, bytes: "3F 80 00 00", expect: 1}
"""


def problems_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "meter.yaml"
    path.write_text(text)
    with pytest.raises(Problems) as raised:
        catalogue.load_file(path)
    return str(raised.value).replace(f"{path}:", "")


def test_a_file_beside_the_shelf_loads(tmp_path: Path) -> None:
    (tmp_path / "meter.yaml").write_text(GOOD)
    assert [p.name for p in catalogue.load_file(tmp_path / "meter.yaml").points] == [
        "flow",
        "total",
        "fault",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("profile: meter", "profile: other", "1: profile: 'other' in a file called meter.yaml"),
        ("domain: water", "domain: watr", "4: domain: 'watr'; did you mean water?"),
        ("name: total,", "name: flow,", "11: points[1].name: flow is named twice"),
        ("name: total,", "name: Total-1,", "11: points[1].name: 'Total-1' cannot be a point's"),
        ("address: 2,", "address: 1,", "register 1, which belongs to flow"),
        ("address: 2, type: uint32", "address: 65535, type: uint32", "address 65535 is outside"),
        ("address: 2, type: uint32,", "type: uint32,", "11: points[1].address: missing"),
        ("max_registers: 10", "max_registers: 1", "10: points[0].type: a float32 takes 2 registers"),
        ("quantity: volume,", "quantity: volum,", "11: points[1].quantity: 'volum' is not a quantity"),
        ("quantity: volume_flow,", "", "10: points[0].quantity: missing"),
        ("unit: m3/h", "unit: kW.h", "10: points[0].unit: volume_flow is not measured in 'kW.h'"),
        ("bit: 3, kind: bit", "bit: 3", "12: points[2].kind: kind gauge of a bit"),
        ("bit: 3,", "bit: 17,", "12: points[2]: bit 17 is outside 0…15"),
        ("[0, 9]", "[9, 0]", "10: points[0].plausible: 9 is not below 0"),
        ("[0, 9]", "[0, 9], writable: [1, 10]", "10: points[0].writable: [1.0, 10.0] goes beyond"),
        ("[0, 9]", "[0, 9], modulus: 5", "10: points[0].modulus: a modulus of a gauge"),
        ("[0, 9]", "[0, 9], deadband: -5", "10: points[0].deadband: -5 is below 0"),
        ("[0, 9]", "[0, 9], states: {1: on}", "10: points[0].states: states of a gauge"),
        ("[0, 9]", "[0, 9], rate_limit: 0", "10: points[0].rate_limit: 0 is not above 0"),
        ("[0, 9]", "[0, 9], scale: 0", "10: points[0]: scale 0"),
        ("[0, 9]", "[0, 9], node: i=5", "10: points[0].node: a node in a Modbus profile"),
        ("expect: 1}", "expect: 2}", "14: vectors[0].expect: 3F 80 00 00 comes to 1 m3/h, not to 2"),
        ("3F 80 00 00", "3F 80", "14: vectors[0].bytes: answers of [2] bytes"),
        ("3F 80 00 00", "3F 8X 00 00", "14: vectors[0].bytes: non-hexadecimal"),
        ("point: flow", "point: flw", "14: vectors[0].point: flw; did you mean flow?"),
        ("trust: B", "protocol: opcua\ntrust: B", "points[0].node: node '' is not nsu=URI"),
        ("type: uint32", "table: coil, type: uint32", "a coil cannot hold a uint32"),
    ],
)  # fmt: skip
def test_a_contradiction_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in GOOD
    assert told in problems_of(tmp_path, GOOD.replace(old, new, 1))


def test_every_contradiction_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("unit: m3/h", "unit: V").replace("domain: water", "domain: sea")
    assert re.match(r"4: domain", problems_of(tmp_path, text))
    text = GOOD.replace("unit: m3/h", "unit: V").replace("unit: m3}", "unit: A}")
    assert len(problems_of(tmp_path, text).splitlines()) == 2


REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def test_the_reference_lists_every_profile_and_unit() -> None:
    page = (REFERENCE / "profiles.md").read_text()
    for name in NAMES:
        profile = catalogue.load(name)
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` "))
        assert row.endswith(f"| {len(profile.points)} | {profile.trust} |")
    for quantity, units in QUANTITIES.items():
        assert f"`{quantity}`" in page
        assert all(f"`{unit}`" in page for unit in units)


def test_our_own_maps_are_published_as_they_are_read() -> None:
    page = (REFERENCE / "opcua-spaces.md").read_text()
    for name in ("opcua-water-plant", "opcua-traffic-junction"):
        for spec in catalogue.load(name).points:
            assert f"| `{spec.node.partition(';s=')[2]}` |" in page
            assert f"| `{spec.name}` | {'' if spec.unit == '1' else spec.unit} |" in page
    rows = (REFERENCE / "traffic-plc.md").read_text().splitlines()
    for spec in catalogue.load("ria-traffic-plc").points:
        name, arm = spec.name, 0
        if name[-1].isdigit():
            name, arm = f"{name[:-1]}k", int(name[-1]) - 1
        (row,) = (row for row in rows if f"| `{name}` |" in row)
        first, _, _ = row[2:].partition(" ")
        assert spec.address == int(first) + 12 * arm
        assert spec.type in row
