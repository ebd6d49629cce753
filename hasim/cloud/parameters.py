"""What an action accepts, as data: the names, kinds and ranges that a call is checked against before anything happens.

A :class:`Parameter` is a name with a kind; a kind turns the caller's JSON value into the value the action works with,
or refuses it with the code that the real action uses (``codes`` lists the ones it may raise, for the reference). The
real cloud is lenient in two ways and so is this: booleans and integers may come as strings (``"true"``, ``"5"``), and
null is as good as absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Any, Protocol

from hasim.cloud.errors import CloudError, refusal

__all__ = [
    "Address",
    "Boolean",
    "Choice",
    "CidrBlock",
    "Identifier",
    "Integer",
    "Kind",
    "ListOf",
    "Number",
    "Parameter",
    "Rule",
    "Structure",
    "Text",
    "at_least_one",
    "exclusive",
    "validate",
]

MALFORMED = "InvalidParameterValue.Malformed"
RANGE = "InvalidParameterValue.Range"
TOO_LONG = "InvalidParameterValue.TooLong"
TOO_MANY = "InvalidParameterValue.LimitExceeded"
_BOOLEANS = {"true": True, "false": False}
_NOTHING = frozenset({"", "0", "false"})
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NAME_LENGTH = 60


class Kind(Protocol):
    """How one value is read. ``label`` is its type for the reference."""

    @property
    def label(self) -> str:
        """The type, as the API's documents write it."""

    @property
    def codes(self) -> frozenset[str]:
        """The codes with which :meth:`read` may refuse."""

    def read(self, value: object, path: str) -> Any:
        """The value to work with; ``path`` names it in a refusal."""


def _wrong_type(path: str, expected: str, value: object) -> CloudError:
    return refusal("InvalidParameter", f"{path} must be {expected}, got {value!r:.60}.")


