"""The driver of the VRRP transcripts: machines on a network that delivers at once, moved by readable commands.

Any command may end in ``at TIME`` (everything that is due before that happens first). What a command makes the machines
do is printed in order, one line each, then the state of every machine::

    start NAME priority N [version N] [advert_int D] [state MASTER] [nopreempt] [preempt_delay D] [startup_delay D]
               [down_timer_adverts N] [higher_prio_send_advert] [lower_prio_no_advert] [down X] [unknown X] ...
    group NAME X Y ... : OPTIONS    a sync group: the machines NAME/X, NAME/Y, ..., each on a network of its own with
                                    the X's, Y's, ... of others; options as with start, X:OPTION for one of them
    restart NAME                    the same settings, a new process (of a group: all of it)
    kill NAME                       the process is gone without a word
    shutdown NAME                   SIGTERM (of a group: all of it)
    reload NAME priority N          SIGHUP
    advert from X priority N [interval D] [address N] [to NAME]     from a router that is not among the machines
    advance to TIME | advance D     let time pass; what is due at its end happens too
    down NAME X | up NAME X         something of weight 0 that NAME tracks
    weight NAME X N                 what X contributes to NAME's priority is now N
    cut A B | cut A to B            nothing passes, both ways or one way
    mend                            everything passes again
    lose N A to B                   the next N adverts from A to B are lost
    hold | release                  adverts stay on the way (their receivers are busy) | and arrive now
    freeze NAME | thaw NAME [lossy] the process stands still; adverts queue, or (lossy) were lost
    given COMMAND; COMMAND; ...     several at once, of which only the states that they end in are of interest

Machines have the addresses 1, 2, 3 in the order of their first start; a stranger has 100 unless it says otherwise.
Adverts come before timers of the same instant, and timers of the same instant in the order of the machines.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from hasim.units import SECOND, parse_duration
from hasim.vrrp.events import (
    AddAddresses,
    AdvertReceived,
    Effect,
    Event,
    Notify,
    PriorityMoved,
    Reload,
    RemoveAddresses,
    SendAdvert,
    SendGarps,
    Shutdown,
    Start,
    State,
    TimerExpired,
    TrackedDown,
    TrackedUp,
    Transition,
    WeightChanged,
)
from hasim.vrrp.machine import Machine, Settings
from hasim.vrrp.sync import MemberEffect, SyncGroup
from hasim.vrrp.timers import complete_advert_int

__all__ = ["VrrpNetwork"]

_NUMBERS = {"priority", "version", "down_timer_adverts", "garp_repeat", "garp_lower_prio_repeat", "address"}
_FLAGS = {"nopreempt", "higher_prio_send_advert", "lower_prio_no_advert"}
_DURATIONS = {"advert_int", "preempt_delay", "startup_delay", "garp_delay", "garp_lower_prio_delay"}
_ALL_OPTIONS = (
    _NUMBERS | _FLAGS | {"advert_int", "preempt_delay", "startup_delay", "garp_delay", "state", "down", "unknown"}
)
_MOST_DELIVERIES = 1_000
_STRANGER = 100


class VrrpNetwork:
    """Machines by name, the adverts between them, and one clock."""

    def __init__(self) -> None:
        self._now = 0
        self._machines: dict[str, Machine] = {}
        self._groups: dict[str, SyncGroup] = {}
        self._starts: dict[str, dict[str, Start]] = {}
        self._settings: dict[str, Settings] = {}
        self._cuts: set[tuple[str, str]] = set()
        self._doomed: dict[tuple[str, str], int] = {}
        self._on_the_way: deque[tuple[str, str, AdvertReceived]] = deque()
        self._holding = False
        self._queues: dict[str, list[AdvertReceived]] = {}
        self._lines: list[str] = []

    def __call__(self, command: str) -> list[str]:
        """Carry out one command; returns what happened and the state of every machine."""
        self._lines = []
        if command.startswith("given "):
            for part in command.removeprefix("given ").split(";"):
                self._carry_out(part.split())
            self._lines = []
        else:
            self._carry_out(command.split())
        return [*self._lines, *(self._state_line(name) for name in self._machines)]

    def _carry_out(self, words: list[str]) -> None:
        if len(words) > 2 and words[-2] == "at":
            self._run_until(parse_duration(words[-1]), inclusive=False)
            words = words[:-2]
        verb, *rest = words
        getattr(self, f"_do_{verb}")(rest)

    # --- commands ---------------------------------------------------------------------------------------------------

    def _do_start(self, words: list[str]) -> None:
        name, *options = words
        self._begin(name, self._configure(name, options))

    def _configure(self, name: str, options: list[str]) -> Start:
        """Remember the settings of a machine; what it knows when it starts."""
        values: dict[str, Any] = {"address": len(self._settings) + 1}
        known: dict[str, set[str]] = {"down": set(), "unknown": set()}
        options_iterator = iter(options)
        for word in options_iterator:
            if word in known:
                known[word].add(next(options_iterator))
            else:
                _set(values, word, options_iterator)
        if "advert_int_ns" in values:
            values["advert_int_ns"] = complete_advert_int(values.get("version", 2), values["advert_int_ns"])
        self._settings[name] = Settings(**values)
        return Start(frozenset(known["down"]), frozenset(known["unknown"]))

    def _do_group(self, words: list[str]) -> None:
        colon = words.index(":")
        name, *members = words[:colon]
        starts = {}
        for member in members:
            options: list[str] = []
            mine = True
            for word in words[colon + 1 :]:
                owner, prefix, option = word.rpartition(":")
                if prefix or word in _ALL_OPTIONS:
                    mine = not prefix or owner == member
                if mine:
                    options.append(option)
            starts[member] = self._configure(f"{name}/{member}", options)
        self._starts[name] = starts
        self._begin_group(name)

    def _begin_group(self, name: str) -> None:
        machines = {member: Machine(self._settings[f"{name}/{member}"], synced=True) for member in self._starts[name]}
        self._machines |= {f"{name}/{member}": machine for member, machine in machines.items()}
        self._groups[name] = SyncGroup(machines)
        self._carry_out_effects(name, self._groups[name].start(self._starts[name], self._now))
        self._deliver()

    def _do_restart(self, words: list[str]) -> None:
        if words[0] in self._groups:
            self._begin_group(words[0])
        else:
            self._begin(words[0], Start())

    def _do_kill(self, words: list[str]) -> None:
        for name in self._members(words[0]):
            del self._machines[name]

    def _do_shutdown(self, words: list[str]) -> None:
        for name in self._members(words[0]):
            self._handle(name, Shutdown())

    def _members(self, name: str) -> list[str]:
        """The machines of a group, or the one of that name."""
        return [f"{name}/{member}" for member in self._groups[name].members] if name in self._groups else [name]

    def _do_reload(self, words: list[str]) -> None:
        self._handle(words[0], Reload(int(words[2])))

    def _do_advert(self, words: list[str]) -> None:
        options = dict(zip(words[::2], words[1::2], strict=True))
        interval_ns = parse_duration(options.get("interval", "1s"))
        source = options["from"]
        address = int(options.get("address", _STRANGER))
        advert = AdvertReceived(address, int(options["priority"]), interval_ns)
        for receiver in [options["to"]] if "to" in options else list(self._machines):
            self._on_the_way.append((source, receiver, advert))
        self._deliver()

    def _do_advance(self, words: list[str]) -> None:
        until = parse_duration(words[-1])
        self._run_until(until if words[0] == "to" else self._now + until, inclusive=True)

    def _do_down(self, words: list[str]) -> None:
        name, what = words
        self._handle(name, TrackedDown(what, "link_down" if what.startswith("eth") else "track_script"))

    def _do_up(self, words: list[str]) -> None:
        self._handle(words[0], TrackedUp(words[1]))

    def _do_weight(self, words: list[str]) -> None:
        self._handle(words[0], WeightChanged(words[1], int(words[2])))

    def _do_cut(self, words: list[str]) -> None:
        one, other = words[0], words[-1]
        self._cuts.add((one, other))
        if words[1] != "to":
            self._cuts.add((other, one))

    def _do_mend(self, _words: list[str]) -> None:
        self._cuts.clear()

    def _do_lose(self, words: list[str]) -> None:
        self._doomed[(words[1], words[3])] = int(words[0])

    def _do_hold(self, _words: list[str]) -> None:
        self._holding = True

    def _do_release(self, _words: list[str]) -> None:
        self._holding = False
        self._deliver()

    def _do_freeze(self, words: list[str]) -> None:
        self._queues[words[0]] = []

    def _do_thaw(self, words: list[str]) -> None:
        name = words[0]
        queue = self._queues.pop(name)
        for advert in [] if "lossy" in words else queue:
            self._handle(name, advert)
        self._run_until(self._now, inclusive=True)

    # --- the network ------------------------------------------------------------------------------------------------

    def _begin(self, name: str, start: Start) -> None:
        self._machines[name] = Machine(self._settings[name])
        self._handle(name, start)

    def _run_until(self, until_ns: int, *, inclusive: bool) -> None:
        """Let every deadline before ``until_ns`` (or up to it) pass."""
        assert until_ns >= self._now, "time does not go back"
        last_ns = until_ns if inclusive else until_ns - 1
        while True:
            due = [(m.deadline_ns, name) for name, m in self._machines.items() if name not in self._queues]
            deadlines = [(max(at, self._now), name) for at, name in due if at is not None]
            first = min(deadlines, key=lambda item: item[0], default=None)
            if first is None or first[0] > last_ns:
                break
            self._now = first[0]
            self._handle(first[1], TimerExpired())
        self._now = until_ns

    def _handle(self, name: str, event: Event) -> None:
        group, _, member = name.rpartition("/")
        if group:
            self._carry_out_effects(group, self._groups[group].handle(member, event, self._now))
        else:
            for effect in self._machines[name].handle(event, self._now):
                self._do_effect(name, effect)
        self._deliver()

    def _carry_out_effects(self, group: str, effects: Iterable[MemberEffect]) -> None:
        for member, effect in effects:
            self._do_effect(f"{group}/{member}", effect)

    def _do_effect(self, name: str, effect: Effect) -> None:
        self._say(name, _words(effect))
        if isinstance(effect, SendAdvert):
            self._send(name, effect.priority)

    def _send(self, sender: str, priority: int) -> None:
        settings = self._settings[sender]
        advert = AdvertReceived(settings.address, priority, settings.advert_int_ns)
        for receiver in self._machines:
            relation = (sender, receiver)
            if receiver == sender or relation in self._cuts or _network(receiver) != _network(sender):
                continue
            if self._doomed.get(relation, 0):
                self._doomed[relation] -= 1
                continue
            self._on_the_way.append((sender, receiver, advert))

    def _deliver(self) -> None:
        """Hand every advert that is on the way to its receiver, in the order of sending."""
        for _ in range(_MOST_DELIVERIES):
            if self._holding or not self._on_the_way:
                return
            _sender, receiver, advert = self._on_the_way.popleft()
            if receiver in self._queues:
                self._queues[receiver].append(advert)
            elif receiver in self._machines:
                self._handle(receiver, advert)
        raise AssertionError("adverts without an end")

    # --- words ------------------------------------------------------------------------------------------------------

    def _say(self, name: str, words: str) -> None:
        self._lines.append(f"{_time(self._now)} {name} {words}")

    def _state_line(self, name: str) -> str:
        machine = self._machines[name]
        waits = {State.MASTER: "next advert at", State.BACKUP: "takes over at"}.get(machine.state, "is MASTER at")
        deadline = "waits for nothing" if machine.deadline_ns is None else f"{waits} {_time(machine.deadline_ns)}"
        frozen = ", frozen" if name in self._queues else ""
        return f"{name}: {machine.state}, priority {machine.priority}, {deadline}{frozen}"


def _network(name: str) -> str:
    """The network that a machine is on: that of its place in a group."""
    return name.rpartition("/")[2] if "/" in name else ""


def _set(values: dict[str, Any], key: str, following: Iterator[str]) -> None:
    if key in _FLAGS:
        values[key] = True
    elif key in _NUMBERS:
        values[key] = int(next(following))
    elif key in _DURATIONS:
        values[f"{key}_ns"] = parse_duration(next(following))
    elif key == "state":
        values["initial_state"] = State(next(following))
    else:
        raise ValueError(f"no such setting: {key}")


def _words(effect: Effect) -> str:
    match effect:
        case Transition(old, new, reason):
            return f"{old} -> {new} ({reason})"
        case SendAdvert(priority):
            return f"sends an advert of priority {priority}"
        case AddAddresses():
            return "adds its addresses"
        case RemoveAddresses():
            return "removes its addresses"
        case SendGarps(repeat, 0):
            return f"sends {repeat} gratuitous ARPs"
        case SendGarps(repeat, after_ns):
            return f"will send {repeat} gratuitous ARPs in {_time(after_ns)}"
        case Notify(event):
            return f"notifies {event}"
        case PriorityMoved(old_priority, new_priority):
            return f"moves its priority from {old_priority} to {new_priority}"
    raise AssertionError(effect)


def _time(time_ns: int) -> str:
    """Seconds with as many decimals as it takes: ``3.609375s``."""
    whole, rest = divmod(time_ns, SECOND)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".") + "s"
