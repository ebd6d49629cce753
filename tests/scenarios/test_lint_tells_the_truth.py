"""Where lint says that something will happen, the simulator does it; where it is repaired, neither speaks nor happens.

Every case is a scenario that differs from a sound one by a few lines, the repair of these lines, and what the finding
says will happen, looked for in the runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from hasim.keepalived.lint import RULES
from hasim.measure import RunOutcome, measure
from hasim.scenario.linting import SCENARIO_RULES, lint_scenario
from hasim.scenario.linting.reference import NOT_IN_SCENARIOS
from hasim.scenario.loading import parse
from hasim.scenario.resolve import resolve
from hasim.sim import simulate
from hasim.trace import (
    AddressHeld,
    ApiCalled,
    CheckChanged,
    FaultBegan,
    NotifyEnded,
    NotifyStarted,
    PriorityChanged,
    StateChanged,
    Trace,
)
from hasim.units import SECOND

INCIDENTS = Path(__file__).parents[2] / "scenarios" / "incidents"
SOUND = """
horizon: 5min
zones: [z1]
vpc: {cidr: 10.0.0.0/16}
subnets: {service: {cidr: 10.0.1.0/24}}
instances:
  a: {address: 10.0.1.11, vrrp: {priority: 150}}
  b: {address: 10.0.1.12, vrrp: {priority: 100}}
initial_master: a
floating: {address: 10.0.1.100, mechanism: secondary_ip}
vrrp: {higher_prio_send_advert: true}
notify: {call_timeout: 3s, tries: 30, reclaim_interval: 10s}
"""
CRASH = "faults: [{kind: crash, target: a, at: 100s}]\n"
BROKEN_SERVICE = "faults: [{kind: service_failure, target: a, at: 100s}]\n"
PARTITION = "faults: [{kind: partition, between: a, and: b, at: 100s, duration: 40s}]\n"
BLINK = "faults: [{kind: partition, between: a, and: b, at: 100s, duration: {uniform: {low: 4s, high: 6s}}}]\n"
CHECK = "vrrp: {track_scripts: {check: {check: service, interval: 1s, weight: %s}}}\n"
DRAIN = "faults: [{kind: file_write, target: a, file: drain, value: -10, at: 100s}]\n"
FILE = "vrrp: {track_files: {drain: {weight: %s}}}\n"
FREEZE = "faults: [{kind: freeze, target: a, at: 100s, duration: {uniform: {low: 20s, high: 21s}}}]\n"
ONLY_BY_ADVERT = "notify: {reclaim_interval: null, notify_master_rx_lower_pri: true}\n"
THREE = """
instances:
  a: {vrrp: {priority: 101}}
  b: {vrrp: {priority: 100}}
  c: {address: 10.0.1.13, vrrp: {priority: %s}}
