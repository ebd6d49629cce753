"""The comparison of the mechanisms: its scenarios differ in nothing else, and its page shows what they come to."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

from hasim.scenario import load
from hasim.scenario.model import Mechanism

PROJECT = Path(__file__).parents[2]
SCENARIOS = sorted((PROJECT / "scenarios" / "mechanisms").glob("*.yaml"))


def test_every_mechanism_is_compared() -> None:
    assert {load(path).floating.mechanism for path in SCENARIOS} == set(Mechanism)


def test_the_compared_scenarios_differ_in_the_mechanism_alone() -> None:
    one, *others = [load(path) for path in SCENARIOS]
    for other in others:
        same = {name: getattr(one, name) for name in ("name", "description", "digest", "floating", "weak_defaults")}
        same |= {"source_path": one.source_path, "source_text": one.source_text}
        assert replace(other, **same) == one


def test_the_page_shows_what_its_script_computes() -> None:
    script = PROJECT / "docs" / "mechanisms.py"
    spec = importlib.util.spec_from_file_location("docs_mechanisms", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.PAGE.read_text(encoding="utf-8")
    assert module.page(text) == text, "run `python docs/mechanisms.py`"
