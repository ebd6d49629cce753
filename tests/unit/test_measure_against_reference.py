"""The fast one-pass measure against the slow one of ``measure_reference``, on arbitrary record sequences."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hasim import trace as tr
from hasim.measure import measure
from tests.unit import measure_reference as reference

NAMES = ("a", "b", "c")
HOLDERS = (*NAMES, None)
ACTIONS = ("MigratePrivateIpAddress", "DetachNetworkInterface", "AttachNetworkInterface", "DescribeNetworkInterfaces")


class Sequences:
    """Draws record sequences that are consistent in themselves (old states, call numbers) and otherwise anything."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.now = 0
        self.records: list[tr.Record] = []
        self.state = dict.fromkeys(NAMES, "INIT")
        self.priority = dict.fromkeys(NAMES, 100)
        self.holder: str | None = None
        self.calls: list[tuple[int, str, str]] = []
        self.next_call = 1
        self.claims: list[str] = []
        self.is_announced = data.draw(st.booleans())

    def one_of(self, *choices):  # type: ignore[no-untyped-def]
        return self.data.draw(st.sampled_from(choices))

    def step(self) -> None:
        self.now += self.one_of(0, 0, 1, 2, 7)
        moving = [self.call, self.call, self.answer, self.end_task, self.end_task]
        if self.is_announced:
            moving = [self.claim, self.claim, self.remap, self.remap]
        self.one_of(
            self.transition, self.transition, self.power, self.prioritise, *moving, self.route, self.route,
            self.guest, self.guest, self.reach, self.reach,
        )()  # fmt: skip

    def add(self, *records: tr.Record) -> None:
        self.records.extend(records)

    def transition(self) -> None:
        name, new = self.one_of(*NAMES), self.one_of("BACKUP", "MASTER", "MASTER", "FAULT", "INIT")
        self.add(tr.StateChanged(self.now, name, self.state[name], new, self.one_of("died", "down_timer")))
        self.state[name] = new

    def power(self) -> None:
        self.add(tr.PowerChanged(self.now, self.one_of(*NAMES), self.one_of("running", "running", "frozen", "off")))

    def prioritise(self) -> None:
        name, new = self.one_of(*NAMES), self.one_of(90, 100, 110)
        self.add(tr.PriorityChanged(self.now, name, self.priority[name], new, 100))
        self.priority[name] = new

    def call(self) -> None:
        name, action = self.one_of(*NAMES), self.one_of(*ACTIONS)
        self.add(tr.ApiCalled(self.now, name, 1, self.next_call, action))
        self.calls.append((self.next_call, name, action))
        self.next_call += 1

    def answer(self) -> None:
        if self.calls:
            call, name, action = self.one_of(*self.calls)
            if not any(isinstance(record, tr.ApiAnswered) and record.call == call for record in self.records):
                code = self.one_of("OK", "OK", "ClientTimeout")
                self.add(tr.ApiAnswered(self.now, name, 1, call, action, code))

    def end_task(self) -> None:
        if not self.calls:
            return
        task = self.one_of(*self.calls)
        call, name, action = task
        if not action.startswith(reference.MOVING):
            return
        self.calls.remove(task)
        result = self.one_of("SUCCESS", "SUCCESS", "FAILED")
        holder = self.holder
        if result == "SUCCESS":
            holder = None if action.startswith("Detach") else name
        ended = tr.TaskEnded(self.now, call, action, result, holder)
        held = [tr.AddressHeld(self.now, holder)] if holder != self.holder else []
        self.add(*((ended, *held) if self.one_of(True, False) else (*held, ended)))
        self.holder = holder

    def claim(self) -> None:
        name = self.one_of(*NAMES)
        if name != (self.claims or [self.holder])[-1]:
            self.add(tr.AddressClaimed(self.now, name))
            self.claims.append(name)

    def remap(self) -> None:
        if self.claims:
            self.holder = self.claims.pop(0)
            self.add(tr.AddressHeld(self.now, self.holder))

    def route(self) -> None:
        self.add(tr.AddressRouted(self.now, self.one_of(*HOLDERS)))

    def guest(self) -> None:
        self.add(tr.GuestAddressChanged(self.now, self.one_of(*NAMES), self.one_of(True, True, False)))

    def reach(self) -> None:
        server = self.one_of(*HOLDERS, None)
        self.add(tr.ReachabilityChanged(self.now, server, "" if server else self.one_of("route", "guest")))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data(), st.integers(1, 40), st.integers(0, 5))
def test_measures_what_the_definitions_say(data: st.DataObject, steps: int, tail: int) -> None:
    sequences = Sequences(data)
    for _ in range(steps):
        sequences.step()
    records, horizon = sequences.records, sequences.now + tail
    outcome = measure(tr.Trace("random", "", 1, 0, horizon, tuple(records)))
    measured = [
        (outage.start_ns, outage.end_ns, outage.missing, outage.began_on, outage.ended_on, outage.phases_ns)
        for outage in outcome.outages
    ]
    assert measured == reference.outages(records, horizon)
    assert (outcome.dual_master_ns, outcome.wrong_instance_ns, outcome.black_hole_ns) == reference.overlaps(
        records, horizon
    )
    assert outcome.downtime_ns == sum(outage.duration_ns for outage in outcome.outages)
    for outage in outcome.outages:
        assert sum(outage.phases_ns) == outage.duration_ns
        assert min(outage.phases_ns) >= 0
        assert len(outage.phases_ns) == 8
    assert sum(sum(codes.values()) for codes in outcome.api_calls.values()) == sequences.next_call - 1
