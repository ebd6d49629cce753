"""Programs of :mod:`tests.keepalived` that run real daemons, each in namespaces that vanish with its processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

__all__ = ["run_apart"]

_NAMESPACES = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def run_apart(program: ModuleType, directory: Path) -> str:
    """What the program prints, given a directory for its files."""
    assert program.__file__ is not None
    done = subprocess.run(
        [*_NAMESPACES, sys.executable, program.__file__, str(directory)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
