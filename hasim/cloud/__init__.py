"""The control plane of a cloud's elastic network interfaces, as a pure model.

:class:`Region` holds everything of one region and account; :meth:`Region.call` answers API actions by their real names,
:meth:`Region.commit` and :meth:`Region.fail` end what they began. There is no clock, no I/O and no randomness in here:
how long a task takes and whether it fails is the caller's business.
"""

from hasim.cloud import actions  # registers the actions
from hasim.cloud.entities import InstanceState, Task, TaskKind, TaskStatus
from hasim.cloud.errors import CloudError
from hasim.cloud.limits import InterfaceLimits, Limits
from hasim.cloud.rate_limit import RateLimiter, documented_rate_limits
from hasim.cloud.region import Holder, Region
from hasim.cloud.registry import ACTIONS, Reply

__all__ = [
    "ACTIONS",
    "CloudError",
    "Holder",
    "InstanceState",
    "InterfaceLimits",
    "Limits",
    "RateLimiter",
    "Region",
    "Reply",
    "Task",
    "TaskKind",
    "TaskStatus",
    "actions",
    "documented_rate_limits",
]
