"""Random calls of the control plane, valid and invalid, made from the declarations of the actions.

The sampler asks a *chooser* for every decision, so that the same code serves Hypothesis (which shrinks) and a plain
random generator (which is quick). Identifiers and addresses are mostly those that exist, so that calls get far.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Sequence
from functools import cache
from textwrap import wrap
from typing import Any, TypeVar

from hypothesis import strategies as st

from hasim.cloud import ACTIONS, CloudError, Limits, Region
from hasim.cloud.errors import COMMON_CODES
from hasim.cloud.parameters import Address, Boolean, Choice, CidrBlock, Identifier, Integer, Kind, ListOf, Structure
from hasim.cloud.registry import Action
from tests.unit.cloud_sensible import SENSIBLE, Chooser
from tests.unit.cloud_topology import ABSENT, Cloud

__all__ = ["Coverage", "HypothesisChooser", "RandomChooser", "Walk"]

ItemT = TypeVar("ItemT")

ADDRESSES = (
    *("10.0.1.100", "10.0.1.101", "10.0.1.102", "10.0.1.10", "10.0.1.11", "10.0.1.1", "10.0.1.255"),
    *("10.0.2.100", "10.0.2.101", "10.0.3.100", "10.0.9.5", "172.16.0.9", "198.18.0.1", "198.18.0.2"),
)
CIDRS = ("10.0.1.0/24", "10.0.4.0/28", "10.0.5.0/24", "10.0.0.0/8", "192.168.0.0/16")
TEXTS = {
    "Zone": ("ap-guangzhou-1", "ap-guangzhou-2", "ap-beijing-1"),
    "InstanceType": ("S5.SMALL1", "S5.MEDIUM4", "S5.LARGE8", "nonsense"),
    "ClientToken": ("token-1", "token-2"),
    "Port": ("80", "443", "ALL"),
}
TABLES = {
    "vpc": "vpcs",
    "subnet": "subnets",
    "eni": "network_interfaces",
    "ins": "instances",
    "sg": "security_groups",
    "eip": "eips",
    "havip": "ha_vips",
}
_MASK = (1 << 64) - 1
NONSENSE: tuple[Any, ...] = (
    *("", "nonsense", "eni-", "10.0.1", "x" * 300, -1, 10**6, 3.5, True, [], {}, ["x"], ["x"] * 300, [{}] * 60),
    *([{"Name": "vpc-id"}], [{"Name": "colour", "Values": ["red"]}], [{"Name": "vpc-id", "Values": "red"}]),
    *([{"Name": "vpc-id", "Values": ["red"] * 200}], [{"Key": "k" * 200}], [{"Key": "k", "Value": "v" * 300}]),
)
"""Values that hardly any parameter takes."""

RARE = {
    "CreateVpc",
    "DeleteVpc",
    "CreateSubnet",
    "DeleteSubnet",
    "CreateSecurityGroup",
    "TerminateInstances",
    "RunInstances",
}
_SENSIBLE = list(SENSIBLE.items())
_LIMITS = Limits(
    eips=5,
    address_daily_factor=3,
    ha_vips_per_vpc=3,
    interfaces_per_vpc=4,
    security_groups=6,
    security_groups_per_interface=2,
    security_group_interfaces=6,
    security_group_policies=2,
)
"""So small that a walk runs into them."""
COMMON = [name for name, spec in ACTIONS.items() if not spec.reads_only and name not in RARE]
SELDOM = [name for name in ACTIONS if name not in COMMON]


class RandomChooser:
    """Decides by a seeded generator, a plain linear congruential one: quick, and quickly seeded."""

    def __init__(self, seed: int) -> None:
        self._state = (seed + 1) * 0x9E3779B97F4A7C15 & _MASK

    def pick(self, items: Sequence[ItemT]) -> ItemT:
        return items[self._next() % len(items)]

    def chance(self, percent: int) -> bool:
        return self._next() % 100 < percent

    def _next(self) -> int:
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return self._state >> 33


class HypothesisChooser:
    """Lets Hypothesis decide, and shrink."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def pick(self, items: Sequence[ItemT]) -> ItemT:
        return self._data.draw(st.sampled_from(items))

    def chance(self, percent: int) -> bool:
        return self._data.draw(st.integers(0, 99)) < percent


