"""What the protocol and the control plane have done so far, kept so that the phases of an outage can be read off.

Both classes only take records in and answer questions; neither knows what an outage is. They keep, per instance, the
few instants that the phases end at, so that a record costs a dictionary look-up and an append. Questions are about an
outage, from its beginning on: when one begins, ``forget_before`` drops what lies before it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from hasim.trace import (
    AddressClaimed,
    AddressHeld,
    AddressRouted,
    ApiAnswered,
    ApiCalled,
    PowerChanged,
    PriorityChanged,
    StateChanged,
    TaskEnded,
)

__all__ = ["UNANSWERED", "CloudHistory", "Move", "ProtocolHistory"]

UNANSWERED = "unanswered"
"""The code under which calls are counted that were killed with their script or still open at the horizon."""

_MOVING = ("Attach", "Assign", "Associate", "Migrate", "Detach", "Unassign", "Disassociate")


class ProtocolHistory:
    """Who is MASTER, who takes part in the election, and when the protocol reacted to something.

    A *live* MASTER is one whose instance is running: a frozen daemon still believes in its state but does nothing. A
    *reaction* is any of: a live mastership begins, an instance leaves MASTER other than by dying, the effective
    priority of one that is in the election falls. An instance is *settled* while it runs, is MASTER or BACKUP, and has
    its full priority, that of the steady state.

    Attributes:
        live_masters: the instances that are live MASTERs.
        settled: the settled instances.
        lowered: the instances whose effective priority is below the full one, as far as their process has said, or the
            one that has ended and not been followed by another.
        returned_ns: instance -> when it last became settled (the initial state at 0 is no return).
        power_changed_ns: instance -> when its power last changed.
        last_transition_ns: when any instance last became MASTER, the initial state left out.
        transitions: how often that happened.
    """

    __slots__ = (
        "_ended",
        "_from_ns",
        "_reactions_ns",
        "_running",
        "_state",
        "_to_ns",
        "last_transition_ns",
        "live_masters",
        "lowered",
        "power_changed_ns",
        "returned_ns",
        "settled",
        "transitions",
    )

    def __init__(self) -> None:
        self.live_masters: set[str] = set()
        self.settled: set[str] = set()
        self.lowered: set[str] = set()
        self.returned_ns: dict[str, int] = {}
        self.power_changed_ns: dict[str, int] = {}
        self.last_transition_ns: int | None = None
        self.transitions = 0
        self._ended: set[str] = set()
        self._state: dict[str, str] = {}
        self._running: dict[str, bool] = {}
        self._reactions_ns: list[int] = []
        self._from_ns: dict[str, list[int]] = {}
        self._to_ns: dict[str, list[int]] = {}

    def on_state(self, record: StateChanged) -> bool:
        """Take in a VRRP transition; whether :attr:`live_masters` has changed."""
        at, instance, old, new, reason = record
        self._state[instance] = new
        if new == "INIT":
            self._ended.update(self.lowered & {instance})
        elif instance in self._ended:
            self._ended.discard(instance)
            self.lowered.discard(instance)
        if new == "MASTER":
            if at or old != "INIT":
                self.transitions += 1
                self.last_transition_ns = at
        elif old == "MASTER" and reason != "died":
            self._reactions_ns.append(at)
        return self._update(at, instance, new, self._running.get(instance, True))

    def on_power(self, record: PowerChanged) -> bool:
        """Take in that an instance runs, is off, boots or is frozen; whether :attr:`live_masters` has changed."""
        at, instance, power = record
        running = power == "running"
        self._running[instance] = running
        self.power_changed_ns[instance] = at
        return self._update(at, instance, self._state.get(instance, "INIT"), running)

    def on_priority(self, record: PriorityChanged) -> None:
        """Take in a change of an effective priority."""
        at, instance, old, new, full = record
        state = self._state.get(instance, "INIT")
        if old < full:
            # So it was until now, also in a process that began with less and did not have to say so.
            self.settled.discard(instance)
        self._ended.discard(instance)
        if new < full:
            self.lowered.add(instance)
        else:
            self.lowered.discard(instance)
        if new < old and state != "INIT":
            self._reactions_ns.append(at)
        self._update(at, instance, state, self._is_running(instance))

    def forget_before(self, at_ns: int) -> None:
        """Drop what was over before an instant: nobody will ask for it any more."""
        self._reactions_ns = [reaction_ns for reaction_ns in self._reactions_ns if reaction_ns >= at_ns]
        for instance, ended in self._to_ns.items():
            over = bisect_left(ended, at_ns)
            del ended[:over]
            del self._from_ns[instance][:over]

    def has_resigned(self, instance: str | None) -> bool:
        """Whether the instance runs, and its daemon too, without being MASTER (a killed daemon has not resigned)."""
        return instance is not None and self._is_running(instance) and self._state.get(instance) in ("BACKUP", "FAULT")

    def first_reaction_ns(self, since_ns: int) -> int | None:
        """The first reaction at or after an instant."""
        index = bisect_left(self._reactions_ns, since_ns)
        return self._reactions_ns[index] if index < len(self._reactions_ns) else None

    def first_master_ns(self, instance: str, since_ns: int) -> int | None:
        """The first instant, not before ``since_ns``, at which the instance is a live MASTER (however briefly)."""
        begun, ended = self._from_ns.get(instance, []), self._to_ns.get(instance, [])
        index = bisect_right(ended, since_ns)
        while index and begun[index - 1] >= since_ns:
            index -= 1
        return max(since_ns, begun[index]) if index < len(begun) else None

    def masters_at(self, at_ns: int) -> set[str]:
        """The live MASTERs when everything had happened that happened at that instant."""
        found = set()
        for instance, begun in self._from_ns.items():
            index = bisect_right(begun, at_ns) - 1
            ended = self._to_ns.get(instance, [])
            if index >= 0 and (index >= len(ended) or ended[index] > at_ns):
                found.add(instance)
        return found

    def latest_live_master(self) -> str | None:
        """The live MASTER that became one last (of several at the same instant: the first by name)."""
        return min(self.live_masters, key=lambda name: (-self._from_ns[name][-1], name), default=None)

    def _is_running(self, instance: str) -> bool:
        return self._running.get(instance, True)

    def _update(self, at: int, instance: str, state: str, running: bool) -> bool:
        if running and (state == "MASTER" or state == "BACKUP") and instance not in self.lowered:
            if instance not in self.settled:
                self.settled.add(instance)
                if at:
                    self.returned_ns[instance] = at
        else:
            self.settled.discard(instance)
        is_master = running and state == "MASTER"
        if is_master == (instance in self.live_masters):
            return False
        if is_master:
            self.live_masters.add(instance)
            self._from_ns.setdefault(instance, []).append(at)
            self._reactions_ns.append(at)
        else:
            self.live_masters.remove(instance)
            self._to_ns.setdefault(instance, []).append(at)
        return True


class Move(NamedTuple):
    """A change of the address's holder as its caller went through it (times in ns; ``committed`` None: still open).

    Of a gratuitous ARP that claims the address, ``called`` and ``accepted`` are one: the cloud takes it or never sees
    it."""

    called: int
    accepted: int | None
    committed: int | None


class CloudHistory:
    """Where the address is in the cloud, and the calls that brought it there.

    A mechanism of two calls (detach and attach, unassign and assign) is one move: it counts from the release, provided
    that the instance which took the address had released it itself.
    """

    __slots__ = (
        "_asked",
        "_calls",
        "_calls_ns",
        "_claims",
        "_codes",
        "_held_at",
        "_moves",
        "_release",
        "held",
        "routed",
        "routed_since",
    )

    def __init__(self) -> None:
        self.held: str | None = None
        self.routed: str | None = None
        self.routed_since = 0
        self._held_at = -1
        self._calls: dict[int, tuple[int, int | None, str]] = {}
        self._calls_ns: dict[str, list[int]] = {}
        self._claims: dict[str, list[Move]] = {}
        self._moves: dict[str, Move] = {}
        self._release: tuple[str, Move] | None = None
        self._asked: dict[str, int] = {}
        self._codes: dict[tuple[str, str], int] = {}

    def on_called(self, record: ApiCalled) -> None:
        """Take in that a request left an instance."""
        at, instance, _run, call, action = record
        self._asked[action] = self._asked.get(action, 0) + 1
        self._calls_ns.setdefault(instance, []).append(at)
        if action.startswith(_MOVING):
            self._calls[call] = (at, None, instance)

    def on_answered(self, record: ApiAnswered) -> None:
        """Take in an answer, or that the caller gave up waiting for one."""
        at, _instance, _run, call, action, code = record
        key = action, code
        self._codes[key] = self._codes.get(key, 0) + 1
        if call in self._calls:
            called, _, instance = self._calls[call]
            if code == "OK":
                self._calls[call] = (called, at, instance)
            elif not code.startswith("Client"):
                del self._calls[call]

    def on_task_ended(self, record: TaskEnded) -> None:
        """Take in a commit or a roll-back; a call whose answer was lost counts as accepted when it commits."""
        at, call, _action, result, holder = record
        begun = self._calls.pop(call, None)
        if begun is None or result != "SUCCESS" or (holder == self.held and self._held_at != at):
            return
        called, accepted, instance = begun
        move = Move(called, at if accepted is None else accepted, at)
        if holder is None:
            self._release = instance, move
            return
        if self._release is not None and self._release[0] == instance:
            move = move._replace(called=self._release[1].called, accepted=self._release[1].accepted)
        self._moves[holder] = move
        self._release = None

    def on_claimed(self, record: AddressClaimed) -> None:
        """Take in that an instance has claimed the address without a call."""
        at, instance = record
        self._calls_ns.setdefault(instance, []).append(at)
        self._claims.setdefault(instance, []).append(Move(at, at, None))

    def on_held(self, record: AddressHeld) -> None:
        """Take in the control plane's truth; claims come true in their order."""
        if record.holder is not None and self._claims.get(record.holder):
            claim = self._claims[record.holder].pop(0)
            self._moves[record.holder] = claim._replace(committed=record.at)
        if record.holder != self.held:
            self.held = record.holder
            self._held_at = record.at

    def on_routed(self, record: AddressRouted) -> None:
        """Take in the forwarding's truth."""
        if record.holder != self.routed:
            self.routed = record.holder
            self.routed_since = record.at

    def forget_before(self, at_ns: int) -> None:
        """Drop the calls before an instant that only count as such: nobody will ask for them any more."""
        for calls_ns in self._calls_ns.values():
            del calls_ns[: bisect_left(calls_ns, at_ns)]

    def first_call_ns(self, instance: str, since_ns: int) -> int | None:
        """When the instance first called the API, or claimed the address, at or after an instant."""
        calls = self._calls_ns.get(instance, [])
        index = bisect_left(calls, since_ns)
        return calls[index] if index < len(calls) else None

    def move_to(self, instance: str) -> Move | None:
        """The last committed move to the instance, None if it never got the address by a call or claim."""
        return self._moves.get(instance)

    def open_move(self, instance: str) -> Move | None:
        """What the instance has got accepted on the way to the address without having it yet: the release that it
        made, or else its first open claim, or else its earliest accepted call whose task has not ended."""
        if self.held is None and self._release is not None and self._release[0] == instance:
            return self._release[1]._replace(committed=None)
        if self._claims.get(instance):
            return self._claims[instance][0]
        accepted = [
            Move(called, accepted, None)
            for called, accepted, caller in self._calls.values()
            if caller == instance and accepted is not None
        ]
        return min(accepted, default=None)

    def api_calls(self) -> dict[str, dict[str, int]]:
        """Action -> code -> count, sorted by name; a call without an answer counts as :data:`UNANSWERED`."""
        table: dict[str, dict[str, int]] = {action: {} for action in sorted(self._asked)}
        for (action, code), count in sorted(self._codes.items()):
            table.setdefault(action, {})[code] = count
        for action, asked in self._asked.items():
            missing = asked - sum(table[action].values())
            if missing > 0:
                table[action][UNANSWERED] = missing
        return table
