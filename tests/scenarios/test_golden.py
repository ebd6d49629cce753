"""The shipped scenarios against their golden traces: seed 1, replication 0, every record in readable form.

A difference is either a bug or a change that was meant; ``pytest --rewrite`` writes the traces anew, and git shows what
became of them. Long traces are kept by their first records and by how many there are of each type.
"""

from __future__ import annotations

import difflib
from collections import Counter
from pathlib import Path

import pytest

from hasim.scenario import load
from hasim.sim import simulate
from hasim.trace import Record, Trace
from hasim.units import SECOND

SCENARIOS = Path(__file__).parents[2] / "scenarios"
GOLDEN = Path(__file__).parent / "golden"
FIRST_RECORDS = 200


def line_of(record: Record) -> str:
    """``103.612345678 StateChanged instance=b old=BACKUP new=MASTER reason=down_timer``"""
    values = record._asdict()
    at = values.pop("at")
    fields = " ".join(f"{name}={_shown(value)}" for name, value in values.items())
    return f"{at // SECOND}.{at % SECOND:09d} {type(record).__name__} {fields}"


def _shown(value: object) -> str:
    text = str(value)
    return repr(text) if not text or " " in text else text


def text_of(trace: Trace) -> str:
    """A trace as a golden file: its first records, and how many of each type there are in all."""
    counts = Counter(type(record).__name__ for record in trace.records)
    lines = [f"# {trace.scenario}, seed {trace.seed}, replication {trace.replication}"]
    lines += [line_of(record) for record in trace.records[:FIRST_RECORDS]]
    left_out = len(trace.records) - FIRST_RECORDS
    if left_out > 0:
        lines.append(f"# and {left_out} more")
    lines.append(f"# {len(trace.records)} records in {trace.horizon_ns // SECOND} s:")
    lines += [f"# {counts[name]:>6} {name}" for name in sorted(counts)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("scenario", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_trace_of_a_shipped_scenario_is_its_golden_one(scenario: Path, rewrite: bool) -> None:
    path = GOLDEN / f"{scenario.stem}.txt"
    actual = text_of(simulate(load(scenario), seed=1, replication=0))
    if rewrite:
        path.write_text(actual, encoding="utf-8")
        return
    expected = path.read_text(encoding="utf-8")
    if actual != expected:
        difference = difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected", "actual", lineterm="")
        raise AssertionError(f"{path.name}:\n" + "\n".join(difference))


def test_every_golden_trace_belongs_to_a_shipped_scenario() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {path.stem for path in SCENARIOS.glob("*.yaml")}
