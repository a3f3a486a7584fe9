"""`ria prove`: campaigns that try to break a promise, and count."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words after `ria prove`."""
    parser.add_argument(
        "what",
        choices=("safety", "mutants"),
        help="safety: the shield, state by state; mutants: whether the tests would see it broken",
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="under a minute of CPU")


def prove(arguments: argparse.Namespace) -> int:
    """Run a campaign; 1 where anything was broken, or where a rule had nothing to judge."""
    report = (
        _mutants(quick=arguments.quick)
        if arguments.what == "mutants"
        else _safety(quick=arguments.quick)
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if report["good"] else 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _safety(*, quick: bool) -> dict[str, Any]:
    from edge.bench.safety.campaign import prove as prove_safety  # noqa: PLC0415

    report = prove_safety(quick=quick, say=_say)
    report["good"] = not report["violations"] and not report["never_fired"] and report["complete"]
    for name, result in report["invariants"].items():
        print(f"{name:<4} {result['violations']} of {result['fired']:>9,}  {result['method']}")
    for trace in report["traces"]:
        print("violation: " + " > ".join(trace))
    for name in report["never_fired"]:
        print(f"{name} had nothing to judge, which is no proof")
    print(
        f"{report['violations']} violations in {report['transitions']:,} transitions between "
        f"{report['states']:,} states, {report['cpu_s']} s of CPU"
    )
    return report


def _mutants(*, quick: bool) -> dict[str, Any]:
    from edge.bench.safety.mutants import hunt  # noqa: PLC0415

    report = hunt(every=10 if quick else 1, say=_say)
    for survivor in report["survivors"]:
        print(f"alive: {survivor['file']}:{survivor['line']} {survivor['change']}")
    print(
        f"{report['killed']} of {report['mutants']} mutants killed, {report['equivalent']} claimed "
        f"equivalent, {len(report['survivors'])} alive"
    )
    return report
