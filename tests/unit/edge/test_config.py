"""The site file, good and broken."""

from pathlib import Path

import pytest

from drivers.settings import ModbusRtu, ModbusTcp, OpcUa
from edge.config.devices import window_for
from edge.config.load import Problems, check, load_site, render
from edge.config.schema import (
    DeviceBlock,
    JunctionBlock,
    LinkBlock,
    PlaceBlock,
    PointBlock,
    SiteBlock,
    StoreBlock,
    UplinkBlock,
    WindowsBlock,
)
from edge.config.site import PageSettings, Place
from edge.model.point import Bounds

ROOT = Path(__file__).parents[3]
BROKEN = sorted((ROOT / "tests" / "broken_sites").glob("*.yaml"))
EXAMPLE = ROOT / "deploy" / "site.example.yaml"
HEAD = "gateway: g1\nsite: {name: Here}\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(text)
    return path


def told(tmp_path: Path, text: str) -> list[str]:
    path = written(tmp_path, text)
    return render(check(path), "F").splitlines()


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_site_is_told(path: Path) -> None:
    problems = check(path)
    assert problems
    assert render(problems, "FILE") + "\n" == path.with_suffix(".txt").read_text()
    assert all(problem.what and problem.remedy for problem in problems)


def test_there_are_thirty_broken_sites_and_more() -> None:
    assert len(BROKEN) >= 30