"""


@dataclass(frozen=True)
class Run:
    """One replication."""

    trace: Trace
    outcome: RunOutcome

    @property
    def is_down(self) -> bool:
        """Whether the service is gone when the run ends."""
        return any(outage.resolution == "unresolved" for outage in self.outcome.outages)

    @property
    def has_two_masters(self) -> bool:
        """Whether two were MASTER for seconds: longer than the election after a repair takes."""
        return self.outcome.dual_master_ns > 10 * SECOND

    @property
    def stranded(self) -> bool:
        """Whether the address is with somebody who is not MASTER, and stays there."""
        return self.is_down and self.holder not in self.masters

    @property
    def holder(self) -> str | None:
        return [record.holder for record in self.trace.records if isinstance(record, AddressHeld)][-1]

    @property
    def masters(self) -> set[str]:
        states = {r.instance: r.new for r in self.trace.records if isinstance(r, StateChanged)}
        return {name for name, state in states.items() if state == "MASTER"}

    @property
    def faults_at(self) -> list[int]:
        return [record.at for record in self.trace.records if isinstance(record, FaultBegan)]

    @property
    def fault_at(self) -> int:
        return self.faults_at[0]

    def noticed_after(self, fault_at: int) -> int:
        """How long after that fault somebody became MASTER."""
        return next(r.at - fault_at for r in self.elections if r.at > fault_at)

    @property
    def elections(self) -> list[StateChanged]:
        return [r for r in self.trace.records if isinstance(r, StateChanged) and r.new == "MASTER" and r.at]

    def became_master(self, name: str) -> list[int]:
        """How long after the fault ``name`` became MASTER, each time."""
        return [
            record.at - self.fault_at
            for record in self.trace.records
            if isinstance(record, StateChanged) and record.instance == name and record.new == "MASTER" and record.at
        ]


@dataclass(frozen=True)
class Case:
    """``broken`` and ``repaired`` are laid over the sound scenario, after ``given``. ``by_chance``: it happens in some
    runs, not in all."""

    rule: str
    given: str
    broken: str
    repaired: str
    happens: Callable[[Run], bool]
    by_chance: bool = False


def _stays_down(run: Run) -> bool:
    return run.is_down and run.masters == {"a"}


def _stays_master(run: Run) -> bool:
    return not run.elections


def _two_masters(run: Run) -> bool:
    return run.has_two_masters


def _stranded(run: Run) -> bool:
    return run.stranded


def _down_for_good(run: Run) -> bool:
    return run.is_down


def _comes_back(run: Run) -> bool:
    return bool(run.became_master("a"))


def _both_backups_fire(run: Run) -> bool:
    times = [time_ns for name in "bc" for time_ns in run.became_master(name)]
    return len(times) > 1 and max(times) - min(times) < SECOND


def _misses_20_s(run: Run) -> bool:
    return any(outage.duration_ns > 20 * SECOND for outage in run.outcome.outages)


def _noticed_after_20_s(run: Run) -> bool:
    return min(run.became_master("b")) > 20 * SECOND


def _noticed_after_5_s(run: Run) -> bool:
    failed = [record.at for record in run.trace.records if isinstance(record, CheckChanged) and not record.healthy]
    return failed[0] - run.fault_at >= 5 * SECOND


def _loses_less_than_its_weight(run: Run) -> bool:
    changes = [record for record in run.trace.records if isinstance(record, PriorityChanged) and record.at]
    return changes[0].old - changes[0].new < 101


def _killed_on_stop(run: Run) -> bool:
    stopped = {record.run for record in run.trace.records if getattr(record, "event", "") == "STOP"}
    ended = [record for record in run.trace.records if isinstance(record, NotifyEnded) and record.run in stopped]
    return any(record.outcome == "killed" for record in ended)


def _both_backups_take_over(run: Run) -> bool:
    return bool(run.became_master("b")) and bool(run.became_master("c"))


def _taken_by_the_one_that_boots(run: Run) -> bool:
    return run.masters == {"b"}


def _stays_where_it_went(run: Run) -> bool:
    return run.masters == {"b"} and not run.is_down


def _noticed_after_2_s(run: Run) -> bool:
    return run.noticed_after(run.fault_at) > 2 * SECOND


def _depends_on_who_fails(run: Run) -> bool:
    first, second = (run.noticed_after(at) for at in run.faults_at)
    return second > 2 * first


def _second_fault_noticed_after_20_s(run: Run) -> bool:
    return run.noticed_after(run.faults_at[1]) > 20 * SECOND


def _lowest_takes_over(run: Run) -> bool:
    return run.elections[0].instance == "c"


def _scripts_side_by_side(run: Run) -> bool:
    """Whether one instance runs two scripts at once for two states."""
    ended = {record.run: record.at for record in run.trace.records if isinstance(record, NotifyEnded)}
    started = [record for record in run.trace.records if isinstance(record, NotifyStarted)]
    return any(
        one.instance == other.instance and one.at <= other.at < ended.get(one.run, run.trace.horizon_ns)
        for one in started
        for other in started
        if one.run < other.run
    )


def _calls_nothing(run: Run) -> bool:
    return not any(isinstance(record, NotifyStarted | ApiCalled) for record in run.trace.records)


def _keeps_its_priority(run: Run) -> bool:
    return not any(isinstance(record, PriorityChanged) for record in run.trace.records)


def _strikes_once(run: Run) -> bool:
    return len(run.faults_at) == 1


_STOP = "faults: [{kind: keepalived_stop, target: a, at: 100s}]\ncontrol_plane: {accept: 100ms}\n"
_OBJECTIVE = "slo: {failover: {p99: 20s}}\n"
_API_HICCUP = "faults: [{kind: crash, target: a, at: 100s}, {kind: api_outage, at: 99s, duration: 15s}]\n"
_REBOOTS = "faults: [{kind: crash, target: %s, at: 100s, duration: 30s}]\nguest: {boot: 20s, network_ready: %s}\n"
_EQUAL = "instances: {a: {vrrp: {priority: 100}}, b: {vrrp: {priority: 100}}}\n"
_ONE_AFTER_THE_OTHER = """
vrrp: {version: 3, nopreempt: true}
faults: [{kind: crash, target: a, at: 100s, duration: 10s}, {kind: keepalived_kill, target: b, at: 250s}]
"""
_ROLLING_RESTART = """
faults: [{kind: keepalived_stop, target: b, at: 100s, duration: 5s}, {kind: crash, target: a, at: 110s}]
"""
_LAN = """
subnets: {{lan: {{cidr: 10.0.2.0/24}}}}
instances:
  {name}:
    subnet: service
    interfaces: {{lan: {{subnet: lan}}}}
    vrrp: {{sync_group: {{inner: {{interface: lan, priority: {priority}}}}}}}
