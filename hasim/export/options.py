"""Where an exported instance has its things: everything about an export that the scenario does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hasim.scenario.model import Instance, Scenario

__all__ = ["ExportOptions"]


@dataclass(frozen=True)
class ExportOptions:
    """Paths and names on the instances. ``{instance}`` in a text is the instance's name.

    ``python`` runs the scripts, which are in ``script_directory``: they begin with it, because keepalived follows
    symbolic links, and the interpreter of a virtual environment that is called by its target does not know that it
    belongs to one. ``run_directory`` is where they note the state.
    ``script_user`` is who they run as. ``service`` is what a ``service`` check asks: ``host:port`` or a URL.
    ``endpoint`` is the API's. ``devices`` names the network device of an instance's interface (by the names of the
    scenario); those not named are eth0, eth1, ... in the order of the scenario.
    """

    python: str = "/usr/bin/python3"
    script_directory: str = "/etc/keepalived/hasim"
    run_directory: str = "/run/hasim"
    script_user: str = "root"
    service: str = "127.0.0.1:80"
    endpoint: str = "https://vpc.tencentcloudapi.com"
    devices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def filled_in(self, text: str, instance: str) -> str:
        """One of the texts, for an instance."""
        return text.replace("{instance}", instance)

    def device(self, instance: Instance, interface: str) -> str:
        """The network device that the instance has for that interface of the scenario."""
        named = self.devices.get(instance.name, {})
        order = [own.name for own in instance.interfaces]
        return named.get(interface, f"eth{order.index(interface)}")

    def service_device(self, scenario: Scenario, instance: Instance) -> str:
        """The device that carries the floating address."""
        for interface in instance.interfaces:
            if interface.subnet == scenario.floating.subnet:
                return self.device(instance, interface.name)
        return self.device(instance, instance.interfaces[0].name)
