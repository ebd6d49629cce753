"""``hasim``: the command line. Heavy libraries are loaded by the command that needs them: ``--help`` is quick."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Annotated

import typer

from hasim import __version__
from hasim.cli.advise import advise
from hasim.cli.compare import compare
from hasim.cli.drill import drill
from hasim.cli.explain import explain
from hasim.cli.export import export
from hasim.cli.guard import run_program
from hasim.cli.importing import import_
from hasim.cli.journal import journal
from hasim.cli.lint import lint
from hasim.cli.replay import replay
from hasim.cli.report import report
from hasim.cli.run import run
from hasim.cli.schema import schema
from hasim.cli.sensitivity import sensitivity
from hasim.cli.serve import serve
from hasim.cli.sweep import sweep
from hasim.cli.usage import Commands

__all__ = ["app", "main"]

app = typer.Typer(
    name="hasim",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command(short_help="Run a scenario many times: availability, latency, phases.")(run)
app.command(short_help="Tell one run step by step: who did what, when and why.")(explain)
app.command(short_help="Compare variants under the same faults: which one wins, and by how much.")(compare)
app.command(short_help="Vary parameters: curves, heat maps, and where something is least.")(sweep)
app.command(short_help="Find which parameter moves the downtime most: a tornado chart.")(sensitivity)
app.command(short_help="Find the cheapest settings that meet the SLO, and what they cost in false failovers.")(advise)
app.command(short_help="Break real keepalived daemons on this machine, beside the simulation.")(drill)
app.command(short_help="Write a deployable directory for each instance of a scenario.")(export)
app.command(name="import", short_help="Turn keepalived.conf files into a scenario.")(import_)
app.command(short_help="Say which studies a journal of finished runs holds; export them.")(journal)
app.command(short_help="Find designs that cannot do what their author thinks.")(lint)
app.command(short_help="Hold the simulator against recorded trials of a real keepalived.")(replay)
app.command(short_help="Write a study as one HTML file.")(report)
app.command(short_help="Print the JSON Schema of scenario files, for editors.")(schema)
app.command(short_help="Serve the cloud's API over HTTP: for the official SDK and command line.")(serve)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"hasim {__version__}")
        raise typer.Exit


@app.callback()
def hasim(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """How long is your virtual IP gone when something fails, where do the seconds go, and what is that a year?

    hasim simulates keepalived pairs (and larger clusters) on cloud instances whose notify script moves a
    secondary private IP, a secondary ENI or an EIP by API calls, or which share a HAVIP.

    \b
    First steps:
      hasim run scenarios/secondary-ip-best-practice.yaml       availability, latency, phases
      hasim explain scenarios/secondary-ip-best-practice.yaml   one failure told step by step
      hasim schema > scenario.schema.json                       for your editor

    \b
    Exit status: 0 fine; 2 something is wrong with the input; 99 an SLO of the scenario is not
    met; 98 a drill was outside of its simulation; 1 a bug in hasim, or its workers were lost;
    130 interrupted (143 by SIGTERM, 129 by a closed terminal).

    Read on in docs/: tutorial.md, scenario-reference.md, results.md.
    """


def main() -> None:
    """The entry point of the ``hasim`` command."""
    if sys.stdout is None:  # closed (``>&-``): what goes there is to go nowhere
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show an arrow gets a question mark, not an error
            stream.reconfigure(errors="replace")
    run_program(partial(app, prog_name="hasim"))