"""
_OFTEN = "faults: [{kind: freeze, target: b, time_to_failure: {uniform: {low: 30s, high: 60s}}%s}]\n"
_GROUP = "instances: {a: {security_groups: g}, b: {security_groups: g}}\n"

CASES = (
    Case("never-fails-over", BROKEN_SERVICE, CHECK % -2, CHECK % -60, _stays_down),
    Case("never-fails-over", BROKEN_SERVICE, CHECK % 40, CHECK % 60, _stays_down),
    Case("never-fails-over", DRAIN, FILE % 2, FILE % 6, _stays_master),
    Case("weight-with-nopreempt", BROKEN_SERVICE + "vrrp: {nopreempt: true}\n", CHECK % -60, CHECK % 0, _stays_down),
    Case("weight-with-nopreempt", DRAIN + "vrrp: {nopreempt: true}\n", FILE % 6, FILE % 0, _stays_master),
    Case("address-not-accepted", "", "vrrp: {accept: false}\n", "vrrp: {accept: true}\n", _down_for_good),
    Case("address-not-accepted", CRASH, "instances: {b: {vrrp: {accept: false}}}", "", _down_for_good),
    Case(
        "nopreempt-without-effect",
        "faults: [{kind: crash, target: a, at: 100s, duration: 30s}]\nvrrp: {nopreempt: true}\n",
        "instances: {a: {vrrp: {state: MASTER}}}",
        "instances: {a: {vrrp: {state: BACKUP}}}",
        _comes_back,
    ),
    Case("equal-priorities", CRASH, THREE % 100, THREE % 50, _both_backups_fire, by_chance=True),
    Case("close-priorities", CRASH, THREE % 99, THREE % 50, _both_backups_take_over, by_chance=True),
    Case(
        "two-owners",
        _REBOOTS % ("b", "0s") + "instances: {a: {vrrp: {priority: 255}}}\nvrrp: {state: MASTER}\n",
        "instances: {b: {vrrp: {priority: 255}}}",
        "instances: {b: {vrrp: {priority: 100}}}",
        _taken_by_the_one_that_boots,
    ),
    Case(
        "sync-group-divided",
        _REBOOTS % ("a", "0s") + _LAN.format(name="a", priority=150),
        _LAN.format(name="b", priority=200),
        _LAN.format(name="b", priority=100),
        _stays_where_it_went,
    ),
    Case(
        "startup-race",
        _REBOOTS % ("b", "20s") + _EQUAL,
        "vrrp: {nopreempt: true, startup_delay: 0s}",
        "vrrp: {nopreempt: true, startup_delay: 30s}",
        _taken_by_the_one_that_boots,
    ),
    Case(
        "priority-clamped",
        BROKEN_SERVICE + CHECK % 101,
        "instances: {a: {vrrp: {priority: 200}}}",
        "instances: {a: {vrrp: {priority: 140}}}",
        _loses_less_than_its_weight,
    ),
    Case(
        "slow-detection", CRASH + _OBJECTIVE, "vrrp: {advert_int: 10s}", "vrrp: {advert_int: 1s}", _noticed_after_20_s
    ),
    Case(
        "startup-delay-beyond-objective",
        _ROLLING_RESTART + _OBJECTIVE,
        "vrrp: {startup_delay: 60s}",
        "vrrp: {startup_delay: 4s}",
        _second_fault_noticed_after_20_s,
    ),
    Case("version-differs", "", "instances: {b: {vrrp: {version: 3}}}", "vrrp: {version: 3}", _two_masters),
    Case(
        "router-id-differs",
        "",
        "instances: {b: {vrrp: {virtual_router_id: 9}}}",
        "vrrp: {virtual_router_id: 9}",
        _two_masters,
    ),
    Case(
        "authentication-differs",
        "vrrp: {authentication: {auth_pass: secret12}}\n",
        "instances: {b: {vrrp: {authentication: {auth_pass: secret21}}}}",
        "instances: {b: {vrrp: {authentication: {auth_pass: secret12}}}}",
        _two_masters,
    ),
    Case(
        "addresses-differ",
        "",
        "instances: {b: {vrrp: {virtual_ipaddress: [10.0.1.100, 10.0.1.101]}}}",
        "vrrp: {virtual_ipaddress: [10.0.1.101, 10.0.1.100]}",
        _two_masters,
    ),
    Case(
        "advert-int-differs-v2",
        "",
        "instances: {b: {vrrp: {advert_int: 2s}}}",
        "vrrp: {advert_int: 2s}",
        _two_masters,
    ),
    Case(
        "advert-int-differs-v3",
        _ONE_AFTER_THE_OTHER,
        "instances: {b: {vrrp: {advert_int: 4s}}}",
        "vrrp: {advert_int: 1s}",
        _depends_on_who_fails,
    ),
    Case(
        "advert-int-rounded",
        CRASH + "vrrp: {advert_int: 100ms}\n",
        "vrrp: {version: 2}",
        "vrrp: {version: 3}",
        _noticed_after_2_s,
    ),
    Case(
        "down-timer-differs",
        CRASH + THREE % 50,
        "instances: {b: {vrrp: {down_timer_adverts: 6}}}",
        "vrrp: {down_timer_adverts: 6}",
        _lowest_takes_over,
    ),
    Case(
        "transport-differs",
        "vpc: {multicast: true}\n",
        "instances: {b: {vrrp: {transport: multicast}}}",
        "vrrp: {transport: multicast}",
        _two_masters,
    ),
    Case(
        "multicast-group-differs",
        "vpc: {multicast: true}\nvrrp: {transport: multicast}\n",
        "instances: {b: {vrrp: {multicast_group: 224.0.0.99}}}",
        "vrrp: {multicast_group: 224.0.0.99}",
        _two_masters,
    ),
    Case(
        "peer-missing",
        THREE % 50,
        "instances: {a: {vrrp: {peers: [b]}}}",
        "instances: {a: {vrrp: {peers: [b, c]}}}",
        _two_masters,
    ),
    Case(
        "multicast-not-carried",
        "vrrp: {transport: multicast}\n",
        "vpc: {multicast: false}",
        "vpc: {multicast: true}",
        _two_masters,
    ),
    Case(
        "vrrp-blocked",
        _GROUP,
        "security_groups: {g: {ingress: [{protocol: icmp}, {protocol: tcp}]}}",
        "security_groups: {g: {ingress: [{protocol: vrrp, peer: 10.0.1.0/24}, {protocol: tcp}]}}",
        _two_masters,
    ),
    Case(
        "timeout-beyond-interval",
        "faults: [{kind: service_failure, target: a, at: 100s, hangs: true}]\n" + CHECK % 0,
        "vrrp: {track_scripts: {check: {timeout: 5s}}}",
        "vrrp: {track_scripts: {check: {timeout: 1s}}}",
        _noticed_after_5_s,
    ),
    Case("stranded-address", PARTITION, "notify: {reclaim_interval: null}", "", _stranded),
    Case(
        "reclaim-by-advert-only",
        PARTITION + ONLY_BY_ADVERT,
        "vrrp: {higher_prio_send_advert: false}",
        "vrrp: {higher_prio_send_advert: true}",
        _stranded,
        by_chance=True,
    ),
    Case(
        "told-too-soon",
        BLINK + ONLY_BY_ADVERT,
        "notify: {notify_master_rx_lower_pri: true}",
        "notify: {reclaim_interval: 10s}",
        _stranded,
        by_chance=True,
    ),
    Case(
        "scripts-out-of-order",
        BLINK + "notify: {release_on_backup: true, sleep_before: 5s}\n",
        "notify: {fifo: false}",
        "notify: {fifo: true}",
        _scripts_side_by_side,
    ),
    Case(
        "stop-script-killed",
        _STOP + "notify: {release_on_backup: true}\n",
        "notify: {start_up: 100ms, wait_for_task: true}",
        "notify: {start_up: 100ms, wait_for_task: false}",
        _killed_on_stop,
    ),
    Case(
        "waits-for-what-it-starts",
        CRASH + CHECK % 0 + "service: {start_up: 100ms}\n",
        "service: {on_master_only: true}",
        "service: {on_master_only: false}",
        _down_for_good,
    ),
    Case(
        "unanswered-means-held",
        _API_HICCUP + "notify: {reclaim_interval: null}\n",
        "notify: {unanswered_means_held: true}",
        "notify: {unanswered_means_held: false}",
        _stranded,
    ),
    Case(
        "call-timeout-beyond-objective",
        "faults: [{kind: crash, target: a, at: 100s}, {kind: api_outage, at: 99s, duration: 6s}]\n"
        "control_plane: {actions: {MigratePrivateIpAddress: {task: 2s}}}\n" + _OBJECTIVE,
        "notify: {call_timeout: 60s}",
        "notify: {call_timeout: 2s}",
        _misses_20_s,
    ),
    Case(
        "setting-without-effect",
        CRASH,
        "floating: {mechanism: havip}",
        "floating: {mechanism: secondary_ip}",
        _calls_nothing,
    ),
    Case(
        "setting-without-effect",
        "",
        "faults: [{kind: keepalived_reload, target: a, at: 100s, duration: 20s}]",
        "faults: [{kind: keepalived_reload, target: a, at: 100s, duration: 20s, priority: 120}]",
        _keeps_its_priority,
    ),
    Case("strikes-once", "", _OFTEN % "", _OFTEN % ", duration: 10s", _strikes_once),
)


def laid_over(below: Any, above: Any) -> Any:
    """``above`` over ``below``, mappings key by key."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return {**below, **{key: laid_over(below.get(key), value) for key, value in above.items()}}
    return above


