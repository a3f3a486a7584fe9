"""The shield with one fault at a time: whether anything of the tests notices.

A mutant differs from the source in one comparison, connective, constant, operator or statement.
It is loaded into a forked process under the names of the originals; the unit tests of the shield,
short walks and the exploration of the smallest junction judge it. Nothing is written to disk.
"""

import ast
import contextlib
import copy
import importlib.abc
import importlib.util
import json
import os
import resource
import signal
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any, NamedTuple

from edge.errors import ConfigError

ROOT = Path(__file__).parents[3]
SHIELD = ("safety", "safety_duty", "safety_mirror", "safety_state", "safety_tables")
TESTS = tuple(
    f"tests/unit/control/test_safety{part}.py"
    for part in ("", "_looks", "_duty", "_promises", "_tables")
)
EQUIVALENT = Path(__file__).with_name("equivalent-mutants.json")
TESTS_CPU_S, CPU_S = 5, 30
"""A mutant whose unit tests, or whose whole trial, compute longer is killed: it does not end."""

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}


class Mutant(NamedTuple):
    """One change of one file."""

    file: str
    line: int
    change: str
    source: str


def mutants(name: str) -> Iterator[Mutant]:
    """Every mutant of one module of the shield."""
    path = ROOT / "control" / f"{name}.py"
    text = path.read_text()
    lines = text.splitlines()
    tree = ast.parse(text)
    targets = [node for node in ast.walk(tree) if not _told_to_people(node)]
    for number in range(len(targets)):
        for variant in range(4):
            changed = copy.deepcopy(tree)
            node = [n for n in ast.walk(changed) if not _told_to_people(n)][number]
            change = _change(changed, node, variant)
            if change is None:
                break
            if not change:
                continue
            line = getattr(node, "lineno", 0)
            yield Mutant(
                f"control/{name}.py",
                line,
                f"{change}: {lines[line - 1].strip()}",
                ast.unparse(ast.fix_missing_locations(changed)),
            )


def _told_to_people(node: ast.AST) -> bool:
    """Texts and types, which no test of behaviour is about."""
    if isinstance(node, ast.Constant):
        return type(node.value) is not int
    if isinstance(node, ast.Return):  # "" and None say no alike
        return isinstance(node.value, ast.Constant) and not node.value.value
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) == "__all__"
    return isinstance(node, (ast.JoinedStr, ast.FormattedValue, ast.ImportFrom, ast.Import))


def _change(tree: ast.AST, node: ast.AST, variant: int) -> str | None:
    """Change `node` in place in its n-th way; None where there is no such way, "" to skip one."""
    match node:
        case ast.Compare() if variant < len(node.ops):
            old = node.ops[variant]
            node.ops[variant] = COMPARISONS[type(old)]()
            return f"{type(old).__name__} becomes {type(node.ops[variant]).__name__}"
        case ast.BoolOp() if variant == 0:
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            return f"connective becomes {type(node.op).__name__}"
        case ast.UnaryOp(op=ast.Not() | ast.Invert() as op) if variant == 0:
            _replace(tree, node, node.operand)
            return f"{type(op).__name__} dropped"
        case ast.Constant() if variant < 2:
            assert_int = int(str(node.value))
            node.value = assert_int + (1 if variant == 0 else -1)
            return f"{assert_int} becomes {node.value}"
        case ast.BinOp() if variant == 0 and type(node.op) in OPERATORS and not _is_type(node):
            node.op, old_name = OPERATORS[type(node.op)](), type(node.op).__name__
            return f"{old_name} becomes {type(node.op).__name__}"
        case ast.If() if variant < 2:
            node.test = ast.Constant(value=variant == 0)
            return f"condition becomes {variant == 0}"
        case ast.Return() if variant == 0 and node.value is not None:
            node.value = ast.Constant(value=None)
            return "return nothing"
        case ast.Assign() | ast.AugAssign() | ast.Continue() if variant == 0:
            return "statement dropped" if _drop(tree, node) else ""
        case ast.Expr(value=ast.Call()) if variant == 0:
            return "statement dropped" if _drop(tree, node) else ""
        case ast.Call(func=ast.Name(id="min" | "max") as name) if variant == 0:
            if any(keyword.arg == "key" for keyword in node.keywords):
                return ""
            name.id = "max" if name.id == "min" else "min"
            return f"becomes {name.id}"
    return None


