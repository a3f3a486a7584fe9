"""`ria read`: one look at a device, now, without a gateway."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from drivers.settings import DeviceSettings, OpcUa
from edge.config.load import load_site
from edge.errors import ConfigError
from edge.intake import admit
from edge.model.clock import NS_PER_MS
from edge.model.quality import name_of
from edge.model.scan import Scan
from edge.runtime import SystemClock


def read_devices(path: Path, device: str | None, point: str | None, out: Path | None) -> int:
    """Print value, unit and quality of each point; 1 where a cell is bad."""
    site = load_site(path)
    chosen = [it for it in site.devices if device in (None, it.id)]
    if not chosen:
        names = ", ".join(it.id for it in site.devices)
        raise ConfigError(f"{path} names no device {device!r}; it has {names}")
    if point and not any(point in it.columns.names for it in chosen):
        names = ", ".join(chosen[0].columns.names)
        raise ConfigError(f"{chosen[0].id} has no point {point!r}; it has {names}")
    scans = asyncio.run(_look(chosen))
    if out:
        out.write_text(json.dumps([_plain(scan) for scan in scans], indent=2) + "\n")
    fine = True
    for scan in scans:
        fine &= _print(scan, point)
    return 0 if fine else 1


async def _look(devices: list[DeviceSettings]) -> list[Scan]:
    scans = []
    for device in devices:
        if isinstance(device.link, OpcUa):
            from drivers.opcua.driver import read_once as look  # noqa: PLC0415
        else:
            from drivers.modbus.driver import read_once as look  # noqa: PLC0415
        scans.append(admit(await look(device, SystemClock())))
    return scans


def _print(scan: Scan, only: str | None) -> bool:
    columns, fine = scan.columns, True
    print(columns.device, file=sys.stdout)
    for fact, text in columns.facts.items():
        print(f"  {fact:<28}{text}")
    for sample in scan.samples():
        if only in (None, sample.point.name):
            grade = name_of(sample.quality)
            fine &= sample.quality >= 192
            unit = "" if sample.point.unit == "1" else sample.point.unit
            print(f"  {sample.point.name:<28}{sample.value:>16.9g} {unit:<8} {grade}")
    return fine


def _plain(scan: Scan) -> dict[str, Any]:
    return {
        "device": scan.columns.device,
        "measured_at_ms": scan.measured_at // NS_PER_MS,
        "points": {
            sample.point.name: {
                "value": sample.value if sample.value == sample.value else None,
                "unit": sample.point.unit,
                "quality": name_of(sample.quality),
            }
            for sample in scan.samples()
        },
    }