@cache
def text_of(*changes: str) -> str:
    """The sound scenario with changes, block by block: a block may name keys of the one before it."""
    data: Any = yaml.safe_load(SOUND)
    for change in changes:
        data = laid_over(data, yaml.safe_load(change) or {})
    return yaml.safe_dump(data, sort_keys=False)


def blocks(text: str) -> list[str]:
    """The top-level keys of a text, each by itself, so that a key may stand twice."""
    found: list[str] = []
    for line in text.splitlines():
        if line[:1].strip():
            found.append(line)
        elif line:
            found[-1] += "\n" + line
    return found


def spoken(text: str) -> set[str]:
    """The rules that speak about a scenario."""
    return {finding.rule for finding in lint_scenario(parse(text, "case.yaml"), Path())}


def runs(text: str, count: int) -> list[Run]:
    scenario = resolve(parse(text, "case.yaml"), directory=Path())
    traces = [simulate(scenario, seed=1, replication=replication) for replication in range(count)]
    return [Run(trace, measure(trace)) for trace in traces]


def name_of(case: Case) -> str:
    return f"{case.rule}-{CASES.index(case)}"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_what_lint_says_happens(case: Case) -> None:
    text = text_of(*blocks(case.given), *blocks(case.broken))
    assert case.rule in spoken(text)
    happened = [case.happens(run) for run in runs(text, 24 if case.by_chance else 6)]
    assert any(happened) if case.by_chance else all(happened)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_what_is_repaired_does_not_happen(case: Case) -> None:
    text = text_of(*blocks(case.given), *blocks(case.repaired))
    assert case.rule not in spoken(text)
    assert not any(case.happens(run) for run in runs(text, 24 if case.by_chance else 6))


