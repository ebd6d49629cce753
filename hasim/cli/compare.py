"""``hasim compare``: variants of a scenario under the same faults."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hasim.cli.answers import ChartsOption, MetricOption, ReportOption, answered, running_with
from hasim.cli.guard import guarded
from hasim.cli.options import (
    ClusterOption,
    JobsOption,
    JournalOption,
    JsonOption,
    OutOption,
    ReplicationsOption,
    SeedOption,
    SetOption,
    load_study,
)
from hasim.errors import UserError

if TYPE_CHECKING:
    from hasim.api import Study

__all__ = ["compare", "parse_variant"]

_NEXT_CHANGE = re.compile(r",\s*(?=[\w.\[\]-]+=)")
_BRACKETS = {"{": 1, "[": 1, "}": -1, "]": -1}


@guarded
def compare(
    scenarios: Annotated[
        list[Path],
        typer.Argument(metavar="SCENARIO...", help="Scenario files; the first is the baseline.", show_default=False),
    ],
    variants: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            metavar="NAME:PATH=VALUE,...",
            help="The first scenario with these changes, under this name; may be given again.",
            show_default=False,
        ),
    ] = None,
    metrics: MetricOption = None,
    replications: ReplicationsOption = None,
    seed: SeedOption = None,
    jobs: JobsOption = None,
    cluster: ClusterOption = None,
    changes: SetOption = None,
    as_json: JsonOption = False,
    out: OutOption = None,
    charts: ChartsOption = True,
    report: ReportOption = None,
    journal: JournalOption = None,
) -> None:
    """Compare variants under the same faults and the same luck: how they differ, and which one wins.

    Each difference comes with a 95% interval (of several variants: all of a table together). What all variants share
    falls out of the difference, so that far fewer replications decide than the intervals of the variants suggest.

    \b
    Examples:
      hasim compare old.yaml new.yaml
      hasim compare scenarios/year-of-ordinary-failures.yaml \\
          --variant "fast:vrrp.version=3,vrrp.advert_int=100ms" --variant patient:vrrp.down_timer_adverts=5
      hasim compare scenarios/secondary-ip-best-practice.yaml --variant eni:floating.mechanism=eni --out results/eni

    Faults are the same where they have the same names. --set changes all variants. Read on: docs/comparing.md.
    """
    varied = dict(parse_variant(text) for text in variants or ())
    if len(varied) < len(variants or ()):
        raise UserError("two of the --variant have the same name: give each a name of its own")
    _check_scenarios(scenarios, varied)
    studies = [load_study(path, changes) for path in scenarios]
    names = _names(scenarios, studies)
    others: dict[str, Any] = dict(zip(names[1:], studies[1:], strict=True))
    for name in varied:
        if name in names:
            raise UserError(f"--variant {name}: a scenario is called so already; give it a name of its own")
    with running_with(
        "compare",
        replications=replications,
        seed=seed,
        jobs=jobs,
        cluster=cluster,
        journal=journal,
        out=out,
        report=report,
    ) as how:
        comparison = studies[0].compare(others | varied, name=names[0], metrics=metrics, **how)
    answered(comparison, as_json=as_json, out=out, charts=charts, report=report)


def _check_scenarios(paths: list[Path], varied: dict[str, Any]) -> None:
    """Refuse what has nothing to be compared with, and a file that is compared with itself."""
    if len(paths) + len(varied) < 2:
        raise UserError("there is only one variant: name a second scenario, or a --variant of the first")
    for index, path in enumerate(paths):
        if path in paths[:index]:
            raise UserError(f"{path} is named twice: say what is to be changed in it with --variant NAME:PATH=VALUE")


def _names(paths: list[Path], studies: list[Study]) -> list[str]:
    """The scenarios' names, or their files where two have the same name."""
    names = [study.scenario.name for study in studies]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def parse_variant(text: str) -> tuple[str, dict[str, Any]]:
    """Name and changes of ``fast:vrrp.version=3,vrrp.advert_int=100ms``; without a name the changes are the name.

    Raises:
        UserError: there is no change, one of them is none, or two set the same path.
    """
    from hasim.scenario.changes import parse_assignment

    head, colon, rest = text.partition(":")
    name, written = (head.strip(), rest) if colon and "=" not in head else ("", text)
    if colon and "=" not in head and not name:
        raise UserError(f"expected NAME:PATH=VALUE, got {text[:80]!r}: the name is missing")
    assignments = [parse_assignment(part) for part in _split(written)]
    changes = dict(assignments)
    if len(changes) < len(assignments):
        raise UserError(f"{text[:80]!r} sets one path twice: say one of the values only")
    return name or written.strip(), changes


def _split(text: str) -> list[str]:
    """The changes of a variant: at commas outside of brackets that begin another PATH=VALUE."""
    parts, start = [], 0
    for match in _NEXT_CHANGE.finditer(text):
        before = text[start : match.start()]
        if sum(_BRACKETS.get(character, 0) for character in before) == 0:
            parts.append(before)
            start = match.end()
    return [*parts, text[start:]]
