"""The faults of a scenario that befall the cloud's API, as troubles of the control plane."""

from __future__ import annotations

from hasim.cloud.trouble import Trouble, TroubleKind
from hasim.scenario.model import Fault, FaultKind

__all__ = ["API_FAULTS", "trouble_of"]

_KINDS = {
    FaultKind.API_OUTAGE: TroubleKind.OUTAGE,
    FaultKind.API_SLOWDOWN: TroubleKind.SLOWDOWN,
    FaultKind.API_THROTTLE: TroubleKind.THROTTLE,
    FaultKind.API_ERRORS: TroubleKind.ERRORS,
    FaultKind.API_STUCK_TASKS: TroubleKind.STUCK,
    FaultKind.API_FAILED_TASKS: TroubleKind.TASK_FAILURES,
}

API_FAULTS = frozenset(_KINDS)
"""The kinds of fault that befall the API."""


def trouble_of(fault: Fault) -> Trouble:
    """The trouble that an API fault is, with the fault's name.

    Raises:
        KeyError: it is of another kind.
    """
    return Trouble(
        identifier=fault.name,
        kind=_KINDS[fault.kind],
        actions=frozenset(fault.targets),
        factor=fault.factor,
        rate_per_s=fault.rate_per_s,
        code=fault.code,
        probability=fault.probability,
    )
