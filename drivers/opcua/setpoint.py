"""The road back: one allowed write, read back before it is believed."""

from typing import TYPE_CHECKING

from drivers.opcua.assemble import Changes, Laws
from drivers.row import law_of
from drivers.settings import DeviceSettings
from edge.errors import DeviceRefused, EdgeError
from edge.model.clock import Clock
from edge.model.command import Applied, Command, Expired, Outcome, Refused, Unreachable
from edge.model.point import Bounds

if TYPE_CHECKING:
    from drivers.opcua.session import Session


def refusal(command: Command, settings: DeviceSettings) -> str | None:
    """Why the command may not be done at all; None where profile and site both allow it."""
    name = f"{command.device}.{command.point}"
    point = next((p for p in settings.columns.points if p.name == command.point), None)
    spec = settings.profile.by_name.get(command.point)
    if command.device != settings.id or point is None or spec is None:
        return f"{name} is not a point of {settings.id}"
    if spec.writable is None:
        return f"{name}: its profile, {settings.profile.profile}, does not let it be written"
    if point.writable is None:
        return f"{name}: this site does not let it be written; list it under the device's `write:`"
    for bounds, whose in ((Bounds(*spec.writable), "the device"), (point.writable, "this site")):
        if command.value not in bounds:
            return (
                f"{name}: {command.value:g} {point.unit} is outside the bounds of {whose},"
                f" {bounds.lower:g}…{bounds.upper:g} {point.unit}"
            )
    return None


async def apply(
    command: Command, settings: DeviceSettings, session: "Session", clock: Clock
) -> Outcome:
    """Send an allowed command once, and say what the node then shows."""
    place = settings.columns.names.index(command.point)
    law = law_of(settings.profile.by_name[command.point])
    raw = (command.value * law.over - law.plus) / law.times
    try:
        fitted = await session.fit(place, raw)
        if clock.now() >= command.expires_at:
            return Expired()
        shown = await session.write(fitted)
    except ValueError as error:
        return Refused(f"{command.device}.{command.point}: {error}")
    except DeviceRefused as error:
        return Refused(f"{command.device}: {error}")
    except EdgeError as error:
        return Unreachable(str(error))
    if shown.value[0] != fitted.exact or shown.status[0] >> 30:
        return Refused(
            f"{command.device}.{command.point}: the server took {fitted.exact:g} and shows"
            f" {shown.value[0]:g} (status {shown.status[0]:#010x}); the device keeps its own value"
        )
    shown.handle = [0]
    return Applied(clock.now(), float(Changes.of(shown, Laws([law])).value[0]))
