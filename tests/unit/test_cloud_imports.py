"""The control plane stands alone: of hasim it uses itself and leaf modules; only ``http`` has a clock and chance."""

from __future__ import annotations

import ast
from pathlib import Path

ROOM = Path(__file__).parents[2] / "hasim" / "cloud"
LEAVES = {"hasim.errors", "hasim.units"}
IMPURE = {"time", "random", "secrets", "asyncio", "socket", "threading", "simpy", "os"}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {item.name for item in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module)
    return found


def test_of_hasim_it_uses_only_itself_and_leaf_modules() -> None:
    ours = {name for path in ROOM.rglob("*.py") for name in imported(path) if name.startswith("hasim")}
    assert {name for name in ours if not name.startswith("hasim.cloud")} <= LEAVES
    assert "hasim.cloud.http" not in {name for path in (ROOM / "trouble").glob("*.py") for name in imported(path)}


def test_entities_rules_and_trouble_have_neither_clock_nor_chance() -> None:
    for path in ROOM.rglob("*.py"):
        if "http" not in path.parts:
            assert imported(path).isdisjoint(IMPURE), path
