"""Why a plain value is not of a type: all the reasons, where msgspec tells the first."""

import re
from collections.abc import Callable, Iterable

from msgspec import inspect

from edge.document.problem import Problem, nearest, quoted
from edge.document.readable import Unreadable, own
from edge.document.tree import Document, Path


def faults_of(document: Document, kind: type[object], told: str) -> dict[Path, Problem]:
    """What keeps the document from being of this kind, by place.

    Args:
        document: The document.
        kind: A type that msgspec knows.
        told: What msgspec said; kept for what the walk sees no fault in.
    """
    walk = _Walk(document)
    walk.visit((), document.value, inspect.type_info(kind))
    return walk.problems or _as_told(document, told)


def _as_told(document: Document, message: str) -> dict[Path, Problem]:
    """The words of msgspec itself, for what the walk sees no fault in."""
    what, _, where = message.partition(" - at `$")
    steps = re.findall(r"\[(\d+)\]|\.([^.\[`]+)", where)
    path = tuple(int(index) if index else name for index, name in steps)
    return {path: document.problem(path, what, "see the reference of this file")}


class _Walk:
    """Goes through value and type side by side, on past each mistake."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: dict[Path, Problem] = {}

    def visit(self, path: Path, value: object, kind: inspect.Type, unit: str = "") -> None:
        """Add what keeps `value` from being of this kind."""
        match kind:
            case inspect.Metadata():
                self.visit(path, value, kind.type, (kind.extra or {}).get("unit", ""))
            case inspect.StructType():
                self._struct(path, value, kind)
            case inspect.UnionType():
                self._union(path, value, kind, unit)
            case inspect.ListType() if type(value) is list:
                if len(value) < (kind.min_length or 0):
                    self._add(path, "an empty list", "name at least one")
                for i, item in enumerate(value):
                    self.visit((*path, i), item, kind.item_type, unit)
            case inspect.TupleType() if type(value) is list:
                if len(value) != len(kind.item_types):
                    what = f"a list of {len(value)}"
                    self._add(path, what, f"write {len(kind.item_types)} items in brackets")
                for i, (item, one) in enumerate(zip(value, kind.item_types, strict=False)):
                    self.visit((*path, i), item, one, unit)
            case inspect.DictType() if type(value) is dict:
                for key, item in value.items():
                    self.visit((*path, key), key, kind.key_type)
                    self.visit((*path, key), item, kind.value_type, unit)
            case inspect.CustomType():
                try:
                    own(kind.cls, value)
                except Unreadable as error:
                    self._add(path, error.what, error.remedy)
            case inspect.LiteralType():
                if value not in kind.values or type(value) is bool:
                    names = [str(one) for one in kind.values]
                    self._add(path, quoted(value), nearest(str(value), names))
            case inspect.EnumType():
                names = [str(one.value) for one in kind.cls]
                if value not in names:
                    self._add(path, quoted(value), nearest(str(value), names))
            case inspect.IntType() if type(value) is int:
                self._bounds(path, value, kind, unit)
            case inspect.FloatType() if type(value) is int or type(value) is float:
                self._bounds(path, value, kind, unit)
            case _:
                self._is(path, value, kind)

    def _is(self, path: Path, value: object, kind: inspect.Type) -> None:
        """A value of a simple kind."""
        name, accepts, hint = _SIMPLE.get(type(kind), ("", _anything, ""))
        if not accepts(value):
            self._add(path, f"{quoted(value)} is not {name}", _hint(value, hint))
        elif isinstance(kind, inspect.StrType):
            length = len(str(value))
            if kind.min_length is not None and length < kind.min_length:
                self._add(path, "an empty text", "write one")
            if kind.max_length is not None and length > kind.max_length:
                what = f"a text of {length} characters"
                self._add(path, what, f"write at most {kind.max_length}")

    def _bounds(
        self, path: Path, value: float, kind: inspect.IntType | inspect.FloatType, unit: str
    ) -> None:
        unit = f" {unit}" if unit else ""
        low = kind.ge if kind.ge is not None else kind.gt
        high = kind.le if kind.le is not None else kind.lt
        if low is not None and high is not None:
            remedy = f"choose within {low}…{high}{unit}"
        elif low is not None:
            remedy = f"choose {'above' if kind.ge is None else 'at least'} {low}{unit}"
        else:
            remedy = f"choose {'below' if kind.le is None else 'at most'} {high}{unit}"
        if low is not None and (value < low or (kind.ge is None and value == low)):
            word = "below" if value < low else "not above"
            self._add(path, f"{quoted(value)} is {word} {low}{unit}", remedy)
        if high is not None and (value > high or (kind.le is None and value == high)):
            word = "above" if value > high else "not below"
            self._add(path, f"{quoted(value)} is {word} {high}{unit}", remedy)

    def _union(self, path: Path, value: object, kind: inspect.UnionType, unit: str) -> None:
        members = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        if value is None and len(members) < len(kind.types):
            return
        fitting = [one for one in members if len(members) == 1 or _looks_like(value, one)]
        if fitting:
            self.visit(path, value, fitting[0], unit)
        else:
            names = [_SIMPLE[type(one)][0] for one in members if type(one) in _SIMPLE]
            remedy = f"write {' or '.join(names)}"
            if any(isinstance(one, inspect.BoolType) for one in members):
                remedy = _hint(value, remedy)
            self._add(path, f"{quoted(value)} is not {' or '.join(names)}", remedy)

    def _struct(self, path: Path, value: object, kind: inspect.StructType) -> None:
        if type(value) is not dict:
            what = "the file is empty" if not path and value is None else quoted(value)
            keys = ", ".join(field.encode_name for field in kind.fields)
            self._add(path, f"{what} where keys are expected", f"write `key: value` lines: {keys}")
            return
        fields = {field.encode_name: field for field in kind.fields}
        strange = [key for key in value if key not in fields]
        guessed = set()
        for key in strange:
            guess = nearest(str(key), fields)
            guessed.add(guess.removeprefix("did you mean ").removesuffix("?"))
            self._add((*path, key), "no such key", guess)
        for name, field in fields.items():
            if name in value:
                self.visit((*path, name), value[name], field.type)
            elif field.required and name not in guessed:
                self._missing((*path, name), field.type)

    def _missing(self, path: Path, kind: inspect.Type) -> None:
        schema = kind.extra_json_schema if isinstance(kind, inspect.Metadata) else None
        example = (schema or {}).get("examples", ["…"])[0]
        self._add(path, "missing", f"add `{path[-1]}: {example}`")

    def _add(self, path: Path, what: str, remedy: str) -> None:
        self.problems.setdefault(path, self.document.problem(path, what, remedy))


def _anything(_: object) -> bool:
    return True


def _never(_: object) -> bool:
    return False


_SIMPLE: dict[type, tuple[str, Callable[[object], bool], str]] = {
    inspect.IntType: ("a whole number", lambda v: type(v) is int, "write digits only, no quotes"),
    inspect.FloatType: ("a number", lambda v: type(v) in {int, float},
                        "write digits with a decimal point, no unit and no quotes"),
    inspect.StrType: ("a text", lambda v: type(v) is str, "write a text"),
    inspect.BoolType: ("true or false", lambda v: type(v) is bool, "write true or false"),
    inspect.ListType: ("a list", _never, "write the items in brackets: [a, b]"),
    inspect.TupleType: ("a pair", _never, "write two items in brackets: [low, high]"),
    inspect.DictType: ("a block of keys", _never, "write `key: value` lines below it"),
    inspect.StructType: ("a block of keys", _never, "write `key: value` lines below it"),
}  # fmt: skip


def _hint(value: object, hint: str) -> str:
    """What to do, where the value shows what was meant."""
    if hint == "write a text" and type(value) in {int, float, bool}:
        return "put it in quotes"
    if "true or false" in hint and type(value) is str:
        return f"{hint}: in YAML 1.2 yes, no, on and off are texts"
    if isinstance(value, str) and "number" not in hint and re.fullmatch(r"-?\d+,\d+", value):
        return "write a decimal point, not a comma"
    return hint


def _looks_like(value: object, kind: inspect.Type) -> bool:
    """Whether a value is of this kind on the outside."""
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    outside: Iterable[type] = {
        inspect.ListType: (list,), inspect.TupleType: (list,), inspect.DictType: (dict,),
        inspect.StructType: (dict,), inspect.StrType: (str,), inspect.BoolType: (bool,),
        inspect.IntType: (int,), inspect.FloatType: (int, float),
        inspect.CustomType: (str,), inspect.LiteralType: (str, bool, int), inspect.EnumType: (str,),
    }.get(type(kind), ())  # fmt: skip
    return type(value) in outside
