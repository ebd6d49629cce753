"""What lint rules look at: neither a ``keepalived.conf`` nor a scenario, but what both of them describe.

A design is made of virtual routers, and a virtual router of the view that each node has of it. Values are those that
were *written* as well as those that keepalived makes of them, because most mistakes lie in the difference. Whoever
makes a design says where each value stands (``where``), and leaves None what he cannot know.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from hasim.keepalived.config import Config, IPAddress, Tracked, Tracking, VrrpInstance
from hasim.keepalived.problems import Location
from hasim.vrrp.track import effective_priority, file_contribution

__all__ = ["Check", "Design", "Router", "VirtualRouter", "design_of"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something that a router tracks. Times are None where it is not a script that runs at intervals.

    ``number``: it is a tracked file, which fails when this is written into it, and ``weight`` is what that adds to the
    priority (below 0). ``location`` is where it is tracked.
    """

    name: str
    location: Location
    weight: int
    weight_location: Location
    reverse: bool = False
    interval_ns: int | None = None
    timeout_ns: int | None = None
    timeout_location: Location | None = None
    rise: int = 1
    fall: int = 1
    number: int | None = None


@dataclass(frozen=True, kw_only=True)
class Router:
    """One node's view of a virtual router.

    ``where`` gives the location of a field by its name in :class:`~hasim.keepalived.config.VrrpInstance`.
    ``nopreempt_written`` and ``preempt_delay_written_ns`` are what the author wrote, whether or not it is in force.
    ``moves_address``: becoming MASTER runs a script that moves a cloud address (None: it runs a script that may do so).
    ``reclaims``: somebody looks regularly whether the MASTER still holds the address (None: unknown).
    ``multicast_group``: where its multicast adverts go (None: they are unicast).
    ``from_files``: what the numbers in tracked files add to the priority while nobody writes into them.
    ``sync_group``: the name of the vrrp_sync_group that it is in (None: it decides for itself).
    ``accept``: a MASTER takes what is addressed to its virtual addresses (the owner of them does so in any case).
    """

    node: str
    name: str
    where: Callable[[str], Location] = field(compare=False)
    virtual_router_id: int
    version: int
    state: str
    priority: int
    advert_int_ns: int
    advert_int_written_ns: int
    nopreempt: bool
    nopreempt_written: bool
    preempt_delay_ns: int = 0
    preempt_delay_written_ns: int = 0
    startup_delay_ns: int = 0
    down_timer_adverts: int = 3
    higher_prio_send_advert: bool = False
    unicast: bool
    multicast_group: IPAddress | None = None
    source_address: IPAddress | None = None
    peers: tuple[IPAddress, ...] = ()
    authentication: tuple[str, str] | None = None
    addresses: tuple[IPAddress, ...] = ()
    checks: tuple[Check, ...] = ()
    from_files: int = 0
    has_master_script: bool = False
    has_backup_script: bool = False
    has_stop_script: bool = False
    has_rx_lower_pri_script: bool = False
    has_fifo: bool = False
    moves_address: bool | None = False
    reclaims: bool | None = None
    sync_group: str | None = None
    accept: bool = True

    @property
    def healthy_priority(self) -> int:
        """The priority in its adverts while all checks are up."""
        return self._effective(sum(_gain(check, up=True) for check in self.checks))

    def priority_without(self, failed: Check) -> int:
        """The priority while one check is down and the others are up."""
        return self._effective(sum(_gain(check, up=check is not failed) for check in self.checks))

    def priority_ignoring(self, ignored: Check) -> int:
        """What the priority would be without that check, the others being up; not limited."""
        others = (check for check in self.checks if check is not ignored)
        return self.priority + self.from_files + sum(_gain(check, up=True) for check in others)

    def _effective(self, gained: int) -> int:
        return effective_priority(self.priority, (self.from_files, gained))


def _gain(check: Check, up: bool) -> int:
    """What a check adds to the priority in that state; ``reverse`` turns it round."""
    sign = -1 if check.reverse else 1
    if check.weight > 0:
        return sign * check.weight if up else 0
    return 0 if up else sign * check.weight


@dataclass(frozen=True)
class VirtualRouter:
    """The routers, one per node, that share a floating address between them."""

    routers: tuple[Router, ...]

    @property
    def preferred(self) -> Router:
        """The one that is MASTER when all are healthy and have been for a while: highest priority, then address."""
        return max(self.routers, key=lambda router: (router.healthy_priority, _address_rank(router.source_address)))

    def others(self, router: Router) -> tuple[Router, ...]:
        """All but one."""
        return tuple(other for other in self.routers if other is not router)


def _address_rank(address: IPAddress | None) -> int:
    return int(address) if address is not None else 0


@dataclass(frozen=True, kw_only=True)
class Design:
    """Everything that the rules look at.

    ``detection_slo_ns`` is how long the design may take to notice a failure (None: nobody asked), with
    ``detection_slo_location``; ``stop_script_ns`` how long the stop script takes (None: unknown).
    """

    virtual_routers: tuple[VirtualRouter, ...]
    detection_slo_ns: int | None = None
    detection_slo_location: Location | None = None
    stop_script_ns: int | None = None


def design_of(configs: Mapping[str, Config]) -> Design:
    """The design that the configurations of some nodes (by node name) describe together."""
    routers = [_router(node, config, instance) for node, config in configs.items() for instance in config.instances]
    return Design(virtual_routers=tuple(VirtualRouter(tuple(group)) for group in _groups(routers)))


