"""The kinds of values in a scenario file: durations, percentages, sizes, addresses, names.

Each kind is a named type with its own reading rule and its own entry in the JSON Schema. The rules raise plain
:class:`ValueError` with a whole sentence of what was expected and what was found; :mod:`hasim.scenario.validation` adds
file, line and path. :class:`Section` is the base of everything that is written as a mapping.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, ip_address
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from typing_extensions import TypeAliasType

from hasim.scenario.errors import shown
from hasim.units import parse_duration, parse_fraction, parse_gigabytes

__all__ = [
    "DURATION_SCHEMA",
    "NAMES_SCHEMAS",
    "Address",
    "AlsoWritten",
    "AnyAddress",
    "Cidr",
    "Duration",
    "Ipv6Address",
    "Memory",
    "Name",
    "Names",
    "Number",
    "Percentage",
    "PositiveDuration",
    "Section",
    "Text",
    "Whole",
    "entries",
    "overlaid",
    "read_duration",
    "setting",
]

_DURATION_PATTERN = r"^\s*(0|(\d+(\.\d+)?\s*(ns|us|µs|ms|s|min|m|h|d|w|y)\s*)+)$"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_MOST_TEXT = 10_000


def read_duration(value: object) -> int:
    """Nanoseconds of a duration as written in the file."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"expected a duration such as 250ms, 1s or 30d, got {shown(value)}")
    return parse_duration(str(value))


def _read_positive_duration(value: object) -> int:
    duration_ns = read_duration(value)
    if duration_ns == 0:
        raise ValueError("expected a duration above 0")
    return duration_ns


def _read_percentage(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"expected a percentage such as 99.95% or a fraction such as 0.02, got {shown(value)}")
    return parse_fraction(str(value))


def _read_memory(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"expected a memory size such as 4GB or 512MB, got {shown(value)}")
    return parse_gigabytes(str(value))


def _read_cidr(value: object) -> IPv4Network:
    if not isinstance(value, str) or "/" not in value:
        raise ValueError(f"expected an IPv4 range such as 10.0.1.0/24, got {shown(value)}")
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        raise ValueError(f"expected an IPv4 range such as 10.0.1.0/24, got {shown(value)}") from None
    if str(network.network_address) != value.split("/")[0]:
        raise ValueError(f"{value} is an address inside a range, not a range: did you mean {network}?")
    return network


def _read_address(value: object) -> IPv4Address:
    try:
        return IPv4Address(value if isinstance(value, str) else "")
    except AddressValueError:
        raise ValueError(f"expected an IPv4 address such as 10.0.1.10, got {shown(value)}") from None


def _read_ipv6_address(value: object) -> IPv6Address:
    try:
        return IPv6Address(value if isinstance(value, str) else "")
    except AddressValueError:
        raise ValueError(f"expected an IPv6 address such as fe80::a, got {shown(value)}") from None


def _read_any_address(value: object) -> IPv4Address | IPv6Address:
    try:
        return ip_address(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"expected an address such as 10.0.1.10 or fe80::a, got {shown(value)}") from None


def _read_name(value: object) -> str:
    if not isinstance(value, str):
        hint = ": put it in quotes if it is a name" if isinstance(value, bool | int | float) else ""
        raise ValueError(f"expected a name, got {shown(value)}{hint}")
    if not _NAME.fullmatch(value):
        raise ValueError(f"expected a name of letters, digits, '-' and '_' (at most 60 of them), got {shown(value)}")
    return value


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {shown(value)}")
    if len(value) > _MOST_TEXT:
        raise ValueError(f"expected at most {_MOST_TEXT:,} characters of text")
    return value.strip()


