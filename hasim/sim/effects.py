"""What the state machines want done, done to the world around their daemon."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hasim.scenario.advertised import drops_clients
from hasim.scenario.steady import steady_priority
from hasim.trace import AdvertSent, MemberStateChanged, NotifyForked, PriorityChanged, StateChanged
from hasim.vrrp.events import (
    AddAddresses,
    Effect,
    Notify,
    PriorityMoved,
    RemoveAddresses,
    SendAdvert,
    SendGarps,
    State,
    Transition,
)

if TYPE_CHECKING:
    from hasim.sim.daemon import Daemon
    from hasim.sim.router import Router

__all__ = ["apply", "apply_of_member"]


def apply(daemon: Daemon, effect: Effect) -> None:
    """Do what the machine of the floating address wants."""
    _APPLY[type(effect)](daemon, effect)


def apply_of_member(daemon: Daemon, router: Router, effect: Effect) -> None:
    """What a further member of the sync group wants done; its addresses and scripts are not part of the world."""
    world = daemon.world
    match effect:
        case SendAdvert(priority):
            _advertise(router, priority)
        case Transition(old, new, reason):
            world.record(MemberStateChanged(world.kernel.now, daemon.name, router.member, old, new, reason))
            if new is State.MASTER:
                daemon.occupy()
        case Notify("MASTER_RX_LOWER_PRI"):
            daemon.occupy()


def _send_advert(daemon: Daemon, effect: SendAdvert) -> None:
    _advertise(daemon.router, effect.priority)


def _advertise(router: Router, priority: int) -> None:
    world = router.daemon.world
    unreached = world.heartbeats.send(router, priority)
    if world.detail and world.fabric.link_is_up(router.name, router.instance.vrrp.interface):
        world.record(AdvertSent(world.kernel.now, router.name, priority, unreached, router.member))


def _change_state(daemon: Daemon, effect: Transition) -> None:
    world, (old, new, reason) = daemon.world, effect
    world.record(StateChanged(world.kernel.now, daemon.name, old, new, reason))
    if new is State.MASTER:
        daemon.occupy()
    if old is State.FAULT:
        world.heartbeats.announce(daemon.router)
    world.state_changed(daemon, old, new)


def _add_addresses(daemon: Daemon, _effect: AddAddresses) -> None:
    _set_rules(daemon)
    daemon.world.hosts[daemon.name].keepalived_address(True)


def _remove_addresses(daemon: Daemon, _effect: RemoveAddresses) -> None:
    host = daemon.world.hosts[daemon.name]
    host.keepalived_address(False)
    host.set_accepts(True)


def _set_rules(daemon: Daemon) -> None:
    """What a MASTER drops, by the priority in its configuration: the owner of the addresses drops nothing."""
    dropped = drops_clients(daemon.world.scenario, daemon.instance.vrrp, daemon.machine.base_priority)
    daemon.world.hosts[daemon.name].set_accepts(not dropped)


def _notify(daemon: Daemon, effect: Notify) -> None:
    world = daemon.world
    if world.detail:
        world.record(NotifyForked(world.kernel.now, daemon.name, effect.event))
    if effect.event == "MASTER_RX_LOWER_PRI":
        daemon.occupy()
    world.scripts.notify(daemon, effect.event)


def _change_priority(daemon: Daemon, effect: PriorityMoved) -> None:
    full = steady_priority(daemon.instance)
    daemon.world.record(PriorityChanged(daemon.world.kernel.now, daemon.name, *effect, full))
    if daemon.is_master:
        _set_rules(daemon)


def _send_garps(daemon: Daemon, effect: SendGarps) -> None:
    daemon.world.garps.send(daemon, effect.repeat, effect.after_ns, daemon.asker())


_APPLY: dict[type, Callable[[Daemon, Any], None]] = {
    SendAdvert: _send_advert,
    Transition: _change_state,
    AddAddresses: _add_addresses,
    RemoveAddresses: _remove_addresses,
    Notify: _notify,
    PriorityMoved: _change_priority,
    SendGarps: _send_garps,
}
