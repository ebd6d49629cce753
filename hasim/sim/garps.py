"""Gratuitous ARPs: how a guest claims a HAVIP, and how the cloud follows it, without an API call.

keepalived sends a burst when it becomes MASTER and again after ``garp_master_delay``; when it hears a lower advert;
and, if told to, every ``garp_master_refresh``, with the next advert. With a ``garp_interval`` an address whose turn is
to come is not noted a second time, and most of a burst is never sent.

The cloud takes so many a second from each ENI. The first that it takes from an instance to which the HAVIP is not on
its way already is a claim: after the time of a remap the HAVIP is there, unless the instance is outside its range.
Remaps end in the order of their claims.

A burst that finds the HAVIP where it should be changes nothing. The periodic ones are then not sent at all, neither
with quiet heartbeats nor with explicit ones, and so do not count against the cloud's limit (they are one in seconds).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from hasim.cloud.trouble import Claims
from hasim.sim.checks import GARPS, Grid
from hasim.sim.kernel import WORLD
from hasim.trace import AddressClaimed, GarpSent

if TYPE_CHECKING:
    from hasim.sim.daemon import Daemon
    from hasim.sim.world import World

__all__ = ["Garps"]


class Garps:
    """All gratuitous ARPs of a run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._claims = world.scenario.floating.mechanism.is_announced
        self._topology = world.control_plane.topology
        self._book = Claims(self._topology.region, world.scenario.control_plane, world.control_plane.draws)
        self._refreshes: dict[str, Grid] = {}

    @property
    def matter(self) -> bool:
        """Whether they change or record anything in this run."""
        return self._claims or self._world.tells_detail

    def begin(self, daemon: Daemon) -> None:
        """State the initial condition: the ``daemon`` has been MASTER for long."""
        if self.matter:
            self._refresh_from(daemon, steady=True)

    def mastership(self, daemon: Daemon, *, master: bool) -> None:
        """A daemon has become MASTER, or is no longer: its refreshes begin or end."""
        if master and self.matter:
            self._refresh_from(daemon, steady=False)
        elif daemon.name in self._refreshes:
            self._refreshes[daemon.name].stop()

    def poke(self) -> None:
        """The HAVIP, or what keeps a MASTER from announcing it, may have changed."""
        for grid in self._refreshes.values():
            grid.poke()

    def freeze(self, daemon: Daemon) -> None:
        """A daemon is not scheduled any more: a refresh that falls due waits."""
        if daemon.name in self._refreshes:
            self._refreshes[daemon.name].freeze()

    def thaw(self, daemon: Daemon) -> None:
        """It goes on: a refresh that fell due meanwhile comes now."""
        if daemon.name in self._refreshes:
            self._refreshes[daemon.name].thaw()

    def send(self, daemon: Daemon, repeat: int, after_ns: int, is_current: Callable[[], bool]) -> None:
        """A burst of that many for the floating address leaves the daemon's instance after a time.

        ``is_current`` tells then whether the daemon is still the process and MASTER that wanted it.
        """
        if not self.matter:
            return
        self._after(daemon, after_ns, is_current, lambda: self._burst(daemon, repeat, is_current))

    def _after(self, daemon: Daemon, delay_ns: int, is_current: Callable[[], bool], action: Callable[[], None]) -> None:
        """Do it after a time, if the daemon is still the same and MASTER; a frozen one does it when it goes on."""
        if not delay_ns:
            action()
            return

        def due(_event: Any) -> None:
            if not is_current():
                return
            thawed = self._world.hosts[daemon.name].thawed
            if thawed is None:
                action()
            elif thawed.callbacks is not None:
                thawed.callbacks.append(due)

        kernel = self._world.kernel
        kernel.at(kernel.now + delay_ns, WORLD, due)

    def _burst(self, daemon: Daemon, repeat: int, is_current: Callable[[], bool]) -> None:
        """That many rounds over all HAVIPs of the ENI, ours last: at once, or one by one with an interval between."""
        interval_ns = daemon.instance.vrrp.garp_interval_ns
        addresses = self._addresses(daemon, repeat)
        if not interval_ns:
            self._send_now(daemon, addresses)
            return
        for place, is_ours in enumerate(addresses):
            self._after(daemon, place * interval_ns, is_current, partial(self._send_now, daemon, (is_ours,)))

    def _addresses(self, daemon: Daemon, repeat: int) -> tuple[bool, ...]:
        """For which addresses a burst of ``repeat`` rounds is, one after another; true are those for the floating
        one."""
        once = (*[False] * self._world.scenario.floating.other_havips, True)
        if not daemon.instance.vrrp.garp_interval_ns:
            return once * repeat
        # The first one leaves at once and waits for its second turn; all others wait for their first and only one.
        return (*once, once[0]) if repeat > 1 else once

    def _refresh_from(self, daemon: Daemon, *, steady: bool) -> None:
        vrrp = daemon.instance.vrrp
        if vrrp.garp_master_refresh_ns is None:
            return
        adverts = -(-vrrp.garp_master_refresh_ns // vrrp.advert_int_ns)
        interval_ns = adverts * (vrrp.advert_int_ns + daemon.instance.daemon.advert_drift_ns)
        grid = self._refreshes.get(daemon.name)
        if grid is None:
            grid = self._refreshes[daemon.name] = Grid(
                self._world, daemon.name, GARPS, interval_ns, lambda _index: self._refresh(daemon)
            )
        if steady:
            phase = self._world.randomness.stream("garp", daemon.name, "refresh").uniform()
            grid.start(int(phase * interval_ns) - interval_ns, parked=True)
        else:
            grid.start(self._world.kernel.now + interval_ns)

    def _refresh(self, daemon: Daemon) -> bool:
        """One periodic repetition; whether the next ones may be left out because they can change nothing."""
        repeat = daemon.instance.vrrp.garp_master_refresh_repeat
        if not self._claims or self._is_expected_on(daemon.name):
            self._record(daemon, sum(self._addresses(daemon, repeat)))
            return not self._world.detail
        self._burst(daemon, repeat, daemon.asker())
        return False

    def _send_now(self, daemon: Daemon, addresses: Sequence[bool]) -> None:
        """Send one for each of the addresses, of which those that are true are the floating one."""
        world, name = self._world, daemon.name
        self._record(daemon, sum(addresses))
        if not self._claims or not world.fabric.lets_out(name, world.service_interface[name]):
            return
        if self._admitted(name, addresses):
            self._claim(name)

    def _record(self, daemon: Daemon, repeat: int) -> None:
        if repeat and self._world.detail:
            self._world.record(GarpSent(self._world.kernel.now, daemon.name, repeat))

    def _admitted(self, name: str, addresses: Sequence[bool]) -> bool:
        """Whether the cloud takes at least one that is for the floating address."""
        is_taken = False
        for is_ours in addresses:
            if not self._book.admit(self._topology.holding_interface_ids[name], self._world.kernel.now):
                return is_taken
            is_taken = is_taken or is_ours
        return is_taken

    def _is_expected_on(self, name: str) -> bool:
        """Whether the HAVIP is on that instance, or on its way there."""
        assert self._topology.ha_vip_id is not None
        return self._book.expected(self._topology.ha_vip_id) == self._topology.holding_interface_ids[name]

    def _claim(self, name: str) -> None:
        world, kernel, topology = self._world, self._world.kernel, self._topology
        assert topology.ha_vip_id is not None
        claim = self._book.claim(topology.ha_vip_id, topology.holding_interface_ids[name], kernel.now)
        if claim is None:
            return
        world.record(AddressClaimed(kernel.now, name))
        self.poke()

        def remap(_event: Any) -> None:
            self._book.settle(claim, kernel.now)
            world.control_plane.look_again()
            self.poke()

        kernel.at(claim.due_ns, WORLD, remap)
