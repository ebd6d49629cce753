"""Random scenarios for property tests: small topologies in which everything that can be random is.

``scenarios()`` draws the text of a scenario file; whatever it draws must load. Times are short (a quarter of an
hour), so that explicit heartbeats stay affordable, and faults are frequent, so that they meet.
"""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

__all__ = ["scenarios", "with_faults"]

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HORIZON_S = 900
_NAMES = ("a", "b", "c")

_milliseconds = st.integers(0, 3_000).map(lambda ms: f"{ms}ms")
_short = st.one_of(
    _milliseconds,
    st.builds(lambda ms: {"uniform": {"low": f"{ms}ms", "high": f"{ms * 3 + 1}ms"}}, st.integers(0, 2_000)),
    st.builds(lambda ms: {"exponential": {"mean": f"{ms}ms"}}, st.integers(1, 2_000)),
    st.builds(lambda ms: {"lognormal": {"median": f"{ms}ms", "p95": f"{ms * 4}ms"}}, st.integers(1, 1_000)),
)
_repair = st.one_of(
    st.integers(1, 120_000).map(lambda ms: f"{ms}ms"),
    st.builds(lambda s: {"exponential": {"mean": f"{s}s"}}, st.integers(1, 60)),
)


def _time(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        timing: dict[str, Any] = {"at": f"{draw(st.integers(0, _HORIZON_S * 1000 - 1))}ms"}
    else:
        timing = {"time_to_failure": {"exponential": {"mean": f"{draw(st.integers(30, 600))}s"}}}
    return timing | {"duration": draw(_repair)}


@st.composite
def _fault(draw: st.DrawFn, names: tuple[str, ...]) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(
            [
                "crash",
                "stop",
                "freeze",
                "keepalived_kill",
                "keepalived_stop",
                "keepalived_reload",
                "service_failure",
                "process_kill",
                "file_write",
                "link_down",
                "partition",
                "one_way_partition",
                "loss",
                "latency",
                "zone_outage",
                "api_outage",
                "api_slowdown",
                "api_throttle",
                "api_errors",
                "api_stuck_tasks",
                "api_failed_tasks",
            ]
        )
    )
    one, other = draw(st.permutations(names))[:2]
    specific: dict[str, Any] = {}
    match kind:
        case "keepalived_kill":
            specific = {"target": one, "process": draw(st.sampled_from(["all", "child", "parent"]))}
        case "keepalived_reload":
            specific = {"target": one, "priority": draw(st.sampled_from([50, 120, 200]))}
        case "freeze":
            specific = {"target": one, "packets_queued": draw(st.booleans())}
        case "partition":
            specific = {"between": one, "and": draw(st.sampled_from([other, "clients", "api"]))}
        case "one_way_partition":
            specific = {"from": one, "to": other}
        case "loss":
            specific = {"between": one, "and": other, "probability": f"{draw(st.integers(1, 60))}%"}
        case "latency":
            specific = {"between": one, "and": other, "extra": draw(_short)}
        case "zone_outage":
            specific = {"target": "z"}
        case "api_slowdown":
            specific = {"factor": draw(st.integers(1, 20))}
        case "api_throttle":
            specific = {"rate_per_second": draw(st.integers(0, 2))}
        case "api_errors" | "api_failed_tasks":
            specific = {"probability": f"{draw(st.integers(1, 100))}%"}
        case "process_kill":
            specific = {"target": one, "process": "server", "count": draw(st.sampled_from([1, 2]))}
        case "file_write":
            specific = {"target": one, "file": "maintenance", "value": draw(st.integers(-300, 300))}
        case "api_outage" | "api_stuck_tasks":
            specific = {}
        case _:
            specific = {"target": one}
    return {"kind": kind, **specific, **_time(draw)}


