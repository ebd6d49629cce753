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
from hasim.sim.parked import Link, Relation, Sender, adverts_ahead, first_missed_deadline, time_of_arrival
from hasim.vrrp.events import AdvertReceived, State, TimerExpired
from hasim.vrrp.machine import Machine

if TYPE_CHECKING:
    from hasim.sim.neighbours import Neighbours
    from hasim.sim.router import Router

__all__ = ["Heartbeats", "LossyLink"]


class LossyLink(NamedTuple):
    """From a MASTER to a BACKUP that follows it, on a path that loses adverts.

    One is sent every ``step_ns``, and travels up to ``jitter_ns`` longer than another; the BACKUP waits ``patience_ns``
    from one that arrives to the next.
    """

    sender: str
    receiver: str
    loss: float
    step_ns: int
    jitter_ns: int
    patience_ns: int


class Heartbeats:
    """The adverts of all routers."""

    def __init__(self, kernel: Kernel, fabric: Fabric, *, quiet: bool) -> None:
        self._kernel = kernel
        self._fabric = fabric
        self._quiet = quiet
        self._routers: list[Router] = []
        self._links: list[list[Link]] = []
        self._version = -1
        self._in_flight = 0
        self._parked: tuple[Sender, ...] | None = None
        self._epoch = 0
        self.looks = 0
        """How many of the scheduled events only look ahead for lost adverts."""
        self._neighbours: Neighbours | None = None

    def resolve(self, neighbours: Neighbours) -> None:
        """From now on an advert to a peer waits while the peer's hardware address is not known."""
        self._neighbours = neighbours

    def announce(self, router: Router) -> None:
        """A router that sends unicast tells its peers its own hardware address."""
        if self._neighbours is not None:
            self._neighbours.announced(router)

    def join(self, router: Router) -> None:
        """Add a router; in the order of their index."""
        self._routers.append(router)

    def set_quiet(self, quiet: bool) -> None:
        """From now on leave out the adverts that change nothing, or send every one."""
        self.touch()
        self._quiet = quiet

    def send(self, sender: Router, priority: int) -> tuple[str, ...]:
        """Put one advert to every peer on the network; returns the names of those whom it will not reach."""
        advert = AdvertReceived(sender.address, priority, sender.settings.advert_int_ns)
        unreached = []
        for link in self._links_of(sender):
            index, path = link.sent, link.path
            link.sent = index + 1
            if self._neighbours is not None and not self._admits(self._neighbours, link, advert, index):
                unreached.append(link.receiver.name)
            elif path.passes and not path.lost(index):
                self._deliver(link, advert, self._kernel.now + path.delay_ns(index))
            else:
                unreached.append(link.receiver.name)
        return tuple(unreached)

    def _admits(self, neighbours: Neighbours, link: Link, advert: AdvertReceived, index: int) -> bool:
        """Whether the advert leaves now; otherwise it meets the path of the time at which it does."""

        def leave() -> None:
            self._links_of(link.sender)
            if link.path.passes and not link.path.lost(index):
                self._deliver(link, advert, self._kernel.now + link.path.delay_ns(index))

        return neighbours.admits(link.sender, link.receiver, leave)

    def paths_change(self) -> None:
        """The paths are about to change."""
        self.touch()
        if self._neighbours is not None:
            self._neighbours.before_change()

    def touch(self) -> None:
        """Something is about to change: be in the state that would be now if every advert had been simulated."""
        if self._parked is not None:
            self._settle(self._kernel.now)

    def try_park(self, leader: Router) -> bool:
        """Called when ``leader`` is due to send an advert: whether that one and its successors need not be
        simulated."""
        if not self._quiet or self._in_flight:
            return False
        return self._park(leader, sent=1)

    def lossy_links(self) -> list[LossyLink]:
        """Of those MASTERs whose adverts are not simulated now."""
        return [
            LossyLink(
                sender=sender.router.name,
                receiver=relation.link.receiver.name,
                loss=relation.path.fates.loss,
                step_ns=sender.step_ns,
                jitter_ns=relation.path.longest_jitter_ns,
                patience_ns=int(relation.link.receiver.machine.patience_ns(sender.advert)),
            )
            for sender in self._parked or ()
            for relation in sender.relations
            if relation.follows and relation.path.fates is not None
        ]

    def park_at_start(self) -> None:
        """Begin a run in the steady state without simulating its heartbeats."""
        if self._quiet:
            self._park(None, sent=0)

    def _links_of(self, sender: Router) -> list[Link]:
        """To every peer of ``sender``, with the paths as they are now."""
        if self._version != self._fabric.version:
            self._version = self._fabric.version
            if not self._links:
                self._links = [self._new_links(router) for router in self._routers]
            for links in self._links:
                for link in links:
                    link.path = self._path(link.sender, link.receiver)
        return self._links[sender.index]

    def _new_links(self, sender: Router) -> list[Link]:
        peers = {router.name: router for router in self._routers if router.member == sender.member}
        links = []
        for name in sender.instance.vrrp.peers:
            if name in peers:
                receiver = peers[name]
                priority = PACKETS + receiver.index * len(self._routers) + sender.index
                links.append(Link(sender, receiver, self._path(sender, receiver), priority))
        return links

    def _path(self, sender: Router, receiver: Router) -> Path:
        return self._fabric.path(sender.instance, receiver.instance, sender.member)

    def _deliver(self, link: Link, advert: AdvertReceived, arrival_ns: int) -> None:
        receiver = link.receiver

        def arrive(_event: Any) -> None:
            self._in_flight -= 1
            receiver.packet(advert)

        self._in_flight += 1
        self._kernel.at(arrival_ns, link.priority, arrive)

    def _park(self, leader: Router | None, *, sent: int) -> bool:
        senders = self._quiet_senders(leader, sent)
        if senders is None:
            return False
        self._parked = senders
        self._epoch += 1
        for router in self._routers:
            router.timer.set(None)
        self._watch(self._kernel.now)
        return True

    def _quiet_senders(self, leader: Router | None, sent: int) -> tuple[Sender, ...] | None:
        """The group's MASTERs with their followers, or None where something is going on."""
        senders: list[Sender] = []
        followed: set[int] = set()
        waiting: set[int] = set()
        for router in self._routers:
            daemon, state = router.daemon, router.machine.state
            if not daemon.running or daemon.frozen:
                continue
            if not daemon.idle:
                return None
            if state is State.MASTER:
                sender = self._quiet_sender(router, leader, sent, followed)
                if sender is None:
                    return None
                senders.append(sender)
            elif state is State.BACKUP:
                waiting.add(router.index)
            elif router.machine.deadline_ns is not None:
                return None  # an owner that waits for the end of its startup_delay
        if self._neighbours is not None and not self._neighbours.may_be_quiet(sender.router for sender in senders):
            return None
        return tuple(senders) if senders and waiting == followed else None

    def _quiet_sender(self, router: Router, leader: Router | None, sent: int, followed: set[int]) -> Sender | None:
        now = self._kernel.now
        first_ns = now if router is leader else router.next_advert_ns
        assert first_ns is not None
        advert = AdvertReceived(router.address, router.machine.priority, router.settings.advert_int_ns)
        step_ns = router.settings.advert_int_ns + router.advert_drift_ns
        relations = []
        for link in self._links_of(router):
            path, receiver = link.path, link.receiver
            if not path.passes:
                continue
            if path.latency_ns + path.longest_jitter_ns >= step_ns:
                return None  # an advert might overtake the one before
            listener, state = receiver.daemon, receiver.machine.state
            follows = listener.running and not listener.frozen and state is State.BACKUP
            if follows:
                if receiver.index in followed or not _is_steady(advert, path, step_ns, receiver.machine, now, first_ns):
                    return None
                followed.add(receiver.index)
            elif (listener.running and state is State.MASTER) or (listener.frozen and listener.queues_packets):
                return None
            relations.append(Relation(link, path, link.sent, follows))
        return Sender(router, advert, first_ns, step_ns, sent if router is leader else 0, tuple(relations))

    def _watch(self, from_ns: int) -> None:
        """Look ahead, at most to the next event that is scheduled anyway, for a deadline that would pass."""
        assert self._parked is not None
        lossy = [
            (sender, relation)
            for sender in self._parked
            for relation in sender.relations
            if relation.follows and relation.path.fates is not None
        ]
        if not lossy:
            return
        farthest_ns = [from_ns + adverts_ahead(relation) * sender.step_ns for sender, relation in lossy]
        until_ns = max(min(self._kernel.next_event_ns(), *farthest_ns), from_ns + 1)
        missed = [first_missed_deadline(s, r, from_ns, until_ns) for s, r in lossy]
        first_ns = min((deadline for deadline in missed if deadline is not None), default=None)
        epoch = self._epoch
        self.looks += 1
        if first_ns is not None and first_ns <= until_ns:
            self._kernel.at(first_ns, WORLD, lambda _event: self._wake(epoch))
        else:
            self._kernel.at(until_ns, WORLD, lambda _event: self._watch_on(epoch))

    def _wake(self, epoch: int) -> None:
        self.looks -= 1
        if self._parked is not None and self._epoch == epoch:
            self._settle(self._kernel.now)

    def _watch_on(self, epoch: int) -> None:
        self.looks -= 1
        if self._parked is not None and self._epoch == epoch:
            self._watch(self._kernel.now)

    def _settle(self, now: int) -> None:
        assert self._parked is not None
        senders, self._parked = self._parked, None
        for sender in senders:
            due = -(-(now - sender.first_ns) // sender.step_ns) if now > sender.first_ns else 0
            count = max(due, sender.sent)
            for link in self._links_of(sender.router):
                link.sent += count
                if self._neighbours is not None:
                    self._neighbours.used(link.sender, link.receiver, sender.first_ns, sender.step_ns, count)
            if count:
                sender.router.machine.handle(TimerExpired(), sender.first_ns + (count - 1) * sender.step_ns)
            for relation in sender.relations:
                self._settle_relation(sender, relation, count, now)
        for router in self._routers:
            router.arm()

    def _settle_relation(self, sender: Sender, relation: Relation, count: int, now: int) -> None:
        """Hand a follower the last advert that has arrived before ``now``; put those on the way onto the network."""
        for i in range(count - 1, -1, -1):
            index = relation.first_index + i
            if relation.path.lost(index):
                continue
            arrival_ns = time_of_arrival(sender, relation, i)
            if arrival_ns >= now:
                self._deliver(relation.link, sender.advert, arrival_ns)
                continue
            if relation.follows:
                relation.link.receiver.machine.handle(sender.advert, arrival_ns)
            return


def _is_steady(advert: AdvertReceived, path: Path, step_ns: int, follower: Machine, now: int, first_ns: int) -> bool:
    """Whether only the last advert matters to the follower, and one that is not lost always comes in time: the one
    that is due at ``first_ns``, and each after the one before."""
    if not follower.follows(advert, now):
        return False
    jitter_ns = path.longest_jitter_ns
    assert follower.deadline_ns is not None
    return (
        step_ns + jitter_ns < follower.patience_ns(advert)
        and first_ns + path.latency_ns + jitter_ns < follower.deadline_ns
    )
