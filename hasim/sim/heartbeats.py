"""Adverts on the network, one by one or not at all.

Explicit: every advert is an event, sent and delivered.

Quiet: while every MASTER's adverts would only re-arm the timers of BACKUPs that follow it, nothing is scheduled. The
group is *parked*: it remembers for each MASTER when its next advert is due and which number it has on each path.
Whatever is about to touch a machine, a path or a daemon first calls :meth:`Heartbeats.touch`; the group then
*settles* to the state that it would have had: the adverts that would have been sent are counted, the last one that
would have arrived is handed to each follower with its true arrival time, and those still on the way become real
deliveries.

This is exact because (1) an advert to a follower changes nothing but its deadline (``Machine.follows``), so only the
last one counts; (2) the fate and the delay of advert k are a hash of k (:mod:`hasim.sim.randomness`), so both modes
see the same; (3) no deadline can pass unnoticed: without loss the next advert always comes in time, and with loss
the numbers are scanned for the first row of lost adverts that lets a deadline pass, which ends the quiet. What
does not fit (two MASTERs that hear one another, a BACKUP that ignores its master, packets waiting in a frozen socket,
delays longer than an interval) is simulated advert by advert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hasim.sim.fabric import Fabric, Path
from hasim.sim.kernel import PACKETS, WORLD, Kernel
from hasim.sim.randomness import uniforms_at
from hasim.vrrp.events import AdvertReceived, State, TimerExpired
from hasim.vrrp.machine import Machine

if TYPE_CHECKING:
    from hasim.sim.daemon import Daemon

__all__ = ["Heartbeats"]

_SCAN_CHUNK = 1 << 16


class _Relation(NamedTuple):
    """The adverts of a parked MASTER to one peer that they reach; number ``first_index`` is the one due at
    ``first_ns``.

    A peer that does not ``follow`` is not listening (dead, frozen, in FAULT): adverts that arrive now mean nothing to
    it, but those that are on the way when it begins to listen will."""

    receiver: Daemon
    path: Path
    first_index: int
    follows: bool


class _Sender(NamedTuple):
    """A parked MASTER: its adverts are due at ``first_ns + i * step_ns``, of which the first ``sent`` are already
    out."""

    daemon: Daemon
    advert: AdvertReceived
    first_ns: int
    step_ns: int
    sent: int
    relations: tuple[_Relation, ...]


class Heartbeats:
    """The adverts of one group of instances."""

    def __init__(self, kernel: Kernel, fabric: Fabric, *, quiet: bool) -> None:
        self._kernel = kernel
        self._fabric = fabric
        self._quiet = quiet
        self._daemons: list[Daemon] = []
        self._by_name: dict[str, Daemon] = {}
        self._sent: dict[tuple[int, int], int] = {}
        self._in_flight = 0
        self._parked: tuple[_Sender, ...] | None = None
        self._epoch = 0
        self._scanned_ns = 0

    def join(self, daemon: Daemon) -> None:
        """Add an instance's daemon to the group."""
        self._daemons.append(daemon)
        self._by_name[daemon.name] = daemon

    def send(self, sender: Daemon, priority: int) -> None:
        """Put one advert to every peer on the network."""
        advert = AdvertReceived(sender.address, priority, sender.settings.advert_int_ns)
        for receiver in self._peers(sender):
            index = self._count(sender, receiver, 1)
            path = self._fabric.path(sender.instance, receiver.instance)
            if path.passes and not path.lost(index):
                self._deliver(sender, receiver, advert, self._kernel.now + path.delay_ns(index))

    def touch(self) -> None:
        """Something is about to change: be in the state that would be now if every advert had been simulated."""
        if self._parked is not None:
            self._settle(self._kernel.now)

    def try_park(self, leader: Daemon) -> bool:
        """Called when ``leader`` is due to send an advert: whether that one and its successors need not be
        simulated."""
        if not self._quiet or self._in_flight:
            return False
        return self._park(leader, sent=1)

    def park_at_start(self) -> None:
        """Begin a run in the steady state without simulating its heartbeats."""
        if self._quiet:
            self._park(None, sent=0)

    def _peers(self, sender: Daemon) -> list[Daemon]:
        return [self._by_name[name] for name in sender.instance.vrrp.peers]

    def _count(self, sender: Daemon, receiver: Daemon, adverts: int) -> int:
        key = (sender.index, receiver.index)
        index = self._sent.get(key, 0)
        self._sent[key] = index + adverts
        return index

    def _deliver(self, sender: Daemon, receiver: Daemon, advert: AdvertReceived, arrival_ns: int) -> None:
        def arrive(_event: Any) -> None:
            self._in_flight -= 1
            receiver.packet(advert)

        self._in_flight += 1
        priority = PACKETS + receiver.index * len(self._daemons) + sender.index
        self._kernel.at(arrival_ns, priority, arrive)

    def _park(self, leader: Daemon | None, *, sent: int) -> bool:
        senders = self._quiet_senders(leader, sent)
        if senders is None:
            return False
        self._parked = senders
        self._epoch += 1
        for daemon in self._daemons:
            daemon.timer.set(None)
        self._watch(self._kernel.now)
        return True

    def _quiet_senders(self, leader: Daemon | None, sent: int) -> tuple[_Sender, ...] | None:
        """The group's MASTERs with their followers, or None where something is going on."""
        senders: list[_Sender] = []
        followed: set[int] = set()
        for daemon in self._daemons:
            if not daemon.running or daemon.frozen:
                continue
            if not daemon.idle:
                return None
            if daemon.machine.state is State.MASTER:
                sender = self._quiet_sender(daemon, leader, sent, followed)
                if sender is None:
                    return None
                senders.append(sender)
        for daemon in self._daemons:
            waits = daemon.running and not daemon.frozen and daemon.machine.state is State.BACKUP
            if waits and daemon.index not in followed:
                return None
        return tuple(senders) if senders else None

    def _quiet_sender(self, daemon: Daemon, leader: Daemon | None, sent: int, followed: set[int]) -> _Sender | None:
        now = self._kernel.now
        first_ns = now if daemon is leader else daemon.next_advert_ns
        assert first_ns is not None
        advert = AdvertReceived(daemon.address, daemon.machine.priority, daemon.settings.advert_int_ns)
        step_ns = daemon.settings.advert_int_ns + daemon.advert_drift_ns
        relations = []
        for receiver in self._peers(daemon):
            path = self._fabric.path(daemon.instance, receiver.instance)
            if not path.passes:
                continue
            if not _keeps_order(path, step_ns):
                return None
            follows = receiver.running and not receiver.frozen and receiver.machine.state is State.BACKUP
            if follows:
                if receiver.index in followed or not _is_steady(advert, path, step_ns, receiver.machine, now, first_ns):
                    return None
                followed.add(receiver.index)
            elif receiver.is_master or (receiver.frozen and receiver.queues_packets):
                return None
            index = self._sent.get((daemon.index, receiver.index), 0)
            relations.append(_Relation(receiver, path, index, follows))
        return _Sender(daemon, advert, first_ns, step_ns, sent if daemon is leader else 0, tuple(relations))

    def _watch(self, from_ns: int) -> None:
        """Look ahead, at most to the next event that is scheduled anyway, for a deadline that would pass."""
        assert self._parked is not None
        lossy = [
            (sender, relation)
            for sender in self._parked
            for relation in sender.relations
            if relation.follows and relation.path.loss > 0
        ]
        if not lossy:
            return
        until_ns = min(self._kernel.next_event_ns(), *(from_ns + _SCAN_CHUNK * sender.step_ns for sender, _ in lossy))
        until_ns = max(until_ns, from_ns + 1)
        missed = [_first_missed_deadline(s, r, from_ns, until_ns) for s, r in lossy]
        first_ns = min((deadline for deadline in missed if deadline is not None), default=None)
        epoch = self._epoch
        if first_ns is not None and first_ns <= until_ns:
            self._kernel.at(first_ns, WORLD, lambda _event: self._wake(epoch))
        else:
            self._kernel.at(until_ns, WORLD, lambda _event: self._watch_on(epoch))

    def _wake(self, epoch: int) -> None:
        if self._parked is not None and self._epoch == epoch:
            self._settle(self._kernel.now)

    def _watch_on(self, epoch: int) -> None:
        if self._parked is not None and self._epoch == epoch:
            self._watch(self._kernel.now)

    def _settle(self, now: int) -> None:
        assert self._parked is not None
        senders, self._parked = self._parked, None
        for sender in senders:
            due = -(-(now - sender.first_ns) // sender.step_ns) if now > sender.first_ns else 0
            count = max(due, sender.sent)
            for receiver in self._peers(sender.daemon):
                self._count(sender.daemon, receiver, count)
            if count:
                sender.daemon.machine.handle(TimerExpired(), sender.first_ns + (count - 1) * sender.step_ns)
            for relation in sender.relations:
                self._settle_relation(sender, relation, count, now)
        for daemon in self._daemons:
            daemon.arm()

    def _settle_relation(self, sender: _Sender, relation: _Relation, count: int, now: int) -> None:
        """Hand a follower the last advert that has arrived before ``now``; put those on the way onto the network."""
        for i in range(count - 1, -1, -1):
            index = relation.first_index + i
            if relation.path.lost(index):
                continue
            arrival_ns = _arrival(sender, relation, i)
            if arrival_ns >= now:
                self._deliver(sender.daemon, relation.receiver, sender.advert, arrival_ns)
                continue
            if relation.follows:
                relation.receiver.machine.handle(sender.advert, arrival_ns)
            return


def _keeps_order(path: Path, step_ns: int) -> bool:
    """Whether every advert arrives before the next one is sent."""
    return path.latency_ns + path.longest_jitter_ns() < step_ns


def _is_steady(advert: AdvertReceived, path: Path, step_ns: int, follower: Machine, now: int, first_ns: int) -> bool:
    """Whether adverts only re-arm the follower's deadline, and one that is not lost always comes in time: the one that
    is due at ``first_ns``, and each after the one before."""
    if not follower.follows(advert, now):
        return False
    jitter_ns = path.longest_jitter_ns()
    assert follower.deadline_ns is not None
    return (
        step_ns + jitter_ns < follower.down_timer_ns and first_ns + path.latency_ns + jitter_ns < follower.deadline_ns
    )


def _first_missed_deadline(sender: _Sender, relation: _Relation, from_ns: int, until_ns: int) -> int | None:
    """The first deadline of the follower, not before ``from_ns``, that passes without an advert, looking at the adverts
    due up to about ``until_ns``; a later one may be returned where the last row of losses is still open."""
    import numpy as np

    down_ns = relation.receiver.machine.down_timer_ns
    jitter_ns = relation.path.longest_jitter_ns()
    run = (down_ns - jitter_ns) // sender.step_ns
    before = int(down_ns // sender.step_ns) + 2
    first = max((from_ns - sender.first_ns) // sender.step_ns - before, 0)
    last = max((until_ns - sender.first_ns) // sender.step_ns, first) + before
    fates = uniforms_at(relation.path.loss_key, relation.first_index + first, int(last - first) + 1)
    arrived = np.flatnonzero(fates >= relation.path.loss) + first
    if first == 0:
        opening_ns = relation.receiver.machine.deadline_ns
        assert opening_ns is not None
        first_arrival = _arrival(sender, relation, int(arrived[0])) if arrived.size else None
        if opening_ns >= from_ns and (first_arrival is None or opening_ns < first_arrival):
            return opening_ns
    for gap in np.flatnonzero(np.diff(arrived) > run):
        deadline_ns = _arrival(sender, relation, int(arrived[gap])) + down_ns
        if deadline_ns >= from_ns and deadline_ns < _arrival(sender, relation, int(arrived[gap + 1])):
            return deadline_ns
    if arrived.size and last - arrived[-1] > run:
        deadline_ns = _arrival(sender, relation, int(arrived[-1])) + down_ns
        return deadline_ns if deadline_ns >= from_ns else None
    return None


def _arrival(sender: _Sender, relation: _Relation, i: int) -> int:
    return sender.first_ns + i * sender.step_ns + relation.path.delay_ns(relation.first_index + i)
