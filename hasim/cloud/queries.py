"""What the Describe actions share: identifiers, ``Filters``, ``Offset`` and ``Limit``.

A filter is a name and values; a record matches when, for every filter, one of the values is one of what the record has
under that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from hasim.cloud.errors import refusal
from hasim.cloud.parameters import Identifier, Integer, ListOf, Parameter, Rule, exclusive

__all__ = ["FilterCodes", "Filters", "Matcher", "Query", "Values"]

RecordT = TypeVar("RecordT")
_MOST_FILTERS = 10
_MOST_VALUES = 100
_MOST_RECORDS = 100
_USUAL_RECORDS = 20
_LONGEST_FILTER_NAME = 60

Matcher = Callable[[RecordT, list[str]], bool]
Values = Callable[[RecordT], Iterable[str]]


@dataclass(frozen=True, slots=True)
class FilterCodes:
    """The codes with which a family of actions refuses a bad filter."""

    unknown_name: str = "InvalidParameter.FilterInvalidKey"
    not_an_object: str = "InvalidParameter.FilterNotDict"
    values_not_a_list: str = "InvalidParameter.FilterValuesNotList"
    too_many: str = "InvalidParameterValue.LimitExceeded"
    name_too_long: str = ""


@dataclass(frozen=True, slots=True)
class Filters:
    """The kind of a ``Filters`` parameter: ``[{"Name": ..., "Values": [...]}]`` into pairs of name and values."""

    names: frozenset[str]
    filter_codes: FilterCodes
    label = "Array of Filter"

    @property
    def codes(self) -> frozenset[str]:
        codes = self.filter_codes
        used = {codes.unknown_name, codes.not_an_object, codes.values_not_a_list, codes.too_many, codes.name_too_long}
        return frozenset(used - {""} | {"InvalidParameter"})

    def read(self, value: object, path: str) -> list[tuple[str, list[str]]]:
        if not isinstance(value, (list, tuple)):
            raise refusal("InvalidParameter", f"{path} must be a list of objects, got {value!r:.60}.")
        if len(value) > _MOST_FILTERS:
            raise refusal(self.filter_codes.too_many, f"{path} has {len(value)} filters, at most {_MOST_FILTERS}.")
        return [self._one(item, f"{path}.{index}") for index, item in enumerate(value)]

    def _one(self, value: object, path: str) -> tuple[str, list[str]]:
        codes = self.filter_codes
        if not isinstance(value, Mapping) or not isinstance(value.get("Name"), str):
            raise refusal(codes.not_an_object, f"{path} must be an object with Name and Values, got {value!r:.60}.")
        if not value.keys() <= {"Name", "Values"}:
            raise refusal("UnknownParameter", f"{path} has Name and Values, and nothing else.")
        name, values = value["Name"], value.get("Values")
        if codes.name_too_long and len(name) > _LONGEST_FILTER_NAME:
            raise refusal(codes.name_too_long, f"{path}.Name has {len(name)} characters.")
        if name not in self.names and not (name.startswith("tag:") and "tag-key" in self.names):
            raise refusal(codes.unknown_name, f"{path}.Name {name!r:.60} is unknown or not modelled.")
        if not isinstance(values, (list, tuple)) or not all(isinstance(item, (str, int, bool)) for item in values):
            raise refusal(codes.values_not_a_list, f"{path}.Values must be a list of strings, got {values!r:.60}.")
        if len(values) > _MOST_VALUES:
            raise refusal(codes.too_many, f"{path}.Values has {len(values)} values, at most {_MOST_VALUES}.")
        return name, [str(item).lower() if isinstance(item, bool) else str(item) for item in values]


class Query(Generic[RecordT]):
    """The parameters of a Describe action and how they choose records.

    ``values`` gives, for each filter name, what a record has under it; ``matchers`` are for filters that are not simple
    membership. ``missing`` is the code for an identifier that does not exist (empty: it is left out of the answer).
    Identifiers and filters exclude each other (``coexist``). Where there is an ``excluded_filter``, identifiers exclude
    only that one, and the others narrow what they choose.
    """

    __slots__ = (
        "_coexist",
        "_excluded_filter",
        "_ids",
        "_matchers",
        "_missing",
        "_values",
        "parameters",
        "refusals",
        "rules",
    )

    def __init__(
        self,
        ids: str,
        prefix: str,
        values: Mapping[str, Values[RecordT]],
        *,
        matchers: Mapping[str, Matcher[RecordT]] | None = None,
        missing: str = "ResourceNotFound",
        malformed: str = "InvalidParameterValue.Malformed",
        filter_codes: FilterCodes | None = None,
        coexist: str = "InvalidParameter.Coexist",
        excluded_filter: str = "",
        out_of_range: str = "InvalidParameterValue.Range",
        further: tuple[Parameter, ...] = (),
    ) -> None:
        self._ids = ids
        self._values = dict(values)
        self._matchers = dict(matchers or {})
        self._missing = missing
        self._coexist = coexist
        self._excluded_filter = excluded_filter
        codes = filter_codes or FilterCodes()
        self.parameters: tuple[Parameter, ...] = (
            Parameter(
                ids, ListOf(Identifier(prefix, malformed=malformed), most=_MOST_RECORDS, too_many=codes.too_many)
            ),
            Parameter("Filters", Filters(frozenset(self._values) | frozenset(self._matchers), codes)),
            Parameter("Offset", Integer(0, out_of_range=out_of_range), default=0),
            Parameter("Limit", Integer(1, _MOST_RECORDS, out_of_range=out_of_range), default=_USUAL_RECORDS),
            *further,
        )
        self.rules: tuple[Rule, ...] = () if excluded_filter else (exclusive(ids, "Filters", code=coexist),)
        self.refusals: tuple[str, ...] = (missing,) if missing else ()

    def select(self, table: Mapping[str, RecordT], request: Mapping[str, Any]) -> tuple[int, list[RecordT]]:
        """How many records match, and those of them that the page asks for.

        Raises:
            CloudError: an identifier does not exist, or comes with a filter that it excludes.
        """
        matching = self._matching(table, request)
        offset = request["Offset"]
        return len(matching), matching[offset : offset + request["Limit"]]

    def _matching(self, table: Mapping[str, RecordT], request: Mapping[str, Any]) -> list[RecordT]:
        filters = request["Filters"] or ()
        wanted = request[self._ids]
        if wanted:
            if any(name == self._excluded_filter for name, _ in filters):
                raise refusal(self._coexist, f"{self._ids} and the filter {self._excluded_filter} exclude each other.")
            matching = self._named(table, wanted)
        else:
            matching = list(table.values())
        for name, asked in filters:
            matching = self._filtered(matching, name, asked)
        return matching

    def _named(self, table: Mapping[str, RecordT], identifiers: Iterable[str]) -> list[RecordT]:
        for identifier in identifiers:
            if self._missing and identifier not in table:
                raise refusal(self._missing, f"{identifier} does not exist.")
        return [table[identifier] for identifier in dict.fromkeys(identifiers) if identifier in table]

    def _filtered(self, records: list[RecordT], name: str, asked: list[str]) -> list[RecordT]:
        if name.startswith("tag:"):
            tag, key = name.removeprefix("tag:"), attrgetter("tags")  # every record that can be queried has tags
            return [record for record in records if key(record).get(tag) in asked]
        matcher = self._matchers.get(name)
        if matcher is not None:
            return [record for record in records if matcher(record, asked)]
        values, wanted = self._values[name], frozenset(asked)
        return [record for record in records if not wanted.isdisjoint(values(record))]
