"""Which driver speaks to which link."""

import random
from collections.abc import Sequence
from contextlib import AsyncExitStack

from drivers.modbus.bus import Bus, open_bus
from drivers.modbus.driver import ModbusDriver
from drivers.settings import DeviceSettings, ModbusRtu, ModbusTcp, OpcUa
from edge.model.clock import Clock
from edge.ports import Driver


def protocol_of(device: DeviceSettings) -> str:
    """`modbus-tcp`, `modbus-rtu` or `opc-ua`."""
    match device.link:
        case ModbusTcp():
            return "modbus-tcp"
        case ModbusRtu():
            return "modbus-rtu"
        case OpcUa():
            return "opc-ua"


def address_of(device: DeviceSettings) -> str:
    """Where a technician finds it."""
    match device.link:
        case ModbusTcp(host=host, port=port):
            return f"{host}:{port} unit {device.unit}"
        case ModbusRtu(path=path, baud=baud, parity=parity, stop_bits=stop):
            return f"{path} {baud} 8{parity}{stop} unit {device.unit}"
        case OpcUa(url=url):
            return url


async def open_drivers(
    devices: Sequence[DeviceSettings], clock: Clock, rng: random.Random, stack: AsyncExitStack
) -> list[Driver]:
    """A driver for each device, in order; devices behind one Modbus link share its bus.

    OPC UA is loaded only where a device speaks it: it costs 26 MB.
    """
    drivers: list[Driver] = []
    buses: dict[ModbusTcp | ModbusRtu, Bus] = {}
    for device in devices:
        link = device.link
        if isinstance(link, OpcUa):
            from drivers.opcua.driver import OpcUaDriver  # noqa: PLC0415

            drivers.append(OpcUaDriver(device, clock, rng))
            continue
        if link not in buses:
            buses[link] = await stack.enter_async_context(open_bus(link, clock, rng))
        drivers.append(ModbusDriver(device, buses[link], clock, rng))
    return drivers
