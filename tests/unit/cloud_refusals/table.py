"""The table of refusals: cases by action and code, and how a family of actions adds its own.

A case is a scene: it sets up what is needed in a fresh :class:`Cloud` and returns the parameters of the call that is
refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hasim.cloud import Limits
from tests.unit.cloud_topology import Cloud

Scene = Callable[[Cloud], dict[str, Any]]
CASES: dict[tuple[str, str], list[tuple[Scene, Limits | None]]] = {}

MALFORMED = "InvalidParameterValue.Malformed"
RANGE = "InvalidParameterValue.Range"
RESERVED = "InvalidParameterValue.Reserved"
VALUE = "InvalidParameterValue"
MISMATCH = "InvalidParameterValue.ParameterMismatch"
NOT_FOUND = "ResourceNotFound"
UNSUPPORTED = "UnsupportedOperation"
INVALID_STATE = "UnsupportedOperation.InvalidState"
MUTEX = "UnsupportedOperation.MutexOperationTaskRunning"
EIP_MUTEX = "OperationDenied.MutexTaskRunning"
CVM_MUTEX = "MutexOperation.TaskRunning"
REPEATED = "UnsupportedOperation.IdempotentParameterMismatch"
PROCESSING = "UnsupportedOperation.IdempotentProcessing"
DUPLICATE_TAG = "InvalidParameterValue.TagDuplicateKey"
SAME_TAGS = [{"Key": "role", "Value": "1"}, {"Key": "role", "Value": "2"}]
NO_INSTANCE = "InvalidInstanceId.NotFound"
NO_GROUP = "InvalidSecurityGroupId.NotFound"
FULL_GROUP = "LimitExceeded.CvmsVifsPerSecGroupLimitExceeded"


def case(action: str, code: str, limits: Limits | None = None) -> Callable[[Scene], Scene]:
    """Register a scene that returns the parameters of the call that is refused with ``code``."""

    def register(scene: Scene) -> Scene:
        CASES.setdefault((action, code), []).append((scene, limits))
        return scene

    return register


def simple(action: str, code: str, **parameters: Any) -> None:
    """A case whose parameters do not depend on the scene."""
    case(action, code)(lambda cloud: dict(parameters))
