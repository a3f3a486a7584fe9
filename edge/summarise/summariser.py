"""The digest of a whole gateway: every device's open window, and the rules that watch the scans."""

from collections.abc import Mapping, Sequence

from edge.model.clock import NS_PER_S, Instant
from edge.model.message import Lane
from edge.model.point import Columns
from edge.model.scan import Scan
from edge.ports import Letter, Watcher
from edge.summarise.device import DeviceDigest
from edge.summarise.state import Frozen, freeze, pack, thaw, unpack


class Summariser:
    """Turns admitted scans into letters. Pure: the same scans give the same letters.

    Implements `edge.ports.Digest`. The scans of a device must come in the order in which they were
    read; devices do not touch each other. A device that `columns_by_device` does not name is taken
    as its scans say. Each watcher sees every scan; its state is kept under the name of its class.
    """

    def __init__(
        self, columns_by_device: Mapping[str, Columns], watchers: Sequence[Watcher] = ()
    ) -> None:
        self._columns = columns_by_device
        self._watchers = {type(watcher).__name__: watcher for watcher in watchers}
        self._devices: dict[str, DeviceDigest] = {}

    def absorb(self, scan: Scan) -> list[Letter]:
        """Take one scan; the summaries that it closed, oldest first, and the events it showed."""
        columns = scan.columns
        digest = self._devices.get(columns.device)
        letters: list[Letter] = []
        if digest is None:
            digest = self._devices[columns.device] = DeviceDigest.begun_by(scan)
        elif digest.columns is not columns:
            if digest.columns.fingerprint == columns.fingerprint:
                digest.adopt(columns)
            else:
                letters += digest.pass_until(scan)
                letters += digest.cut_short(stepped=False)
                digest = self._devices[columns.device] = digest.succeeded_by(columns)
        letters += digest.absorb(scan)
        for watcher in self._watchers.values():
            events = watcher.watch(scan)
            if events:
                letters += [Letter(Lane.EVENT, event) for event in events]
        return letters

    def close_until(self, now: Instant, grace_s: float | None = None) -> list[Letter]:
        """Close what ended at least `grace_s` before `now`; None is two periods of each device.

        A window waits that long for the scan that closes it, so that a slow answer is still
        counted in its own window. At a drain, after the last scan was absorbed, 0 is right.
        """
        letters: list[Letter] = []
        for digest in self._devices.values():
            grace_ns = digest.layout.hold_ns if grace_s is None else round(grace_s * NS_PER_S)
            letters += digest.close_until(Instant(now - grace_ns))
        return letters

    def state_of(self, device: str) -> bytes:
        """The device's open window and memories, compressed; any restart may go on from it."""
        digest = self._devices.get(device)
        return pack(
            Frozen(
                freeze(digest) if digest else b"",
                {name: watcher.state_of(device) for name, watcher in self._watchers.items()},
            )
        )

    def restore(self, device: str, state: bytes) -> None:
        """Take back what `state_of` gave; every later letter is as if nothing had happened.

        Raises:
            ValueError: the bytes are not a state, or of another version; the device starts anew.
        """
        frozen = unpack(state)
        if frozen.window:
            self._devices[device] = thaw(frozen.window, self._columns.get(device))
        for name, watcher in self._watchers.items():
            if name in frozen.watchers:
                watcher.restore(device, frozen.watchers[name])