def test_ten_megabytes_of_noise_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_bytes(b"\x8f\x00: [&" * (10 * 2**20 // 6))
    (problem,) = check(path)
    assert "longer than 256 kB" in problem.what


def test_the_example_is_good() -> None:
    site = load_site(EXAMPLE)
    assert site.gateway == "vt-p1-01"
    assert site.place == Place(
        "Trạm bơm Phường 1", "Bà Rịa - Vũng Tàu", 10.346, 107.084, "Asia/Ho_Chi_Minh"
    )
    assert site.store.limit_bytes == 8_000_000_000
    assert site.page == PageSettings("127.0.0.1", 8080)
    assert site.window_s == 60.0
    assert site.uplink is not None
    assert site.uplink.compress
    assert site.uplink.identity == Path("/etc/ria/identity")
    assert site.source_path == EXAMPLE
    links = {device.id: device.link for device in site.devices}
    assert links["inlet"] == ModbusTcp("10.0.0.12")
    assert links["feeder"] == ModbusRtu("/dev/ttyUSB0", 9600, "E")
    assert isinstance(links["plant"], OpcUa)
    assert links["plant"].security == "Basic256Sha256"


def test_what_the_site_says_of_a_point_wins() -> None:
    devices = {device.id: device for device in load_site(EXAMPLE).devices}
    flow = devices["inlet"].columns.points[0]
    assert (flow.unit, flow.plausible, flow.raw) == ("m3/h", Bounds(-50, 900), True)
    assert not devices["inlet"].columns.points[1].raw
    assert devices["outlet"].columns.names == ("flow_velocity", "volume_flow", "counter_1")
    setpoint = devices["plant"].columns.points[-1]
    assert (setpoint.name, setpoint.writable) == ("chlorine_setpoint", Bounds(0.3, 0.8))
    assert devices["plant"].columns.points[0].writable is None
    assert devices["inlet"].labels == {"vi": "Nước vào", "en": "Inlet"}


def test_bounds_follow_the_unit(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEAD + "devices:\n  - {id: m, profile: siemens-sitrans-mag6000, link: modbus+tcp://h, "
        "points: {volume_flow: {unit: m3/h}, total_1: {unit: L}}}\n",
    )
    flow, total, *_ = load_site(path).devices[0].columns.points
    assert flow.plausible == Bounds(pytest.approx(-115_200), pytest.approx(115_200))
    assert total.rate_limit == pytest.approx(32_000)


def test_a_site_may_name_points_its_own_way(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEAD + "devices:\n  - {id: m, profile: tuf-2000m, link: modbus+tcp://h, "
        "points: {flow_rate: {label: {vi: Nước thô}}}}\n",
    )
    label = load_site(path).devices[0].profile.by_name["flow_rate"].label
    assert label == {"vi": "Nước thô", "en": "Flow"}


@pytest.mark.parametrize(
    ("period_s", "default_s", "window_s"),
    [
        (1, 60, 60),
        (60, 60, 60),
        (61, 60, 120),
        (0.05, 2, 2),
        (300, 60, 300),
        (7, 2, 8),
        (0.3, 0.1, 0.3),
    ],
)
def test_a_window_holds_at_least_one_period(
    period_s: float, default_s: float, window_s: float
) -> None:
    assert window_for(period_s, default_s) == pytest.approx(window_s)


def test_what_is_left_out_has_its_usual_value(tmp_path: Path) -> None:
    path = written(
        tmp_path, HEAD + "devices: [{id: m, profile: tuf-2000m, link: modbus+tcp://h}]\n"
    )
    site = load_site(path)
    assert site.uplink is None
    assert site.store.path == Path("/var/lib/ria")
    assert site.place.timezone == "Asia/Ho_Chi_Minh"
    (device,) = site.devices
    assert (device.unit, device.columns.period_s, device.columns.window_s) == (1, 10.0, 60.0)


def test_relative_paths_are_beside_the_file(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEAD + "store: {path: data}\npage: \"off\"\nuplink: {url: 'mqtt://[::1]', "
        "username: u, password_file: pw}\n"
        "devices: [{id: m, profile: tuf-2000m, link: modbus+tcp://h}]\n",
    )
    site = load_site(path)
    assert site.store.path == tmp_path / "data"
    assert site.page is None
    assert site.uplink is not None
    assert site.uplink.password_file == tmp_path / "pw"
    assert site.uplink.identity is None


LINKS = {
    "modbus+tcp://10.0.0.12": ModbusTcp("10.0.0.12"),
    "modbus+tcp://meter-3.local:1502?timeout=250ms": ModbusTcp("meter-3.local", 1502, 0.25),
    "modbus+tcp://[fd00::1]:502": ModbusTcp("fd00::1", 502),
    "modbus+tcp://h/?transaction_ids=tolerant": ModbusTcp("h", transaction_ids="tolerant"),
    "modbus+rtu:///dev/serial/by-id/usb-FTDI-0?baud=19200&parity=E&stop_bits=2": ModbusRtu(
        "/dev/serial/by-id/usb-FTDI-0", 19200, "E", 2
    ),
    "opc.tcp://127.0.0.1:4840/ria": OpcUa("opc.tcp://127.0.0.1:4840/ria"),
}


@pytest.mark.parametrize("text", LINKS)
def test_a_link_written_out(tmp_path: Path, text: str) -> None:
    profile = "opcua-water-plant" if text.startswith("opc") else "tuf-2000m"
    path = written(tmp_path, f"{HEAD}devices: [{{id: m, profile: {profile}, link: '{text}'}}]\n")
    assert load_site(path).devices[0].link == LINKS[text]


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("modbus+tcp://", "'' is no host"),
        ("modbus+tcp://a b", "'a b' is no host"),
        ("modbus+tcp://h:0", "'0' is no port; choose within 1…65535"),
        ("modbus+tcp://h:١", "is no port"),
        ("modbus+tcp://[::1", "'[::1' is no IPv6 address"),
        ("modbus+tcp://[1]", "is no IPv6 address"),
        ("modbus+tcp://1.2.3", "is no IPv4 address"),
        ("modbus+tcp://h?timeout=5", "'5' is not a duration"),
        ("modbus+tcp://h?timeout=5min", "a timeout of 300 s; choose within 20 ms…60 s"),
        ("modbus+tcp://h?a", "after ?; write ?key=value"),
        ("modbus+tcp://h?transaction_ids=off", "write strict or tolerant"),
        ("modbus+rtu://dev/ttyS0", "is no serial port; write its path"),
        ("modbus+rtu:///dev/ttyS0?parity=even", "write N, E or O"),
        ("modbus+rtu:///dev/ttyS0?stop_bits=3", "write 1 or 2"),
        ("opc.tcp://[::1", "'[::1' is no IPv6 address"),
        ("opc.tcp://a@h", "a user or password in an address"),
        ("http://h", "'http' is no kind of link"),
    ],
)
def test_a_link_that_is_none(tmp_path: Path, link: str, words: str) -> None:
    text = f"{HEAD}devices: [{{id: m, profile: tuf-2000m, link: '{link}'}}]\n"
    told_of_link = told(tmp_path, text)[0]
    assert told_of_link.startswith("F:3: devices[0].link:")
    assert words in told_of_link