class Coverage:
    """What walks have reached: refusals by action and code, transitions of states, and committed or failed tasks."""

    def __init__(self) -> None:
        self.walks = 0
        self.refusals: Counter[tuple[str, str]] = Counter()
        self.answers: Counter[str] = Counter()
        self.transitions: Counter[tuple[str, str, str]] = Counter()
        self.endings: Counter[tuple[str, str]] = Counter()

    def report(self) -> list[str]:
        """The coverage in lines for people."""
        declared = {(name, code) for name, spec in ACTIONS.items() for code in spec.codes}
        asynchronous = [name for name, spec in ACTIONS.items() if spec.kind is not None]
        reached = {(name, code) for name, code in self.refusals if (name, code) in declared}
        states: dict[str, set[str]] = {}
        for kind, old, new in self.transitions:
            states.setdefault(kind, set()).update((old, new))
        calls = self.answers.total() + self.refusals.total()
        return [
            f"{self.walks} walks, {calls} calls, {self.refusals.total()} refused, {self.endings.total()} tasks ended",
            f"actions answered: {len(self.answers)} of {len(ACTIONS)}",
            f"codes reached: {len({code for _, code in self.refusals})} different, "
            f"{len(reached)} of {len(declared)} by action",
            *wrap(
                f"refused with: {', '.join(sorted({code for _, code in self.refusals}))}", 118, break_long_words=False
            ),
            f"tasks committed and failed: {len(self.endings)} of {2 * len(asynchronous)} endings",
            *(f"{kind}: {', '.join(sorted(found))}" for kind, found in sorted(states.items())),
        ]


def states_of(region: Region) -> dict[tuple[str, str], str]:
    """The state that the API shows of everything that has one, by kind and identifier."""
    found: dict[tuple[str, str], str] = {}
    for interface in region.network_interfaces.values():
        on = "attached" if interface.instance_id else "unattached"
        found["ENI", interface.network_interface_id] = f"{interface.state} {on}"
        for item in interface.addresses.values():
            found["private IP", f"{interface.vpc_id} {item.address}"] = item.state.value
    found |= {("EIP", eip.address_id): eip.status.value for eip in region.eips.values()}
    found |= {("HAVIP", item.ha_vip_id): item.state.value for item in region.ha_vips.values()}
    found |= {("instance", item.instance_id): item.state.value for item in region.instances.values()}
    return found


@cache
def _beginning() -> bytes:
    """The region in which walks begin."""
    return pickle.dumps(Region.restore(Cloud(_LIMITS).region.snapshot()))


