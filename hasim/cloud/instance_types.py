"""Instance type names (``S5.2XLARGE32``) and the cores and memory that they stand for.

A name is ``<family>.<size><memory in GB>``. The sizes are those of the common families (S, SA, SN, M, C, IT, D, ...):
SMALL 1 core, MEDIUM 2, LARGE 4, nXLARGE 4n.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Specification", "parse_instance_type"]

_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,11}\.(SMALL|MEDIUM|LARGE|([0-9]{1,3})XLARGE)([0-9]{1,5})")
_NAMED_SIZES = {"SMALL": 1, "MEDIUM": 2, "LARGE": 4}
_CORES_PER_XLARGE = 4


class Specification(NamedTuple):
    """Cores and memory in GB."""

    cpu: int
    memory_gb: float


def parse_instance_type(name: str) -> Specification | None:
    """Cores and memory of a type name such as ``S5.MEDIUM4`` (2 cores, 4 GB); None when it is not such a name."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    size, multiple, memory = match.groups()
    cpu = _NAMED_SIZES.get(size) or _CORES_PER_XLARGE * int(multiple)
    return Specification(cpu, int(memory)) if cpu and int(memory) else None