def test_a_profile_beside_the_site_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        (ROOT / "drivers/profiles/tuf-2000m.yaml").read_text().replace("tuf-2000m", "mine")
        .replace("trust: B", "trust: D")
    )  # fmt: skip
    device = "devices: [{id: m, profile: mine.yaml, link: modbus+tcp://h%s}]\n"
    (line,) = told(tmp_path, HEAD + device % "")
    assert "mine.yaml is of grade D" in line
    assert line.endswith("then write accept_trust_d: true")
    path = written(tmp_path, HEAD + device % ", accept_trust_d: true")
    assert load_site(path).devices[0].profile.profile == "mine"
    (line,) = told(tmp_path, HEAD + device.replace("mine", "../mine") % "")
    assert "outside the folder of this file" in line
    (tmp_path / "mine.yaml").write_text("profile: mine\n")
    (line,) = told(tmp_path, HEAD + device % "")
    assert "mine.yaml:1: domain: missing; add `domain: …` (the first of 6)" in line


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("profile: tuf-2000m, link: modbus+tcp://h, mode: read", "mode: means nothing for modbus"),
        ("profile: tuf-2000m, link: modbus+tcp://h, security: None", "security: means nothing for"),
        ("profile: opcua-water-plant, link: opc.tcp://localhost, unit: 3", "unit: means nothing for opcua"),
        ("profile: opcua-water-plant, link: works, trusted: x", "trusted: belongs to the link works"),
        ("profile: opcua-water-plant, link: opc.tcp://localhost, security: Basic256Sha256, "
         "certificate: c, private_key: k, trusted: t, insecure_ok: yes", "insecure_ok: a reason for"),
        ("profile: tuf-2000m, link: modbus+tcp://h, raw: [flow_rate, flow_rate]", "named twice"),
        ("profile: tuf-2000m, link: modbus+tcp://h, every: 2d", "172800 s is above 1 d"),
        ("profile: tuf-2000m, link: modbus+tcp://h, window: 2d", "longer than a day"),
        ("profile: opcua-water-plant, link: works, write: {chlorine_setpoint: [0.5, 0.4]}",
         "0.5 is not below 0.4; write [lower, upper] within 0.2…1 mg/L"),
        ("profile: tuf-2000m, link: modbus+tcp://h, write: {flow_rate: [0, 1]}", "it allows no writing"),
    ],
)  # fmt: skip
def test_what_a_device_cannot_say(tmp_path: Path, device: str, words: str) -> None:
    links = "links: {works: {opcua: 'opc.tcp://127.0.0.1'}}\n"
    (line,) = told(tmp_path, f"{HEAD}{links}devices: [{{id: m, {device}}}]\n")
    assert line.startswith("F:4: devices[0].")
    assert words in line


def test_one_server_is_not_read_twice_for_the_same(tmp_path: Path) -> None:
    device = "profile: opcua-water-plant, link: opc.tcp://127.0.0.1"
    text = f"{HEAD}devices:\n  - {{id: a, {device}}}\n  - {{id: b, {device}}}\n"
    (line,) = told(tmp_path, text)
    assert "profile opcua-water-plant at opc.tcp://127.0.0.1 is already a, on line 4" in line


def test_no_secret_is_repeated_in_an_error(tmp_path: Path) -> None:
    lines = told(tmp_path, HEAD + "uplink: {url: 'mqtts://u:hunter2@h', mqtt_password: hunter2}\n")
    assert len(lines) == 3
    assert "hunter2" not in "\n".join(lines)


def test_fifty_devices_of_one_profile_are_fifty_devices(tmp_path: Path) -> None:
    devices = "".join(
        f"  - id: meter-{i}\n    profile: eastron-sdm630\n    link: modbus+tcp://10.0.0.{i}\n"
        f"    unit: 1\n    every: 1s\n    raw: [active_energy_import]\n"
        f"    points:\n      current_l1: {{plausible: [0, 60]}}\n"
        for i in range(1, 51)
    )
    path = written(tmp_path, HEAD + "devices:\n" + devices)
    site = load_site(path)
    assert [device.id for device in site.devices] == [f"meter-{i}" for i in range(1, 51)]
    assert len({id(device.profile) for device in site.devices}) == 1, "it is read once"


def test_problems_are_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(Problems, match=r"site\.yaml:1: gateway: missing"):
        load_site(written(tmp_path, "site: {name: Here}\ndevices: []\n"))


def test_the_reference_names_every_key() -> None:
    page = (ROOT / "docs/reference/site-file.md").read_text()
    blocks = (SiteBlock, PlaceBlock, StoreBlock, WindowsBlock, UplinkBlock, LinkBlock, DeviceBlock,
              PointBlock, JunctionBlock)  # fmt: skip
    for block in blocks:
        for key in block.__struct_fields__:
            assert f"`{key}`" in page, f"{block.__name__}.{key}"


def test_the_how_to_shows_a_profile_that_loads(tmp_path: Path) -> None:
    page = (ROOT / "docs/how-to/add-a-device.md").read_text()
    text = page.partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "acme-flow-7.yaml").write_text(text)
    device = "devices: [{id: m, profile: acme-flow-7.yaml, link: modbus+tcp://h}]\n"
    assert len(load_site(written(tmp_path, HEAD + device)).devices[0].columns) == 3
