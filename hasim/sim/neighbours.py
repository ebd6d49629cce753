"""Hardware addresses of unicast peers, as the kernel resolves them where no switch of a cloud does it for everybody.

On a bridged network a sender has an entry for each peer in its subnet (Linux, ``net/core/neighbour.c``):

========== ======================== =======================================================================
state      lasts                    then
========== ======================== =======================================================================
REACHABLE  15 to 45 s               DELAY if it was used in the last 5 s, else STALE
STALE      until it is used         DELAY
DELAY      5 s                      PROBE
PROBE      3 requests, 1 s apart    REACHABLE with the first answer, else FAILED
FAILED     until it is used         INCOMPLETE
INCOMPLETE 3 requests, 1 s apart    REACHABLE with the first answer, else FAILED
========== ======================== =======================================================================

In INCOMPLETE packets wait; they leave together with the answer, and are dropped with the failure. In all other states
they leave at once, also into a partition. So the adverts of the two sides of a long partition arrive in a row up to a
second after it has healed. A request that comes in tells its receiver the sender's address, and so does the
gratuitous ARP for its own address with which keepalived leaves FAULT.

While the two can talk, everything about an entry follows from when it was used, and is worked out when somebody asks:
quiet heartbeats stay quiet. While they cannot, its timers are events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum, auto
from itertools import permutations
from typing import TYPE_CHECKING

from hasim.scenario.model import Transport
from hasim.sim.kernel import CHECKS
from hasim.units import MILLISECOND, SECOND

if TYPE_CHECKING:
    from hasim.sim.router import Router
    from hasim.sim.world import World

__all__ = ["Neighbours"]

_BASE_REACHABLE_NS = 30 * SECOND
_DELAY_NS = 5_130 * MILLISECOND
_RETRANSMIT_NS = 1_015 * MILLISECOND
"""5 s and 1 s, and how late the kernel's timer wheel is with them: up to 256 and 32 ms (250 ticks a second)."""
_REQUESTS = 3
_QUEUE = 101


class _State(Enum):
    REACHABLE = auto()
    STALE = auto()
    DELAY = auto()
    PROBE = auto()
    FAILED = auto()
    INCOMPLETE = auto()


class _Entry:
    """What ``sender`` knows of ``receiver``: the state, when its timer expires, and what waits."""

    __slots__ = ("queue", "reachable_ns", "receiver", "requests", "sender", "state", "tick_ns", "timer_ns", "used_ns")

    def __init__(self, sender: Router, receiver: Router, reachable_ns: int) -> None:
        self.sender = sender
        self.receiver = receiver
        self.reachable_ns = reachable_ns
        self.state = _State.FAILED
        self.timer_ns: int | None = None
        self.tick_ns: int | None = None
        self.used_ns = 0
        self.requests = 0
        self.queue: deque[Callable[[], None]] = deque(maxlen=_QUEUE)

    def enter(self, state: _State, timer_ns: int | None) -> None:
        self.state = state
        self.timer_ns = timer_ns

    def release(self) -> None:
        while self.queue:
            self.queue.popleft()()


