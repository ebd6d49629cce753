"""A second, slow measure, written from the definitions: every question replays the records from the first one.

It shares no code with :mod:`hasim.measure` but the names of the phases; the tests hold the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from hasim import trace as tr

MOVING = ("Attach", "Assign", "Associate", "Migrate", "Detach", "Unassign", "Disassociate")


@dataclass
class State:
    """The world after some records."""

    vrrp: dict[str, str] = field(default_factory=dict)
    power: dict[str, str] = field(default_factory=dict)
    priority: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    deaths: dict[str, int] = field(default_factory=dict)
    life: dict[str, int] = field(default_factory=dict)
    guest: dict[str, bool] = field(default_factory=dict)
    routed: str | None = None
    held: str | None = None
    server: str | None = None

    def runs(self, instance: str | None) -> bool:
        return self.power.get(instance, "running") == "running"

    def masters(self) -> set[str]:
        return {name for name, state in self.vrrp.items() if state == "MASTER" and self.runs(name)}

    def lowered(self, instance: str | None) -> bool:
        effective, full, life = self.priority.get(instance, (0, 0, 0))
        return effective < full and life >= self.life.get(instance, 0)


def replay(records: list) -> State:
    state = State()
    for record in records:
        match record:
            case tr.StateChanged(_, instance, _, new, _):
                state.vrrp[instance] = new
                if new == "INIT":
                    state.deaths[instance] = state.deaths.get(instance, 0) + 1
                else:
                    state.life[instance] = state.deaths.get(instance, 0)
            case tr.PowerChanged(_, instance, power):
                state.power[instance] = power
            case tr.PriorityChanged(_, instance, _, new, full):
                state.priority[instance] = new, full, state.deaths.get(instance, 0)
            case tr.GuestAddressChanged(_, instance, present):
                state.guest[instance] = present
            case tr.AddressRouted(_, holder):
                state.routed = holder
            case tr.AddressHeld(_, holder):
                state.held = holder
            case tr.ReachabilityChanged(_, server, _):
                state.server = server
    return state


def overlaps(records: list, horizon: int) -> tuple[int, int, int]:
    """Dual MASTER, wrong instance and black hole, interval by interval."""
    dual = wrong = hole = 0
    for index, record in enumerate(records):
        until = records[index + 1].at if index + 1 < len(records) else horizon
        state = replay(records[: index + 1])
        masters = state.masters()
        if len(masters) >= 2:
            dual += until - record.at
        if masters and state.routed is not None and state.routed not in masters:
            wrong += until - record.at
        if len(masters) == 1 and masters == {state.routed} and state.server is None:
            hole += until - record.at
    return dual, wrong, hole


def outages(records: list, horizon: int) -> list[tuple]:
    """(start, end, missing, began_on, ended_on, phases) of every outage."""
    found = []
    down = None
    changes = [index for index, record in enumerate(records) if isinstance(record, tr.ReachabilityChanged)]
    for place, index in enumerate(changes):
        record = records[index]
        if record.server is None and down is None:
            down = index
        elif record.server is not None and down is not None and not lost_at_once(records, changes[place:]):
            found.append(describe(records[: index + 1], down, record.at, record.server))
            down = None
    if down is not None:
        found.append(describe(records, down, horizon, None))
    return [outage for outage in found if outage[0] < outage[1]]


def lost_at_once(records: list, changes: list[int]) -> bool:
    """Whether the service that begins with the first of these changes is lost within the same instant."""
    return any(records[index].server is None and records[index].at == records[changes[0]].at for index in changes)


def describe(seen: list, down: int, end: int, server: str | None) -> tuple:
    start = seen[down].at
    before = replay(seen[:down]).server
    winner = server if server is not None else last_elected(seen)
    boundaries = [start]
    for phase_end in phase_ends(seen, down, before, winner):
        if phase_end is None:
            break
        boundaries.append(min(end, max(boundaries[-1], phase_end)))
    boundaries.append(end)
    phases = [later - earlier for earlier, later in pairwise(boundaries)]
    return start, end, seen[down].missing, before, server, tuple(phases + [0] * (8 - len(phases)))


def last_elected(seen: list) -> str | None:
    """The live MASTER at the end that has been one for the shortest time."""
    since = {}
    for name in replay(seen).masters():
        index = len(seen)
        while index and name in replay(seen[:index]).masters():
            index -= 1
        since[name] = seen[index].at
    return min(since, key=lambda name: (-since[name], name), default=None)


def reactions(seen: list) -> list[int]:
    times = []
    for index, record in enumerate(seen):
        appeared = replay(seen[: index + 1]).masters() - replay(seen[:index]).masters()
        resigned = isinstance(record, tr.StateChanged) and record.old == "MASTER" != record.new
        if (
            appeared
            or (resigned and record.reason != "died")
            or (isinstance(record, tr.PriorityChanged) and record.new < record.old and takes_part(seen[:index], record))
        ):
            times.append(record.at)
    return times


def takes_part(seen: list, record: tr.PriorityChanged) -> bool:
    """Whether the instance is in the election: one that starts says with what, which is no reaction."""
    return replay(seen).vrrp.get(record.instance, "INIT") != "INIT"


def election(seen: list, down: int, before: str | None, winner: str | None) -> tuple:
    start, state = seen[down].at, replay(seen[: down + 1])
    masters = state.masters()
    if winner in masters and not (winner == before and state.routed == winner):
        return start, start
    reacted = (
        bool(masters - {before})
        or (state.runs(before) and state.vrrp.get(before) in ("BACKUP", "FAULT"))
        or state.lowered(before)
    )
    detected = start if reacted else min((at for at in reactions(seen) if at >= start), default=None)
    if detected is None or winner is None:
        return detected, None
    elected = [
        max(detected, begun)
        for begun, ended in masterships(seen, winner)
        if begun >= detected or ended is None or ended > detected
    ]
    return detected, min(elected, default=None)


def masterships(seen: list, name: str) -> list[tuple[int, int | None]]:
    """The intervals in which the instance was a live MASTER."""
    intervals: list[tuple[int, int | None]] = []
    for index, record in enumerate(seen):
        was, is_now = name in replay(seen[:index]).masters(), name in replay(seen[: index + 1]).masters()
        if is_now and not was:
            intervals.append((record.at, None))
        elif was and not is_now:
            intervals[-1] = (intervals[-1][0], record.at)
    return intervals


def commits(seen: list) -> list[tuple]:
    """(index, at, call, holder) of every task that changed the holder; AddressHeld may stand on either side of it."""
    made = {record.call for record in seen if isinstance(record, tr.ApiCalled)}
    found = []
    for index, record in enumerate(seen):
        if isinstance(record, tr.TaskEnded) and record.result == "SUCCESS" and record.call in made:
            changes = [
                later
                for later in range(index)
                if isinstance(seen[later], tr.AddressHeld) and replay(seen[:later]).held != seen[later].holder
            ]
            just_now = bool(changes) and seen[changes[-1]].at == record.at
            if replay(seen[:index]).held != record.holder or just_now:
                found.append((index, record.at, record.call, record.holder))
    return found


def called(seen: list, call: int) -> tr.ApiCalled:
    return next(record for record in seen if isinstance(record, tr.ApiCalled) and record.call == call)


def accepted(seen: list, call: int) -> int | None:
    return next(
        (
            record.at
            for record in seen
            if isinstance(record, tr.ApiAnswered) and record[3] == call and record.code == "OK"
        ),
        None,
    )


def own_release(seen: list, winner: str, made: list[tuple]) -> int | None:
    """The call that freed the address, if it is the last thing that happened to it and the winner's own."""
    if made and made[-1][3] is None and called(seen, made[-1][2]).instance == winner:
        return made[-1][2]
    return None


