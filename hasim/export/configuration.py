"""The ``keepalived.conf`` of an instance: what its ``vrrp`` settings say, with the exported scripts in their places."""

from __future__ import annotations

from dataclasses import dataclass

from hasim.export.options import ExportOptions
from hasim.export.rounding import Rounding
from hasim.export.tracking import Tracker
from hasim.keepalived import Config, GlobalDefs, SyncGroup, VrrpInstance
from hasim.keepalived.arguments import ScriptCommand
from hasim.keepalived.config import Authentication, Fifo, IPAddress, Notify, Tracked, UnicastPeer, Vip
from hasim.scenario.advertised import advertised_addresses, configured_address
from hasim.scenario.model import Instance, Interface, Scenario, Transport, VrrpSettings
from hasim.units import MICROSECOND, MILLISECOND, SECOND
from hasim.vrrp.timers import OWNER_PRIORITY

__all__ = ["configuration_of", "router_name"]

_ROUTER_NAME = "floating"
_GROUP_NAME = "together"
_LOOPBACK = "lo"
_LONGEST_STARTUP_DELAY_NS = 4294 * SECOND
_LONGEST_GARP_INTERVAL_NS = 4294 * SECOND
_LONGEST_PREEMPT_DELAY_NS = 1000 * SECOND
_EVENTS = ("MASTER", "BACKUP", "FAULT", "STOP")


def configuration_of(scenario: Scenario, instance: Instance, options: ExportOptions) -> tuple[Config, tuple[str, ...]]:
    """The configuration, and remarks on what it cannot say as the scenario does."""
    builder = _Builder(scenario, instance, options)
    config = builder.build()
    return config, tuple(dict.fromkeys(builder.rounding.remarks))


def router_name(instance: Instance) -> str:
    """The name of the ``vrrp_instance`` that has the floating address; that of no other in its sync group."""
    members = [member.name for member in instance.sync_group]
    name = _ROUTER_NAME
    while name in members:
        name += "-address"
    return name


@dataclass(frozen=True)
class _Router:
    """One ``vrrp_instance``: that of the floating address (``member`` empty), or a further one of the sync group."""

    name: str
    vrrp: VrrpSettings
    member: str = ""


