"""Parameters and checks that several actions share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from hasim.cloud.errors import refusal
from hasim.cloud.parameters import Address, Boolean, Choice, ListOf, Parameter, Structure, Text

__all__ = [
    "CLIENT_TOKEN",
    "DUPLICATE_TAG",
    "IDEMPOTENCE",
    "MOST_ADDRESSES_PER_CALL",
    "QOS_LEVELS",
    "TAGS",
    "iso_time",
    "local_time",
    "private_addresses",
    "require_distinct",
    "require_few_addresses",
    "tag_dictionary",
    "tag_list",
    "tag_set",
]

_SECOND = 1_000_000_000
_MOST_TAGS = 50
_LONGEST_TAG_KEY = 127
_LONGEST_TAG_VALUE = 255
_LONGEST_TOKEN = 64
MOST_ADDRESSES_PER_CALL = 10
_TOO_LONG = "InvalidParameterValue.TooLong"

QOS_LEVELS = ("PT", "AU", "AG", "DEFAULT")
CLIENT_TOKEN = Parameter("ClientToken", Text(_LONGEST_TOKEN, "InvalidParameterValue", is_ascii=True))
IDEMPOTENCE = (
    "UnsupportedOperation.IdempotentParameterMismatch",
    "UnsupportedOperation.IdempotentProcessing",
)
"""What an action with a ClientToken may be refused with because of it."""


def tag_list(code: str = "") -> ListOf:
    """The kind of a list of tags; ``code``, where given, replaces the tag service's own codes for a bad one."""
    tag = Structure(
        "Tag",
        (
            Parameter("Key", Text(_LONGEST_TAG_KEY, code or "InvalidParameterValue.TagInvalidKeyLen"), required=True),
            Parameter("Value", Text(_LONGEST_TAG_VALUE, code or "InvalidParameterValue.TagInvalidVal"), default=""),
        ),
    )
    return ListOf(tag, _MOST_TAGS, too_many=code or "LimitExceeded.TagKeyPerResourceExceeded")


TAGS = Parameter("Tags", tag_list(), default=())
DUPLICATE_TAG = "InvalidParameterValue.TagDuplicateKey"


def private_addresses(too_many: str = "InvalidParameterValue.LimitExceeded", too_long: str = _TOO_LONG) -> ListOf:
    """The kind of a list of private addresses; the codes are for more than ten and for a long description."""
    return ListOf(
        Structure(
            "PrivateIpAddressSpecification",
            (
                Parameter("PrivateIpAddress", Address(), required=True),
                Parameter("Primary", Boolean(), default=False),
                Parameter("Description", Text(too_long=too_long), default=""),
                Parameter("QosLevel", Choice(QOS_LEVELS), default=""),
                *(Parameter(name, None) for name in ("PublicIpAddress", "AddressId", "IsWanIpBlocked", "State")),
            ),
        ),
        MOST_ADDRESSES_PER_CALL,
        1,
        too_many,
    )


def require_few_addresses(request: Mapping[str, Any], code: str) -> None:
    """Check that a call asks for ten addresses at most, those that it names and those that it counts together.

    Raises:
        CloudError: they are more (``code``).
    """
    asked = len(request["PrivateIpAddresses"] or ()) + (request["SecondaryPrivateIpAddressCount"] or 0)
    if asked > MOST_ADDRESSES_PER_CALL:
        raise refusal(code, f"{asked} addresses in one call, at most {MOST_ADDRESSES_PER_CALL} are allowed.")


def require_distinct(addresses: Sequence[str], code: str) -> None:
    """Check that a list of addresses names none twice.

    Raises:
        CloudError: it does (``code``).
    """
    if len(set(addresses)) != len(addresses):
        raise refusal(code, "PrivateIpAddresses names an address twice.")


def tag_dictionary(tags: list[dict[str, Any]], code: str = DUPLICATE_TAG) -> dict[str, str]:
    """Tags as key to value.

    Raises:
        CloudError: a key occurs twice (``code``).
    """
    found = {tag["Key"]: tag["Value"] for tag in tags}
    if len(found) != len(tags):
        raise refusal(code, "Two tags have the same key.")
    return found


def tag_set(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as the API shows them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@lru_cache(maxsize=256)
def local_time(at_ns: int) -> str:
    """``2017-08-31 16:17:34``: how the vpc actions write a time (nanoseconds since 1970, UTC)."""
    return datetime.fromtimestamp(at_ns // _SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S")


def iso_time(at_ns: int) -> str:
    """``2017-08-31T16:17:34Z``: how the cvm and EIP actions write a time (nanoseconds since 1970, UTC)."""
    return datetime.fromtimestamp(at_ns // _SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
