"""The dress rehearsal: before a scenario is run, its mechanism moves the address between every two of its instances.

What the cloud would refuse in the middle of the night is refused when the file is loaded, with the API's own error code
and the line that asks for the impossible. (A gratuitous ARP is not refused but ignored: that has no code.)
"""

from __future__ import annotations

from collections.abc import Iterator

from hasim.cloud import CloudError
from hasim.scenario.errors import KeyPath, ScenarioError
from hasim.scenario.loading import Document
from hasim.scenario.mechanism import claim_steps
from hasim.scenario.model import Scenario
from hasim.scenario.topology import Topology, TopologyError, build_region

__all__ = ["rehearse"]

_HINTS = {
    "UnsupportedOperation.ZoneMismatch": "all interfaces of an instance are in its zone",
    "LimitExceeded": "use an instance with more cores or memory, or fewer interfaces or addresses",
}
_ACROSS_SUBNETS = "a secondary IP moves only between interfaces of its own subnet: give every instance one there"
_ACROSS_ZONES = "an ENI stays in its zone: place all instances in one zone, or move an `eip`, which goes to any zone"
_HAVIP_ACROSS_SUBNETS = "a HAVIP is claimed from its own subnet only: give every instance an interface there"
_HAVIP_RANGE = "the cloud takes gratuitous ARPs from the instances of `association_range` only, at most 10"


def rehearse(document: Document, scenario: Scenario) -> None:
    """Build the topology and move the address from every instance to every other.

    Raises:
        ScenarioError: the cloud refuses something; ``code`` is its error code.
    """
    names = [instance.name for instance in scenario.instances]
    try:
        topology = build_region(scenario, names[0])
    except TopologyError as refused:
        message = f"the cloud refuses {refused.action}: {refused.code} ({refused.message.rstrip('.')})"
        asks_for_floating = refused.path[0] == "floating"
        hint = _hint(scenario, refused.code, names[0]) if asks_for_floating else _HINTS.get(refused.code, "")
        raise document.error(refused.path, message, hint=hint, code=refused.code) from None
    holder = names[0]
    for new_holder in _every_move(names):
        _move(document, scenario, topology, holder, new_holder)
        holder = new_holder


def _every_move(names: list[str]) -> Iterator[str]:
    """Holders one after another, beginning at the first name, so that every ordered pair occurs."""
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            yield other
            yield one
        yield from names[index + 1 : index + 2]


def _move(document: Document, scenario: Scenario, topology: Topology, holder: str, new_holder: str) -> None:
    mechanism = scenario.floating.mechanism
    if mechanism.is_announced:
        _announce(document, scenario, topology, holder, new_holder)
    for step in claim_steps(mechanism, topology, new_holder, holder):
        try:
            topology.region.complete(step.action, step.params, now_ns=0)
        except CloudError as error:
            raise _refusal(document, scenario, topology, (holder, new_holder, step.action), error) from None


def _announce(document: Document, scenario: Scenario, topology: Topology, holder: str, new_holder: str) -> None:
    """The new holder claims the HAVIP as a guest would."""
    assert topology.ha_vip_id is not None
    if topology.region.announce(topology.ha_vip_id, topology.holding_interface_ids[new_holder], now_ns=0):
        return
    path: KeyPath = ("floating", "association_range")
    reason, hint = f"{new_holder} is outside its association range", _HAVIP_RANGE
    if new_holder in scenario.floating.association_range:
        path = ("instances", new_holder)
        reason, hint = f"{new_holder} has no interface in the subnet {scenario.floating.subnet}", _HAVIP_ACROSS_SUBNETS
    message = f"the HAVIP cannot move from {holder} to {new_holder}: its gratuitous ARPs are ignored, because {reason}"
    raise document.error(path, message, hint=hint)


def _refusal(
    document: Document,
    scenario: Scenario,
    topology: Topology,
    move: tuple[str, str, str],
    error: CloudError,
) -> ScenarioError:
    holder, new_holder, action = move
    mechanism = scenario.floating.mechanism
    path: KeyPath = ("instances", new_holder) if error.code == "LimitExceeded" else ("floating", "mechanism")
    reason = f"{error.code} ({topology.readable(error.message).rstrip('.')})"
    message = f"{mechanism} cannot move the address from {holder} to {new_holder}: {action} is refused with {reason}"
    return document.error(path, message, hint=_hint(scenario, error.code, new_holder), code=error.code)


def _hint(scenario: Scenario, code: str, new_holder: str) -> str:
    floating, instance = scenario.floating, scenario.instance(new_holder)
    if floating.subnet is None:
        return _HINTS.get(code, "")
    if floating.mechanism.moves_interface and instance.zone != scenario.subnet(floating.subnet).zone:
        return _ACROSS_ZONES
    in_subnet = any(interface.subnet == floating.subnet for interface in instance.interfaces)
    if floating.mechanism.is_announced:
        return _HAVIP_RANGE if in_subnet else _HAVIP_ACROSS_SUBNETS
    if not floating.mechanism.moves_interface and not in_subnet:
        return _ACROSS_SUBNETS
    return _HINTS.get(code, "")