def _read_password(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {shown(value)}: put it in quotes")
    if not value or not value.isprintable() or '"' in value:
        raise ValueError("expected characters that a keepalived.conf can hold: printable ones, and no double quote")
    return value


@dataclass(frozen=True, slots=True)
class Whole:
    """Marks a whole number from ``low`` to ``high``: ``Annotated[int, Whole(1, 255)]``."""

    low: int
    high: int

    def read(self, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high:
            return value
        written = str(value) if type(value) is int else shown(value)
        raise ValueError(f"expected a whole number from {self.low:,} to {self.high:,}, got {written}")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Number:
    """Marks a number from ``low`` to ``high``: ``Annotated[float, Number(0.05, 1000)]``."""

    low: float
    high: float

    def read(self, value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high:
            return float(value)
        written = str(value) if type(value) in (int, float) else shown(value)
        raise ValueError(f"expected a number from {self.low:g} to {self.high:,.10g}, got {written}")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class AlsoWritten:
    """Lets the JSON Schema accept shorter forms of a value beside the full one."""

    description: str
    forms: tuple[Mapping[str, Any], ...]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"description": self.description, "anyOf": [*self.forms, handler(schema)]}


def _listed(value: object) -> object:
    """One name where a list of names may stand."""
    if value == []:
        raise ValueError("expected at least one name, got an empty list")
    if not isinstance(value, str | list):
        raise ValueError(f"expected a name or a list of names, got {shown(value)}")
    return [value] if isinstance(value, str) else value


DURATION_SCHEMA = {
    "type": "string",
    "pattern": _DURATION_PATTERN,
    "description": "A duration: 250ms, 1.5s, 10min, 30d, 1h 30min (units: ns, us, ms, s, min, h, d, w, y)",
}
_NAME_SCHEMA = {"type": "string", "pattern": f"^{_NAME.pattern}$", "description": "A name of letters, digits, '-', '_'"}
_PERCENTAGE_SCHEMA = {
    "description": "A percentage (99.95%) or a fraction (0.02)",
    "anyOf": [
        {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%?$"},
        {"type": "number", "minimum": 0, "maximum": 1},
    ],
}
_MEMORY_SCHEMA = {
    "type": "string",
    "pattern": r"^\s*\d+(\.\d+)?\s*(GB|GiB|G|MB|MiB|M)\s*$",
    "description": "A memory size: 4GB, 512MB",
}
_CIDR_SCHEMA = {
    "type": "string",
    "pattern": r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$",
    "description": "An IPv4 range: 10.0.1.0/24",
}
NAMES_SCHEMAS = (_NAME_SCHEMA, {"type": "array", "items": _NAME_SCHEMA})
_ADDRESS_SCHEMA = {"type": "string", "format": "ipv4", "description": "An IPv4 address: 10.0.1.10"}
_IPV6_ADDRESS_SCHEMA = {"type": "string", "format": "ipv6", "description": "An IPv6 address: fe80::a"}
_ANY_ADDRESS_SCHEMA = {"type": "string", "description": "An IPv4 or IPv6 address: 10.0.1.10, fe80::a"}

Duration = TypeAliasType("Duration", Annotated[int, PlainValidator(read_duration), WithJsonSchema(DURATION_SCHEMA)])
PositiveDuration = TypeAliasType(
    "PositiveDuration",
    Annotated[int, PlainValidator(_read_positive_duration), WithJsonSchema(DURATION_SCHEMA)],
)
Percentage = TypeAliasType(
    "Percentage", Annotated[float, PlainValidator(_read_percentage), WithJsonSchema(_PERCENTAGE_SCHEMA)]
)
Memory = TypeAliasType("Memory", Annotated[float, PlainValidator(_read_memory), WithJsonSchema(_MEMORY_SCHEMA)])
Cidr = TypeAliasType("Cidr", Annotated[IPv4Network, PlainValidator(_read_cidr), WithJsonSchema(_CIDR_SCHEMA)])
Address = TypeAliasType(
    "Address", Annotated[IPv4Address, PlainValidator(_read_address), WithJsonSchema(_ADDRESS_SCHEMA)]
)
Ipv6Address = TypeAliasType(
    "Ipv6Address", Annotated[IPv6Address, PlainValidator(_read_ipv6_address), WithJsonSchema(_IPV6_ADDRESS_SCHEMA)]
)
AnyAddress = TypeAliasType(
    "AnyAddress",
    Annotated[IPv4Address | IPv6Address, PlainValidator(_read_any_address), WithJsonSchema(_ANY_ADDRESS_SCHEMA)],
)
Name = TypeAliasType("Name", Annotated[str, PlainValidator(_read_name), WithJsonSchema(_NAME_SCHEMA)])
Password = Annotated[
    str, PlainValidator(_read_password), WithJsonSchema({"type": "string", "minLength": 1, "pattern": '^[^"]+$'})
]
Text = Annotated[str, PlainValidator(_read_text), WithJsonSchema({"type": "string"})]
Names = TypeAliasType(
    "Names",
    Annotated[
        list[Name],
        BeforeValidator(_listed),
        WithJsonSchema(
            {
                "description": "A name, or a list of names",
                "anyOf": list(NAMES_SCHEMAS),
            }
        ),
    ],
)


SectionType = TypeVar("SectionType", bound="Section")


class Section(BaseModel):
    """A mapping in the scenario file: unknown keys are errors, nothing is converted silently, nothing changes later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        """Refuse unknown keys with the known ones at hand; an empty section is a section without keys."""
        if data is None:
            return {}
        if not isinstance(data, dict):
            raise PydanticCustomError("not_a_mapping", "expected keys and values")
        known = _keys_of(cls)
        unknown = [key for key in data if key not in known]
        if unknown:
            raise PydanticCustomError("unknown_key", "unknown key", {"unknown": unknown, "known": [*known]})
        return data


@cache
def _keys_of(section: type[Section]) -> dict[str, None]:
    """Its keys as they are written in the file, in order."""
    return dict.fromkeys(field.alias or name for name, field in section.model_fields.items())


def setting(default: Any, description: str, *, weak: str = "", alias: str | None = None) -> Any:
    """A field with a default in the file's own syntax (``...``: the key is required).

    ``weak`` says why nobody should rely on the default; such defaults are named in ``Scenario.weak_defaults``.
    """
    text = f"{description} (weak default: {weak})" if weak else description
    return Field(default, description=text, alias=alias, json_schema_extra={"x-weak": True} if weak else None)


def entries(factory: Callable[[], Any], description: str) -> Any:
    """A field that is a section, a list or a mapping of names, empty unless the file says otherwise."""
    return Field(default_factory=factory, description=description)


def overlaid(base: SectionType, override: SectionType) -> SectionType:
    """``base`` with every key that the file says in ``override`` replaced."""
    return base.model_copy(update={name: getattr(override, name) for name in override.model_fields_set})
