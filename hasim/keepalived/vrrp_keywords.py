"""The keywords of VRRP: what is tracked, sync groups, instances, and what stands beside them."""

from __future__ import annotations

from hasim.keepalived.arguments import (
    Address,
    Anything,
    Boolean,
    Choice,
    Decimal,
    Integer,
    Script,
    Weight,
    Word,
)
from hasim.keepalived.grammar import Keyword, accepted, section, setting, values
from hasim.keepalived.list_arguments import ExtraInterfaces, Ipvlan, Vmac

__all__ = ["BFD_INSTANCE", "STATIC", "TRACK_FILE", "VRRP", "VRRP_TRACK_FILE"]

_SECOND = 1_000_000_000
_MICROSECONDS = 1_000_000
_MAX_SECONDS = (2**32 - 1) // _MICROSECONDS
_MAX_DELAY_S = 1000
_INT_MAX = 2**31 - 1
_SECONDS = Integer(0, _MAX_SECONDS, unit_ns=_SECOND)
_REPEATS = Integer(0, zero_means=1)
_SCRIPT_SECONDS = Integer(0, _MAX_SECONDS, zero_means=1, unit_ns=_SECOND)
_PROCESS_DELAY = Decimal(1, 3600 * _MICROSECONDS)
_GARP_INTERVAL = Decimal(0, _INT_MAX)
_NAME = Anything(1)

_TRACKED = (
    values("track_interface", field="track_interfaces", simulated=True),
    values("track_script", field="track_scripts", simulated=True),
    values("track_file", field="track_files", simulated=True),
    values("track_process", field="track_processes", simulated=True),
    values("track_bfd", field="track_bfds"),
)

_NOTIFIED = (
    setting("notify_backup", Script()),
    setting("notify_master", Script(), simulated=True),
    setting("notify_fault", Script()),
    setting("notify_stop", Script()),
    setting("notify", Script(), simulated=True),
    setting("notify_priority_changes", Boolean()),
    accepted("smtp_alert", Boolean()),
)

_ADDRESSING = (
    setting("interface", Word("an interface name", limit=15), simulated=True),
    accepted("vrf", Word("an interface name", limit=15)),
    setting("native_ipv6", simulated=True),
    setting("mcast_src_ip", Address(), field="source_address", simulated=True),
    setting("unicast_src_ip", Address(), field="source_address", simulated=True),
    setting("mcast_dst_ip", Address(multicast=True, link_local=True), simulated=True),
    setting("track_src_ip"),
    values("unicast_peer", field="unicast_peers", simulated=True),
    setting("unicast_fault_no_peer"),
    setting("unicast_ttl", Integer(0, 255)),
    setting("check_unicast_src"),
    accepted("old_unicast_checksum", Choice(("never",), optional=True)),
    values("virtual_ipaddress", field="virtual_addresses", simulated=True),
    values("virtual_ipaddress_excluded", field="excluded_addresses"),
    accepted("promote_secondaries"),
    values("virtual_routes"),
    values("virtual_rules"),
    setting("use_vmac", Vmac()),
    setting("use_vmac_addr"),
    setting("vmac_xmit_base"),
    setting("use_ipvlan", Ipvlan()),
    section(
        "authentication",
        (
            setting("auth_type", Choice(("AH", "PASS"))),
            setting("auth_pass", Word("a password")),
        ),
        field="authentication",
    ),
)

_ELECTION = (
    setting("state", Choice(("MASTER", "BACKUP"), fallback="BACKUP"), simulated=True),
    setting("virtual_router_id", Integer(1, 255), simulated=True),
    setting("priority", Integer(1, 255, fallback=100), simulated=True),
    setting("version", Integer(2, 3), simulated=True),
    setting("advert_int", Decimal(10_000, 255 * _MICROSECONDS), simulated=True),
    setting("down_timer_adverts", Integer(1, 100), simulated=True),
    setting("nopreempt", simulated=True),
    setting("preempt", simulated=True),
    setting("preempt_delay", Decimal(0, _MAX_DELAY_S * _MICROSECONDS, fallback_ns=0), simulated=True),
    setting("lower_prio_no_advert", Boolean(), simulated=True),
    setting("higher_prio_send_advert", Boolean(), simulated=True),
    setting("strict_mode", Boolean(), simulated=True),
    setting("skip_check_adv_addr", Boolean()),
    setting("dont_track_primary", simulated=True),
    setting("accept", simulated=True),
    setting("no_accept", simulated=True),
)

_GARP = (
    setting("garp_master_delay", _SECONDS, simulated=True),
    setting("garp_master_refresh", Integer(0, unit_ns=_SECOND, fallback=0), simulated=True),
    setting("garp_master_repeat", _REPEATS, simulated=True),
    setting("garp_master_refresh_repeat", _REPEATS, simulated=True),
    setting("garp_lower_prio_delay", _SECONDS, simulated=True),
    setting("garp_lower_prio_repeat", Integer(0, _INT_MAX), simulated=True),
    accepted("garp_extra_if", ExtraInterfaces(0)),
    accepted("vmac_garp_intvl", ExtraInterfaces(0), deprecated="garp_extra_if"),
)

