"""A configuration as text, in one canonical form: reading what was written gives the same configuration.

Only what differs from the daemon's own defaults is written, besides the settings that an election depends on, which
stand there always.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hasim.keepalived.arguments import ScriptCommand, WeightValue
from hasim.keepalived.config import (
    Config,
    Fifo,
    GarpGroup,
    GlobalDefs,
    IPAddress,
    Notify,
    SyncGroup,
    Tracked,
    TrackFile,
    Tracking,
    TrackProcess,
    Vip,
    VrrpInstance,
    VrrpScript,
)
from hasim.keepalived.grammar import Block
from hasim.keepalived.quoting import quote_script, quote_word
from hasim.keepalived.syntax import Statement

__all__ = ["write_config"]

_INDENT = "    "
_SECOND = 1_000_000_000
_MICROSECOND = 1_000
_NO_WEIGHT = WeightValue(0)
_DEFAULT_GLOBALS = GlobalDefs()


def write_config(config: Config, heading: str = "") -> str:
    """The text of a ``keepalived.conf``; ``heading`` becomes a comment at its top.

    Raises:
        ValueError: a name that no ``keepalived.conf`` can hold.
    """
    blocks = [[f"# {line}".rstrip() for line in heading.splitlines()]] if heading else []
    blocks.append(list(_globals(config.global_defs)))
    blocks += [list(_statement(statement)) for statement in config.other]
    blocks += [list(_garp_group(group)) for group in config.garp_groups]
    blocks += [list(_script(script)) for script in config.scripts]
    blocks += [list(_process(process)) for process in config.processes]
    blocks += [list(_file(file)) for file in config.files]
    weights = {
        "track_script": {script.name: WeightValue(script.weight, script.reverse) for script in config.scripts},
        "track_process": {process.name: WeightValue(process.weight, process.reverse) for process in config.processes},
        "track_file": {file.name: WeightValue(file.weight, file.reverse) for file in config.files},
    }
    for instance in config.instances:
        groups = (group.notify_priority_changes for group in config.sync_groups if instance.name in group.members)
        announces = next((value for value in groups if value is not None), None)
        if announces is None:
            announces = config.global_defs.vrrp_notify_priority_changes
        blocks.append(list(_instance(instance, config.global_defs, weights, announces)))
    blocks += [list(_group(group, weights)) for group in config.sync_groups]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _seconds(duration_ns: int) -> str:
    """A duration in seconds, to the microsecond."""
    whole, rest = divmod(duration_ns // _MICROSECOND, _SECOND // _MICROSECOND)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def _words(words: Iterable[str]) -> str:
    return " ".join(quote_word(word) for word in words)


def _block(head: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"{head} {{"
    yield from (_INDENT + line for line in lines)
    yield "}"


def _flag(name: str, value: bool, default: bool) -> Iterator[str]:
    """An ``on``/``off`` setting where it is not the default."""
    if value != default:
        yield f"{name} {'true' if value else 'false'}"


def _value(name: str, value: object, default: object) -> Iterator[str]:
    """A setting with one value where it is not the default."""
    if value != default:
        yield f"{name} {quote_word(str(value))}"


def _duration(name: str, value_ns: int, default_ns: int) -> Iterator[str]:
    if value_ns != default_ns:
        yield f"{name} {_seconds(value_ns)}"


def _present(name: str, present: bool) -> Iterator[str]:
    if present:
        yield name


def _statement(statement: Statement) -> Iterator[str]:
    """A statement that is kept as it was."""
    head = _words(statement.words)
    if isinstance(statement.value, ScriptCommand):
        head += " " + quote_script(statement.value)
    if statement.keyword.block is Block.NONE:
        yield head
    elif statement.keyword.block is Block.VALUES:
        yield from _block(head, (_words(entry.words) for entry in statement.entries))
    else:
        yield from _block(head, (line for inner in statement.statements for line in _statement(inner)))


def _globals(settings: GlobalDefs) -> Iterator[str]:
    if settings != _DEFAULT_GLOBALS:
        yield from _block("global_defs", _global_lines(settings))


def _garp_group(group: GarpGroup) -> Iterator[str]:
    lines = [
        *_duration("garp_interval", group.garp_interval_ns, 0),
        *_duration("gna_interval", group.gna_interval_ns, 0),
    ]
    lines = lines or ["garp_interval 0"]
    yield from _block("garp_group", (*lines, *(f"interface {quote_word(name)}" for name in group.interfaces)))


def _global_lines(settings: GlobalDefs) -> Iterator[str]:
    default = _DEFAULT_GLOBALS
    yield from _value("router_id", settings.router_id, None)
    yield from _value("vrrp_version", settings.vrrp_version, default.vrrp_version)
    yield from _present("vrrp_strict", settings.vrrp_strict)
    yield from _duration("vrrp_startup_delay", settings.vrrp_startup_delay_ns, 0)
    yield from _value("vrrp_mcast_group4", settings.vrrp_mcast_group4, default.vrrp_mcast_group4)
    yield from _value("vrrp_mcast_group6", settings.vrrp_mcast_group6, default.vrrp_mcast_group6)
    yield from _value("vrrp_down_timer_adverts", settings.vrrp_down_timer_adverts, default.vrrp_down_timer_adverts)
    yield from _flag("vrrp_lower_prio_no_advert", settings.vrrp_lower_prio_no_advert, False)
    yield from _flag("vrrp_higher_prio_send_advert", settings.vrrp_higher_prio_send_advert, False)
    yield from _global_garp_lines(settings)
    yield from _present("vrrp_check_unicast_src", settings.vrrp_check_unicast_src)
    yield from _present("vrrp_skip_check_adv_addr", settings.vrrp_skip_check_adv_addr)
    if settings.vrrp_rx_bufs_policy:
        yield f"vrrp_rx_bufs_policy {_words(settings.vrrp_rx_bufs_policy)}"
    yield from _value("vrrp_rx_bufs_multiplier", settings.vrrp_rx_bufs_multiplier, default.vrrp_rx_bufs_multiplier)
    yield from _flag("vrrp_notify_priority_changes", settings.vrrp_notify_priority_changes, False)
    yield from _fifo("notify_fifo", settings.notify_fifo)
    yield from _fifo("vrrp_notify_fifo", settings.vrrp_notify_fifo)
    if settings.script_user:
        yield f"script_user {_words(settings.script_user)}"
    yield from _present("enable_script_security", settings.enable_script_security)
    yield from _value("default_interface", settings.default_interface, None)
    if settings.dynamic_interfaces:
        yield "dynamic_interfaces" + (" allow_if_changes" if settings.allow_if_changes else "")
    for statement in settings.other:
        yield from _statement(statement)


def _global_garp_lines(settings: GlobalDefs) -> Iterator[str]:
    """The gratuitous ARPs; no refresh repeats at all is something that only ``vrrp_min_garp`` can say."""
    few = settings.vrrp_garp_master_refresh_repeat == 0
    yield from _present("vrrp_min_garp", few)
    delay_ns, repeat = settings.vrrp_garp_master_delay_ns, settings.vrrp_garp_master_repeat
    yield from _duration("vrrp_garp_master_delay", delay_ns, 0 if few else 5 * _SECOND)
    yield from _value("vrrp_garp_master_repeat", repeat, 1 if few else 5)
    yield from _duration("vrrp_garp_master_refresh", settings.vrrp_garp_master_refresh_ns, 0)
    if not few:
        yield from _value("vrrp_garp_master_refresh_repeat", settings.vrrp_garp_master_refresh_repeat, 1)
    yield from _duration("vrrp_garp_lower_prio_delay", settings.vrrp_garp_lower_prio_delay_ns, delay_ns)
    yield from _value("vrrp_garp_lower_prio_repeat", settings.vrrp_garp_lower_prio_repeat, repeat)
    yield from _duration("vrrp_garp_interval", settings.vrrp_garp_interval_ns, 0)
    yield from _duration("vrrp_gna_interval", settings.vrrp_gna_interval_ns, 0)


def _fifo(keyword: str, fifo: Fifo | None) -> Iterator[str]:
    if fifo is not None:
        yield f"{keyword} {_words(word for word in (fifo.name, fifo.user, fifo.group) if word is not None)}"
        if fifo.script is not None:
            yield f"{keyword}_script {quote_script(fifo.script)}"


def _weight(value: WeightValue, default: WeightValue = _NO_WEIGHT) -> Iterator[str]:
    if value != default:
        yield f"weight {value.weight}" + (" reverse" if value.reverse else "")


def _script(script: VrrpScript) -> Iterator[str]:
    def lines() -> Iterator[str]:
        yield f"script {quote_script(ScriptCommand(script.command))}"
        yield f"interval {_seconds(script.interval_ns)}"
        yield from _duration("timeout", script.timeout_ns, script.interval_ns)
        yield from _value("rise", script.rise, 1)
        yield from _value("fall", script.fall, 1)
        yield from _weight(WeightValue(script.weight, script.reverse))
        if script.user:
            yield f"user {_words(script.user)}"
        yield from _present("init_fail", script.init_fail)

    return _block(f"vrrp_script {quote_word(script.name)}", lines())


def _process(process: TrackProcess) -> Iterator[str]:
    def lines() -> Iterator[str]:
        yield f"process {_words(process.process)}"
        if process.param_match == "exact":
            yield from _present("param_match", len(process.process) == 1)
        else:
            yield from _value("param_match", process.param_match, None)
        yield from _present("full_command", process.full_command and process.param_match is None)
        yield from _weight(WeightValue(process.weight, process.reverse))
        if process.quorum_max != 0:
            yield from _value("quorum", process.quorum, 1)
        yield from _value("quorum_max", process.quorum_max, None)
        yield from _duration("fork_delay", process.fork_delay_ns, 0)
        yield from _duration("terminate_delay", process.terminate_delay_ns, 0)

    return _block(f"vrrp_track_process {quote_word(process.name)}", lines())


def _file(file: TrackFile) -> Iterator[str]:
    def lines() -> Iterator[str]:
        yield f"file {quote_word(file.path)}"
        yield from _weight(WeightValue(file.weight, file.reverse), WeightValue(1))
        if file.init_value is not None:
            yield f"init_file {file.init_value}" + (" overwrite" if file.init_overwrite else "")

    return _block(f"track_file {quote_word(file.name)}", lines())


def _tracking(tracking: Tracking, weights: Mapping[str, Mapping[str, WeightValue]]) -> Iterator[str]:
    for keyword, tracked in (
        ("track_interface", tracking.track_interfaces),
        ("track_script", tracking.track_scripts),
        ("track_file", tracking.track_files),
        ("track_process", tracking.track_processes),
        ("track_bfd", tracking.track_bfds),
    ):
        if tracked:
            yield from _block(keyword, (_tracked(item, keyword, weights.get(keyword, {})) for item in tracked))


def _tracked(item: Tracked, keyword: str, weights: Mapping[str, WeightValue]) -> str:
    """One tracked thing, with its weight where that is not what it would have anyway."""
    default = weights.get(item.name, _NO_WEIGHT)
    if WeightValue(item.weight, item.reverse) == default and keyword != "track_bfd":
        return quote_word(item.name)
    noreverse = "" if keyword == "track_interface" else " noreverse"
    return f"{quote_word(item.name)} weight {item.weight}" + (" reverse" if item.reverse else noreverse)


def _notify(notify: Notify) -> Iterator[str]:
    for keyword, script in (
        ("notify_master", notify.master),
        ("notify_backup", notify.backup),
        ("notify_fault", notify.fault),
        ("notify_stop", notify.stop),
        ("notify", notify.any),
        ("notify_master_rx_lower_pri", notify.master_rx_lower_pri),
    ):
        if script is not None:
            yield f"{keyword} {quote_script(script)}"


def _group(group: SyncGroup, weights: Mapping[str, Mapping[str, WeightValue]]) -> Iterator[str]:
    def lines() -> Iterator[str]:
        yield from _block("group", (quote_word(member) for member in group.members))
        yield from _present("sync_group_tracking_weight", group.sync_group_tracking_weight)
        yield from _tracking(group, weights)
        yield from _notify(group.notify)
        if group.notify_priority_changes is not None:
            yield from _flag(
                "notify_priority_changes", group.notify_priority_changes, not group.notify_priority_changes
            )
        for statement in group.other:
            yield from _statement(statement)

    return _block(f"vrrp_sync_group {quote_word(group.name)}", lines())


def _instance(
    instance: VrrpInstance,
    defaults: GlobalDefs,
    weights: Mapping[str, Mapping[str, WeightValue]],
    announces_priorities: bool,
) -> Iterator[str]:
    def lines() -> Iterator[str]:
        yield from _flag("strict_mode", instance.strict_mode, defaults.vrrp_strict)
        yield from _election_lines(instance, defaults)
        yield from _address_lines(instance)
        yield from _garp_lines(instance, defaults)
        yield from _tracking(instance, weights)
        yield from _notify(instance.notify)
        if instance.notify.deleted is not None:
            yield f"notify_deleted {quote_script(instance.notify.deleted)}"
        else:
            yield from _present("notify_deleted", instance.notify_deleted)
        yield from _flag("notify_priority_changes", instance.notify_priority_changes, announces_priorities)
        for statement in instance.other:
            yield from _statement(statement)

    return _block(f"vrrp_instance {quote_word(instance.name)}", lines())


def _election_lines(instance: VrrpInstance, defaults: GlobalDefs) -> Iterator[str]:
    strict = instance.strict_mode
    yield f"state {instance.state}"
    yield f"interface {quote_word(instance.interface)}"
    yield f"virtual_router_id {instance.virtual_router_id}"
    yield f"priority {instance.priority}"
    yield f"version {instance.version}"
    yield f"advert_int {_seconds(instance.advert_int_ns)}"
    yield from _present("nopreempt", instance.nopreempt)
    yield from _duration("preempt_delay", instance.preempt_delay_ns, 0)
    adverts = 3 if strict else defaults.vrrp_down_timer_adverts
    yield from _value("down_timer_adverts", instance.down_timer_adverts, adverts)
    lower = strict or defaults.vrrp_lower_prio_no_advert
    yield from _flag("lower_prio_no_advert", instance.lower_prio_no_advert, lower)
    higher = not strict and defaults.vrrp_higher_prio_send_advert
    yield from _flag("higher_prio_send_advert", instance.higher_prio_send_advert, higher)
    if instance.accept != (instance.priority == 255 or not strict):
        yield "accept" if instance.accept else "no_accept"
    yield from _present("dont_track_primary", instance.dont_track_primary)
    skip = instance.skip_check_adv_addr and not defaults.vrrp_skip_check_adv_addr
    yield from _present("skip_check_adv_addr", skip)
    yield from _value("kernel_rx_buf_size", instance.kernel_rx_buf_size, 0)


def _address_lines(instance: VrrpInstance) -> Iterator[str]:
    if instance.family == 6 and not any((instance.virtual_addresses, instance.unicast, instance.source_address)):
        yield "native_ipv6"
    if instance.vmac is not None:
        yield _words((instance.vmac.kind, *instance.vmac.words))
    yield from _present("use_vmac_addr", instance.use_vmac_addr)
    yield from _present("vmac_xmit_base", instance.vmac_xmit_base)
    yield from _value("unicast_src_ip" if instance.unicast else "mcast_src_ip", instance.source_address, None)
    yield from _present("track_src_ip", instance.track_src_ip)
    yield from _value("mcast_dst_ip", instance.mcast_dst_ip, None)
    if instance.unicast_peers:
        yield from _block("unicast_peer", (_peer(p.address, p.min_ttl, p.max_ttl) for p in instance.unicast_peers))
    yield from _value("unicast_ttl", instance.unicast_ttl, None)
    yield from _present("unicast_fault_no_peer", instance.unicast_fault_no_peer)
    implied = any(peer.limits_ttl for peer in instance.unicast_peers)
    yield from _present("check_unicast_src", instance.check_unicast_src and not implied)
    if instance.authentication is not None:
        kind, password = instance.authentication.type, instance.authentication.password
        yield from _block("authentication", (f"auth_type {kind}", f"auth_pass {quote_word(password)}"))
    if instance.virtual_addresses:
        yield from _block("virtual_ipaddress", (_vip(vip) for vip in instance.virtual_addresses))
    if instance.excluded_addresses:
        yield from _block("virtual_ipaddress_excluded", (_vip(vip) for vip in instance.excluded_addresses))


def _peer(address: IPAddress, min_ttl: int, max_ttl: int) -> str:
    limits = (f" min_ttl {min_ttl}" if min_ttl else "") + (f" max_ttl {max_ttl}" if max_ttl != 255 else "")
    return f"{address}{limits}"


def _vip(vip: Vip) -> str:
    device = f" dev {quote_word(vip.interface)}" if vip.interface is not None else ""
    options = f" {_words(vip.options)}" if vip.options else ""
    return f"{vip.address}/{vip.prefix_length}{device}{options}"


def _garp_lines(instance: VrrpInstance, defaults: GlobalDefs) -> Iterator[str]:
    strict = instance.strict_mode
    yield from _duration("garp_master_delay", instance.garp_master_delay_ns, defaults.vrrp_garp_master_delay_ns)
    yield from _value("garp_master_repeat", instance.garp_master_repeat, defaults.vrrp_garp_master_repeat)
    yield from _duration("garp_master_refresh", instance.garp_master_refresh_ns, defaults.vrrp_garp_master_refresh_ns)
    yield from _value(
        "garp_master_refresh_repeat", instance.garp_master_refresh_repeat, defaults.vrrp_garp_master_refresh_repeat
    )
    delay_ns = 0 if strict else defaults.vrrp_garp_lower_prio_delay_ns
    yield from _duration("garp_lower_prio_delay", instance.garp_lower_prio_delay_ns, delay_ns)
    repeat = 0 if strict else defaults.vrrp_garp_lower_prio_repeat
    yield from _value("garp_lower_prio_repeat", instance.garp_lower_prio_repeat, repeat)
