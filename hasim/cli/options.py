"""The arguments that several commands take, each spelled and explained once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hasim.cli.guard import say
from hasim.errors import UserError

if TYPE_CHECKING:
    from hasim.api import Study

__all__ = [
    "ClusterOption",
    "FileJournalOption",
    "JobsOption",
    "JournalOption",
    "JsonOption",
    "MaxReplicationsOption",
    "OutOption",
    "PrecisionOption",
    "ReplicationsOption",
    "ScenarioArgument",
    "SeedOption",
    "SetOption",
    "load_study",
]

_MOST_REPLICATIONS = 10_000_000
"""As in a scenario file."""

ScenarioArgument = Annotated[
    Path, typer.Argument(metavar="SCENARIO", help="A scenario file (YAML).", show_default=False)
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, help="Source of all randomness. [default: what the scenario says]")
]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, help="Processes to use. [default: one for each core]")
]
ReplicationsOption = Annotated[
    int | None,
    typer.Option(
        "--replications",
        "-n",
        min=1,
        max=_MOST_REPLICATIONS,
        help="How many runs. [default: what the scenario says]",
        show_default=False,
    ),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Run on the Dask cluster with this scheduler, such as tcp://host:8786, in place of --jobs.",
        show_default=False,
    ),
]
JournalOption = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="Keep every finished run there at once, and run only what is not in it yet. "
        "[default: journal.sqlite in --out]",
        show_default=False,
    ),
]
FileJournalOption = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="Keep every finished run there at once, and run only what is not in it yet. [default: nowhere]",
        show_default=False,
    ),
]
"""Where ``--out`` names a file, beside which no journal is kept."""
OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIRECTORY", help="Keep result, tables, scenario and charts there."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]


def _precision(text: str) -> float:
    from hasim.units import parse_fraction

    try:
        return parse_fraction(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


PrecisionOption = Annotated[
    float | None,
    typer.Option(
        "--precision",
        metavar="PERCENT",
        parser=_precision,
        help="In place of -n: run until the interval of the unavailability reaches no further than this to either "
        "side of the value, such as 5%.",
        show_default=False,
    ),
]
MaxReplicationsOption = Annotated[
    int | None,
    typer.Option("--max-replications", min=1, help="With --precision: stop there in any case. [default: 10000]"),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change one value of the scenario, such as vrrp.advert_int=2s, or all those in a file, @FILE; may be "
        "given again.",
        show_default=False,
    ),
]


def load_study(scenario: Path, changes: list[str] | None) -> Study:
    """The study of a scenario file, with the changes that ``--set`` asks for.

    Raises:
        hasim.errors.UserError: the file, or a change, cannot be used.
    """
    from hasim.api import load

    study = load(scenario)
    if not changes:
        return study
    from hasim.scenario.changes import parse_assignment, read_assignments

    wanted: dict[str, Any] = {}
    try:
        for change in changes:
            wanted |= read_assignments(Path(change[1:])) if change.startswith("@") else dict([parse_assignment(change)])
        changed = study.with_(wanted)
    except UserError as error:
        raise UserError(f"--set: {error}") from None
    _say_what_lint_would(study, changed)
    return changed


def _say_what_lint_would(before: Study, after: Study) -> None:
    """What ``hasim lint`` finds in a changed scenario and not in its file: nobody can lint what ``--set`` made."""
    known = {(finding.rule, finding.reason) for finding in before.lint()}
    for finding in after.lint():
        if (finding.rule, finding.reason) not in known:
            say(f"--set: {finding.level}: {finding.reason}: {finding.consequence} [{finding.rule}]")
