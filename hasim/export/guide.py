"""The README of an export: where each file goes, what has to be there, and how to try it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from hasim.export.options import ExportOptions
from hasim.export.settings import policy_in_words
from hasim.scenario.mechanism import actions_of
from hasim.scenario.model import Scenario

if TYPE_CHECKING:
    from hasim.export.writing import ExportedNode

__all__ = ["guide"]

_POLL = {"AssociateAddress": "DescribeTaskResult", "DisassociateAddress": "DescribeTaskResult"}
_QUESTIONS = {True: "DescribeAddresses", False: "DescribeNetworkInterfaces"}


def guide(scenario: Scenario, nodes: Iterable[ExportedNode], options: ExportOptions, remarks: Sequence[str]) -> str:
    """The whole text, in Markdown."""
    listed = list(nodes)
    sections = (
        _heading(scenario, listed),
        _installing(listed, options),
        _identifying(scenario, listed),
        _access(scenario, listed),
        _in_the_guest(scenario, options),
        _trying(scenario, listed),
        _doing(scenario),
        _differing(remarks),
    )
    return "\n".join("\n".join(section) + "\n" for section in sections if section)


def _heading(scenario: Scenario, nodes: Sequence[ExportedNode]) -> list[str]:
    names = ", ".join(f"`{node.name}/`" for node in nodes)
    return [
        f"# {scenario.name}: instances to deploy",
        "",
        f"Written by `hasim export`. One directory for each instance: {names}. `scenario.yaml` is what they were made",
        "from: `hasim import` of this directory gives it back, with what has been changed in a `keepalived.conf` or in",
        "the policy of a `settings.json` since.",
    ]


def _installing(nodes: Sequence[ExportedNode], options: ExportOptions) -> list[str]:
    first = nodes[0]
    directory = options.script_directory.replace("{instance}", "INSTANCE")
    rows = [
        ("`keepalived.conf`", "`/etc/keepalived/keepalived.conf`", "tested with keepalived 2.2.7"),
        (
            "`hasim_notify.py`, `hasim_check.py`, `hasim_node/`",
            f"`{directory}/`",
            f"run by `{options.python}` (3.8 or newer) as `{options.script_user}`",
        ),
        ("`settings.json`", f"`{directory}/`", "policy and API calls; edit the policy here"),
        ("`identifiers.json`", f"`{directory}/`", "the cloud's resources, see below"),
    ]
    numbers = [name for name in first.files if name.endswith(".number")]
    if numbers:
        rows.append((", ".join(f"`{name}`" for name in numbers), f"`{directory}/`", "a tracked file to begin with"))
    if any(node.has_reclaim_unit for node in nodes):
        rows.append(("`hasim-reclaim.service`", "`/etc/systemd/system/`", "the periodic re-claim"))
    lines = ["## Where the files go", "", "| file | place | |", "|---|---|---|"]
    lines += [f"| {file} | {place} | {remark} |" for file, place, remark in rows]
    lines += [
        "",
        "Directories and scripts must belong to root and be writable for nobody else (`enable_script_security`).",
        f"The scripts keep their state in `{options.run_directory.replace('{instance}', 'INSTANCE')}`, which they make"
        " themselves.",
        "",
        "    keepalived --config-test -f keepalived.conf",
        "    systemctl enable --now keepalived",
    ]
    if any(node.has_reclaim_unit for node in nodes):
        lines.append("    systemctl enable --now hasim-reclaim")
    return lines


def _identifying(scenario: Scenario, nodes: Sequence[ExportedNode]) -> list[str]:
    if not any(node.identifiers for node in nodes):
        return []
    lines = [
        "## Identifiers",
        "",
        "`identifiers.json` of each instance needs the cloud's names for these:",
        "",
        "| name | what it is |",
        "|---|---|",
    ]
    wanted = dict.fromkeys(name for node in nodes for name in node.identifiers)
    lines += [f"| `{name}` | {_meaning(scenario, name)} |" for name in sorted(wanted)]
    lines += [
        "",
        "`hasim export ... --identify` asks the API for them, by the addresses of the scenario; or fill them in by",
        "hand. A later export keeps what is filled in.",
    ]
    return lines


def _meaning(scenario: Scenario, name: str) -> str:
    if name == "vpc":
        return f"the VPC ({scenario.vpc_cidr}), `vpc-...`"
    if name == "floating_interface":
        return f"the ENI that moves ({scenario.floating.address}), `eni-...`"
    if name == "eip":
        return "the EIP, `eip-...`"
    kind, _, owner = name.partition("_")
    if kind == "instance":
        return f"the instance {owner}, `ins-...`"
    return f"the ENI of {owner} on which it has the address, `eni-...`"


def _access(scenario: Scenario, nodes: Sequence[ExportedNode]) -> list[str]:
    actions = list(_actions(scenario))
    if not actions:
        return []
    return [
        "## Access to the API",
        "",
        "The scripts need the official SDK (`pip install tencentcloud-sdk-python-common`) and credentials: the CAM",
        "role of the instance, or `TENCENTCLOUD_SECRET_ID` and `TENCENTCLOUD_SECRET_KEY` (and `TENCENTCLOUD_TOKEN`) in",
        "the environment of keepalived. They read none from a file. The role has to permit",
        "",
        *(f"- `vpc:{action}`" for action in actions),
        "",
        f"The endpoint is `{nodes[0].settings['endpoint']}` (`endpoint` in `settings.json`). Instances without a way",
        "out reach the API at `https://vpc.internal.tencentcloudapi.com`.",
    ]


def _actions(scenario: Scenario) -> Iterator[str]:
    """Every call that a script makes."""
    mechanism = scenario.floating.mechanism
    if mechanism.is_announced:
        checks = (script.check for instance in scenario.instances for script in instance.vrrp.track_scripts)
        yield from ["DescribeNetworkInterfaces"] if "api" in checks else []
        return
    releases = any(instance.notify.release_on_backup for instance in scenario.instances)
    moves = {*actions_of(mechanism, eip=scenario.floating.eip, releases=releases)}
    if mechanism.value == "secondary_ip.migrate":
        moves |= {"AssignPrivateIpAddresses"} | ({"AssociateAddress"} if scenario.floating.eip else set())
    if mechanism.value == "eni.migrate":
        moves |= {"AttachNetworkInterface"}
    polls = {_POLL.get(action, "DescribeVpcTaskResult") for action in moves}
    yield from sorted(moves | polls | {_QUESTIONS[mechanism.is_public]})


def _in_the_guest(scenario: Scenario, options: ExportOptions) -> list[str]:
    """What the operating system has to do that neither keepalived nor the scripts do."""
    mechanism = scenario.floating.mechanism
    lines = []
    if mechanism.moves_interface:
        lines = [
            f"- The interface with {scenario.floating.address} appears and disappears. The image has to configure it",
            "  when it appears: its address, and a routing table of its own for what comes from that address.",
        ]
    if mechanism.is_public:
        lines = ["- The EIP is translated to the instance's own address: the service listens there."]
    if options.script_user != "root":
        run_directory = options.run_directory.replace("{instance}", "INSTANCE")
        lines.append(f"- `{run_directory}` has to be there and belong to {options.script_user} (tmpfiles.d).")
    return ["## In the guest", "", *lines] if lines else []


def _trying(scenario: Scenario, nodes: Sequence[ExportedNode]) -> list[str]:
    if scenario.floating.mechanism.is_announced:
        return []
    last = nodes[-1].name
    return [
        "## Try it without a cloud",
        "",
        "    hasim serve scenario.yaml --port 18080 --no-auth &",
        "    export HASIM_ENDPOINT=http://127.0.0.1:18080 HASIM_RUN_DIRECTORY=$PWD/run HASIM_SYSLOG=0",
        "    export TENCENTCLOUD_SECRET_ID=any TENCENTCLOUD_SECRET_KEY=any NO_PROXY=127.0.0.1,127.0.0.1:18080",
        "    hasim export scenario.yaml try --identify",
        f"    python3 try/{last}/hasim_notify.py MASTER",
        f"    python3 try/{last}/hasim_notify.py holder",
        "",
        "The second last line does what keepalived would make it do, with one line of log for each call; the last says",
        f"`{last}` when the task is over. `hasim drill` does the same with real keepalived daemons.",
    ]


def _doing(scenario: Scenario) -> list[str]:
    if scenario.floating.mechanism.is_announced:
        return [
            "## What the scripts do",
            "",
            "They write a log: a HAVIP is claimed by the gratuitous ARPs of keepalived, without any call.",
        ]
    lines = [
        "## What the scripts do",
        "",
        "Every call, its answer and its time is one line of JSON in syslog (`hasim_notify`). The policy:",
        "",
        "| | " + " | ".join(instance.name for instance in scenario.instances) + " |",
        "|---|" + "---|" * len(scenario.instances),
    ]
    policies = [policy_in_words(instance.notify) for instance in scenario.instances]
    rows = (f"| `{key}` | " + " | ".join(_shown(policy[key]) for policy in policies) + " |" for key in policies[0])
    return [*lines, *rows]


def _shown(value: object) -> str:
    if value is None:
        return "never"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _differing(remarks: Sequence[str]) -> list[str]:
    if not remarks:
        return []
    return ["## What differs from the scenario", "", *(f"- {remark}" for remark in remarks)]