def _is_type(node: ast.BinOp) -> bool:
    """`X | None` in an annotation."""
    return isinstance(node.op, ast.BitOr) and (
        isinstance(node.right, ast.Constant) and node.right.value is None
    )


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                value[:] = [new if item is old else item for item in value]


def _drop(tree: ast.AST, statement: ast.AST) -> bool:
    for parent in ast.walk(tree):
        for _, value in ast.iter_fields(parent):
            if isinstance(value, list) and any(item is statement for item in value):
                value[:] = [ast.Pass() if item is statement else item for item in value]
                return True
    return False


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the mutant under the name of the original."""

    def __init__(self, mutant: Mutant) -> None:
        self.name = mutant.file.removesuffix(".py").replace("/", ".")
        self.mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname != self.name:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def exec_module(self, module: types.ModuleType) -> None:
        code = compile(self.mutant.source, self.mutant.file, "exec")
        exec(code, module.__dict__)  # noqa: S102  a mutant of our own source


def trial() -> str:
    """What notices that something is wrong; empty where nothing does."""
    for file in TESTS:
        name = Path(file).stem
        spec = importlib.util.spec_from_file_location(name, ROOT / file)
        if spec is None or spec.loader is None:
            raise ConfigError(f"{file} is not there; run this in the source checkout")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for test, run in vars(module).items():
            if test.startswith("test_"):
                try:
                    run()
                except Exception as error:  # noqa: BLE001  any failure is what we look for
                    return f"{name}.{test}: {type(error).__name__}"
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    from edge.bench.safety.trial import judged  # noqa: PLC0415  of the mutant's own imports

    return judged()


def survives(mutant: Mutant) -> bool:
    """Judge a mutant in a process of its own."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_CPU, (TESTS_CPU_S, CPU_S))
            for name in list(sys.modules):
                if name.startswith(("control.safety", "edge.bench.safety.")) and (
                    name != "edge.bench.safety.mutants"
                ):
                    del sys.modules[name]
            sys.meta_path.insert(0, _Instead(mutant))
            code = 0 if not trial() else 1
        os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) not in {signal.SIGXCPU, signal.SIGKILL}:
        raise ConfigError(f"the judge of {mutant.change} died of signal {os.WTERMSIG(status)}")
    return status == 0


def hunt(*, every: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Judge every n-th mutant; the report for `ria prove mutants`.

    Raises:
        ConfigError: where the unchanged shield does not pass, or the tests are not there.
    """
    unchanged = Mutant("control/none.py", 0, "nothing", "")
    if not survives(unchanged):
        raise ConfigError("the shield itself does not pass its trial; run its tests first")
    claimed: list[dict[str, str]] = json.loads(EQUIVALENT.read_text())
    reasons = {(claim["file"], claim["change"]): claim["reason"] for claim in claimed}
    found = [mutant for name in SHIELD for mutant in mutants(name)]
    chosen = found[::every]
    alive: list[dict[str, Any]] = []
    equivalent: list[dict[str, Any]] = []
    for number, mutant in enumerate(chosen):
        if number % 50 == 0:
            say(f"{number} of {len(chosen)} mutants, {len(alive)} alive")
        if survives(mutant):
            entry = {"file": mutant.file, "line": mutant.line, "change": mutant.change}
            reason = reasons.get((mutant.file, mutant.change))
            if reason is None:
                alive.append(entry)
            else:
                equivalent.append({**entry, "reason": reason})
    return {
        "mutants": len(chosen),
        "killed": len(chosen) - len(alive) - len(equivalent),
        "equivalent": len(equivalent),
        "equivalents": equivalent,
        "survivors": alive,
        "good": not alive and len(equivalent) <= 0.02 * len(chosen),
    }
