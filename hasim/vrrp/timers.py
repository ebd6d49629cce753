"""The intervals of VRRP, in integer nanoseconds.

keepalived's arithmetic, which differs from the RFCs in one place: the skew of VRRPv2 is a fraction of one *second*
whatever the advertisement interval (RFC 3768), the skew of VRRPv3 a fraction of the *master's interval* (RFC 5798), and
keepalived keeps both rules where RFC 5798 would scale both.
"""

from __future__ import annotations

__all__ = ["CENTISECOND", "OWNER_PRIORITY", "SECOND", "complete_advert_int", "master_down_interval", "skew_time"]

SECOND = 1_000_000_000
CENTISECOND = SECOND // 100
OWNER_PRIORITY = 255
_PRIORITIES = 256
_MICROSECOND = 1_000
_MAX_V3_CENTISECONDS = 4095
_MAX_V2_SECONDS = 255


def complete_advert_int(version: int, advert_int_ns: int) -> int:
    """The interval that keepalived really uses for a configured ``advert_int``.

    VRRPv2 counts whole seconds on the wire: rounded to the nearest second, from 1 to 255. VRRPv3 counts centiseconds:
    rounded to the nearest 10 ms, from 1 to 4095 of them. Halves round up (1.5 s is 2 s, 15 ms is 20 ms).
    """
    unit_ns, most = (SECOND, _MAX_V2_SECONDS) if version == 2 else (CENTISECOND, _MAX_V3_CENTISECONDS)
    return min(max((advert_int_ns + unit_ns // 2) // unit_ns, 1), most) * unit_ns


def skew_time(version: int, priority: int, master_advert_int_ns: int) -> int:
    """How much longer a router of that priority waits than one of priority 256 would.

    Rounded down to whole microseconds, the resolution of keepalived's timers.
    """
    scale_ns = SECOND if version == 2 else master_advert_int_ns
    return (_PRIORITIES - priority) * scale_ns // _PRIORITIES // _MICROSECOND * _MICROSECOND


def master_down_interval(version: int, priority: int, master_advert_int_ns: int, down_timer_adverts: int = 3) -> int:
    """How long a BACKUP of that priority waits for an advert before it takes over (RFC 5798, 6.1).

    ``down_timer_adverts`` is keepalived's extension of the RFC's constant 3.
    """
    return down_timer_adverts * master_advert_int_ns + skew_time(version, priority, master_advert_int_ns)