class _Builder:
    def __init__(self, scenario: Scenario, instance: Instance, options: ExportOptions) -> None:
        self._scenario = scenario
        self._instance = instance
        self._options = options
        self._notify = instance.notify
        self.rounding = Rounding(instance.name)

    def build(self) -> Config:
        routers = [_Router(router_name(self._instance), self._instance.vrrp)]
        routers += [_Router(member.name, member.vrrp, member.name) for member in self._instance.sync_group]
        tracker = Tracker(self._instance, self._options, self.rounding)
        return Config(
            global_defs=self._global_defs(),
            scripts=tracker.scripts(),
            processes=tracker.processes(),
            files=tracker.files(),
            instances=tuple(self._router(router, tracker) for router in routers),
            sync_groups=(SyncGroup(name=_GROUP_NAME, members=tuple(r.name for r in routers)),)
            if len(routers) > 1
            else (),
        )

    def _global_defs(self) -> GlobalDefs:
        delay_ns = self._instance.vrrp.startup_delay_ns
        if delay_ns:
            delay_ns = self.rounding.decimal(
                "startup_delay", delay_ns, least_ns=MILLISECOND, most_ns=_LONGEST_STARTUP_DELAY_NS
            )
        fifo = None
        if self._notify.fifo:
            run_directory = self._options.filled_in(self._options.run_directory, self._instance.name)
            fifo = Fifo(f"{run_directory}.fifo", script=self._script("fifo"))
        return GlobalDefs(
            router_id=self._instance.name,
            vrrp_startup_delay_ns=delay_ns,
            vrrp_garp_interval_ns=self._garp_interval_ns(),
            vrrp_notify_fifo=fifo,
            script_user=(self._options.script_user,),
            enable_script_security=True,
        )

    def _garp_interval_ns(self) -> int:
        interval_ns = self._instance.vrrp.garp_interval_ns
        return interval_ns and self.rounding.decimal(
            "garp_interval", interval_ns, least_ns=MICROSECOND, most_ns=_LONGEST_GARP_INTERVAL_NS
        )

    def _script(self, event: str) -> ScriptCommand:
        directory = self._options.filled_in(self._options.script_directory, self._instance.name)
        return ScriptCommand((f"{directory}/hasim_notify.py", event))

    def _router(self, router: _Router, tracker: Tracker) -> VrrpInstance:
        vrrp = router.vrrp
        is_first = not router.member
        round_up = self.rounding.whole_seconds
        return VrrpInstance(
            name=router.name,
            interface=self._options.device(self._instance, vrrp.interface),
            virtual_router_id=vrrp.virtual_router_id,
            state=vrrp.initial_state,
            priority=vrrp.priority,
            version=vrrp.version,
            family=6 if vrrp.native_ipv6 else 4,
            advert_int_ns=vrrp.advert_int_ns,
            nopreempt=self._nopreempt(vrrp),
            preempt_delay_ns=self._preempt_delay_ns(vrrp),
            down_timer_adverts=vrrp.down_timer_adverts,
            lower_prio_no_advert=vrrp.lower_prio_no_advert,
            higher_prio_send_advert=vrrp.higher_prio_send_advert,
            accept=vrrp.accept,
            source_address=self._address(self._own_interface(vrrp), vrrp),
            unicast_peers=self._peers(router),
            kernel_rx_buf_size=vrrp.kernel_rx_buf_size or 0,
            mcast_dst_ip=vrrp.multicast_group if vrrp.transport is Transport.MULTICAST else None,
            authentication=None if vrrp.password is None else Authentication("PASS", vrrp.password),
            virtual_addresses=self._virtual_addresses(router),
            excluded_addresses=self._excluded_addresses(router),
            dont_track_primary=vrrp.interface not in vrrp.track_interfaces,
            garp_master_delay_ns=round_up("garp_master_delay", vrrp.garp_master_delay_ns),
            garp_master_repeat=vrrp.garp_master_repeat,
            garp_master_refresh_ns=round_up("garp_master_refresh", vrrp.garp_master_refresh_ns or 0),
            garp_master_refresh_repeat=vrrp.garp_master_refresh_repeat,
            garp_lower_prio_delay_ns=round_up("garp_lower_prio_delay", vrrp.garp_lower_prio_delay_ns),
            garp_lower_prio_repeat=vrrp.garp_lower_prio_repeat,
            notify=self._notify_scripts() if is_first and not self._notify.fifo else Notify(),
            track_interfaces=self._tracked_interfaces(vrrp),
            track_scripts=tracker.tracked_scripts() if is_first else (),
            track_processes=tracker.tracked_processes() if is_first else (),
            track_files=tracker.tracked_files() if is_first else (),
        )

    def _nopreempt(self, vrrp: VrrpSettings) -> bool:
        """The owner of an address always preempts, and keepalived complains about one that is told not to."""
        return vrrp.nopreempt and vrrp.priority != OWNER_PRIORITY

    def _preempt_delay_ns(self, vrrp: VrrpSettings) -> int:
        if self._nopreempt(vrrp):
            return 0
        return self.rounding.decimal("preempt_delay", vrrp.preempt_delay_ns, most_ns=_LONGEST_PREEMPT_DELAY_NS)

    def _notify_scripts(self) -> Notify:
        master, backup, fault, stop = (self._script(event) for event in _EVENTS)
        usurper = self._script("MASTER_RX_LOWER_PRI") if self._notify.on_rx_lower_priority else None
        return Notify(master=master, backup=backup, fault=fault, stop=stop, master_rx_lower_pri=usurper)

    def _own_interface(self, vrrp: VrrpSettings) -> Interface:
        return _interface(self._instance, vrrp.interface)

    def _address(self, interface: Interface, vrrp: VrrpSettings) -> IPAddress | None:
        return interface.ipv6_address if vrrp.native_ipv6 else interface.address

    def _peers(self, router: _Router) -> tuple[UnicastPeer, ...]:
        if router.vrrp.transport is Transport.MULTICAST:
            return ()
        addresses = []
        for name in router.vrrp.peers:
            peer = self._scenario.instance(name)
            its = next((member.vrrp for member in peer.sync_group if member.name == router.member), peer.vrrp)
            addresses.append(self._address(_interface(peer, its.interface), router.vrrp))
        return tuple(UnicastPeer(address) for address in addresses if address is not None)

    def _virtual_addresses(self, router: _Router) -> tuple[Vip, ...]:
        floating = {vip.address: vip for vip in self._floating_vip(router)}
        addresses = advertised_addresses(self._scenario, router.vrrp, router.member)
        return tuple(floating.get(address) or _unseen(address) for address in addresses)

    def _excluded_addresses(self, router: _Router) -> tuple[Vip, ...]:
        """An address that the adverts do not name (those over IPv6 name no IPv4 address) is added and removed all the
        same."""
        named = advertised_addresses(self._scenario, router.vrrp, router.member)
        return tuple(vip for vip in self._floating_vip(router) if vip.address not in named)

    def _floating_vip(self, router: _Router) -> tuple[Vip, ...]:
        address, subnet = configured_address(self._scenario, router.member), self._scenario.floating.subnet
        if address is None:
            return ()
        assert subnet is not None, "an address that keepalived configures is in one"
        prefix_length = self._scenario.subnet(subnet).cidr.prefixlen
        return (Vip(address, prefix_length, self._options.service_device(self._scenario, self._instance)),)

    def _tracked_interfaces(self, vrrp: VrrpSettings) -> tuple[Tracked, ...]:
        """The own one is tracked without being named, and named with a weight keepalived would drop it; of an owner of
        the address it drops all with a weight."""

        def device(name: str) -> str:
            return self._options.device(self._instance, name)

        tracked = [Tracked(device(name)) for name in vrrp.track_interfaces if name != vrrp.interface]
        for item in vrrp.weighted_interfaces if vrrp.priority != OWNER_PRIORITY else ():
            if item.name == vrrp.interface:
                self.rounding.remark(f"keepalived tracks its own interface {item.name} without a weight")
            else:
                tracked.append(Tracked(device(item.name), item.weight, item.reverse))
        return tuple(tracked)


def _unseen(address: IPAddress) -> Vip:
    """An address for the adverts alone, where nobody else sees it."""
    return Vip(address, 128, _LOOPBACK) if address.version == 6 else Vip(address, 32, _LOOPBACK, ("scope", "host"))


def _interface(instance: Instance, name: str) -> Interface:
    return next(interface for interface in instance.interfaces if interface.name == name)
