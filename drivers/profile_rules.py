"""What must hold within a profile before a single byte is read with it."""

import math
import re
from collections.abc import Iterator

from drivers import row
from drivers.modbus.blocks import Block, span_of
from drivers.opcua import nodes
from drivers.profile import PointSpec, Profile
from drivers.registers import decode_point
from edge.document.problem import Problem, nearest
from edge.document.tree import Document, Path
from edge.errors import ConfigError
from edge.model.point import Kind
from edge.model.units import QUANTITIES, fits

_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_EXACT = 1e-6
"""Relative difference that a float32 leaves between a decimal and what the wire can carry."""

Finding = tuple[Path, str, str]


def findings(profile: Profile, document: Document) -> Iterator[Problem]:
    """Every line of the profile that contradicts another, or what it is about."""
    yield from (document.problem(path, what, remedy) for path, what, remedy in _names(profile))
    sound = True
    for i, spec in enumerate(profile.points):
        for step, what, remedy in (*_where(profile, spec), *_meaning(spec)):
            sound = False
            yield document.problem(("points", i, *step), what, remedy)
    if sound:
        rules = (*_overlaps(profile), *_vectors(profile))
        yield from (document.problem(path, what, remedy) for path, what, remedy in rules)


def _names(profile: Profile) -> Iterator[Finding]:
    if not profile.points:
        yield ("points",), "an empty list", "name at least one point"
    first: dict[str, int] = {}
    for i, spec in enumerate(profile.points):
        if not _NAME.fullmatch(spec.name):
            remedy = "use lower-case letters, digits and _, at most 48, a letter first"
            yield ("points", i, "name"), f"{spec.name!r} cannot be a point's name", remedy
        if first.setdefault(spec.name, i) != i:
            what = f"{spec.name} is named twice, first as points[{first[spec.name]}]"
            yield ("points", i, "name"), what, "rename one of the two"


def _where(profile: Profile, spec: PointSpec) -> Iterator[Finding]:
    """Where on the wire the point stands."""
    if profile.protocol == "opcua":
        try:
            nodes.parse(spec.node)
        except ConfigError as error:
            yield ("node",), str(error).rstrip("."), "copy the node's name from the server"
        if spec.address != -1 or spec.bit is not None:
            yield ("address",), "a register address in an OPC UA profile", "delete it"
        return
    if spec.node:
        yield ("node",), "a node in a Modbus profile", "delete it, or write `protocol: opcua`"
    if spec.address == -1:
        yield ("address",), "missing", "add the zero-based address of the first register"
        return
    if spec.table in {"coil", "discrete"} and spec.type != "bit":
        yield ("type",), f"a {spec.table} cannot hold a {spec.type}", "write `type: bit`"
        return
    try:
        row.check(profile, spec)
    except ConfigError as error:
        what = str(error).removeprefix(f"{profile.profile}: {spec.name}: ")
        yield (), what, "correct the row by the manual"
        return
    width, most = span_of(spec).count, profile.limits.max_registers
    if width > most:
        what = f"a {spec.type} takes {width} registers, and one read may bring {most}"
        yield ("type",), what, "raise limits.max_registers if the manual allows it"


def _meaning(spec: PointSpec) -> Iterator[Finding]:
    """What the point's number says."""
    if spec.quantity not in QUANTITIES:
        what = f"{spec.quantity!r} is not a quantity" if spec.quantity else "missing"
        yield ("quantity",), what, nearest(spec.quantity, QUANTITIES)
    elif not fits(spec.quantity, spec.unit):
        allowed = ", ".join(QUANTITIES[spec.quantity])
        yield ("unit",), f"{spec.quantity} is not measured in {spec.unit!r}", f"use {allowed}"
    is_bit = spec.type == "bit" or spec.bit is not None
    if is_bit != (spec.kind is Kind.BIT):
        what = f"kind {spec.kind.value} of a {'bit' if is_bit else spec.type}"
        yield ("kind",), what, "write `kind: bit` for bits, and for nothing else"
    if spec.states and spec.kind is not Kind.STATE:
        yield ("states",), f"states of a {spec.kind.value}", "write `kind: state`"
    if spec.modulus and spec.kind is not Kind.COUNTER:
        yield ("modulus",), f"a modulus of a {spec.kind.value}", "write `kind: counter`"
    if spec.modulus < 0 or spec.deadband < 0:
        key = "modulus" if spec.modulus < 0 else "deadband"
        yield (key,), f"{getattr(spec, key):g} is below 0", "write a positive number"
    if spec.rate_limit is not None and spec.rate_limit <= 0:
        yield ("rate_limit",), f"{spec.rate_limit:g} is not above 0", "write units per second"
    for key, pair in (("plausible", spec.plausible), ("writable", spec.writable)):
        if pair is not None and pair[0] >= pair[1]:
            yield (key,), f"{pair[0]:g} is not below {pair[1]:g}", "write [lower, upper]"
    if spec.writable is not None and spec.plausible is not None:
        low, high = spec.plausible
        if not low <= spec.writable[0] <= spec.writable[1] <= high:
            what = f"{list(spec.writable)} goes beyond plausible {[low, high]} {spec.unit}"
            yield ("writable",), what, "what may be written must be able to be read"


def _overlaps(profile: Profile) -> Iterator[Finding]:
    """Two values in one register: one of the addresses is wrong."""
    if profile.protocol == "opcua":
        first: dict[str, str] = {}
        for i, spec in enumerate(profile.points):
            if first.setdefault(spec.node, spec.name) != spec.name:
                what = f"the node of {first[spec.node]}"
                yield ("points", i, "node"), what, "name each node once"
        return
    spans = sorted((span_of(spec), i) for i, spec in enumerate(profile.points))
    for at, (span, i) in enumerate(spans):
        for other, j in spans[at + 1 :]:
            if other.table != span.table or other.address >= span.end:
                break
            if not _may_share(profile.points[i], profile.points[j], span, other):
                what = (
                    f"{profile.points[j].name} stands in {other.table} register {other.address}, "
                    f"which belongs to {profile.points[i].name}"
                )
                yield ("points", j, "address"), what, "correct one of the two addresses"


def _may_share(one: PointSpec, two: PointSpec, span: Block, other: Block) -> bool:
    """Bits of one register, or a register read whole as a code beside its bits."""
    return span == other and one.bit != two.bit


def _vectors(profile: Profile) -> Iterator[Finding]:
    """Bytes that do not come to what they are said to come to."""
    for i, vector in enumerate(profile.vectors):
        spec = profile.by_name.get(vector.point)
        if spec is None:
            yield ("vectors", i, "point"), vector.point, nearest(vector.point, profile.by_name)
            continue
        if profile.protocol == "opcua":
            what = "bytes in an OPC UA profile"
            yield ("vectors", i), what, "delete them: the type is on the wire"
            continue
        try:
            value = decode_point(profile, spec, bytes.fromhex(vector.bytes))
        except ValueError as error:
            yield ("vectors", i, "bytes"), str(error), "write all bytes of the value, in hex"
            continue
        expected = math.nan if vector.expect is None else vector.expect
        same = (
            math.isnan(value)
            if math.isnan(expected)
            else math.isclose(value, expected, rel_tol=_EXACT, abs_tol=1e-12)
        )
        if not same:
            what = f"{vector.bytes} comes to {value:g} {spec.unit}, not to {vector.expect}"
            yield ("vectors", i, "expect"), what, "check type, words, bytes and scale of the point"