def movement(seen: list, winner: str, elected: int) -> list:
    state = replay(seen)
    routes = [
        seen[index].at
        for index in range(len(seen))
        if isinstance(seen[index], tr.AddressRouted) and replay(seen[:index]).routed != seen[index].holder
    ]
    routed = (routes[-1] if routes else 0) if state.routed == winner else None
    if routed is not None and routed <= elected:
        return [elected] * 4
    if any(isinstance(record, tr.AddressClaimed) for record in seen):
        return movement_by_claim(seen, winner, elected, routed)
    made = commits(seen)
    calls = [record.at for record in seen if isinstance(record, tr.ApiCalled) and record.instance == winner]
    first_call = min((at for at in calls if at >= elected), default=None)
    if state.routed == winner or state.held == winner:
        mine = [position for position, commit in enumerate(made) if commit[3] == winner]
        if not mine:
            return [elected] * 3 + [routed]
        _, at, call, _ = made[mine[-1]]
        mover = called(seen, call).instance
        release = own_release(seen, mover, made[: mine[-1]])
        first = call if release is None else release
        answer = accepted_before(seen, first, next(commit[1] for commit in made if commit[2] == first))
        return [earliest(called(seen, first).at, first_call), answer, at, routed]
    release = own_release(seen, winner, made) if state.held is None else None
    if release is not None:
        at = next(commit[1] for commit in made if commit[2] == release)
        return [earliest(called(seen, release).at, first_call), accepted_before(seen, release, at), None, None]
    ended = {record.call for record in seen if isinstance(record, tr.TaskEnded)}
    waiting = [
        (record.at, accepted(seen, record.call))
        for record in seen
        if isinstance(record, tr.ApiCalled)
        and record.instance == winner
        and record.action.startswith(MOVING)
        and record.call not in ended
        and accepted(seen, record.call) is not None
    ]
    if waiting:
        return [earliest(min(waiting)[0], first_call), min(waiting)[1], None, None]
    return [first_call, None, None, None]


def movement_by_claim(seen: list, winner: str, elected: int, routed: int | None) -> list:
    """A gratuitous ARP is call and answer in one; the n-th that an instance sends is what brings it there the n-th
    time."""
    state = replay(seen)
    claims = [record.at for record in seen if isinstance(record, tr.AddressClaimed) and record.instance == winner]
    arrivals = [record.at for record in seen if isinstance(record, tr.AddressHeld) and record.holder == winner]
    first_claim = min((at for at in claims if at >= elected), default=None)
    if state.routed == winner or state.held == winner:
        if not arrivals:
            return [elected] * 3 + [routed]
        claim = claims[len(arrivals) - 1]
        return [earliest(claim, first_claim), claim, arrivals[-1], routed]
    if len(claims) > len(arrivals):
        claim = claims[len(arrivals)]
        return [earliest(claim, first_claim), claim, None, None]
    return [first_claim, None, None, None]


def accepted_before(seen: list, call: int, commit: int) -> int:
    """When the caller heard that its call was accepted; if never before the commit, the commit."""
    task = next(index for index, record in enumerate(seen) if isinstance(record, tr.TaskEnded) and record.call == call)
    answer = accepted(seen[:task], call)
    return commit if answer is None else answer


def earliest(at: int, other: int | None) -> int:
    return at if other is None else min(at, other)


def phase_ends(seen: list, down: int, before: str | None, winner: str | None) -> list:
    detected, elected = election(seen, down, before, winner)
    if winner is None or elected is None:
        return [detected, None]
    guest = None
    for index in range(len(seen), 0, -1):
        if not replay(seen[:index]).guest.get(winner, False):
            break
        guest = seen[index - 1].at
    return [detected, elected, *movement(seen, winner, elected), guest]