_INSTANCE = section(
    "vrrp_instance",
    (
        *_ADDRESSING,
        *_ELECTION,
        *_GARP,
        *_TRACKED,
        *_NOTIFIED,
        setting("notify_deleted", Script(missing="nothing")),
        setting("notify_master_rx_lower_pri", Script(), simulated=True),
        accepted("linkbeat_use_polling", deprecated="linkbeat_interfaces"),
        accepted("debug", Integer(0, 4)),
        accepted("lvs_sync_daemon_interface", Word("an interface name"), deprecated="lvs_sync_daemon"),
        setting("kernel_rx_buf_size", Integer(0, missing_is_fatal=False, alone=True), simulated=True),
    ),
    _NAME,
    field="instances",
    simulated=True,
)

_SYNC_GROUP = section(
    "vrrp_sync_group",
    (
        values("group", field="members", simulated=True),
        *_TRACKED,
        *_NOTIFIED,
        accepted("global_tracking", deprecated="track_script, track_interface and track_file of the sync group"),
        setting("sync_group_tracking_weight"),
    ),
    Anything(),
    field="sync_groups",
    simulated=True,
)

_SCRIPT = section(
    "vrrp_script",
    (
        setting("script", Script(with_user=False, missing="nothing"), simulated=True),
        setting("interval", _SCRIPT_SECONDS, simulated=True),
        setting("timeout", _SCRIPT_SECONDS, simulated=True),
        setting("weight", Weight(253, kept=True), simulated=True),
        setting("rise", Integer(1, _INT_MAX, fallback=1), simulated=True),
        setting("fall", Integer(1, _INT_MAX, fallback=1), simulated=True),
        setting("user", Anything(1)),
        setting("init_fail"),
    ),
    _NAME,
    field="scripts",
    simulated=True,
)

_TRACK_PROCESS = section(
    "vrrp_track_process",
    (
        setting("process", Anything(1), simulated=True),
        setting("param_match", Anything()),
        setting("weight", Weight(254), simulated=True),
        setting("quorum", Integer(1, 65535), simulated=True),
        setting("quorum_max", Integer(0, 65535)),
        setting("delay", _PROCESS_DELAY, simulated=True),
        setting("terminate_delay", _PROCESS_DELAY, simulated=True),
        setting("fork_delay", _PROCESS_DELAY, simulated=True),
        setting("full_command"),
    ),
    _NAME,
    field="processes",
    simulated=True,
)

_TRACK_FILE_KEYWORDS = (
    setting("file", Word("a file name", missing="error"), simulated=True),
    setting("weight", Weight(254), simulated=True),
    setting("init_file", Anything(), simulated=True),
)
TRACK_FILE = section("track_file", _TRACK_FILE_KEYWORDS, _NAME, field="files", simulated=True)
VRRP_TRACK_FILE = Keyword(
    "vrrp_track_file",
    TRACK_FILE.arguments,
    TRACK_FILE.block,
    TRACK_FILE.keywords,
    field="files",
    simulated=True,
    deprecated="track_file",
    deprecated_quietly=True,
)

_BFD_MOST_US = (2**32 - 1) // 1000 * 1000
_BFD_MS = Decimal(1_000, _BFD_MOST_US, digits=3)
BFD_INSTANCE = section(
    "bfd_instance",
    (
        accepted("neighbor_ip", Address()),
        accepted("neighbour_ip", Address()),
        accepted("source_ip", Address()),
        accepted("min_rx", _BFD_MS),
        accepted("min_tx", _BFD_MS),
        accepted("idle_tx", Decimal(1_000_000, _BFD_MOST_US, digits=3)),
        accepted("multiplier", Integer(1, 255)),
        accepted("passive"),
        accepted("ttl", Integer(1, 255)),
        accepted("hoplimit", Integer(1, 255)),
        accepted("max_hops", Integer(-1, 255)),
        accepted("weight", Weight(253)),
        accepted("vrrp"),
        accepted("checker"),
    ),
    _NAME,
    needs=("neighbor_ip", "neighbour_ip"),
)

STATIC = (
    section(
        "track_group",
        (values("group", needs_entries="keepalived groups nothing"),),
        Anything(1, missing_is_fatal=False),
    ),
    values("static_ipaddress"),
    values("static_routes"),
    values("static_rules"),
    section(
        "garp_group",
        (
            setting("garp_interval", _GARP_INTERVAL, simulated=True),
            setting("gna_interval", _GARP_INTERVAL),
            setting("interface", Word("an interface name"), simulated=True),
            values("interfaces", simulated=True, needs_entries="keepalived takes no interface from it"),
        ),
        simulated=True,
    ),
    values("linkbeat_interfaces"),
    values("interface_up_down_delays"),
)

VRRP = (_SYNC_GROUP, _INSTANCE, _SCRIPT, _TRACK_PROCESS)
