"""``global_defs``, read in the order of its statements as keepalived's parent process does before anything else."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

from hasim.keepalived.arguments import ScriptCommand
from hasim.keepalived.config import Fifo, GlobalDefs
from hasim.keepalived.drafts import Draft
from hasim.keepalived.problems import Problems
from hasim.keepalived.syntax import Statement

__all__ = ["complete_globals"]

_FIRST_ONE_COUNTS = frozenset({"notify_fifo", "notify_fifo_script", "vrrp_notify_fifo", "vrrp_notify_fifo_script"})
_DEFAULTS = GlobalDefs()


def complete_globals(blocks: Iterable[Statement], problems: Problems) -> GlobalDefs:
    """The global settings of all ``global_defs`` blocks together."""
    blocks = tuple(blocks)
    if not blocks:
        return _DEFAULTS
    draft = Draft(blocks[0], problems)
    for statement in (inner for block in blocks for inner in block.statements):
        if statement.keyword.name in _FIRST_ONE_COUNTS:
            draft.put_first(statement)
        elif statement.keyword.name == "vrrp_rx_bufs_policy":
            _add_policies(draft, statement)
        else:
            draft.put(statement)
        if statement.keyword.name == "vrrp_min_garp" and statement.value is True:
            _send_few_garps(draft, statement)
    return _build(draft)


def _add_policies(draft: Draft, statement: Statement) -> None:
    """Several ``vrrp_rx_bufs_policy`` add up."""
    before = draft.words("vrrp_rx_bufs_policy")
    draft.put(statement)
    if before:
        draft.values["vrrp_rx_bufs_policy"] = (*before, *draft.words("vrrp_rx_bufs_policy"))


def _send_few_garps(draft: Draft, statement: Statement) -> None:
    """``vrrp_min_garp`` changes what still has its default *at this line*; a later statement overrides it again."""
    for name, default, few in (
        ("vrrp_garp_master_repeat", _DEFAULTS.vrrp_garp_master_repeat, 1),
        ("vrrp_garp_master_refresh_repeat", _DEFAULTS.vrrp_garp_master_refresh_repeat, 0),
        ("vrrp_garp_master_delay", _DEFAULTS.vrrp_garp_master_delay_ns, 0),
    ):
        if draft.get(name, int, default) == default:
            draft.values[name] = few
            draft.places[name] = statement.location


def _build(draft: Draft) -> GlobalDefs:
    delay_ns = draft.get("vrrp_garp_master_delay", int, _DEFAULTS.vrrp_garp_master_delay_ns)
    repeat = draft.get("vrrp_garp_master_repeat", int, _DEFAULTS.vrrp_garp_master_repeat)
    return GlobalDefs(
        location=draft.location,
        places=dict(draft.places),
        router_id=draft.find("router_id", str),
        vrrp_version=draft.get("vrrp_version", int, _DEFAULTS.vrrp_version),
        vrrp_strict=draft.has("vrrp_strict"),
        vrrp_startup_delay_ns=draft.get("vrrp_startup_delay", int, 0),
        vrrp_mcast_group4=draft.get("vrrp_mcast_group4", IPv4Address, _DEFAULTS.vrrp_mcast_group4),
        vrrp_mcast_group6=draft.get("vrrp_mcast_group6", IPv6Address, _DEFAULTS.vrrp_mcast_group6),
        vrrp_down_timer_adverts=draft.get("vrrp_down_timer_adverts", int, _DEFAULTS.vrrp_down_timer_adverts),
        vrrp_lower_prio_no_advert=draft.get("vrrp_lower_prio_no_advert", bool, False),
        vrrp_higher_prio_send_advert=draft.get("vrrp_higher_prio_send_advert", bool, False),
        vrrp_garp_master_delay_ns=delay_ns,
        vrrp_garp_master_repeat=repeat,
        vrrp_garp_master_refresh_ns=draft.get("vrrp_garp_master_refresh", int, 0),
        vrrp_garp_master_refresh_repeat=draft.get(
            "vrrp_garp_master_refresh_repeat", int, _DEFAULTS.vrrp_garp_master_refresh_repeat
        ),
        vrrp_garp_lower_prio_delay_ns=draft.get("vrrp_garp_lower_prio_delay", int, delay_ns),
        vrrp_garp_lower_prio_repeat=draft.get("vrrp_garp_lower_prio_repeat", int, repeat),
        vrrp_garp_interval_ns=draft.get("vrrp_garp_interval", int, 0),
        vrrp_gna_interval_ns=draft.get("vrrp_gna_interval", int, 0),
        vrrp_check_unicast_src=draft.has("vrrp_check_unicast_src"),
        vrrp_skip_check_adv_addr=draft.has("vrrp_skip_check_adv_addr"),
        vrrp_rx_bufs_policy=draft.words("vrrp_rx_bufs_policy"),
        vrrp_rx_bufs_multiplier=draft.get("vrrp_rx_bufs_multiplier", int, _DEFAULTS.vrrp_rx_bufs_multiplier),
        vrrp_notify_priority_changes=draft.get("vrrp_notify_priority_changes", bool, False),
        notify_fifo=_fifo(draft, "notify_fifo"),
        vrrp_notify_fifo=_fifo(draft, "vrrp_notify_fifo"),
        script_user=draft.words("script_user")[:2],
        enable_script_security=draft.has("enable_script_security"),
        default_interface=draft.find("default_interface", str),
        dynamic_interfaces=draft.has("dynamic_interfaces"),
        allow_if_changes="allow_if_changes" in draft.words("dynamic_interfaces"),
        other=tuple(draft.other),
    )


def _fifo(draft: Draft, name: str) -> Fifo | None:
    """A fifo with its script; a script without a fifo is never run."""
    words = draft.words(name)
    if not words:
        return None
    user, group = (*words[1:3], None, None)[:2]
    return Fifo(words[0], user, group, draft.find(f"{name}_script", ScriptCommand))