class Walk:
    """A sequence of steps on one region, each followed by the model's own checks.

    They are those of a paranoid region, but the invariants are checked only where something has changed.
    """

    def __init__(self, coverage: Coverage, chooser: Chooser) -> None:
        self.region: Region = pickle.loads(_beginning())
        self.chooser = chooser
        self._coverage = coverage
        self._now_ns = 0
        self._with_token: tuple[str, dict[str, Any]] | None = None
        self._states = states_of(self.region)
        self._before = self.region.fingerprint()
        coverage.walks += 1

    def step(self) -> None:
        """Something happens: mostly a call, often the end of a task, sometimes something from outside."""
        before = self._before
        self._now_ns += 1_000_000
        running = self.region.running_tasks()
        if running and self.chooser.chance(40):
            self._end(self.chooser.pick(running).task_id)
        elif self.chooser.chance(10):
            self._outside()
        elif self._with_token and self.chooser.chance(10):
            self._call(*self._with_token)
        elif self.chooser.chance(50):
            name, parameters = self.chooser.pick(_SENSIBLE)
            self._call(name, parameters(self.region, self.chooser))
        else:
            name = self.chooser.pick(COMMON if self.chooser.chance(80) else SELDOM)
            self._call(name, self._parameters(ACTIONS[name]))
        if self._before != before:
            self._note_states()

    def finish(self) -> None:
        """End every task that is left; then nothing is in an intermediate state."""
        for task in self.region.running_tasks():
            self._end(task.task_id)
            self._note_states()
        settled = {"AVAILABLE", "UNBIND", "BIND", "BIND_ENI", "RUNNING", "STOPPED"}
        settled |= {"AVAILABLE attached", "AVAILABLE unattached"}
        assert set(states_of(self.region).values()) <= settled

    def _call(self, name: str, parameters: dict[str, Any]) -> None:
        before = self._before
        try:
            reply = self.region.call(name, parameters, now_ns=self._now_ns)
        except CloudError as error:
            assert self.region.fingerprint() == before, f"{name} {parameters} was refused and left a trace"
            self._note_refusal(name, error.code)
            return
        self._note_change()
        if "ClientToken" in parameters:
            self._with_token = name, parameters
        self._coverage.answers[name] += 1
        assert reply.response["RequestId"]
        if ACTIONS[name].reads_only:
            assert self._before == before, f"{name} reads, and changed something"

    def _note_refusal(self, name: str, code: str) -> None:
        assert code in COMMON_CODES | ACTIONS[name].codes, f"{name} does not document {code}"
        self._coverage.refusals[name, code] += 1

    def _end(self, task_id: str) -> None:
        well = self.chooser.chance(80)
        task = (self.region.commit if well else self.region.fail)(task_id, now_ns=self._now_ns)
        self._note_change()
        self._coverage.endings[task.action, task.status.value] += 1

    def _outside(self) -> None:
        region, chooser = self.region, self.chooser
        if region.ha_vips and region.network_interfaces and chooser.chance(50):
            vip, eni = chooser.pick(list(region.ha_vips)), chooser.pick(list(region.network_interfaces))
            moved = region.announce(vip, eni, now_ns=self._now_ns)
            assert moved == (region.ha_vips[vip].network_interface_id == eni) or not moved
        elif region.eips and chooser.chance(30):
            region.flag_eip(
                chooser.pick(list(region.eips)), is_blocked=chooser.chance(50), is_arrears=chooser.chance(30)
            )
        elif region.instances and chooser.chance(30):
            region.guest(chooser.pick(list(region.instances)), is_crashed=chooser.chance(50))
        elif region.instances:
            region.instance_power(chooser.pick(list(region.instances)), chooser.pick(("RUNNING", "STOPPED")))
        self._note_change()

    def _note_change(self) -> None:
        """Something may have changed: then everything must still hold together."""
        after = self.region.fingerprint()
        if after != self._before:
            self.region.check_invariants()
            self._before = after

    def _note_states(self) -> None:
        states = states_of(self.region)
        for key in self._states.keys() | states.keys():
            old, new = self._states.get(key, "-"), states.get(key, "-")
            if old != new:
                self._coverage.transitions[key[0], old, new] += 1
        self._states = states

    # Parameters -----------------------------------------------------------------------------------------------------

    def _parameters(self, action: Action) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for item in action.parameters:
            if item.kind is None or item.name == "Filters":
                continue
            if item.required or self.chooser.chance(25 if item.name != "ClientToken" else 8):
                given[item.name] = self._value(item.kind, item.name)
        for rule in action.rules:
            if not rule.excludes and not any(name in given for name in rule.names):
                name = self.chooser.pick(rule.names)
                given[name] = next(
                    self._value(item.kind, name) for item in action.parameters if item.name == name and item.kind
                )
        if given and self.chooser.chance(2):
            given.pop(self.chooser.pick(sorted(given)))
        if action.parameters and self.chooser.chance(6):
            given[self.chooser.pick(action.parameters).name] = self.chooser.pick(NONSENSE)
        return given

    def _value(self, kind: Kind, name: str) -> Any:
        chooser = self.chooser
        if isinstance(kind, Identifier):
            return self._identifier(kind.prefixes)
        if isinstance(kind, Address):
            return chooser.pick(ADDRESSES)
        if isinstance(kind, Choice):
            return chooser.pick(kind.choices)
        if isinstance(kind, Boolean):
            return chooser.chance(30)
        if isinstance(kind, Integer):
            return self._integer(kind, name)
        if isinstance(kind, CidrBlock):
            return chooser.pick(CIDRS)
        if isinstance(kind, ListOf):
            return [self._value(kind.kind, name) for _ in range(1 + chooser.chance(25))]
        if isinstance(kind, Structure):
            fields = [item for item in kind.parameters if item.kind and (item.required or chooser.chance(40))]
            return {item.name: self._value(item.kind, item.name) for item in fields if item.kind}
        return 2 if kind.label == "Float" else chooser.pick(TEXTS.get(name, ("text", "name")))

    def _identifier(self, prefixes: tuple[str, ...]) -> str:
        prefix = self.chooser.pick(prefixes)
        known = list(getattr(self.region, TABLES[prefix]))
        return self.chooser.pick(known) if known and self.chooser.chance(95) else ABSENT[prefix]

    def _integer(self, kind: Integer, name: str) -> int:
        if name == "TaskId":
            return self.chooser.pick([0, *(task.number for task in self.region.tasks.values())])
        return self.chooser.pick([number for number in (0, 1, 2, 3) if kind.least <= number <= kind.most])
