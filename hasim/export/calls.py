"""The API calls of a scenario's mechanism as a notify script has them: in order, with names in place of identifiers.

They come from :mod:`hasim.scenario.mechanism`, which the simulated scripts use too: the scenario's region is built, the
calls are made up for it, and the region's identifiers in them become ``$names``. ``$holder:instance`` and
``$holder:interface`` stand for whoever holds the address when the script asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hasim.scenario.mechanism import Step, claim_steps, release_steps
from hasim.scenario.model import Scenario
from hasim.scenario.topology import Topology

__all__ = ["calls_of", "identifiers_of", "names_in"]


def identifiers_of(topology: Topology) -> dict[str, str]:
    """The identifiers of a region by the names that exported scripts have for them."""
    found = {"vpc": topology.vpc_id}
    for name, identifier in topology.instance_ids.items():
        found[f"instance_{name}"] = identifier
    for name, identifier in topology.holding_interface_ids.items():
        found[f"interface_{name}"] = identifier
    if topology.floating_interface_id is not None:
        found["floating_interface"] = topology.floating_interface_id
    if topology.eip_id is not None:
        found["eip"] = topology.eip_id
    return found


def calls_of(scenario: Scenario, topology: Topology, instance: str) -> dict[str, Any]:
    """The calls of one instance's script: ``ask`` who holds the address, ``claim`` it from them, ``release`` it.

    ``claim`` has the calls ``from_another`` instance, ``from_nobody``, and for an address that is here without its EIP
    (``eip_only``).
    """
    mechanism = scenario.floating.mechanism
    others = [other.name for other in scenario.instances if other.name != instance]
    names = {identifier: f"${name}" for name, identifier in identifiers_of(topology).items()}

    def claimed_from(holder: str) -> list[dict[str, Any]]:
        its = {topology.instance_ids[holder]: "$holder:instance"}
        its[topology.holding_interface_ids[holder]] = "$holder:interface"
        return _written(claim_steps(mechanism, topology, instance, holder), names | its)

    from_another = [claimed_from(other) for other in others]
    assert all(steps == from_another[0] for steps in from_another), "a claim depends on nothing but who holds it"
    return {
        "ask": _written((topology.holder_query(),), names)[0],
        "claim": {
            "from_another": from_another[0] if from_another else [],
            "from_nobody": _written(claim_steps(mechanism, topology, instance, None), names),
            "eip_only": _written(claim_steps(mechanism, topology, instance, instance, eip_is_bound=False), names),
        },
        "release": _written(release_steps(mechanism, topology, instance), names),
    }


def names_in(calls: Any) -> Iterator[str]:
    """The names of identifiers in calls, without the holder's, which the script finds out."""
    if isinstance(calls, Mapping):
        for inner in calls.values():
            yield from names_in(inner)
    elif isinstance(calls, list):
        for inner in calls:
            yield from names_in(inner)
    elif isinstance(calls, str) and calls.startswith("$") and ":" not in calls:
        yield calls[1:]


def _written(steps: tuple[Step, ...], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"action": step.action, "params": _named(step.params, names)} for step in steps]


def _named(value: Any, names: Mapping[str, str]) -> Any:
    """A parameter with names in place of identifiers."""
    if isinstance(value, Mapping):
        return {key: _named(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_named(inner, names) for inner in value]
    return names.get(value, value)