def test_nothing_is_said_about_a_sound_scenario() -> None:
    assert spoken(text_of()) == set()


def test_every_rule_that_looks_at_scenarios_is_held_against_the_simulator() -> None:
    rules = ({rule.name for rule in RULES} | {rule.name for rule in SCENARIO_RULES}) - NOT_IN_SCENARIOS
    assert rules == {case.rule for case in CASES}


def test_two_in_five_heals_are_silent_when_only_an_advert_tells() -> None:
    text = text_of(*blocks(PARTITION), ONLY_BY_ADVERT, "vrrp: {higher_prio_send_advert: false}")
    stranded = sum(run.stranded for run in runs(text, 60))
    assert 12 <= stranded <= 36  # 0.39 of 60 heals (keepalived.md B7), four standard deviations either way


def test_no_freeze_that_lost_packets_is_repaired_when_only_an_advert_tells() -> None:
    text = text_of(FREEZE, ONLY_BY_ADVERT, "vrrp: {higher_prio_send_advert: false}")
    assert "reclaim-by-advert-only" in spoken(text)
    assert all(run.stranded for run in runs(text, 15))


def test_a_usurper_that_speaks_before_it_yields_repairs_freezes_too() -> None:
    text = text_of(FREEZE, ONLY_BY_ADVERT, "vrrp: {higher_prio_send_advert: true}")
    assert "reclaim-by-advert-only" not in spoken(text)
    assert sum(run.stranded for run in runs(text, 60)) <= 3  # those that were told too soon


@pytest.mark.parametrize(
    ("incident", "rule"),
    [
        ("01-stranded-address", "stranded-address"),
        ("02-never-fails-over", "never-fails-over"),
        ("02-never-fails-over", "weight-with-nopreempt"),
        ("03-wrong-sign", "never-fails-over"),
        ("04-equal-backups", "equal-priorities"),
        ("10-already-hold-it", "unanswered-means-held"),
    ],
)
def test_incidents_are_foreseen_and_their_remedies_accepted(incident: str, rule: str) -> None:
    def rules(path: Path) -> set[str]:
        return {finding.rule for finding in lint_scenario(parse(path.read_text("utf-8"), str(path)), path.parent)}

    assert rule in rules(INCIDENTS / f"{incident}.yaml")
    remedies = sorted(INCIDENTS.glob(f"{incident}.remedy*.yaml"))
    assert remedies
    assert not any(rule in rules(path) for path in remedies)
