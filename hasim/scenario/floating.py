"""What the file says about the floating address: which mechanism, and which of the other keys go with it."""

from __future__ import annotations

from hasim.scenario.addressing import AddressPlan
from hasim.scenario.errors import KeyPath, suggestion
from hasim.scenario.loading import Document
from hasim.scenario.machines import MachineResolver
from hasim.scenario.model import Floating, Mechanism, Subnet
from hasim.scenario.schema import ScenarioFile
from hasim.scenario.schema.cloud import FloatingSection

__all__ = ["claim_floating_address", "resolve_floating"]

_PATH: KeyPath = ("floating",)
_DEFAULT_METHOD = "migrate"
_LEAVE_OUT = "leave this out, or set it to null"
_FOREIGN_KEYS = {
    "secondary_ip": {
        "security_groups": "a secondary IP has the security groups of its interface: name them there",
        "association_range": "only a `havip` has an association range",
        "other_havips": "only a `havip` shares its interface with other HAVIPs",
    },
    "eni": {
        "association_range": "only a `havip` has an association range",
        "other_havips": "only a `havip` shares its interface with other HAVIPs",
    },
    "eip": {
        "address": f"an EIP has no private address of its own (it is bound to an instance's): {_LEAVE_OUT}",
        "subnet": f"an EIP is in no subnet (it is bound to an instance in any): {_LEAVE_OUT}",
        "method": f"the mechanism eip has one way only (Disassociate, then Associate): {_LEAVE_OUT}",
        "eip": f"it is an EIP that moves: {_LEAVE_OUT}",
        "security_groups": "clients of an EIP meet the security groups of the instance's interface: name them there",
        "association_range": "only a `havip` has an association range",
        "other_havips": "only a `havip` shares its interface with other HAVIPs",
    },
    "havip": {
        "method": f"the mechanism havip has one way only (a gratuitous ARP): {_LEAVE_OUT}",
        "security_groups": "a HAVIP has the security groups of its interface: name them there",
    },
}


def claim_floating_address(document: Document, file: ScenarioFile, plan: AddressPlan) -> Subnet | None:
    """Use the floating private address; returns its subnet, None where it has neither.

    Raises:
        ScenarioError: it is missing, outside its subnet, reserved or used; or a key is there that the mechanism has no
            use for.
    """
    section = file.floating
    _refuse_foreign_keys(document, section)
    if section.mechanism == "eip":
        return None
    if section.address is None:
        raise document.error(_PATH, f"`address` is missing: the mechanism {section.mechanism} moves a private address")
    subnet = _subnet(document, section, plan)
    plan.claim(section.address, subnet, (*_PATH, "address"))
    return subnet


def _refuse_foreign_keys(document: Document, section: FloatingSection) -> None:
    for key, message in _FOREIGN_KEYS[section.mechanism].items():
        if getattr(section, key) is not None:
            raise document.error((*_PATH, key), message)


def _subnet(document: Document, section: FloatingSection, plan: AddressPlan) -> Subnet:
    assert section.address is not None
    if section.subnet is not None:
        return plan.subnet(section.subnet, (*_PATH, "subnet"))
    subnet = plan.subnet_of(section.address)
    if subnet is None:
        ranges = ", ".join(f"{known.name} ({known.cidr})" for known in plan.subnets)
        raise document.error((*_PATH, "address"), f"{section.address} is outside every subnet: {ranges}")
    return subnet


def resolve_floating(
    document: Document, file: ScenarioFile, subnet: Subnet | None, machines: MachineResolver
) -> Floating:
    """The floating address, its mechanism, and what belongs to that.

    Raises:
        ScenarioError: a method that the mechanism does not have, an unknown instance or security group.
    """
    section = file.floating
    mechanism = _mechanism(document, section)
    groups: tuple[str, ...] = ()
    if mechanism.moves_interface:
        groups = machines.known_groups(section.security_groups, (*_PATH, "security_groups"))
    return Floating(
        address=section.address,
        subnet=None if subnet is None else subnet.name,
        mechanism=mechanism,
        eip=mechanism.is_public or bool(section.eip),
        security_groups=groups,
        association_range=_range(document, file) if mechanism.is_announced else (),
        other_havips=section.other_havips or 0,
    )


def _mechanism(document: Document, section: FloatingSection) -> Mechanism:
    if section.mechanism in ("eip", "havip"):
        return Mechanism(section.mechanism)
    methods = [name.partition(".")[2] for name in Mechanism if name.startswith(f"{section.mechanism}.")]
    method = section.method or _DEFAULT_METHOD
    if method not in methods:
        message = f"the mechanism {section.mechanism} has the method {' or '.join(methods)}, got {method!r}"
        raise document.error((*_PATH, "method"), message)
    return Mechanism(f"{section.mechanism}.{method}")


def _range(document: Document, file: ScenarioFile) -> tuple[str, ...]:
    """The instances that may claim the HAVIP."""
    known, names = list(file.instances), file.floating.association_range
    path = (*_PATH, "association_range")
    for index, name in enumerate(names or ()):
        if name not in known:
            raise document.error(path, f"unknown instance {name!r}", hint=suggestion(name, known))
        if name in (names or [])[:index]:
            raise document.error(path, f"{name} stands twice in this list")
    return tuple(known if names is None else names)
