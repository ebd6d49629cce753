"""The keywords of ``global_defs``, and those that stand outside every block, with the values keepalived 2.2.7 takes."""

from __future__ import annotations

from hasim.keepalived.arguments import (
    Address,
    Anything,
    Boolean,
    Choice,
    Decimal,
    Integer,
    Nothing,
    Script,
    Word,
)
from hasim.keepalived.grammar import Keyword, accepted, section, setting, values
from hasim.keepalived.list_arguments import ExtraInterfaces, MailServer, Matching, NamedNumbers, Numbers

__all__ = ["GLOBAL_DEFS", "TOP_LEVEL"]

_SECOND = 1_000_000_000
_MAX_SECONDS = (2**32 - 1) // 1_000_000
_UINT_MAX = 2**32 - 1
_SECONDS = Integer(0, _MAX_SECONDS, unit_ns=_SECOND)
_REPEATS = Integer(0, zero_means=1)
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_NICE = Integer(-20, 19, missing_is_fatal=False)
_RT_PRIORITY = Integer(1, 99, missing_is_fatal=False, clamps=True)
_FIFO_SCRIPT = Script(missing="error")
_OWN_SCRIPT = Script(missing="error", empty_is_none=False)
_FLAG_OPTIONAL = Boolean()
_PROCESS_NAME = Word("a process name")
_MICRO_INTERVAL = Decimal(1, _UINT_MAX)
_BUFFER_POLICY = Matching(r"(?i:mtu|advert)|\+?\d{1,9}", "MTU, ADVERT or a number of bytes", missing_is_fatal=False)
_BIT = "I[RWX](USR|GRP|OTH)"
_UMASK = Matching(
    rf"0[0-7]{{1,3}}|0x1?[0-9a-f]{{1,2}}|[1-4]?\d{{1,2}}|50\d|51[01]|{_BIT}( *\| *{_BIT})*|\|",
    "a number up to 0777 or bits such as IRUSR | IWGRP",
    at_most=None,
)


def _process_settings(process: str) -> tuple[Keyword, ...]:
    """The scheduling keywords that each of keepalived's processes has."""
    return (
        accepted(f"{process}_priority", _NICE),
        accepted(f"{process}_no_swap"),
        accepted(f"{process}_rt_priority", _RT_PRIORITY),
        accepted(f"{process}_cpu_affinity", Numbers(0)),
        accepted(f"{process}_rlimit_rttime", Integer(1)),
        accepted(f"{process}_rlimit_rtime", Integer(1), deprecated=f"{process}_rlimit_rttime", quietly=True),
    )


_GARP_AND_ELECTION = (
    setting("vrrp_mcast_group4", Address(4, multicast=True), simulated=True),
    setting("vrrp_mcast_group6", Address(6, multicast=True), simulated=True),
    setting("vrrp_garp_master_delay", _SECONDS, simulated=True),
    setting("vrrp_garp_master_repeat", _REPEATS, simulated=True),
    setting("vrrp_garp_master_refresh", Integer(0, unit_ns=_SECOND, fallback=0), simulated=True),
    setting("vrrp_garp_master_refresh_repeat", _REPEATS, simulated=True),
    setting("vrrp_garp_lower_prio_delay", _SECONDS, simulated=True),
    setting("vrrp_garp_lower_prio_repeat", Integer(0, _INT_MAX), simulated=True),
    setting("vrrp_garp_interval", _MICRO_INTERVAL, simulated=True),
    setting("vrrp_gna_interval", _MICRO_INTERVAL),
    setting("vrrp_min_garp", _FLAG_OPTIONAL),
    accepted("vrrp_garp_extra_if", ExtraInterfaces(1)),
    accepted("vrrp_vmac_garp_intvl", ExtraInterfaces(1), deprecated="vrrp_garp_extra_if"),
    setting("vrrp_down_timer_adverts", Integer(1, 100), simulated=True),
    setting("vrrp_lower_prio_no_advert", _FLAG_OPTIONAL, simulated=True),
    setting("vrrp_higher_prio_send_advert", _FLAG_OPTIONAL, simulated=True),
    setting("vrrp_version", Integer(2, 3), simulated=True),
    setting("vrrp_check_unicast_src", Nothing()),
    setting("vrrp_skip_check_adv_addr", Nothing()),
    setting("vrrp_strict", Nothing(), simulated=True),
    setting("vrrp_startup_delay", Decimal(1_000, _UINT_MAX), simulated=True),
)

