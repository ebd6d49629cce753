"""The arguments that several commands take, each spelled and explained once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hasim.api import Study

__all__ = ["JobsOption", "JsonOption", "ScenarioArgument", "SeedOption", "SetOption", "load_study"]

ScenarioArgument = Annotated[
    Path, typer.Argument(metavar="SCENARIO", help="A scenario file (YAML).", show_default=False)
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, help="Source of all randomness. [default: what the scenario says]")
]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, help="Processes to use. [default: one for each core]")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change one value of the scenario, such as vrrp.advert_int=2s; may be given again.",
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
    from hasim.scenario.changes import parse_assignment

    return study.with_(dict(parse_assignment(change) for change in changes))