class Neighbours:
    """The entries of all instances for one another."""

    def __init__(self, world: World) -> None:
        """In the steady state of the start of a run. A BACKUP has sent nothing for long, but has been asked."""
        self._kernel = world.kernel
        self._fabric = world.fabric
        self._heartbeats = world.heartbeats
        self._randomness = world.randomness
        self._delays = world.scenario.network.neighbour_delays_ns
        routers = [daemon.router for daemon in world.daemons.values()]
        self._entries = {
            (sender.name, receiver.name): self._begun(sender, receiver)
            for sender, receiver in permutations(routers, 2)
            if _share_a_link(sender, receiver)
        }

    def admits(self, sender: Router, receiver: Router, send: Callable[[], None]) -> bool:
        """Whether a packet may leave now; one that has to wait leaves with ``send``, or never."""
        entry = None if sender.member else self._entries.get((sender.name, receiver.name))
        if entry is None or self._use(entry, self._kernel.now):
            return True
        entry.queue.append(send)
        return False

    def used(self, sender: Router, receiver: Router, first_ns: int, step_ns: int, count: int) -> None:
        """``count`` packets left at ``first_ns + i * step_ns`` while the two could talk."""
        entry = None if sender.member else self._entries.get((sender.name, receiver.name))
        index = 0
        while entry is not None and index < count:
            self._use(entry, first_ns + index * step_ns)
            assert entry.timer_ns is not None, "a used entry waits for something"
            last_ns = first_ns + (count - 1) * step_ns
            if entry.state is _State.REACHABLE and step_ns < _DELAY_NS < last_ns - entry.timer_ns:
                cycle_ns = entry.reachable_ns + _DELAY_NS
                entry.timer_ns += (last_ns - entry.timer_ns) // cycle_ns * cycle_ns
                self._asked(self._entries[receiver.name, sender.name], last_ns)
            until = min(max((entry.timer_ns - 1 - first_ns) // step_ns, index), count - 1)
            entry.used_ns = first_ns + until * step_ns
            index = until + 1

    def may_be_quiet(self, senders: Iterable[Router]) -> bool:
        """Whether adverts of ``senders`` leave as they are sent, and nothing that waits will."""
        names = {sender.name for sender in senders}
        return all(
            entry.state is not _State.INCOMPLETE
            and (sender not in names or not self._fabric.severed(entry.sender.instance, entry.receiver.instance))
            for (sender, _), entry in self._entries.items()
        )

    def announced(self, router: Router) -> None:
        """A gratuitous ARP of ``router`` for its own address: whoever has an entry for it knows the address again."""
        for entry in self._entries.values():
            if entry.receiver is router and not self._fabric.severed(entry.sender.instance, router.instance):
                self._advance(entry, self._kernel.now)
                self._asked(entry, self._kernel.now)

    def before_change(self) -> None:
        """The paths are about to change: what was due until now happened with the old ones."""
        for entry in self._entries.values():
            self._advance(entry, self._kernel.now)
        self._kernel.at(self._kernel.now, CHECKS, lambda _event: self._changed())

    def _changed(self) -> None:
        for entry in self._entries.values():
            if not self._fabric.link_is_up(entry.sender.name, entry.sender.instance.vrrp.interface):
                entry.queue.clear()
                entry.enter(_State.FAILED, None)  # the kernel forgets all neighbours of a link that is down
            self._watch(entry)

    def _begun(self, sender: Router, receiver: Router) -> _Entry:
        stream = self._randomness.stream("neighbour", sender.name, receiver.name)
        entry = _Entry(sender, receiver, int(_BASE_REACHABLE_NS * (0.5 + stream.uniform())))
        left_ns = int(stream.uniform() * (entry.reachable_ns + _DELAY_NS))
        delay_ns = self._delays.get((sender.name, receiver.name))
        if delay_ns is not None:
            entry.enter(_State.DELAY, delay_ns)
        elif sender.is_master and left_ns > _DELAY_NS:
            entry.enter(_State.REACHABLE, left_ns - _DELAY_NS)
        elif sender.is_master:
            entry.enter(_State.DELAY, left_ns)
        elif sender.running:
            entry.enter(_State.STALE, None)
        return entry

    def _use(self, entry: _Entry, now: int) -> bool:
        self._advance(entry, now)
        entry.used_ns = now
        if entry.state is _State.STALE:
            entry.enter(_State.DELAY, now + _DELAY_NS)
        elif entry.state is _State.FAILED:
            entry.enter(_State.INCOMPLETE, now)
            entry.requests = 0
            self._request(entry, now)
        self._watch(entry)
        return entry.state is not _State.INCOMPLETE

    def _advance(self, entry: _Entry, now: int) -> None:
        """Let all timers expire that are due until ``now``."""
        while entry.timer_ns is not None and entry.timer_ns <= now:
            expired_ns = entry.timer_ns
            if entry.state is _State.REACHABLE:
                if entry.used_ns > expired_ns - _DELAY_NS:
                    entry.enter(_State.DELAY, expired_ns + _DELAY_NS)
                else:
                    entry.enter(_State.STALE, None)
            else:
                if entry.state is _State.DELAY:
                    entry.state = _State.PROBE
                    entry.requests = 0
                self._request(entry, expired_ns)

    def _request(self, entry: _Entry, at_ns: int) -> None:
        if entry.requests == _REQUESTS:
            entry.queue.clear()
            entry.enter(_State.FAILED, None)
        elif self._fabric.severed(entry.sender.instance, entry.receiver.instance):
            entry.requests += 1
            entry.timer_ns = at_ns + _RETRANSMIT_NS
        else:
            entry.enter(_State.REACHABLE, at_ns + entry.reachable_ns)
            entry.release()
            self._asked(self._entries[entry.receiver.name, entry.sender.name], at_ns)

    def _asked(self, entry: _Entry, at_ns: int) -> None:
        """The other side has asked, and so told its address."""
        if entry.state in (_State.FAILED, _State.INCOMPLETE):
            entry.enter(_State.DELAY if entry.queue else _State.STALE, at_ns + _DELAY_NS if entry.queue else None)
            entry.release()

    def _watch(self, entry: _Entry) -> None:
        """Make the next timer an event where what it does depends on when the path comes back."""
        urgent = entry.state in (_State.PROBE, _State.INCOMPLETE)
        if entry.timer_ns is None or entry.tick_ns == entry.timer_ns:
            return
        if urgent or self._fabric.severed(entry.sender.instance, entry.receiver.instance):
            entry.tick_ns = entry.timer_ns
            self._kernel.at(max(entry.timer_ns, self._kernel.now), CHECKS, lambda _event: self._tick(entry))

    def _tick(self, entry: _Entry) -> None:
        self._heartbeats.touch()  # adverts that were not simulated have used the entry
        entry.tick_ns = None
        self._advance(entry, self._kernel.now)
        self._watch(entry)


def _share_a_link(sender: Router, receiver: Router) -> bool:
    """Whether adverts go straight to the peer: unicast, and no router between the two."""
    subnets = {
        next(i.subnet for i in router.instance.interfaces if i.name == router.instance.vrrp.interface)
        for router in (sender, receiver)
    }
    return sender.instance.vrrp.transport is Transport.UNICAST and len(subnets) == 1
