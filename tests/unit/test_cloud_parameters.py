"""Every parameter of every action refuses what its kind refuses, with the code that the reference prints for it.

Good and bad values are made from the declarations themselves, so a new action is covered as soon as it is registered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hasim.cloud import ACTIONS, CloudError, Region
from hasim.cloud.errors import MESSAGES
from hasim.cloud.parameters import (
    Address,
    Boolean,
    Choice,
    CidrBlock,
    Identifier,
    Integer,
    Kind,
    ListOf,
    Number,
    Parameter,
    Rule,
    Structure,
    Text,
    validate,
)
from hasim.cloud.queries import Filters
from hasim.cloud.registry import Action

Bad = tuple[str, object]


def good(kind: Kind) -> Any:
    """A value that the kind accepts."""
    if isinstance(kind, Identifier):
        return f"{kind.prefixes[0]}-00000000"
    if isinstance(kind, Choice):
        return kind.choices[0]
    if isinstance(kind, Integer):
        return kind.least
    if isinstance(kind, ListOf):
        return [good(kind.kind)] * max(kind.least, 1)
    if isinstance(kind, Structure):
        return {item.name: good(item.kind) for item in kind.parameters if item.kind and item.required}
    if isinstance(kind, Filters):
        return [{"Name": min(kind.names), "Values": ["x"]}]
    simple = {Text: "x", Number: 1, Boolean: True, Address: "10.0.0.9", CidrBlock: "10.0.0.0/24"}
    return simple[type(kind)]


def bad(kind: Kind) -> Iterator[Bad]:
    """Values that the kind refuses, each with the code."""
    wrong_type: object = "neither" if isinstance(kind, (ListOf, Structure, Filters, Number, Boolean, Integer)) else 7
    yield "InvalidParameter", wrong_type
    if isinstance(kind, Text):
        yield kind.too_long, "x" * (kind.longest + 1)
    elif isinstance(kind, Choice):
        yield kind.code, "no such choice"
    elif isinstance(kind, (Identifier, Address)):
        yield kind.malformed, "10.0.0"
    elif isinstance(kind, CidrBlock):
        yield "InvalidParameterValue.Malformed", "10.0.0.1/24"
    elif isinstance(kind, Integer):
        yield kind.out_of_range, kind.least - 1
    elif isinstance(kind, Number):
        yield "InvalidParameterValue", -1
        yield "InvalidParameterValue", 10**400
    elif isinstance(kind, ListOf):
        yield kind.too_many, [good(kind.kind)] * (kind.most + 1)
        if kind.least:
            yield "MissingParameter", []
        yield from ((code, [value]) for code, value in bad(kind.kind))
    elif isinstance(kind, Structure):
        yield from bad_fields(kind)
    elif isinstance(kind, Filters):
        yield from bad_filters(kind)


def bad_fields(kind: Structure) -> Iterator[Bad]:
    whole = good(kind)
    yield "UnknownParameter", whole | {"NoSuchField": 1}
    for item in kind.parameters:
        if item.required:
            yield "MissingParameter", {name: value for name, value in whole.items() if name != item.name}
        if item.kind is not None:
            yield from ((code, whole | {item.name: value}) for code, value in bad(item.kind))
        elif not item.harmless:
            yield "UnsupportedOperation", whole | {item.name: "x"}


def bad_filters(kind: Filters) -> Iterator[Bad]:
    codes, name = kind.filter_codes, min(kind.names)
    yield codes.unknown_name, [{"Name": "no-such-filter", "Values": ["x"]}]
    yield codes.not_an_object, ["no object"]
    yield "UnknownParameter", [{"Name": name, "Values": ["x"], "NoSuchField": 1}]
    yield codes.values_not_a_list, [{"Name": name, "Values": "x"}]
    yield codes.too_many, [{"Name": name, "Values": ["x"]}] * 11
    yield codes.too_many, [{"Name": name, "Values": ["x"] * 101}]
    if codes.name_too_long:
        yield codes.name_too_long, [{"Name": "x" * 61, "Values": ["x"]}]


def good_request(action: Action) -> dict[str, Any]:
    """Parameters that pass validation: the required ones, and the first of what a rule wants."""
    kinds = {item.name: item.kind for item in action.parameters if item.kind}
    wanted = [item.name for item in action.parameters if item.required]
    wanted += [rule.names[0] for rule in action.rules if not rule.excludes]
    return {name: good(kinds[name]) for name in wanted}


def request_against(action: Action, rule: Rule) -> dict[str, Any]:
    """Parameters that break the rule, and nothing else."""
    kinds = {item.name: item.kind for item in action.parameters if item.kind}
    request = good_request(action)
    for name in rule.names:
        request.pop(name, None)
        if rule.excludes:
            kind = kinds[name]
            assert kind is not None
            request[name] = good(kind)
    return request


def all_cases() -> Iterator[Any]:
    for action in ACTIONS.values():
        for item in action.parameters:
            for number, case in enumerate(cases_of(item)):
                yield pytest.param(action, item, *case, id=f"{action.name}-{item.name}-{number}-{case[0]}")


def cases_of(item: Parameter) -> Iterator[Bad]:
    if item.required:
        yield "MissingParameter", None
    if item.kind is not None:
        yield from bad(item.kind)
    elif not item.harmless:
        yield "UnsupportedOperation", "x"


@pytest.fixture(scope="module")
def region() -> Region:
    return Region("ap-guangzhou", ("ap-guangzhou-1",))


@pytest.mark.parametrize("action", list(ACTIONS.values()), ids=list(ACTIONS))
def test_good_values_pass(action: Action) -> None:
    assert action.read(good_request(action)).keys() == {item.name for item in action.parameters if item.kind}


@pytest.mark.parametrize(("action", "parameter", "code", "value"), list(all_cases()))
def test_bad_value_is_refused_with_its_code(
    region: Region, action: Action, parameter: Parameter, code: str, value: object
) -> None:
    with pytest.raises(CloudError) as caught:
        region.call(action.name, good_request(action) | {parameter.name: value}, now_ns=0)
    assert (caught.value.code, code in MESSAGES) == (code, True)


@pytest.mark.parametrize("action", list(ACTIONS.values()), ids=list(ACTIONS))
def test_declared_parameter_codes_are_those_that_bad_values_get(action: Action) -> None:
    for parameter in action.parameters:
        produced = {code for code, _ in cases_of(parameter)} - {"UnknownParameter"}
        assert produced == parameter.codes - {"UnknownParameter"}, parameter.name


@pytest.mark.parametrize("action", list(ACTIONS.values()), ids=list(ACTIONS))
def test_unknown_parameter_is_refused(region: Region, action: Action) -> None:
    with pytest.raises(CloudError, match=r"UnknownParameter.*NoSuchParameter"):
        region.call(action.name, good_request(action) | {"NoSuchParameter": 1}, now_ns=0)


RULES = [(action, rule) for action in ACTIONS.values() for rule in action.rules]


@pytest.mark.parametrize(("action", "rule"), RULES, ids=[f"{action.name}: {rule.text}" for action, rule in RULES])
def test_rule_refuses_with_its_code(region: Region, action: Action, rule: Rule) -> None:
    with pytest.raises(CloudError) as caught:
        region.call(action.name, request_against(action, rule), now_ns=0)
    assert {caught.value.code} == rule.codes


def test_unknown_action_is_refused(region: Region) -> None:
    with pytest.raises(CloudError, match="InvalidAction"):
        region.call("DeleteEverything", {}, now_ns=0)


@pytest.mark.parametrize(("given", "read"), [("true", True), ("False", False), (True, True)])
def test_booleans_may_be_strings(given: object, read: bool) -> None:
    assert Boolean().read(given, "Primary") is read


def test_integers_may_be_strings() -> None:
    assert Integer(0, 100).read("20", "Limit") == 20


@pytest.mark.parametrize("value", [True, "1.0", 1.0, "", "٣"])
def test_what_is_no_integer_is_refused(value: object) -> None:
    with pytest.raises(CloudError, match="InvalidParameter:"):
        Integer(0, 100).read(value, "Limit")


def test_null_is_as_good_as_absent() -> None:
    parameters = (Parameter("Name", Text(), default="unnamed"),)
    assert validate(parameters, {"Name": None}) == validate(parameters, {}) == {"Name": "unnamed"}


@pytest.mark.parametrize("nothing", [False, 0, "", [], {}, "false", "False", "0"])
def test_what_asks_for_nothing_is_as_good_as_absent_where_anything_else_is_refused(nothing: object) -> None:
    assert validate((Parameter("DryRun", None, harmless=False),), {"DryRun": nothing}) == {}


@pytest.mark.parametrize("value", ["eni-0000000", "eni-000000000", "ENI-00000000", "eni-0000000A", "eni-0000000é", "x"])
def test_malformed_identifiers_are_refused(value: str) -> None:
    with pytest.raises(CloudError, match=r"InvalidParameterValue\.Malformed.*eni-xxxxxxxx"):
        Identifier("eni").read(value, "NetworkInterfaceId")


def test_a_client_token_is_ascii(region: Region) -> None:
    request = good_request(ACTIONS["AttachNetworkInterface"]) | {"ClientToken": "einmalig-ü"}
    with pytest.raises(CloudError, match=r"InvalidParameterValue.*ASCII"):
        region.call("AttachNetworkInterface", request, now_ns=0)
