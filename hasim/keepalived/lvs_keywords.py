"""The keywords of virtual servers and their health checkers: checked and kept, but without meaning for a failover."""

from __future__ import annotations

from dataclasses import dataclass

from hasim.keepalived.arguments import (
    Address,
    Anything,
    Boolean,
    Choice,
    Decimal,
    Integer,
    Nothing,
    Report,
    Script,
    Weight,
    Word,
    parse_address,
    read_integer,
)
from hasim.keepalived.grammar import Keyword, accepted, section, values
from hasim.keepalived.list_arguments import Forwarding, Matching

__all__ = ["LVS"]

_UINT_MAX = 2**32 - 1
_MAX_TIMER_US = 2**64 - 2
_MAX_PERSISTENCE_S = 86400 * 31
_MAX_WEIGHT = 2**31 - 1
_ANY_TIME = Decimal(0, _MAX_TIMER_US)
_SOME_TIME = Decimal(1, _MAX_TIMER_US)
_CONNECT_TIME = Decimal(1, _UINT_MAX)
_SCHEDULERS = ("rr", "wrr", "lc", "wlc", "lblc", "sh", "mh", "dh", "fo", "ovf", "lblcr", "sed", "nq", "twos")
_DNS_TYPES = ("A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA")
_MAX_PORT = 65535
_PORT = Integer(1, _MAX_PORT)
_TEXT = Word("a value", missing="error")
_ONE_NAME = Word("a name", missing="error", alone=True)
_STATUS_CODES = Matching(r"[1-5]\d\d(-[1-5]\d\d)?", "status codes from 100 to 599", at_least=0, at_most=None)
_FORWARDING = Forwarding()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An IP address, and perhaps a port. ``is_virtual``: or ``fwmark`` and a number, or ``group`` and a name."""

    is_virtual: bool = False

    def read(self, words: tuple[str, ...], text: str, report: Report) -> tuple[str, ...] | None:
        if not words:
            report.missing("an IP address")
            return None
        if self.is_virtual and words[0] in ("fwmark", "group") and len(words) > 1:
            mark = read_integer(words[1])
            if words[0] == "fwmark" and (mark is None or not 0 <= mark <= _UINT_MAX):
                report.refuse(f"fwmark is a number from 0 to {_UINT_MAX}, not {words[1]!r}", "keepalived leaves it out")
                return None
            return words
        port = read_integer(words[1]) if len(words) > 1 else 1
        if parse_address(words[0]) is None or port is None or not 0 <= port <= _MAX_PORT:
            place = " ".join(words[:2])
            report.refuse(f"needs an IP address and a port up to {_MAX_PORT}, not {place!r}", "keepalived skips it")
            return None
        return words


def _timing(retry_from: int) -> tuple[Keyword, ...]:
    """What virtual servers, real servers and checkers say about how often they look."""
    return (
        accepted("retry", Integer(retry_from)),
        accepted("delay_before_retry", _ANY_TIME),
        accepted("warmup", _ANY_TIME),
        accepted("delay_loop", _SOME_TIME),
    )


_CONNECTION = (
    accepted("connect_ip", Address()),
    accepted("connect_port", _PORT),
    accepted("bindto", Address()),
    accepted("bind_port", _PORT),
    accepted("bind_if", Word("an interface name", limit=15)),
    accepted("connect_timeout", _CONNECT_TIME),
    accepted("fwmark", Integer(0)),
)
_COMMON = (*_timing(0), accepted("alpha", Boolean()), accepted("log_all_failures", Boolean()))
_CHECKER = (*_CONNECTION, *_COMMON)

_URL = section(
    "url",
    (
        accepted("path", Word("a path")),
        accepted("digest", Matching("[0-9a-fA-F]{32}", "32 hexadecimal digits")),
        accepted("status_code", _STATUS_CODES),
        accepted("virtualhost", _TEXT),
        accepted("regex", Anything()),
        accepted("regex_no_match"),
        accepted("regex_options", Anything()),
        accepted("regex_min_offset", Anything()),
        accepted("regex_max_offset", Anything()),
        accepted("regex_stack", Anything()),
    ),
    Nothing(),
    needs=("path",),
)
_HTTP = (
    *_CHECKER,
    accepted("nb_get_retry", Integer(0), deprecated="retry"),
    accepted("virtualhost", _TEXT),
    accepted("http_protocol", Choice(("1.0", "1.0C", "1.1"), ignore_case=True)),
    accepted("enable_sni", Boolean()),
    accepted("fast_recovery", Boolean()),
    _URL,
)

_CHECKERS = (
    section("HTTP_GET", _HTTP, needs=("url",)),
    section("SSL_GET", _HTTP, needs=("url",)),
    section("TCP_CHECK", _CHECKER),
    section("SMTP_CHECK", (accepted("helo_name", _TEXT), *_CHECKER, section("host", _CHECKER))),
    section("DNS_CHECK", (accepted("type", Choice(_DNS_TYPES)), accepted("name", Word("a domain name")), *_CHECKER)),
    section("PING_CHECK", _CHECKER),
    section(
        "UDP_CHECK",
        (
            accepted("payload", Anything(1, missing_is_fatal=False)),
            accepted("require_reply", Anything()),
            accepted("min_reply_length", Integer(0, 65535)),
            accepted("max_reply_length", Integer(0, 65535)),
            *_CHECKER,
        ),
    ),
    section(
        "MISC_CHECK",
        (
            accepted("misc_path", Script(with_user=False, missing="nothing")),
            accepted("misc_timeout", Integer(0, _UINT_MAX // 1_000_000)),
            accepted("misc_dynamic"),
            accepted("user", Anything(1, missing_is_fatal=False)),
            *_COMMON,
        ),
        needs=("misc_path",),
    ),
    section(
        "BFD_CHECK",
        (accepted("name", _ONE_NAME), accepted("alpha", Boolean())),
        needs=("name",),
    ),
    section(
        "FILE_CHECK",
        (accepted("track_file", Word("a track_file")), accepted("weight", Weight(_MAX_WEIGHT))),
        needs=("track_file",),
    ),
)

_REAL_SERVER = section(
    "real_server",
    (
        accepted("weight", Integer(0, _MAX_WEIGHT)),
        accepted("lvs_method", _FORWARDING),
        accepted("uthreshold", Integer(0)),
        accepted("lthreshold", Integer(0)),
        accepted("inhibit_on_failure", Boolean()),
        accepted("notify_up", Script()),
        accepted("notify_down", Script()),
        accepted("alpha", Boolean()),
        accepted("connect_timeout", _CONNECT_TIME),
        *_timing(1),
        accepted("smtp_alert", Boolean()),
        accepted("virtualhost", _TEXT),
        accepted("snmp_name", _ONE_NAME),
        *_CHECKERS,
    ),
    Endpoint(),
)

_VIRTUAL_SERVER = section(
    "virtual_server",
    (
        accepted("ip_family", Choice(("inet", "inet6"))),
        accepted("connect_timeout", _CONNECT_TIME),
        *_timing(1),
        accepted("inhibit_on_failure"),
        accepted("lb_algo", Choice(_SCHEDULERS)),
        accepted("lvs_sched", Choice(_SCHEDULERS)),
        *(accepted(flag) for flag in ("hashed", "ops", "flag-1", "flag-2", "flag-3")),
        *(accepted(flag) for flag in ("sh-port", "sh-fallback", "mh-port", "mh-fallback")),
        accepted("lb_kind", _FORWARDING),
        accepted("lvs_method", _FORWARDING),
        accepted("persistence_engine", Word("an engine")),
        accepted("persistence_timeout", Integer(1, _MAX_PERSISTENCE_S, optional=True)),
        accepted("persistence_granularity", Matching(r"[\d.]+", "a netmask")),
        accepted("protocol", Choice(("TCP", "UDP", "SCTP"), ignore_case=True)),
        accepted("ha_suspend"),
        accepted("smtp_alert", Boolean()),
        accepted("virtualhost", _TEXT),
        accepted("snmp_name", _ONE_NAME),
        accepted("alpha"),
        accepted("omega"),
        accepted("quorum_up", Script()),
        accepted("quorum_down", Script()),
        accepted("quorum", Integer(1, fallback=1)),
        accepted("hysteresis", Integer(0)),
        accepted("weight", Integer(1, _MAX_WEIGHT)),
        accepted("sorry_server", Endpoint()),
        accepted("sorry_server_inhibit"),
        accepted("sorry_server_lvs_method", _FORWARDING),
        _REAL_SERVER,
    ),
    Endpoint(is_virtual=True),
)

LVS = (
    section("SSL", tuple(accepted(name, _TEXT) for name in ("password", "ca", "certificate", "key")), Nothing()),
    values("virtual_server_group", arguments=Anything(1)),
    _VIRTUAL_SERVER,
)