_SCRIPTS = (
    setting("script_user", Anything(1, missing_is_fatal=False)),
    setting("enable_script_security", Nothing()),
    setting("notify_fifo", Anything(1, missing_is_fatal=False), simulated=True),
    setting("notify_fifo_script", _FIFO_SCRIPT, simulated=True),
    setting("vrrp_notify_fifo", Anything(1, missing_is_fatal=False), simulated=True),
    setting("vrrp_notify_fifo_script", _FIFO_SCRIPT, simulated=True),
    setting("vrrp_notify_priority_changes", _FLAG_OPTIONAL),
    accepted("fifo_write_vrrp_states_on_reload"),
    accepted("lvs_notify_fifo", Anything(1, missing_is_fatal=False)),
    accepted("lvs_notify_fifo_script", _FIFO_SCRIPT),
    accepted("startup_script", _OWN_SCRIPT),
    accepted("startup_script_timeout", Integer(1, 1000, missing_is_fatal=False)),
    accepted("shutdown_script", _OWN_SCRIPT),
    accepted("shutdown_script_timeout", Integer(1, 1000, missing_is_fatal=False)),
)

_MAIL = (
    values("notification_email", needs_entries="keepalived tells nobody"),
    accepted("notification_email_from", Word("a mail address", missing="error")),
    accepted("smtp_server", MailServer()),
    accepted("smtp_helo_name", Word("a host name", missing="default")),
    accepted("smtp_connect_timeout", Integer(0, _MAX_SECONDS, zero_means=1)),
    accepted("smtp_alert", _FLAG_OPTIONAL),
    accepted("smtp_alert_vrrp", _FLAG_OPTIONAL),
    accepted("smtp_alert_checker", _FLAG_OPTIONAL),
    accepted("no_email_faults"),
    accepted("no_checker_emails", _FLAG_OPTIONAL),
)

_PROCESSES = (
    accepted("process_names"),
    accepted("process_name", _PROCESS_NAME),
    accepted("vrrp_process_name", _PROCESS_NAME),
    accepted("checker_process_name", _PROCESS_NAME),
    accepted("lvs_process_name", _PROCESS_NAME, deprecated="checker_process_name", quietly=True),
    accepted("bfd_process_name", _PROCESS_NAME),
    accepted("max_auto_priority", Integer(-1, 99, optional=True)),
    accepted("min_auto_priority_delay", Integer(1, 10_000_000, missing_is_fatal=False)),
    *_process_settings("vrrp"),
    *_process_settings("checker"),
    *_process_settings("bfd"),
)

_LVS = (
    accepted("checker_log_all_failures", _FLAG_OPTIONAL),
    accepted("lvs_timeouts", NamedNumbers({"tcp": _UINT_MAX, "tcpfin": _UINT_MAX, "udp": _UINT_MAX})),
    accepted("lvs_flush"),
    accepted("lvs_flush_on_stop", Choice(("VS",), optional=True)),
    accepted("lvs_flush_onstop", Choice(("VS",), optional=True)),
    accepted("lvs_sync_daemon", Anything(1, missing_is_fatal=False)),
    accepted("rs_init_notifies", _FLAG_OPTIONAL),
)

