"""``hasim serve``: the control plane as an HTTP endpoint that the official SDK and command line can drive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hasim.cli.guard import guarded, say
from hasim.cli.options import SetOption, load_study
from hasim.errors import HasimError, UserError

if TYPE_CHECKING:
    from hasim.cloud import Region
    from hasim.cloud.http import Credentials, Journal
    from hasim.scenario.model import Scenario

__all__ = ["serve"]

_REGION = "ap-guangzhou"
_ZONES = ("ap-guangzhou-3", "ap-guangzhou-4", "ap-guangzhou-6")
_SMALLEST_DRAW = 2.0**-60


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
    changes: SetOption = None,
) -> None:
    """The control plane of a scenario, or of an empty region, over HTTP: for the official SDK and command line.

    The first line that it prints is its URL. Calls and tasks take the time that the scenario's control plane says;
    trouble can be switched on and off while it runs. A page at the URL shows what is there. It ends on Ctrl-C.

    \b
    Examples:
      hasim serve --no-auth
      hasim serve scenarios/secondary-ip-best-practice.yaml --speed 10 --state region.state
      curl -H 'Content-Type: application/json' -d '{"kind": "outage"}' URL/_hasim/trouble

    Clients, trouble, crashes and what is kept in the state file: docs/serve.md.
    """
    if changes and scenario is None:
        raise UserError("--set changes a scenario: name one")
    credentials = _credentials(no_auth, secret_id, secret_key)
    loaded = load_study(scenario, changes).scenario if scenario is not None else None
    _run(loaded, host, port, speed, credentials, state)


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


def _run(
    scenario: Scenario | None, host: str, port: int, speed: float, credentials: Credentials | None, state: Path | None
) -> None:
    from random import SystemRandom

    from hasim.cli.serve_behaviour import behaviour_of, default_control_plane
    from hasim.cloud.http import Clock, LiveRegion
    from hasim.cloud.http.app import make_app
    from hasim.cloud.http.request import Door
    from hasim.cloud.http.server import Server, listen

    listener = listen(host, port)
    region, journal = _region(scenario, state)
    clock = Clock(speed, not_before_ns=journal.last_ns if journal is not None else 0)
    failures: list[Exception] = []

    def failed(error: Exception) -> None:
        failures.append(error)
        server.stop()

    random = SystemRandom()
    live = LiveRegion(
        region,
        clock,
        behaviour_of(scenario.control_plane if scenario is not None else default_control_plane()),
        lambda: max(random.random(), _SMALLEST_DRAW),
        journal=journal,
        failed=failed,
    )
    server = Server(make_app(live, Door(region.name, credentials)), stopping=live.close)
    _announce(listener.getsockname(), region.name, credentials)
    server.run_on(listener)
    if journal is not None:
        journal.close()
    if failures:
        _leave(failures[0], state)


def _region(scenario: Scenario | None, state: Path | None) -> tuple[Region, Journal | None]:
    from hasim.cloud.http import Journal

    if state is None:
        return _new_region(scenario), None
    if not Journal.exists(state):
        journal = Journal(state, _new_region(scenario))
        return journal.region, journal
    journal = Journal(state)
    if scenario is not None and scenario.region != journal.region.name:
        raise UserError(f"--state {state} is a state of {journal.region.name}, the scenario is in {scenario.region}")
    undone = f"; tasks that were running have failed: {journal.rolled_back}" if journal.rolled_back else ""
    say(f"going on from {state}{undone}")
    return journal.region, journal


def _new_region(scenario: Scenario | None) -> Region:
    from hasim.cloud import Region

    if scenario is None:
        return Region(_REGION, _ZONES)
    from hasim.scenario.topology import build_region

    holder = scenario.initial_master or max(scenario.instances, key=lambda item: item.vrrp.priority).name
    return build_region(scenario, holder).region


def _announce(address: tuple[str, int], region: str, credentials: Credentials | None) -> None:
    host, port = address[:2]
    print(f"http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)
    print(f"region      {region}")
    if credentials is None:
        print("signatures  not checked (--no-auth)", flush=True)
    else:
        print(f"secret id   {credentials.secret_id}")
        print(f"secret key  {credentials.secret_key}", flush=True)


def _leave(error: Exception, state: Path | None) -> None:
    if isinstance(error, OSError):
        raise HasimError(f"--state {state} could not be written, so the endpoint ended: {error.strerror or error}")
    raise error