@dataclass(frozen=True, slots=True)
class Text:
    """A string of at most ``longest`` characters; where it ``is_ascii``, others are as bad as too many."""

    longest: int = _NAME_LENGTH
    too_long: str = TOO_LONG
    is_ascii: bool = False
    label = "String"

    @property
    def codes(self) -> frozenset[str]:
        return frozenset({"InvalidParameter", self.too_long})

    def read(self, value: object, path: str) -> str:
        if not isinstance(value, str):
            raise _wrong_type(path, "a string", value)
        if len(value) > self.longest:
            raise refusal(self.too_long, f"{path} has {len(value)} characters, at most {self.longest} are allowed.")
        if self.is_ascii and not value.isascii():
            raise refusal(self.too_long, f"{path} must be ASCII.")
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few strings."""

    choices: tuple[str, ...]
    code: str = "InvalidParameterValue"
    label = "String"

    @property
    def codes(self) -> frozenset[str]:
        return frozenset({"InvalidParameter", self.code})

    def read(self, value: object, path: str) -> str:
        if not isinstance(value, str):
            raise _wrong_type(path, "a string", value)
        if value not in self.choices:
            raise refusal(self.code, f"{path} must be one of {', '.join(self.choices)}, got {value!r:.60}.")
        return value


@dataclass(frozen=True, slots=True, init=False)
class Identifier:
    """A resource identifier: one of the prefixes and eight characters of [a-z0-9]."""

    prefixes: tuple[str, ...]
    malformed: str = MALFORMED
    label = "String"

    def __init__(self, *prefixes: str, malformed: str = MALFORMED) -> None:
        object.__setattr__(self, "prefixes", prefixes)
        object.__setattr__(self, "malformed", malformed)

    @property
    def codes(self) -> frozenset[str]:
        return frozenset({"InvalidParameter", self.malformed})

    def read(self, value: object, path: str) -> str:
        if not isinstance(value, str):
            raise _wrong_type(path, "a string", value)
        prefix, _, rest = value.partition("-")
        if (
            prefix not in self.prefixes
            or len(rest) != 8
            or not (rest.isascii() and rest.isalnum() and rest == rest.lower())
        ):
            forms = " or ".join(f"{known}-xxxxxxxx" for known in self.prefixes)
            raise refusal(self.malformed, f"{path} must look like {forms}, got {value!r:.60}.")
        return value


@dataclass(frozen=True, slots=True)
class Integer:
    """An integer in a range; a string of digits is as good."""

    least: int = 0
    most: int = 2**63 - 1
    out_of_range: str = RANGE
    label = "Integer"

    @property
    def codes(self) -> frozenset[str]:
        return frozenset({"InvalidParameter", self.out_of_range})

    def read(self, value: object, path: str) -> int:
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong_type(path, "an integer", value)
        if not self.least <= value <= self.most:
            raise refusal(self.out_of_range, f"{path} must be from {self.least} to {self.most}, got {value}.")
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """A positive number of at most ``most``, whole or not."""

    most: float
    label = "Float"

    @property
    def codes(self) -> frozenset[str]:
        return frozenset({"InvalidParameter", "InvalidParameterValue"})

    def read(self, value: object, path: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _wrong_type(path, "a number", value)
        if not 0 < value <= self.most:
            raise refusal("InvalidParameterValue", f"{path} must be above 0, at most {self.most}, got {value!r:.60}.")
        return value


@dataclass(frozen=True, slots=True)
class Boolean:
    """A boolean; the strings ``true`` and ``false`` are as good (the API's own examples use them)."""

    label = "Boolean"
    codes = frozenset({"InvalidParameter"})

    def read(self, value: object, path: str) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in _BOOLEANS:
            return _BOOLEANS[value.lower()]
        raise _wrong_type(path, "a boolean", value)


@dataclass(frozen=True, slots=True)
class Address:
    """An IPv4 address, as canonical text."""

    malformed: str = MALFORMED
    label = "String"

    @property
    def codes(self) -> frozenset[str]:
        return frozenset({"InvalidParameter", self.malformed})

    def read(self, value: object, path: str) -> str:
        if not isinstance(value, str):
            raise _wrong_type(path, "a string", value)
        try:
            return _canonical(value)
        except AddressValueError:
            raise refusal(self.malformed, f"{path} must be an IPv4 address, got {value!r:.60}.") from None


@lru_cache(maxsize=1024)
def _canonical(address: str) -> str:
    return str(IPv4Address(address))


@dataclass(frozen=True, slots=True)
class CidrBlock:
    """An IPv4 range without host bits, such as ``10.0.1.0/24``."""

    label = "String"
    codes = frozenset({"InvalidParameter", MALFORMED})

    def read(self, value: object, path: str) -> IPv4Network:
        if not isinstance(value, str):
            raise _wrong_type(path, "a string", value)
        try:
            return IPv4Network(value)
        except ValueError:
            raise refusal(MALFORMED, f"{path} must be a range such as 10.0.1.0/24, got {value!r:.60}.") from None


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of at most ``most`` values of one kind, and of at least ``least``."""

    kind: Kind
    most: int = 100
    least: int = 0
    too_many: str = TOO_MANY

    @property
    def label(self) -> str:
        return f"Array of {self.kind.label}"

    @property
    def codes(self) -> frozenset[str]:
        few = {"MissingParameter"} if self.least else set()
        return self.kind.codes | few | {"InvalidParameter", self.too_many}

    def read(self, value: object, path: str) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise _wrong_type(path, "a list", value)
        if len(value) < self.least:
            raise refusal("MissingParameter", f"{path} must have at least {self.least} value.")
        if len(value) > self.most:
            raise refusal(self.too_many, f"{path} has {len(value)} values, at most {self.most} are allowed.")
        return [self.kind.read(item, f"{path}.{index}") for index, item in enumerate(value)]


@dataclass(frozen=True, slots=True)
class Structure:
    """An object with parameters of its own."""

    name: str
    parameters: tuple[Parameter, ...]

    @property
    def label(self) -> str:
        return self.name

    @property
    def codes(self) -> frozenset[str]:
        return frozenset({"InvalidParameter"}).union(*(item.codes for item in self.parameters))

    def read(self, value: object, path: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _wrong_type(path, "an object", value)
        return validate(self.parameters, value, path + ".")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an action.

    ``kind`` None means that the real action takes it and the model gives it no effect: it is accepted unread when
    ``harmless``, and refused with UnsupportedOperation where ignoring it would answer something else than was asked
    (with a value that asks for nothing, such as false or an empty list, it is as good as absent).
    """

    name: str
    kind: Kind | None
    required: bool = False
    default: Any = None
    harmless: bool = True

    @property
    def codes(self) -> frozenset[str]:
        """The codes with which this parameter may be refused."""
        codes = self.kind.codes if self.kind else frozenset() if self.harmless else frozenset({"UnsupportedOperation"})
        return codes | {"MissingParameter"} if self.required else codes


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on several parameters: at most one of them is given (``excludes``), or at least one."""

    names: tuple[str, ...]
    code: str
    excludes: bool

    @property
    def codes(self) -> frozenset[str]:
        """The one code with which the rule refuses."""
        return frozenset({self.code})

    @property
    def text(self) -> str:
        """The rule in words."""
        return f"at {'most' if self.excludes else 'least'} one of {', '.join(self.names)}"

    def check(self, request: Mapping[str, Any]) -> None:
        """Refuse a request that breaks the rule."""
        given = [name for name in self.names if request[name] is not None]
        if self.excludes and len(given) > 1:
            raise refusal(self.code, f"{' and '.join(given)} exclude each other.")
        if not self.excludes and not given:
            raise refusal(self.code, f"{' or '.join(self.names)} is needed.")


def exclusive(*names: str, code: str) -> Rule:
    """At most one of these may be given."""
    return Rule(names, code, excludes=True)


def at_least_one(*names: str, code: str = "MissingParameter") -> Rule:
    """At least one of these must be given."""
    return Rule(names, code, excludes=False)


def _asks_for_nothing(value: object) -> bool:
    """Whether a value says no more than leaving the parameter out: false or 0, as strings too, or something empty."""
    return value.lower() in _NOTHING if isinstance(value, str) else not value


def validate(parameters: tuple[Parameter, ...], values: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """The values that an action works with: every modelled parameter is present, absent ones with their default.

    Raises:
        CloudError: a parameter is missing, unknown, unmodelled or has a value that its kind refuses.
    """
    request: dict[str, Any] = {}
    known = 0
    for parameter in parameters:
        name = parameter.name
        value = values.get(name)
        if value is None:
            known += name in values
            if parameter.kind is not None:
                if parameter.required:
                    raise refusal("MissingParameter", f"{path}{name} is needed.")
                request[name] = parameter.default
            continue
        known += 1
        if parameter.kind is not None:
            request[name] = parameter.kind.read(value, path + name)
        elif not parameter.harmless and not _asks_for_nothing(value):
            raise refusal("UnsupportedOperation", f"{path}{name} is not modelled.")
    if known != len(values):
        names = {parameter.name for parameter in parameters}
        unknown = sorted(str(name) for name in values if name not in names)
        raise refusal("UnknownParameter", f"{', '.join(path + name for name in unknown)}.")
    return request
