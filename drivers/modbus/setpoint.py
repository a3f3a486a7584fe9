"""The road back: one allowed write, read back before it is believed."""

import math
from collections.abc import Callable

from drivers.modbus.blocks import span_of
from drivers.modbus.bus import ACKNOWLEDGE, Bus, TooLate
from drivers.modbus.frames import read, write_coil, write_registers
from drivers.profile import PointSpec
from drivers.registers import decode_point, encode_point
from drivers.settings import DeviceSettings
from edge.errors import BadFrame, DeviceRefused, LinkDown, NoAnswer
from edge.model.clock import Clock
from edge.model.command import Applied, Command, Expired, Outcome, Refused, Unreachable
from edge.model.point import Bounds


async def apply(command: Command, settings: DeviceSettings, bus: Bus, clock: Clock) -> Outcome:
    """Write one point if the site and the profile allow it, and say what the device then holds.

    A write is sent once: what became of it when no answer came, the device alone knows. A command
    that expires while it waits for its turn on the link is not sent.
    """
    if (why := refusal(command, settings)) is not None:
        return Refused(why)
    if clock.now() >= command.expires_at:
        return Expired()
    spec = settings.profile.by_name[command.point]
    try:
        content = encode_point(settings.profile, spec, command.value)
    except ValueError as error:
        return Refused(str(error))
    return await _write(
        settings, spec, content, bus, clock, lambda: clock.now() < command.expires_at
    )


def refusal(command: Command, settings: DeviceSettings) -> str | None:
    """Why the command may not be done at all; None where it may. Denied unless both allow it."""
    name = f"{settings.id}.{command.point}"
    point = next((p for p in settings.columns.points if p.name == command.point), None)
    spec = settings.profile.by_name.get(command.point)
    if command.device != settings.id or point is None or spec is None:
        return f"{command.device}.{command.point} is not a point of {settings.id}"
    if spec.table not in {"coil", "holding"} or spec.bit is not None:
        return f"{name} stands where Modbus does not write: {spec.table} {spec.address}"
    if spec.writable is None:
        return f"{name} is not writable by its profile, {settings.profile.profile}"
    if point.writable is None:
        return f"{name} may not be written at this site; the site file's `write:` must list it"
    unit = _after(point.unit)
    for bounds, whose in ((Bounds(*spec.writable), "the device's"), (point.writable, "the site's")):
        if command.value not in bounds:
            return (
                f"{name} := {command.value:g}{unit} is outside {whose} bounds, "
                f"{bounds.lower:g}…{bounds.upper:g}{unit}"
            )
    return None


async def _write(
    settings: DeviceSettings,
    spec: PointSpec,
    content: bytes,
    bus: Bus,
    clock: Clock,
    wanted: Callable[[], bool],
) -> Outcome:
    profile, unit = settings.profile, settings.unit
    rest_s = profile.limits.turnaround_ms / 1000
    if spec.table == "coil":
        request = write_coil(unit, spec.address, content != b"\0")
    else:
        request = write_registers(unit, spec.address, content)
    try:
        try:
            await bus.ask(request, rest_s=rest_s, wanted=wanted)
        except DeviceRefused as error:
            # "acknowledge" is a yes that takes its time
            if error.code != ACKNOWLEDGE:
                return Refused(f"{settings.id}: {request.name}: {error}")
        answer = await bus.ask(read(unit, span_of(spec)), rest_s=rest_s)
    except TooLate:
        return Expired()
    except DeviceRefused as error:
        return Unreachable(f"{settings.id}: {request.name} was taken, reading it back: {error}")
    except (LinkDown, NoAnswer, BadFrame) as error:
        return Unreachable(str(error))
    wished = decode_point(profile, spec, content)
    held = decode_point(profile, spec, answer.content)
    if answer.content == content or math.isclose(held, wished, rel_tol=1e-6):
        return Applied(clock.now(), held)
    return Refused(
        f"{settings.id}.{spec.name} reads back {held:g}{_after(spec.unit)} after {wished:g} was "
        f"written; the device keeps its own value"
    )


def _after(unit: str) -> str:
    """The unit as it follows a number; the dimensionless one is not said."""
    return "" if unit == "1" else f" {unit}"
