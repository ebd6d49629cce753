"""How long commands take to start, against what must be started anyway."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import print_table

__all__ = ["run"]

_REPEATS = 9
_TYPER = """
import typer
app = typer.Typer()
@app.command()
def hello(name: str) -> None: ...
@app.command()
def bye(name: str) -> None: ...
app()
"""


def run() -> None:
    """Measure and print."""
    hasim = str(Path(sys.executable).with_name("hasim"))
    commands = [
        ("python -c pass", [sys.executable, "-c", "pass"]),
        ("a typer program of two commands, --help", [sys.executable, "-c", _TYPER, "--help"]),
        ("hasim --help", [hasim, "--help"]),
        ("python -c 'import hasim'", [sys.executable, "-c", "import hasim"]),
    ]
    for _, command in commands:
        _wall_ms(command)
    times = {name: statistics.median(_wall_ms(command) for _ in range(_REPEATS)) for name, command in commands}
    typer = times[commands[1][0]]
    print_table(
        f"Start-up (wall clock, medians of {_REPEATS})",
        ("command", "ms", "of typer"),
        [(name, ms, ms / typer) for name, ms in times.items()],
    )


def _wall_ms(command: Sequence[str]) -> float:
    """With a fixed width, since typer's help depends on it."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"COLUMNS": "100"})
    return (time.perf_counter() - began) * 1e3