def _router(node: str, config: Config, instance: VrrpInstance) -> Router:
    group = next((group for group in config.sync_groups if instance.name in group.members), None)
    notifies = [instance.notify] if group is None else [instance.notify, group.notify]
    trackings: list[Tracking] = [instance] if group is None else [instance, group]
    fifo = config.global_defs.notify_fifo is not None or config.global_defs.vrrp_notify_fifo is not None
    runs_any = any(notify.any is not None for notify in notifies)
    master = runs_any or any(notify.master is not None for notify in notifies)
    authentication = instance.authentication
    return Router(
        node=node,
        name=instance.name,
        where=instance.where,
        virtual_router_id=instance.virtual_router_id,
        version=instance.version,
        state=instance.state,
        priority=instance.priority,
        advert_int_ns=instance.advert_int_ns,
        advert_int_written_ns=instance.written.advert_int_ns,
        nopreempt=instance.nopreempt,
        nopreempt_written=instance.written.nopreempt,
        preempt_delay_ns=instance.preempt_delay_ns,
        preempt_delay_written_ns=instance.written.preempt_delay_ns,
        startup_delay_ns=config.global_defs.vrrp_startup_delay_ns,
        down_timer_adverts=instance.down_timer_adverts,
        higher_prio_send_advert=instance.higher_prio_send_advert,
        unicast=instance.unicast,
        multicast_group=config.multicast_group_of(instance),
        source_address=instance.source_address,
        peers=tuple(peer.address for peer in instance.unicast_peers),
        authentication=(authentication.type, authentication.password) if authentication is not None else None,
        addresses=tuple(vip.address for vip in instance.virtual_addresses),
        checks=(
            *_checks(config, chain.from_iterable(tracking.track_scripts for tracking in trackings)),
            *_watched(config, trackings),
        ),
        from_files=sum(_initial_gain(config, item) for tracking in trackings for item in tracking.track_files),
        has_master_script=master,
        has_backup_script=runs_any or any(notify.backup is not None for notify in notifies),
        has_stop_script=any(notify.stop is not None for notify in notifies),
        has_rx_lower_pri_script=instance.notify.master_rx_lower_pri is not None,
        has_fifo=fifo,
        moves_address=None if master or fifo else False,
        sync_group=group.name if group is not None else None,
        accept=instance.accept,
    )


def _checks(config: Config, tracked: Iterable[Tracked]) -> Iterable[Check]:
    """The scripts that are tracked, with the weights in force here."""
    for item in tracked:
        script = config.script(item.name)
        yield Check(
            name=item.name,
            location=item.location,
            weight=item.weight,
            weight_location=item.where_weight(script),
            reverse=item.reverse,
            interval_ns=script.interval_ns,
            timeout_ns=script.timeout_ns,
            timeout_location=script.where("timeout"),
            rise=script.rise,
            fall=script.fall,
        )


def _watched(config: Config, trackings: Iterable[Tracking]) -> Iterable[Check]:
    """The processes and interfaces that are tracked: no scripts that run at intervals."""
    processes = {process.name: process for process in config.processes}
    for tracking in trackings:
        yield from (_watch(item, item.where_weight(processes[item.name])) for item in tracking.track_processes)
        yield from (_watch(item, item.location) for item in tracking.track_interfaces)


def _watch(item: Tracked, weight_location: Location) -> Check:
    return Check(
        name=item.name,
        location=item.location,
        weight=item.weight,
        weight_location=weight_location,
        reverse=item.reverse,
    )


def _initial_gain(config: Config, item: Tracked) -> int:
    """What a tracked file adds to the priority with the number that keepalived writes into a new one.

    Numbers that others write are not known here.
    """
    file = next(file for file in config.files if file.name == item.name)
    return file_contribution(file.init_value or 0, item.weight, reverse=item.reverse) or 0


def _groups(routers: Sequence[Router]) -> list[list[Router]]:
    """Routers of different nodes that belong together.

    Those with a virtual address in common; those that are then still alone, by name, and at last by virtual_router_id:
    a mistake in one of the three must not keep the rules from comparing them.
    """
    groups = _joined([[router] for router in routers], lambda router: router.addresses)
    groups = _joined(groups, lambda router: (router.name,))
    together = [group for group in groups if len(group) > 1]
    alone = [group for group in groups if len(group) == 1]
    return together + _joined(alone, lambda router: ((router.virtual_router_id, _family(router)),))


def _joined(groups: Iterable[list[Router]], keys: Callable[[Router], Iterable[Hashable]]) -> list[list[Router]]:
    """The groups, those of one router added to the first one that shares a key with it and has none of its node."""
    joined: list[list[Router]] = []
    by_key: dict[Hashable, list[list[Router]]] = {}
    for group in sorted(groups, key=lambda group: len(group) == 1):
        home = group
        if len(group) == 1:
            related = (candidate for key in keys(group[0]) for candidate in by_key.get(key, ()))
            home = next((c for c in related if all(other.node != group[0].node for other in c)), group)
        if home is group:
            joined.append(group)
        else:
            home.append(group[0])
        for router in group:
            for key in keys(router):
                by_key.setdefault(key, []).append(home)
    return joined


def _family(router: Router) -> int:
    return router.addresses[0].version if router.addresses else 4