_SYSTEM = (
    setting("default_interface", Word("an interface name", missing="error")),
    setting("dynamic_interfaces", Matching("allow_if_changes", "allow_if_changes", at_least=0)),
    accepted("disable_local_igmp"),
    accepted("vrrp_iptables", Anything()),
    accepted("vrrp_ipsets", Anything()),
    accepted("nftables", Anything()),
    accepted("nftables_priority", Integer(_INT_MIN, _INT_MAX)),
    accepted("nftables_ifindex"),
    accepted("nftables_ipvs", Anything()),
    accepted("nftables_ipvs_priority", Integer(_INT_MIN, _INT_MAX)),
    accepted("nftables_ipvs_start_fwmark", Integer(1)),
    accepted("nftables_counters"),
    accepted("vrrp_netlink_cmd_rcv_bufs", Integer(0, missing_is_fatal=False)),
    accepted("vrrp_netlink_cmd_rcv_bufs_force", _FLAG_OPTIONAL),
    accepted("vrrp_netlink_monitor_rcv_bufs", Integer(0, missing_is_fatal=False)),
    accepted("vrrp_netlink_monitor_rcv_bufs_force", _FLAG_OPTIONAL),
    accepted("process_monitor_rcv_bufs", Integer(0, missing_is_fatal=False)),
    accepted("process_monitor_rcv_bufs_force", _FLAG_OPTIONAL),
    accepted("lvs_netlink_cmd_rcv_bufs", Integer(0, missing_is_fatal=False)),
    accepted("lvs_netlink_cmd_rcv_bufs_force", _FLAG_OPTIONAL),
    accepted("lvs_netlink_monitor_rcv_bufs", Integer(0, missing_is_fatal=False)),
    accepted("lvs_netlink_monitor_rcv_bufs_force", _FLAG_OPTIONAL),
    setting("vrrp_rx_bufs_policy", _BUFFER_POLICY, simulated=True),
    setting("vrrp_rx_bufs_multiplier", Integer(1, missing_is_fatal=False, alone=True), simulated=True),
    accepted("log_unknown_vrids"),
    accepted("vmac_prefix", Word("a prefix")),
    accepted("vmac_addr_prefix", Word("a prefix")),
    accepted("umask", _UMASK),
    accepted("random_seed", Integer(0)),
)

_RELOAD_AND_FILES = (
    accepted("reload_check_config", Anything()),
    accepted("reload_time_file", Word("a file name", missing="error", alone=True)),
    accepted("reload_repeat"),
    accepted("reload_file", Anything()),
    accepted("include_check", Anything()),
    accepted("config_save_dir", Word("a directory")),
    accepted("tmp_config_directory", Word("a directory", missing="error")),
    accepted("data_use_instance", _FLAG_OPTIONAL),
)

_SNMP_AND_DBUS = (
    accepted("snmp_socket", Word("a socket", missing="error", alone=True)),
    accepted("enable_traps"),
    accepted("enable_snmp_vrrp"),
    accepted("enable_snmp_keepalived"),
    accepted("enable_snmp_rfc"),
    accepted("enable_snmp_rfcv2"),
    accepted("enable_snmp_rfcv3"),
    accepted("enable_snmp_checker"),
    accepted("enable_dbus"),
    accepted("dbus_service_name", Word("a name", missing="error")),
)

GLOBAL_DEFS = section(
    "global_defs",
    (
        setting("router_id", Word("a name", missing="error")),
        *_GARP_AND_ELECTION,
        *_SCRIPTS,
        *_MAIL,
        *_PROCESSES,
        *_LVS,
        *_SYSTEM,
        *_RELOAD_AND_FILES,
        *_SNMP_AND_DBUS,
    ),
)

TOP_LEVEL = (
    accepted("linkbeat_use_polling"),
    accepted("net_namespace", Word("a name", missing="error")),
    accepted("net_namespace_ipvs", Word("a name", missing="default")),
    accepted("namespace_with_ipsets"),
    accepted("use_pid_dir"),
    accepted("instance", Word("a name", missing="error")),
    accepted("child_wait_time", Integer(0)),
)
