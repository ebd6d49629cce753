"""From plain data to the schema's models, with pydantic's errors told in the user's terms.

pydantic says ``("faults", 0, "crash", "at")`` and "Field required"; a user wants the line, the path as he wrote it, and
what was expected. All mistakes of a file are found at once, and raised together.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hasim.scenario.errors import KeyPath, ScenarioError, shown, suggestion
from hasim.scenario.loading import Document
from hasim.scenario.schema import ScenarioFile

__all__ = ["validate"]


@dataclass(frozen=True, slots=True)
class _Problem:
    line: int
    path: KeyPath
    message: str
    hint: str = ""
    is_unknown: bool = False
    """An unknown key, because of which the section that it stands in is not looked at any further."""


def validate(document: Document) -> ScenarioFile:
    """The document as a :class:`ScenarioFile`.

    Raises:
        ScenarioError: the first mistake by line, with the others.
    """
    try:
        return ScenarioFile.model_validate(document.data)
    except ValidationError as error:
        raise _mistakes(document, error) from None


def _mistakes(document: Document, error: ValidationError) -> ScenarioError:
    problems = sorted(_all_problems(document, error), key=lambda problem: problem.line)
    by_path: dict[KeyPath, ScenarioError] = {}
    for problem in problems:
        if problem.path not in by_path:
            by_path[problem.path] = document.error(problem.path, problem.message, hint=problem.hint)
    first, *others = by_path.values()
    first.others = tuple(others)
    return first


def _all_problems(document: Document, error: ValidationError) -> Iterator[_Problem]:
    """The problems of an error, and those that show when the unknown keys are taken out."""
    data = deepcopy(document.data)
    sections: set[KeyPath] = set()
    while True:
        found = [problem for details in error.errors(include_url=False) for problem in _problems(document, details)]
        yield from (problem for problem in found if not _may_follow(document, problem.path, sections))
        unknown = {problem.path for problem in found if problem.is_unknown}
        if not unknown:
            return
        for path in unknown:
            _take_out(data, path)
            sections.add(path[:-1])
        try:
            ScenarioFile.model_validate(data)
        except ValidationError as next_error:
            error = next_error
        else:
            return


def _may_follow(document: Document, path: KeyPath, sections: Collection[KeyPath]) -> bool:
    """Whether what is wrong there may be so only because keys have been taken out of these sections: one of them lacks
    something, or what stands in one contradicts itself."""
    return any(section[: len(path)] == path for section in sections) or (
        not document.has(path) and path[:-1] in sections
    )


def _take_out(data: Any, path: KeyPath) -> None:
    for key in path[:-1]:
        data = data[key]
    del data[path[-1]]


def _problems(document: Document, details: ErrorDetails) -> Iterator[_Problem]:
    path = _written_path(document, details["loc"])
    line = document.line(path)
    context: dict[str, Any] = details.get("ctx", {})
    match details["type"]:
        case "missing":
            key = details["loc"][-1]
            yield _Problem(line, (*path, key), "this key is missing")
        case "unknown_key":
            for key in context["unknown"]:
                place = (*path, key)
                yield _Problem(document.line(place), place, "unknown key", suggestion(key, context["known"]), True)
        case "union_tag_not_found":
            known = _quoted(context["discriminator"])[0]
            yield _Problem(line, (*path, known), "this key is missing")
        case "union_tag_invalid":
            place = (*path, "kind")
            known_kinds = _quoted(context["expected_tags"])
            message = f"unknown kind {shown(context['tag'])}"
            yield _Problem(document.line(place), place, message, suggestion(str(context["tag"]), known_kinds))
        case _:
            yield _Problem(line, path, *_expectation(details, context))


def _written_path(document: Document, location: tuple[int | str, ...]) -> KeyPath:
    """The part of pydantic's location that stands in the file (it also names the variants that it tried)."""
    path: KeyPath = ()
    for key in location:
        if document.has((*path, key)):
            path = (*path, key)
    return path


def _expectation(details: ErrorDetails, context: dict[str, Any]) -> tuple[str, str]:
    """What was expected and what was found, and a hint, for a value of the wrong kind."""
    found = shown(details["input"])
    match details["type"]:
        case "value_error":
            return str(context["error"]), ""
        case "literal_error":
            expected = str(context["expected"])
            choices = _quoted(expected)
            hint = suggestion(details["input"], choices) if isinstance(details["input"], str) else ""
            is_near = hint.startswith("did you mean")
            return f"expected {expected}, got {found}", hint if is_near else ""
        case "bool_type":
            return f"expected true or false, got {found}", ""
        case "list_type":
            return f"expected a list, got {found}", "write [a, b] or one '- ' line for each"
        case "dict_type":
            return f"expected entries by name, got {found}", "write 'name: {...}' or indented lines under each name"
        case "not_a_mapping" | "model_attributes_type" | "model_type":
            return f"expected keys and values, got {found}", ""
        case _:
            return f"{details['msg']}, got {found}", ""


def _quoted(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)
