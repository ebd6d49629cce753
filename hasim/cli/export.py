"""``hasim export``: from a scenario to directories that can be deployed on its instances."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hasim.cli.guard import guarded, say
from hasim.cli.options import JsonOption, ScenarioArgument, SetOption, load_study
from hasim.errors import UserError

if TYPE_CHECKING:
    from hasim.export import Export, ExportOptions
    from hasim.scenario.model import Scenario

__all__ = ["export"]


@guarded
def export(
    scenario: ScenarioArgument,
    directory: Annotated[
        Path, typer.Argument(metavar="DIRECTORY", help="Where to write; made if it is not there.", show_default=False)
    ],
    instances: Annotated[
        list[str] | None,
        typer.Option("--instance", metavar="NAME", help="This instance only; may be given again. [default: all]"),
    ] = None,
    changes: SetOption = None,
    identify: Annotated[
        bool, typer.Option("--identify", help="Ask the cloud's API for the identifiers of its resources.")
    ] = False,
    vpc: Annotated[
        str | None, typer.Option(metavar="ID", help="With --identify: the VPC, where addresses alone do not tell.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    python: Annotated[str, typer.Option(help="The interpreter on the instances.")] = "/usr/bin/python3",
    script_directory: Annotated[
        str, typer.Option(metavar="DIR", help="Where the instances have the scripts.")
    ] = "/etc/keepalived/hasim",
    script_user: Annotated[str, typer.Option(metavar="USER", help="Whom the scripts run as.")] = "root",
    service: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="What a check of the service connects to, or a URL that it gets.")
    ] = "127.0.0.1:80",
    endpoint: Annotated[str, typer.Option(metavar="URL", help="The cloud's API.")] = "https://vpc.tencentcloudapi.com",
    devices: Annotated[
        list[str] | None,
        typer.Option(
            "--device",
            metavar="[INSTANCE.]INTERFACE=DEVICE",
            help="The network device of an interface of the scenario; may be given again. [default: eth0, eth1, ...]",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write, for each instance, a keepalived.conf and the scripts that it runs.

    The scripts do what the scenario's notify policy says, with the official SDK: the same calls, retries, pauses and
    time-outs that the simulation has. DIRECTORY/README.md says where each file goes and how to try it against
    "hasim serve". Credentials are never written: the scripts take them from the environment or the instance's role.

    \b
    Examples:
      hasim export scenarios/eni-reattach.yaml deploy
      hasim export pair.yaml deploy --instance a --device heartbeat=ens6 --force
      hasim export pair.yaml deploy --identify        needs TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY

    \b
    Exit status 2: a file is there already (--force writes over it, and keeps what has been filled in in
    identifiers.json), or the scenario cannot be used.

    Read on: docs/export.md. "hasim import DIRECTORY" is the way back.
    """
    from hasim.export import ExportOptions
    from hasim.export import export as export_to

    _check_texts(python, script_directory, script_user, service, endpoint)
    resolved = load_study(scenario, changes).scenario
    options = ExportOptions(
        python=python,
        script_directory=script_directory,
        script_user=script_user,
        service=service,
        endpoint=endpoint,
        devices=_devices(resolved, devices or []),
    )
    if vpc is not None and not identify:
        raise UserError("--vpc goes with --identify")
    identifiers = _identifiers(resolved, options, vpc) if identify else None
    done = export_to(
        resolved, directory, options=options, identifiers=identifiers, instances=instances or None, overwrite=force
    )
    if as_json:
        print(json.dumps(_document(done), indent=1))
    else:
        _tell(done)


def _check_texts(python: str, script_directory: str, script_user: str, service: str, endpoint: str) -> None:
    """What goes into keepalived.conf and settings.json as it is written: a slip would be found on the instances only.

    Raises:
        UserError: one of the texts cannot be what its option asks for.
    """
    for option, text in (("--python", python), ("--script-directory", script_directory)):
        if not re.fullmatch(r"/\S*", text):
            raise UserError(f"{option} {text}: expected a full path without spaces, such as /usr/local/hasim")
    if not re.fullmatch(r"[\w.-]+", script_user):
        raise UserError(f"--script-user {script_user}: expected the name of a user, such as keepalived_script")
    if not _is_url(endpoint):
        raise UserError(f"--endpoint {endpoint}: expected a URL such as https://vpc.tencentcloudapi.com")
    host, _, port = service.rpartition(":")
    if not (_is_url(service) or (host and re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536)):
        raise UserError(f"--service {service}: expected HOST:PORT such as 127.0.0.1:80, or a URL")


def _is_url(text: str) -> bool:
    return re.fullmatch(r"https?://[^\s/]\S*", text) is not None


def _devices(scenario: Scenario, written: list[str]) -> dict[str, dict[str, str]]:
    """``heartbeat=ens6`` for all instances that have the interface, ``a.heartbeat=ens6`` for one."""
    devices: dict[str, dict[str, str]] = {}
    for text in written:
        place, equals, device = text.partition("=")
        name, _, interface = place.rpartition(".")
        found = [
            instance.name
            for instance in scenario.instances
            if name in ("", instance.name) and any(own.name == interface for own in instance.interfaces)
        ]
        if not (equals and device and found):
            raise UserError(
                f"--device {text}: expected INTERFACE=DEVICE or INSTANCE.INTERFACE=DEVICE, with an interface of the "
                "scenario, such as eth0=ens5"
            )
        for instance_name in found:
            devices.setdefault(instance_name, {})[interface] = device
    return devices


def _identifiers(scenario: Scenario, options: ExportOptions, vpc: str | None) -> dict[str, str]:
    from hasim.export.discovery import identify

    return identify(scenario, options, vpc)


def _document(done: Export) -> dict[str, Any]:
    return {
        "format": "hasim.export/1",
        "directory": str(done.directory),
        "instances": {
            node.name: {"directory": str(node.directory), "files": node.files, "missing": node.missing_identifiers}
            for node in done.nodes.values()
        },
        "files": [str(path) for path in done.files],
        "remarks": done.remarks,
    }


def _tell(done: Export) -> None:
    for node in done.nodes.values():
        print(f"{node.directory}: {', '.join(node.files)}")
    print(f"{done.directory / 'README.md'} says where each file goes")
    for remark in done.remarks:
        say(remark)
    missing = dict.fromkeys(name for node in done.nodes.values() for name in node.missing_identifiers)
    if missing:
        say(f"to be filled in in identifiers.json, or asked for with --identify: {', '.join(missing)}")
