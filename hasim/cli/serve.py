"""``hasim serve``: the control plane as an HTTP endpoint that the official SDK and command line can drive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from hasim.cli.guard import guarded, say
from hasim.cli.options import SetOption, load_study
from hasim.errors import HasimError, UserError

if TYPE_CHECKING:
    from hasim.cloud.http import Credentials, Journal
    from hasim.scenario.model import Scenario

__all__ = ["serve"]


@guarded
def serve(
    scenario: Annotated[
        Path | None,
        typer.Argument(metavar="[SCENARIO]", help="A scenario file: its resources and API. [default: an empty region]"),
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="TCP port; 0 takes one that is free.")] = 18080,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; anything but loopback lets others in.")
    ] = "127.0.0.1",
    speed: Annotated[
        float, typer.Option("--speed", min=0.001, max=1_000_000, help="How many times faster than real time it runs.")
    ] = 1.0,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Do not look at signatures.")] = False,
    secret_id: Annotated[
        str | None, typer.Option("--secret-id", help="SecretId of the account. [default: a new one, printed]")
    ] = None,
    secret_key: Annotated[
        str | None, typer.Option("--secret-key", help="SecretKey of the account. [default: a new one, printed]")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="FILE", help="Keep every change there, and go on from it the next time."),
    ] = None,
    faults: Annotated[
        bool, typer.Option("--faults", help="The scenario's faults happen: those of the API, crashes, stops, outages.")
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, help="The random numbers of the simulation with that seed. [default: new ones]"),
    ] = None,
    replication: Annotated[int, typer.Option("--replication", min=0, help="Which replication of that simulation.")] = 0,
    changes: SetOption = None,
) -> None:
    """The control plane of a scenario, or of an empty region, over HTTP: for the official SDK and command line.

    The first line that it prints is its URL. Calls and tasks take the time that the scenario's control plane says;
    trouble can be switched on and off while it runs. A page at the URL shows what is there. It ends on Ctrl-C.

    \b
    Examples:
      hasim serve --no-auth
      hasim serve scenarios/secondary-ip-best-practice.yaml --speed 10 --state region.state
      hasim serve scenarios/api-outage-during-failover.yaml --faults --seed 1
      curl -H 'Content-Type: application/json' -d '{"kind": "outage"}' URL/_hasim/trouble

    Clients, trouble, crashes and what is kept in the state file: docs/serve.md.
    """
    if scenario is None:
        for option, given in (("--set", bool(changes)), ("--faults", faults)):
            if given:
                raise UserError(f"{option} is about a scenario: name one")
    if replication and seed is None:
        raise UserError("--replication is one of a simulation: give its --seed")
    credentials = _credentials(no_auth, secret_id, secret_key)
    loaded = load_study(scenario, changes).scenario if scenario is not None else None
    _run(loaded, _Wishes(host, port, speed, state, faults, seed, replication), credentials)


class _Wishes(NamedTuple):
    """What the options say."""

    host: str
    port: int
    speed: float
    state: Path | None
    faults: bool
    seed: int | None
    replication: int


def _credentials(no_auth: bool, secret_id: str | None, secret_key: str | None) -> Credentials | None:
    from secrets import token_hex

    from hasim.cloud.http import Credentials

    if no_auth:
        if secret_id is not None or secret_key is not None:
            raise UserError("--no-auth does not look at signatures: leave --secret-id and --secret-key out")
        return None
    for option, value in (("--secret-id", secret_id), ("--secret-key", secret_key)):
        if value is not None and not (value.isascii() and value.isalnum()):
            raise UserError(f"{option} must be letters and digits")
    return Credentials(secret_id or f"AKID{token_hex(16)}", secret_key or token_hex(16))


def _run(scenario: Scenario | None, wishes: _Wishes, credentials: Credentials | None) -> None:
    from hasim.cloud.http.server import listen
    from hasim.serve.endpoint import Endpoint, url_of

    listener = listen(wishes.host, wishes.port)
    journal = _journal(scenario, wishes.state)
    endpoint = Endpoint(
        scenario,
        speed=wishes.speed,
        seed=wishes.seed,
        replication=wishes.replication,
        with_faults=wishes.faults,
        credentials=credentials,
        journal=journal,
    )
    print(url_of(listener), flush=True)
    print(f"region      {endpoint.live.region.name}")
    if credentials is None:
        print("signatures  not checked (--no-auth)", flush=True)
    else:
        print(f"secret id   {credentials.secret_id}")
        print(f"secret key  {credentials.secret_key}", flush=True)
    if scenario is not None and wishes.faults:
        _say_what_is_left_out(scenario)
    endpoint.run_on(listener)
    if journal is not None:
        journal.close()
    if endpoint.failures:
        _leave(endpoint.failures[0], wishes.state)


def _say_what_is_left_out(scenario: Scenario) -> None:
    from hasim.serve.faults import is_played

    left_out = [fault.name for fault in scenario.faults if not is_played(fault)]
    if left_out:
        say(f"left out, being about guests and the network between them: {', '.join(left_out)}")


def _journal(scenario: Scenario | None, state: Path | None) -> Journal | None:
    from hasim.cloud.http import Journal
    from hasim.serve.endpoint import new_region

    if state is None:
        return None
    if not Journal.exists(state):
        return Journal(state, new_region(scenario))
    journal = Journal(state)
    if scenario is not None and scenario.region != journal.region.name:
        raise UserError(f"--state {state} is a state of {journal.region.name}, the scenario is in {scenario.region}")
    undone = f"; tasks that were running have failed: {journal.rolled_back}" if journal.rolled_back else ""
    say(f"going on from {state}{undone}")
    return journal


def _leave(error: Exception, state: Path | None) -> None:
    if isinstance(error, OSError):
        raise HasimError(f"--state {state} could not be written, so the endpoint ended: {error.strerror or error}")
    raise error
