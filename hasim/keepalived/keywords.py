"""Every keyword that keepalived 2.2.7 knows, by the place where it may stand."""

from __future__ import annotations

from hasim.keepalived.global_keywords import GLOBAL_DEFS, TOP_LEVEL
from hasim.keepalived.grammar import index
from hasim.keepalived.lvs_keywords import LVS
from hasim.keepalived.vrrp_keywords import BFD_INSTANCE, STATIC, TRACK_FILE, VRRP, VRRP_TRACK_FILE

__all__ = ["KEYWORDS"]

KEYWORDS = index((*TOP_LEVEL, GLOBAL_DEFS, *STATIC, *VRRP, TRACK_FILE, VRRP_TRACK_FILE, BFD_INSTANCE, *LVS))
"""The keywords outside every block; each knows those inside its own."""
