"""The scenario file as a whole, and its JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from hasim.scenario.schema.cloud import (
    ControlPlaneSection,
    FloatingSection,
    NetworkSection,
    QuotaSection,
    SecurityGroupSection,
    SubnetSection,
    VpcSection,
)
from hasim.scenario.schema.faults import FaultText
from hasim.scenario.schema.fields import (
    Duration,
    Name,
    Percentage,
    PositiveDuration,
    Section,
    Text,
    Whole,
    entries,
    setting,
)
from hasim.scenario.schema.machines import DaemonSection, GuestSection, InstanceSection, ServiceSection
from hasim.scenario.schema.vrrp import NotifySection, VrrpSection

__all__ = ["FailoverSection", "ScenarioFile", "SloSection", "json_schema"]


class FailoverSection(Section):
    """The longest that failovers may take, by percentile."""

    p50: Duration | None = setting(None, "Half of the failovers take at most this.")
    p95: Duration | None = setting(None, "95% of the failovers take at most this.")
    p99: Duration | None = setting(None, "99% of the failovers take at most this.")


class SloSection(Section):
    """What the service must meet; `hasim run` says whether it does."""

    availability: Percentage | None = setting(None, "At least this part of the time the service is up.")
    failover: FailoverSection = entries(FailoverSection, "How long failovers may take.")
    longest_outage: Duration | None = setting(None, "No outage is longer.")


class ScenarioFile(Section):
    """A scenario: the cloud, the instances, what goes wrong, and how long to watch."""

    name: Name | None = setting(None, "Its name in reports. By default the file's name.")
    description: Text = setting("", "What the situation is and what to look for.")
    horizon: PositiveDuration = setting(..., "How much time one run covers, up to 292 years.")
    seed: Annotated[int, Whole(0, 2**63 - 1)] = setting(1, "All randomness comes from it: same seed, same result.")
    replications: Annotated[int, Whole(1, 10_000_000)] = setting(100, "How many runs, each with its own randomness.")
    region: Name = setting("ap-guangzhou", "The cloud's region.")
    zones: list[Name] = setting(..., "The availability zones.")
    vpc: VpcSection = setting(..., "The private network.")
    subnets: dict[Name, SubnetSection] = setting(..., "The subnets by name.")
    security_groups: dict[Name, SecurityGroupSection] = entries(
        dict,
        "The security groups by name. Without one called `default` there is one that lets the VPC in and everything "
        "out.",
    )
    instances: dict[Name, InstanceSection] = setting(..., "The instances by name.")
    floating: FloatingSection = setting(..., "Which address moves, and how.")
    initial_master: Name | None = setting(
        None,
        "Who is MASTER when a run begins. By default the one that wins the election; drawn at random among equals if "
        "they do not preempt.",
    )
    initial_phase: Duration | None = setting(
        None, "How long before the beginning of a run the MASTER sent its last advert. By default random."
    )
    cold_start: dict[Name, Duration] | None = setting(
        None,
        "Instead of the steady state, in which everything has been up for long: when keepalived is started on each "
        "instance (on those not named, never).",
    )
    vrrp: VrrpSection = entries(VrrpSection, "VRRP settings of all instances.")
    notify: NotifySection = entries(NotifySection, "The notify script of all instances.")
    daemon: DaemonSection = entries(DaemonSection, "keepalived as a process, on all instances.")
    guest: GuestSection = entries(GuestSection, "The operating system of all instances.")
    service: ServiceSection = entries(ServiceSection, "The application on all instances.")
    network: NetworkSection = entries(NetworkSection, "The network.")
    control_plane: ControlPlaneSection = entries(ControlPlaneSection, "The cloud's API.")
    quotas: QuotaSection = entries(QuotaSection, "How to read limits that published tables contradict each other on.")
    faults: list[FaultText] = entries(list, "What goes wrong.")
    slo: SloSection = entries(SloSection, "What the service must meet.")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a scenario file, without the noise that editors would show."""
    schema = ScenarioFile.model_json_schema(by_alias=True, schema_generator=_InOrder)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hasim scenario",
        **_without_noise(schema),
    }


class _InOrder(GenerateJsonSchema):
    """Keeps keys in the order in which the sections declare them."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value


def _without_noise(node: Any) -> Any:
    """Generated titles repeat the key, and ``null`` is only how the schema says that a key may be left out."""
    if isinstance(node, list):
        return [_without_noise(item) for item in node]
    if not isinstance(node, dict):
        return node
    result: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            result[key] = {name: _without_noise(inner) for name, inner in value.items()}
        elif (key == "title" and isinstance(value, str)) or (key == "default" and value is None):
            continue
        elif key == "anyOf" and {"type": "null"} in value:
            rest = [_without_noise(item) for item in value if item != {"type": "null"}]
            result.update(rest[0] if len(rest) == 1 else {"anyOf": rest})
        elif key == "description":
            result[key] = " ".join(value.split())
        else:
            result[key] = _without_noise(value)
    return result
