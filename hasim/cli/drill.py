"""``hasim drill``: the scenario with real keepalived daemons, beside its simulation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hasim.cli.guard import INTERRUPTED, OUTSIDE, guarded, say
from hasim.cli.options import JsonOption, OutOption, ScenarioArgument, SetOption, load_study
from hasim.errors import UserError
from hasim.units import SECOND, counted

if TYPE_CHECKING:
    from hasim.drill import DrillResult

__all__ = ["drill"]

_RESULT = "drill.json"
_CHART = "measured-over-simulated"
_LOGS = "logs"


@guarded
def drill(
    scenario: ScenarioArgument,
    times: Annotated[int, typer.Option("--times", "-n", min=1, help="Repetitions of every fault.")] = 5,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="NAME", help="Only this fault; may be given again. [default: all]"),
    ] = None,
    rooms: Annotated[
        int | None,
        typer.Option(
            "--rooms",
            min=1,
            max=64,
            help="How many repetitions run at once. [default: 3 per processor]",
            show_default=False,
        ),
    ] = None,
    patience: Annotated[
        str, typer.Option("--patience", metavar="DURATION", help="The longest to wait for a fault's consequences.")
    ] = "60s",
    simulations: Annotated[
        int, typer.Option("--simulations", min=20, help="Simulated runs that stand beside the drill.")
    ] = 1_000,
    changes: SetOption = None,
    as_json: JsonOption = False,
    out: OutOption = None,
    calibrate: Annotated[
        Path | None,
        typer.Option(
            "--calibrate",
            metavar="FILE",
            help="Write what was measured of this machine there, for --set @FILE.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the scenario's instances as real keepalived daemons in network namespaces, and break them.

    Each fault is injected in real time, from a healthy start, at a random phase. A client probes the floating address
    every 20 ms; the notify scripts call the simulated control plane, and only the instance that it names gets the
    address's packets. Every phase of every outage is laid beside the same fault simulated many times.

    \b
    Examples:
      hasim drill scenarios/sub-second-vrrpv3.yaml
      hasim drill scenarios/incidents/01-stranded-address.yaml --times 20 --out results/drill
      hasim drill pair.yaml --calibrate measured.yaml && hasim run pair.yaml --set @measured.yaml

    Needs Linux, root, keepalived, iproute2, nftables and the cloud's SDK. Nothing leaves the namespaces, and nothing
    stays behind: what a killed drill could not remove, the next one does. Read on: docs/drill.md.

    Exit status 98 says that something was measured outside of what was simulated.
    """
    from hasim.cli.terminal import progress_bar
    from hasim.drill import DrillOptions, usual_rooms
    from hasim.drill import drill as hold
    from hasim.units import parse_duration

    study = load_study(scenario, changes)
    try:
        patience_ns = parse_duration(patience)
    except ValueError as error:
        raise UserError(f"--patience {patience}: {error}") from None
    options = DrillOptions(times, tuple(fault or ()), rooms or usual_rooms(), patience_ns, simulations)
    from hasim.cli.output import check_file, claim

    check_file("--calibrate", calibrate, b"# Measured by hasim drill")
    if out is not None:
        claim(out)
    with progress_bar(study.scenario.name) as progress:
        result = hold(study.scenario, options, progress)
    if out is not None:
        _keep(out, result)
    if calibrate is not None:
        _write_calibration(calibrate, result)
    _print(result, as_json)
    if out is not None:
        say(f"kept in {out}")
    _leave(result)


def _print(result: DrillResult, as_json: bool) -> None:
    if as_json:
        from hasim.drill.document import document_of

        print(json.dumps(document_of(result), indent=1, ensure_ascii=False, allow_nan=False))
        return
    from hasim.cli.terminal import print_tables
    from hasim.drill.tables import drill_tables

    print_tables(drill_tables(result))


def _keep(out: Path, result: DrillResult) -> None:
    from hasim.cli.output import CHARTS_DIRECTORY, blaming_user
    from hasim.drill.document import document_of
    from hasim.report.charts.drill import measured_over_simulated
    from hasim.report.charts.style import FORMATS, save

    with blaming_user(out):
        text = json.dumps(document_of(result), indent=1, ensure_ascii=False, allow_nan=False)
        (out / _RESULT).write_text(text + "\n", encoding="utf-8")
        _write_logs(out / _LOGS, result)
        charts = out / CHARTS_DIRECTORY
        charts.mkdir(exist_ok=True)
        chart = measured_over_simulated(result)
        for extension in FORMATS:
            save(chart, charts / f"{_CHART}.{extension}")


def _write_logs(directory: Path, result: DrillResult) -> None:
    """keepalived's log of every instance in every repetition, with seconds from the beginning of what was measured."""
    directory.mkdir(exist_ok=True)
    for index, episode in enumerate(result.episodes, start=1):
        for repetition in episode.repetitions:
            for instance, lines in repetition.logs.items():
                text = "".join(f"{at_ns / SECOND:10.6f} {line}\n" for at_ns, line in lines)
                name = f"fault{index}-{repetition.number + 1}-{instance}.log"
                (directory / name).write_text(text, encoding="utf-8")


def _write_calibration(path: Path, result: DrillResult) -> None:
    from hasim.drill.calibration import calibration_text

    try:
        path.write_text(calibration_text(result), encoding="utf-8")
    except OSError as error:
        raise UserError(f"--calibrate {path}: cannot be written: {error.strerror or error}") from None


def _leave(result: DrillResult) -> None:
    if result.interrupted:
        done = sum(len(episode.repetitions) for episode in result.episodes)
        say(f"interrupted: the result is that of {counted(done, 'finished repetition')}")
        raise typer.Exit(INTERRUPTED)
    if not result.inside:
        say("something was measured outside of what was simulated")
        raise typer.Exit(OUTSIDE)
