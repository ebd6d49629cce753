"""The network of a drill, built and changed: bridges, ports, routes, and what is cut or lost.

Every change takes effect before its method returns. Cuts are nftables tables of their own on the bridges, where packets
between two interfaces, and those between an interface and the router, can be told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path

from hasim.drill.layout import Layout, Port
from hasim.drill.namespaces import Namespace
from hasim.scenario.model import CLIENTS, CONTROL_PLANE, Fault, FaultKind, Instance, Scenario, Transport
from hasim.scenario.security import accepts_adverts

__all__ = ["FLOATING_DEVICE", "Network"]

_ENDS_AT_THE_ROUTER = (CLIENTS, CONTROL_PLANE)
_PARTS = 1_000_000
_ADVERTS = "ip protocol vrrp"
_MULTICAST_GROUP = "224.0.0.18"
_FLOATING_PORT = "pfloating"
FLOATING_DEVICE = "floating"
"""The device of the ENI that moves, in whichever guest it is."""


class Network:
    """The namespaces of one room, wired up."""

    def __init__(
        self, scenario: Scenario, layout: Layout, cloud: Namespace, client: Namespace, guests: dict[str, Namespace]
    ) -> None:
        self.layout = layout
        self._scenario = scenario
        self._cloud = cloud
        self._client = client
        self._guests = guests
        self._tables: dict[str, list[str]] = {}
        self._numbers = count(1)

    # Building -------------------------------------------------------------------------------------------------------

    def build(self) -> None:
        """Make every link, address and route, and what is never let through."""
        for namespace in (self._cloud, self._client, *self._guests.values()):
            _settle_kernel(namespace, forwards=namespace is self._cloud)
        self._cloud.run(["ip", "-batch", "-"], "\n".join(self._cloud_lines()) + "\n")
        for name, guest in self._guests.items():
            guest.run(["ip", "-batch", "-"], "\n".join(self._guest_lines(name)) + "\n")
        layout = self.layout
        lines = [
            f"link add eth0 type veth peer name clients netns {self._cloud.path}",
            f"addr add {layout.client}/30 dev eth0",
            "link set eth0 up",
        ]
        self._client.run(["ip", "-batch", "-"], "\n".join(lines) + "\n")
        self._cloud.run(
            ["ip", "-batch", "-"], f"addr add {layout.client_gateway}/30 dev clients\nlink set clients up\n"
        )
        self._client.run(["ip", "route", "add", "default", "via", str(layout.client_gateway)])
        rules = self._standing_rules()
        if rules:
            self._install("standing", rules)

    def _cloud_lines(self) -> Iterable[str]:
        for bridge in self.layout.bridges.values():
            yield f"link add {bridge.device} type bridge forward_delay 0 mcast_snooping 0"
            yield f"addr add {bridge.gateway}/{bridge.network.prefixlen} dev {bridge.device}"
            yield f"link set {bridge.device} up"
        yield f"addr add {self.layout.api}/32 dev lo"
        for port in self.layout.ports:
            guest = self._guests[port.instance].path
            yield f"link add {port.name} type veth peer name {port.device} netns {guest}"
            yield f"link set {port.name} master {self.layout.bridges[port.subnet].device}"
            yield f"link set {port.name} up"

    def _guest_lines(self, instance: str) -> Iterable[str]:
        for index, port in enumerate(self.layout.ports_of(instance)):
            bridge = self.layout.bridges[port.subnet]
            for address in (port.address, *port.others):
                yield f"addr add {address}/{bridge.network.prefixlen} dev {port.device}"
            yield f"link set {port.device} up"
            if index == 0:
                yield f"route add default via {bridge.gateway}"

    def _standing_rules(self) -> list[str]:
        """What the network of the scenario never delivers, and what it always loses."""
        scenario, rules = self._scenario, []
        if not scenario.network.multicast:
            rules.append(f"ip daddr {_MULTICAST_GROUP} drop")
        for sender in scenario.instances:
            for receiver in scenario.instances:
                if sender is not receiver:
                    rules += self._between(sender, receiver)
        return rules

    def _between(self, sender: Instance, receiver: Instance) -> list[str]:
        out, into = (_heartbeat(self.layout, instance) for instance in (sender, receiver))
        match = f'oifname "{into.name}" ip saddr {out.address} {_ADVERTS}'
        groups = {group.name: group for group in self._scenario.security_groups}

        def accepts(instance: Instance, port: Port, peer: IPv4Address, *, egress: bool) -> bool:
            (found,) = (item for item in instance.interfaces if item.name == port.interface)
            return accepts_adverts((groups[name] for name in found.security_groups), peer, egress=egress)

        admitted = accepts(sender, out, into.address, egress=True) and accepts(
            receiver, into, out.address, egress=False
        )
        if not admitted or sender.vrrp.transport is Transport.MULTICAST is not receiver.vrrp.transport:
            return [f"{match} drop"]
        network = self._scenario.network
        loss = (network.within_zone if sender.zone == receiver.zone else network.between_zones).loss
        return [f"{match} {_lost(loss)}"] if loss else []

    # What goes wrong ------------------------------------------------------------------------------------------------

    def begin(self, fault: Fault) -> None:
        """A partition or a period of loss takes hold."""
        verdict = _lost(fault.probability) if fault.kind is FaultKind.LOSS else "drop"
        one, other = self.layout.ends(fault.between), self.layout.ends(fault.and_)
        pairs = [(source, target) for source in one for target in other if source != target]
        if fault.kind is not FaultKind.ONE_WAY_PARTITION:
            pairs += [(target, source) for source, target in pairs]
        self._install(fault.name, [rule for pair in pairs for rule in self._cuts(*pair, fault.subnet, verdict)])

    def end(self, fault: Fault) -> None:
        """It is over."""
        self._uninstall(fault.name)

    def isolate(self, instance: str, *, adverts: bool) -> None:
        """Packets to an instance that stands still are lost: those of clients, and its peers' adverts too if told so.

        (They would wait in a socket otherwise, and be answered when it goes on.)
        """
        names = _set(f'"{port.name}"' for port in self.layout.ports_of(instance))
        what = "" if adverts else f"ip saddr {self.layout.client} "
        self._install(f"isolate {instance}", [f"oifname {names} {what}drop"])

    def join(self, instance: str) -> None:
        """It goes on."""
        self._uninstall(f"isolate {instance}")

    def set_link(self, port: Port, *, up: bool) -> None:
        """Give an interface its carrier, or take it away."""
        self._cloud.set_link(port.name, up=up)

    def power_off(self, instance: str) -> None:
        """All interfaces of a guest go down with it."""
        for port in self.layout.ports_of(instance):
            self._guests[instance].set_link(port.device, up=False)

    # Where the floating address is ----------------------------------------------------------------------------------

    def route(self, address: str, port: Port | None) -> None:
        """Send an address's packets to an interface of an instance, whose guest has to have the address (None: drop
        them)."""
        way = ["blackhole", f"{address}/32"]
        if port is not None:
            bridge = self.layout.bridges[port.subnet].device
            way = [f"{address}/32", "via", str(port.address), "dev", bridge]
        self._cloud.run(["ip", "route", "replace", *way])

    def route_on_link(self, address: str, subnet: str | None) -> None:
        """Send an address's packets to whichever interface of a subnet has it (None: drop them)."""
        way = ["blackhole", f"{address}/32"]
        if subnet is not None:
            way = [f"{address}/32", "dev", self.layout.bridges[subnet].device]
        self._cloud.run(["ip", "route", "replace", *way])

    def make_floating_interface(self, subnet: str) -> None:
        """Make the ENI that moves, unattached: it waits in the cloud's namespace."""
        bridge = self.layout.bridges[subnet].device
        lines = [f"link add {_FLOATING_PORT} type veth peer name {FLOATING_DEVICE}"]
        lines += [f"link set {_FLOATING_PORT} master {bridge}", f"link set {_FLOATING_PORT} up"]
        self._cloud.run(["ip", "-batch", "-"], "\n".join(lines) + "\n")

    def attach_floating_interface(self, instance: str) -> None:
        """Put the ENI into a guest, where it is down and has no address."""
        self._cloud.run(["ip", "link", "set", FLOATING_DEVICE, "netns", str(self._guests[instance].path)])

    def configure_floating_interface(self, instance: str, address: str, subnet: str) -> None:
        """Give it its address there and bring it up."""
        length = self.layout.bridges[subnet].network.prefixlen
        lines = [f"addr add {address}/{length} dev {FLOATING_DEVICE}", f"link set {FLOATING_DEVICE} up"]
        self._guests[instance].run(["ip", "-batch", "-"], "\n".join(lines) + "\n")

    def detach_floating_interface(self, instance: str) -> None:
        """Take it out of the guest."""
        self._guests[instance].run(["ip", "link", "set", FLOATING_DEVICE, "netns", str(self._cloud.path)])

    def publish(self, public: str, private: str | None) -> None:
        """Clients reach a private address by a public one (None: they reach nothing by it)."""
        inward = "drop" if private is None else f"ip daddr set {private}"
        outward = "" if private is None else f'oifname "clients" ip saddr {private} ip saddr set {public}'
        self._cloud.run(
            ["nft", "-f", "-"],
            f"table ip public\ndelete table ip public\ntable ip public {{\n"
            f"chain inward {{\ntype filter hook prerouting priority -300\nip daddr {public} {inward}\n}}\n"
            f"chain outward {{\ntype filter hook postrouting priority 300\n{outward}\n}}\n}}\n",
        )

    # ----------------------------------------------------------------------------------------------------------------

    def _cuts(self, source: str, target: str, subnet: str | None, verdict: str) -> list[str]:
        """What keeps packets from one end to another."""
        if target in _ENDS_AT_THE_ROUTER:
            if source in _ENDS_AT_THE_ROUTER:
                return []
            names = _set(f'"{port.name}"' for port in self.layout.ports_of(source, subnet))
            return [f"iifname {names} ip daddr {_set(self.layout.addresses(target))} {verdict}"]
        names = _set(f'"{port.name}"' for port in self.layout.ports_of(target, subnet))
        return [f"oifname {names} ip saddr {_set(self.layout.addresses(source))} {verdict}"]

    def _install(self, name: str, rules: Sequence[str]) -> None:
        """Put rules into a table of their own, all at once."""
        table = f"cut{next(self._numbers)}"
        self._tables.setdefault(name, []).append(table)
        chains = "\n".join(
            f"chain {hook} {{\ntype filter hook {hook} priority 0\n"
            + "\n".join(rule for rule in rules if _fits(rule, hook))
            + "\n}"
            for hook in ("input", "forward", "output")
        )
        self._cloud.run(["nft", "-f", "-"], f"table bridge {table} {{\n{chains}\n}}\n")

    def _uninstall(self, name: str) -> None:
        table = self._tables[name].pop()
        self._cloud.run(["nft", "delete", "table", "bridge", table])


def _fits(rule: str, hook: str) -> bool:
    """A packet has no way out yet where it comes in for the router, and no way in where the router sends it."""
    return not (rule.startswith("oifname") and hook == "input") and not (
        rule.startswith("iifname") and hook == "output"
    )


def _set(items: Iterable[str]) -> str:
    return "{ " + ", ".join(items) + " }"


def _lost(share: float) -> str:
    return f"numgen random mod {_PARTS} < {round(share * _PARTS)} drop"


def _heartbeat(layout: Layout, instance: Instance) -> Port:
    return layout.port(instance.name, instance.vrrp.interface)


def _settle_kernel(namespace: Namespace, *, forwards: bool) -> None:
    """The kernel's settings in a namespace that would otherwise depend on the machine's."""
    settings = {
        "ip_forward": int(forwards),
        "conf/all/rp_filter": 0,
        "conf/default/rp_filter": 0,
        "conf/all/arp_ignore": 1,
        "conf/all/arp_announce": 2,
        "conf/all/send_redirects": 0,
        "conf/default/send_redirects": 0,
    }
    with namespace.inside():
        for name, value in settings.items():
            Path("/proc/sys/net/ipv4", name).write_text(str(value), encoding="ascii")
