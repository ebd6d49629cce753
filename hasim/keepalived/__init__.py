"""``keepalived.conf``: read as keepalived 2.2.7 reads it, completed as it completes it, written, and checked.

``loading``    from a file to a :class:`Config`, refusing what keepalived refuses (file and line)
``config``     the typed configuration, with the defaults and changes that the daemon makes
``writer``     a configuration back to text
``lint``       designs that cannot do what their author thinks

Beneath them, in the order in which a file passes through: ``reader`` (includes, conditions, parameters), ``tokens``
(words), ``syntax`` (statements, by the keywords of ``grammar`` and the ``*_keywords`` tables, their ``arguments``
checked), ``globals``, ``tracked``, ``garp_groups``, ``instances``, ``sync_groups`` and ``completion``; and, for what
means nothing to an election but may be wrong, ``routes``, ``server_groups`` and ``virtual_servers``.
"""

from __future__ import annotations

from hasim.keepalived.config import Config, GlobalDefs, SyncGroup, Tracked, VrrpInstance, VrrpScript
from hasim.keepalived.loading import inspect_config, inspect_text, read_config, read_text
from hasim.keepalived.problems import KeepalivedConfigError, Location, Problem, Severity
from hasim.keepalived.writer import write_config

__all__ = [
    "Config",
    "GlobalDefs",
    "KeepalivedConfigError",
    "Location",
    "Problem",
    "Severity",
    "SyncGroup",
    "Tracked",
    "VrrpInstance",
    "VrrpScript",
    "inspect_config",
    "inspect_text",
    "read_config",
    "read_text",
    "write_config",
]
