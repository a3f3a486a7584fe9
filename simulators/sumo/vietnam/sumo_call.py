"""SUMO's own programs: netconvert makes networks, sumo runs them."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from edge.errors import ConfigError


def sumo_home() -> Path:
    """Where the package of SUMO lies.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import sumo  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "SUMO is not installed here; install the extra `sim` of ria-gateway"
        ) from error
    return Path(sumo.SUMO_HOME)


def call(program: str, words: Sequence[str]) -> None:
    """Run one of SUMO's programs to its end.

    Raises:
        ConfigError: it refused; with its last words.
    """
    home = sumo_home()
    done = subprocess.run(
        [str(home / "bin" / program), *words],
        env={**os.environ, "SUMO_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr + done.stdout).splitlines()
        errors = [line for line in said if line.startswith("Error")] or said[-1:]
        raise ConfigError(f"{program} ended with {done.returncode}: {' '.join(errors)}")
