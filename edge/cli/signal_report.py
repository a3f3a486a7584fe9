"""`ria signal report`: what the log of a signal says, as figures and diagrams."""

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from edge.errors import ConfigError

if TYPE_CHECKING:
    from edge.bench.signals.report import Figures

Content = TypeVar("Content")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from edge.cli.main import seconds  # noqa: PLC0415

    parser.add_argument("log", type=Path, metavar="LOG.csv")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="what each detector channel is there for (CSV)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="every figure, bin by bin")
    parser.add_argument("--html", type=Path, metavar="FILE", help="one page with the diagrams")
    parser.add_argument(
        "--bin", type=seconds, default=900.0, metavar="TIME", help="length of a bin (default 15min)"
    )
    parser.add_argument(
        "--latency",
        type=seconds,
        default=0.0,
        metavar="TIME",
        help="how late the detectors tell (default not at all)",
    )


def report(arguments: argparse.Namespace) -> int:
    """Print the table, write what was asked for; 1 where the log was altered after the fact.

    Raises:
        ConfigError: A file cannot be read, or the pictures cannot be drawn here.
    """
    from control.measures import csv_log, detection  # noqa: PLC0415
    from edge.bench.signals.report import as_json, chain_words, figures_of, table  # noqa: PLC0415

    found = _read(arguments.log, csv_log.read)
    channels = _read(arguments.config, detection.read) if arguments.config else []
    if not found.logs:
        raise ConfigError(f"{arguments.log} holds no events; there is nothing to report on")
    bin_ms, latency_ms = round(1000 * arguments.bin), round(1000 * arguments.latency)
    signals = [figures_of(log, channels, bin_ms, latency_ms) for log in found.logs]
    for figures in signals:
        print("\n".join(table(figures)))
    chain = chain_words(chained=found.chained, break_line=found.break_line)
    print(chain[0])
    if not channels:
        print("without --config: arrivals, split failures and crossings are left out")
    if arguments.json:
        content = {
            "log": arguments.log.name,
            "chained": found.chained,
            "break_line": found.break_line,
            "signals": [as_json(figures) for figures in signals],
        }
        arguments.json.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    if arguments.html:
        arguments.html.write_text(_page(arguments.log.name, chain, signals), encoding="utf-8")
    return 0 if found.break_line is None else 1


def _read(path: Path, parse: "Callable[[Iterable[str]], Content]") -> Content:
    try:
        # a byte-order mark is what spreadsheets begin a CSV file with
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return parse(lines)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _page(name: str, chain: tuple[str, str], signals: "list[Figures]") -> str:
    from edge.bench.signals.report_page import page  # noqa: PLC0415
    from edge.bench.signals.report_plots import pictures  # noqa: PLC0415

    try:
        drawn = [(figures, list(pictures(figures))) for figures in signals]
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the pictures of --html need {error.name}: install ria-gateway[sim], "
            "or leave --html out"
        ) from error
    return page(name, chain, drawn)