@st.composite
def _vrrp(draw: st.DrawFn) -> dict[str, Any]:
    version = draw(st.sampled_from([2, 3]))
    interval = draw(st.sampled_from(["1s", "2s"] if version == 2 else ["100ms", "330ms", "1s"]))
    vrrp: dict[str, Any] = {
        "version": version,
        "advert_int": interval,
        "nopreempt": draw(st.booleans()),
        "preempt_delay": draw(st.sampled_from(["0", "0", "5s"])),
        "startup_delay": draw(st.sampled_from(["0", "0", "3s"])),
        "down_timer_adverts": draw(st.sampled_from([3, 3, 2, 5])),
        "higher_prio_send_advert": draw(st.booleans()),
        "lower_prio_no_advert": draw(st.booleans()),
    }
    if draw(st.booleans()):
        vrrp["native_ipv6"], vrrp["version"] = True, 3
        if version == 2:
            vrrp["advert_int"] = "1s"
    if draw(st.sampled_from([True, False, False])):
        vrrp["sync_group"] = {"inside": draw(_member(vrrp))}
    is_alone = "sync_group" not in vrrp
    if draw(st.booleans()):
        weight = draw(st.sampled_from([0, 0, -60, 30])) if is_alone else 0
        run_time = draw(st.sampled_from(["0", "10ms", {"exponential": {"mean": "200ms"}}]))
        script = {"interval": draw(st.sampled_from(["1s", "2s", "700ms"])), "rise": 2, "fall": 2}
        script["check"] = draw(st.sampled_from(["service", "api"]))
        script |= {"reverse": bool(weight) and draw(st.booleans()), "timeout": draw(st.sampled_from(["500ms", "3s"]))}
        vrrp["track_scripts"] = {"check": {**script, "weight": weight, "run_time": run_time}}
    vrrp["track_processes"] = {"server": draw(_process())}
    vrrp["track_files"] = {"maintenance": draw(_file(is_alone))}
    if is_alone and draw(st.booleans()):
        vrrp["track_interface"] = {"eth1": {"weight": draw(st.sampled_from([-60, 40])), "reverse": draw(st.booleans())}}
    vrrp["garp_master_repeat"] = draw(st.sampled_from([5, 1]))
    vrrp["garp_master_delay"] = draw(st.sampled_from(["5s", "1s", "0"]))
    vrrp["garp_interval"] = draw(st.sampled_from(["0", "0", "20ms"]))
    if draw(st.booleans()):
        vrrp["garp_master_refresh"] = draw(st.sampled_from(["5s", "700ms"]))
    return vrrp


@st.composite
def _member(draw: st.DrawFn, around: dict[str, Any]) -> dict[str, Any]:
    """A further VRRP instance in the sync group, alike or not."""
    member: dict[str, Any] = {"interface": "eth1", "virtual_router_id": 52}
    if draw(st.booleans()):
        member["advert_int"] = draw(st.sampled_from(["1s", "2s"] if around["version"] == 2 else ["330ms", "1s"]))
    if draw(st.booleans()):
        member["nopreempt"] = draw(st.booleans())
    return member


@st.composite
def _process(draw: st.DrawFn) -> dict[str, Any]:
    process = {"quorum": draw(st.integers(1, 2)), "count": 2, "weight": draw(st.sampled_from([0, 0, -60]))}
    return process | {name: draw(_milliseconds) for name in ("fork_delay", "terminate_delay")}


@st.composite
def _file(draw: st.DrawFn, may_have_weight: bool) -> dict[str, Any]:
    weight = draw(st.sampled_from([1, 2, -1])) if may_have_weight else 0
    overwrites = draw(st.booleans())
    return {"weight": weight, "init_overwrite": overwrites, **({"init_file": 0} if draw(st.booleans()) else {})}


_MECHANISMS: tuple[dict[str, Any], ...] = (
    {"mechanism": "secondary_ip", "method": "migrate"},
    {"mechanism": "secondary_ip", "method": "reassign"},
    {"mechanism": "eni", "method": "migrate"},
    {"mechanism": "eni", "method": "reattach"},
    {"mechanism": "eip"},
    {"mechanism": "havip"},
)


@st.composite
def _floating(draw: st.DrawFn) -> dict[str, Any]:
    floating = dict(draw(st.sampled_from(_MECHANISMS)))
    if floating["mechanism"] == "eip":
        return floating
    if floating["mechanism"] == "havip":
        floating["other_havips"] = draw(st.sampled_from([0, 0, 4, 9]))
    return {"address": "10.0.1.100", **floating, "eip": draw(st.booleans())}


_SERVICES: tuple[dict[str, Any], ...] = ({}, {"on_master_only": True}, {"process": "server"})


