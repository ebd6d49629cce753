"""From the bytes of a scenario file to plain data in which every value knows its line.

The YAML is read event by event, not composed into a tree by the library: its C composer recurses without a bound and a
file of 100,000 brackets ends the process. Reading events also lets size, depth and the growth by aliases be bounded
while it happens. Scalars are what a person means by them: ``yes`` is true, ``5`` a number, ``1:30`` and ``2024-01-01``
text. Whatever is unclear (duplicate keys, tags, several documents) is refused with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from hasim.files import FileKind, another_kind, dead_link, kept_there
from hasim.scenario.errors import KeyPath, ScenarioError, format_path, nearest, shown

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "parse", "read_text"]

MAX_BYTES = 1_000_000
"""A scenario is written by hand: a file beyond this is something else."""

MAX_DEPTH = 24
MAX_NODES = 50_000
"""Values in one scenario after aliases are expanded; a chain of aliases that doubles each time stops here."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STRING_TAG = "tag:yaml.org,2002:str"
_MERGE_KEY = "<<"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUES = frozenset({"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSES = frozenset({"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_WHOLE = re.compile(r"[-+]?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"[-+]?(\d{1,18}\.\d{0,18}|\.\d{1,18}|\d{1,18}(?=[eE]))([eE][-+]?\d{1,2})?")


@dataclass(frozen=True, slots=True)
class Document:
    """A scenario file as plain data: ``data`` (mappings, lists, text, numbers, booleans, None), the ``lines`` on which
    each key or list item stands (1-based), the ``path`` of the file and its ``text``.

    ``origins``: file and line of what was taken over from another file. ``changed``: what was set afterwards (see
    :mod:`hasim.scenario.changes`), by whoever asks what would be different then."""

    path: str
    text: str
    data: dict[str, Any]
    lines: dict[KeyPath, int]
    origins: dict[KeyPath, tuple[str, int]] = field(default_factory=dict)
    changed: frozenset[KeyPath] = frozenset()

    def where(self, path: KeyPath) -> tuple[str, int]:
        """File and line of that value, or of the nearest thing around it that is in a file."""
        around = path
        while around and around not in self.lines:
            if around in self.origins:
                return self.origins[around]
            around = around[:-1]
        return self.path, self.line(path)

    def is_changed(self, path: KeyPath) -> bool:
        """Whether that value was set afterwards, alone or with something around it."""
        return any(path[:depth] in self.changed for depth in range(1, len(path) + 1))

    def line(self, path: KeyPath) -> int:
        """The line of that value, or of the nearest thing around it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def has(self, path: KeyPath) -> bool:
        """Whether the file itself says something at that path (rather than leaving it to a default)."""
        return path in self.lines

    def error(self, path: KeyPath, message: str, *, hint: str = "", code: str = "") -> ScenarioError:
        """The error to raise for the value at that path."""
        file, line = self.where(path)
        return ScenarioError(file, line, format_path(path), message, hint=hint, code=code)


@dataclass(frozen=True, slots=True)
class _Scalar:
    value: object
    plain: bool
    line: int


@dataclass(frozen=True, slots=True)
class _List:
    items: list[_Node]
    line: int


@dataclass(frozen=True, slots=True)
class _Mapping:
    items: list[tuple[_Node, _Node]]
    line: int


_Node: TypeAlias = _Scalar | _List | _Mapping


def read_text(path: Path) -> str:
    """The text of a scenario file.

    Raises:
        ScenarioError: no such file, not a file, too big, or not text.
    """
    name = str(path)
    try:
        if path.is_dir():
            raise ScenarioError(name, None, "", "this is a directory, expected a scenario file", hint=kept_there(path))
        if path.exists() and not path.is_file():
            raise ScenarioError(name, None, "", "this is not a regular file, expected a scenario file")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if len(content) > MAX_BYTES:
        raise ScenarioError(name, 1, "", f"the file is too big: a scenario has at most {MAX_BYTES // 1_000_000} MB")
    return _decode(content, name)


def _unreadable(path: Path, error: OSError | ValueError) -> ScenarioError:
    name, hint = str(path), ""
    if isinstance(error, ValueError):
        message = "the file cannot be read: this is not a usable file name"
    elif link := dead_link(path):
        message = link
    elif isinstance(error, FileNotFoundError):
        message, hint = "there is no such file", _similar_file(path)
    else:
        message = f"the file cannot be read: {error.strerror}"
    return ScenarioError(name, None, "", message, hint=hint)


def _similar_file(path: Path) -> str:
    """The scenario beside it that is called most like it; what all of them end in makes no two of them alike."""
    try:
        siblings = sorted(sibling for sibling in path.parent.iterdir() if sibling.suffix in (".yaml", ".yml"))
    except OSError:
        return ""
    by_stem = {sibling.stem: sibling for sibling in siblings}
    close = nearest(path.stem, list(by_stem))
    return f"did you mean {by_stem[close]}?" if close is not None else ""


def _decode(content: bytes, name: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ScenarioError(name, line, "", "this is not text: expected a YAML file in UTF-8") from None
    position = text.find("\0")
    if position >= 0:
        line = text.count("\n", 0, position) + 1
        raise ScenarioError(name, line, "", "this is a binary file: expected a YAML file in UTF-8")
    return text


def parse(text: str, path: str) -> Document:
    """The document in ``text``; ``path`` is only named in errors.

    Raises:
        ScenarioError: not YAML, or YAML that cannot be a scenario.
    """
    if len(text) > MAX_BYTES:
        raise ScenarioError(path, 1, "", f"the text is too big: a scenario has at most {MAX_BYTES // 1_000_000} MB")
    if another := another_kind(text, path, FileKind.SCENARIO):
        raise ScenarioError(path, None, "", another)
    root = _Reader(path).read(text)
    if not isinstance(root, _Mapping):
        raise ScenarioError(
            path,
            root.line,
            "",
            f"expected keys such as 'instances:' at the top of a scenario, got {_kind(root)}",
        )
    plain = _Plain(path)
    data = plain.convert(root, (), 0)
    return Document(path=path, text=text, data=data, lines=plain.lines)


def _kind(node: _Node) -> str:
    if isinstance(node, _Scalar):
        return "an empty file" if node.value is None else "a single value"
    return "a list" if isinstance(node, _List) else "a mapping"


class _Reader:
    """YAML events to nodes, with anchors resolved (an alias is the same node again)."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._anchors: dict[str, _Node | None] = {}
        self._events: Iterator[Any] = iter(())
        self._nodes = 0

    def read(self, text: str) -> _Node:
        self._events = self._checked_events(text)
        root: _Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._error(event, "a second document begins here: a scenario file holds one")
                root = self._node(next(self._events), 0)
        if root is None:
            raise ScenarioError(self._path, 1, "", "the file is empty: expected a scenario")
        return root

    def _checked_events(self, text: str) -> Iterator[Any]:
        try:
            yield from yaml.parse(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark is not None else None
            raise ScenarioError(self._path, line, "", _reworded(error, text, line)) from None
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            code = error.character if isinstance(error.character, int) else ord(error.character)
            message = f"the character U+{code:04X} is not allowed in YAML"
            raise ScenarioError(self._path, line, "", message) from None

    def _node(self, event: Any, depth: int) -> _Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if depth > MAX_DEPTH:
            raise self._error(event, f"this is nested more than {MAX_DEPTH} levels deep")
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._error(event, f"a scenario has at most {MAX_NODES:,} values")
        self._check_tag(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._unanchored(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _unanchored(self, event: Any, depth: int) -> _Node:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0] and event.tag is None
            return _Scalar(_scalar(event.value) if plain else event.value, plain, line)
        if isinstance(event, yaml.SequenceStartEvent):
            items = [self._node(inner, depth + 1) for inner in self._until(yaml.SequenceEndEvent)]
            return _List(items, line)
        pairs = [
            (self._node(key, depth + 1), self._node(next(self._events), depth + 1))
            for key in self._until(yaml.MappingEndEvent)
        ]
        return _Mapping(pairs, line)

    def _until(self, end: type) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

    def _alias(self, event: Any) -> _Node:
        if event.anchor not in self._anchors:
            raise self._error(event, f"the alias *{event.anchor} has no anchor &{event.anchor} before it")
        node = self._anchors[event.anchor]
        if node is None:
            raise self._error(event, f"the alias *{event.anchor} stands inside what it refers to")
        return node

    def _check_tag(self, event: Any) -> None:
        if event.tag not in (None, "!", _STRING_TAG):
            raise self._error(event, f"the YAML tag {event.tag!r} has no meaning in a scenario: leave it out")

    def _error(self, event: Any, message: str) -> ScenarioError:
        return ScenarioError(self._path, event.start_mark.line + 1, "", message)


def _scalar(text: str) -> object:
    """What an unquoted word means."""
    if text in _NULLS:
        return None
    if text in _TRUES:
        return True
    if text in _FALSES:
        return False
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


def _reworded(error: yaml.MarkedYAMLError, text: str, line: int | None) -> str:
    lines = text.splitlines()
    written = lines[line - 1] if line is not None and line <= len(lines) else ""
    indent = written[: len(written) - len(written.lstrip())]
    if "\t" in indent or "'\\t'" in str(error.problem):
        return "YAML cannot be indented with tabs: use spaces"
    if "mapping values are not allowed" in str(error.problem):
        return "a ':' is not expected here: is the line above indented right, or does the value need quotes?"
    context = f" ({error.context})" if error.context else ""
    return f"this is not valid YAML: {error.problem}{context}"


class _Plain:
    """Nodes to plain data, with the line of everything; aliases are expanded here, and counted."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._nodes = 0
        self.lines: dict[KeyPath, int] = {}

    def convert(self, node: _Node, path: KeyPath, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._error(node.line, path, f"this grows beyond {MAX_NODES:,} values: too many aliases of aliases")
        if depth > MAX_DEPTH:
            raise self._error(node.line, path, f"this is nested more than {MAX_DEPTH} levels deep")
        if isinstance(node, _Scalar):
            return node.value
        if isinstance(node, _List):
            return [self._item(item, (*path, index), depth) for index, item in enumerate(node.items)]
        return self._mapping(node, path, depth)

    def _item(self, node: _Node, path: KeyPath, depth: int) -> Any:
        self.lines[path] = node.line
        return self.convert(node, path, depth + 1)

    def _mapping(self, mapping: _Mapping, path: KeyPath, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: list[_Node] = []
        for key_node, value_node in mapping.items:
            if isinstance(key_node, _Scalar) and key_node.plain and key_node.value == _MERGE_KEY:
                merged += value_node.items if isinstance(value_node, _List) else [value_node]
                continue
            key = self._key(key_node, path)
            place = (*path, key)
            if key in result:
                message = f"this key is already on line {self.lines[place]}: each key stands once"
                raise self._error(key_node.line, place, message)
            self.lines[place] = key_node.line
            result[key] = self.convert(value_node, place, depth + 1)
        for node in merged:
            self._merge(node, result, path, depth)
        return result

    def _merge(self, node: _Node, result: dict[str, Any], path: KeyPath, depth: int) -> None:
        """``<<: *anchor``: the keys of the anchored mapping that are not there yet."""
        if not isinstance(node, _Mapping):
            raise self._error(node.line, path, "'<<' takes an alias of a mapping, such as <<: *common")
        outer_lines, self.lines = self.lines, {}
        inherited = self._mapping(node, path, depth + 1)
        inner_lines, self.lines = self.lines, outer_lines
        new = inherited.keys() - result.keys()
        result |= {key: value for key, value in inherited.items() if key in new}
        self.lines |= {place: line for place, line in inner_lines.items() if place[len(path)] in new}

    def _key(self, node: _Node, path: KeyPath) -> str:
        if not isinstance(node, _Scalar):
            raise self._error(node.line, path, f"a key is a word, got {_kind(node)}")
        if isinstance(node.value, str):
            return node.value
        message = f"a key is text, and YAML reads this one as {shown(node.value)}: put it in quotes"
        raise self._error(node.line, path, message)

    def _error(self, line: int, path: KeyPath, message: str) -> ScenarioError:
        return ScenarioError(self._path, line, format_path(path), message)
