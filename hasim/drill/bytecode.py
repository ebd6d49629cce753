"""The exported modules compiled, as they are on an instance from the first run of a script on."""

from __future__ import annotations

import py_compile
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["precompile"]


def precompile(package: Path) -> None:
    """Put the bytecode of the modules of a package beside them, whoever may write there and whatever
    ``PYTHONDONTWRITEBYTECODE`` says."""
    for module in package.glob("*.py"):
        compiled = Path(cache_from_source(str(module)))
        compiled.parent.mkdir(exist_ok=True)
        compiled.write_bytes(_compiled(module.name, module.read_bytes()))


@cache
def _compiled(name: str, source: bytes) -> bytes:
    """All rooms have the same modules: each is compiled once. The bytecode does not ask when its source was written."""
    with TemporaryDirectory() as directory:
        module, compiled = Path(directory, name), Path(directory, "compiled")
        module.write_bytes(source)
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(module), str(compiled), invalidation_mode=mode, doraise=True)
        return compiled.read_bytes()