@st.composite
def scenarios(draw: st.DrawFn) -> str:
    """The text of a random scenario file."""
    names = _NAMES[: draw(st.integers(2, 3))]
    priorities = draw(st.sampled_from([(150, 100, 50), (100, 100, 100), (255, 100, 100), (150, 140, 140)]))
    lossy = draw(st.booleans())
    notify = {
        "start_up": draw(_short),
        "tries": draw(st.integers(1, 5)),
        "retry_delay": "1s",
        "call_timeout": draw(st.sampled_from(["300ms", "5s", "60s"])),
        "check_first": draw(st.booleans()),
        "unanswered_means_held": draw(st.booleans()),
        "reread_state": draw(st.booleans()),
        "wait_for_task": draw(st.booleans()),
        "notify_master_rx_lower_pri": draw(st.booleans()),
        "release_on_backup": draw(st.booleans()),
        "retry_jitter": draw(st.sampled_from(["0%", "50%"])),
        "reread_after": draw(st.booleans()),
        "sleep_before_release": draw(_milliseconds),
        "fifo": draw(st.booleans()),
    }
    if draw(st.booleans()):
        notify["reclaim_interval"] = draw(st.sampled_from(["5s", "30s"]))
    document = {
        "horizon": f"{_HORIZON_S}s",
        "zones": ["z"],
        "vpc": {"cidr": "10.0.0.0/16"},
        "subnets": {"service": {"cidr": "10.0.1.0/24"}, "back": {"cidr": "10.0.2.0/24"}},
        "instances": {
            name: {
                "cpu": 4,
                "memory": "8GB",
                "subnet": "service",
                "address": f"10.0.1.{11 + index}",
                "interfaces": {"eth1": {"subnet": "back", "address": f"10.0.2.{11 + index}"}},
                "vrrp": {"priority": priorities[index]},
            }
            for index, name in enumerate(names)
        },
        "floating": draw(_floating()),
        "vrrp": draw(_vrrp()),
        "notify": notify,
        "guest": {"boot": draw(_short), "network_ready": draw(st.sampled_from(["0", "0", "6s"]))},
        "service": {"start_up": draw(_short), **draw(st.sampled_from(_SERVICES))},
        "daemon": {"receive_buffer": 8320}
        | draw(
            st.sampled_from(
                [
                    {},
                    dict.fromkeys(
                        ("start_up", "timer_latency", "take_over", "busy", "advert_drift", "preempt_lag"), "0"
                    ),
                ]
            )
        ),
        "network": {
            "within_zone": {
                "latency": draw(st.sampled_from(["0", "200us", "20ms"])),
                "jitter": draw(st.sampled_from(["0", {"exponential": {"mean": "50us"}, "max": "5ms"}])),
                "loss": f"{draw(st.integers(1, 40))}%" if lossy else "0%",
            }
        },
        "control_plane": {
            "error_rate": draw(st.sampled_from(["0%", "20%"])),
            "task_failure_rate": "5%",
            "havip_remap": draw(_short),
            "garp_rate_limit": draw(st.sampled_from([5, 1, 20])),
        },
        "faults": draw(st.lists(_fault(names), max_size=5)),
    }
    return str(yaml.dump(document, Dumper=_DUMPER, sort_keys=False))


def with_faults(text: str, kind: str, **changes: dict[str, Any]) -> str:
    """The scenario with more faults, of a kind that clients feel: on every instance again and again; ``changes`` are
    values of its sections."""
    document = yaml.load(text, Loader=_LOADER)
    names = list(document["instances"])
    of_a_kind = {
        "zone_outage": {"target": "z"},
        "api_outage": {},
        "process_kill": {"target": names, "process": "server"},
        "file_write": {"target": names, "file": "maintenance", "value": -254},
        "keepalived_reload": {"target": names, "priority": 120},
    }
    aim = of_a_kind.get(kind, {"target": names})
    aims = [{"between": name, "and": "clients"} for name in names] if kind == "partition" else [aim]
    if kind == "one_way_partition":
        aims = [{"from": "clients", "to": names[0]}, {"from": names[1], "to": "clients"}]
    often = {"time_to_failure": {"exponential": {"mean": "150s"}}, "duration": {"exponential": {"mean": "20s"}}}
    document["faults"] += [{"kind": kind, **aim, **often} for aim in aims]
    for section, values in changes.items():
        document[section] |= values
    return str(yaml.dump(document, Dumper=_DUMPER, sort_keys=False))
