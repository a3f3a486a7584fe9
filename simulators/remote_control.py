"""Remote control as a cabinet holds it: written in pieces, in force with a number, gone in time.

The masks are prepared one register after the other and take effect together, when the sequence
number is written and has changed. Where no new number comes for the backup time, control is the
controller's own again (NTCIP 1202 v03, 5.4.3 unitBackupTime).
"""

from control.requests import LOCAL, PATTERN_FLASH, PATTERN_LOCAL, Actuation
from control.safety_tables import groups_of

BACKUP_S = 10
GROUPS = 32
"""What the register map has room for."""
MASKS = ("hold", "force_off", "omit", "call")
DISPLAYS = tuple(f"display_{k}" for k in range(1, GROUPS + 1))
POINTS = (*MASKS, "pattern", "remote", "sequence", *DISPLAYS)


class RemoteControl:
    """What a gateway wrote, and whether it still counts."""

    def __init__(self, backup_s: int = BACKUP_S) -> None:
        self.backup_s = backup_s
        self.forget()

    def forget(self) -> None:
        """The power was gone."""
        self.registers = dict.fromkeys(POINTS, 0)
        """As they would be read back."""
        self._in_force = LOCAL
        self._left_s = 0
        self._given: dict[int, int] = {}
        """Group → seconds for its display, written and not yet in force."""
        self._fresh: dict[int, int] | None = None
        """The displays of a word that came in this second; None without one."""

    def write(self, point: str, value: float) -> None:
        """One register is set; with a new sequence number all of them take effect."""
        before = self.registers[point]
        self.registers[point] = round(value)
        if point in DISPLAYS:
            self._given[DISPLAYS.index(point)] = self.registers[point]
        if point == "sequence" and self.registers[point] != before:
            self._commit()

    def _commit(self) -> None:
        given, self._given = self._given, {}
        self._left_s = self.backup_s
        pattern = self.registers["pattern"]
        wanted = None if pattern == PATTERN_LOCAL else pattern
        if not self.registers["remote"]:
            self._in_force = Actuation(pattern=wanted)
            return
        hold, force_off, omit, call = (frozenset(groups_of(self.registers[m])) for m in MASKS)
        self._in_force = Actuation(hold, force_off, omit, call, wanted, remote=True)
        self._fresh = given

    def told(self) -> tuple[Actuation, dict[int, int] | None]:
        """What holds for the second that begins, and what came for the displays just now."""
        if self._left_s <= 0:
            self._in_force = LOCAL
        self._left_s -= 1
        fresh, self._fresh = self._fresh, None
        return self._in_force, fresh

    @property
    def holds(self) -> bool:
        """Whether somebody outside has control."""
        return self._in_force.remote and self._left_s > 0

    @property
    def wants_flash(self) -> bool:
        """Whether flash was ordered from outside."""
        return self._in_force.pattern == PATTERN_FLASH
