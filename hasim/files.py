"""What to say of files that the user names and that cannot be used: links that lead nowhere, files of another kind."""

from __future__ import annotations

import errno
import os
import re
import shlex
from enum import StrEnum
from pathlib import Path

__all__ = ["FileKind", "another_kind", "dead_link", "kept_there", "kind_of"]


class FileKind(StrEnum):
    """The kinds of files that commands take or make, as messages call them."""

    SCENARIO = "a scenario (YAML)"
    CONFIGURATION = "a keepalived configuration"
    RECORDING = "a recording of trials (JSON)"
    RESULT = "a result of hasim's (JSON)"
    PAGE = "an HTML page"


_HOW = {
    FileKind.SCENARIO: "`hasim run {file}` runs it",
    FileKind.CONFIGURATION: "`hasim import {file}` makes a scenario of it",
    FileKind.RECORDING: "`hasim replay {file}` replays it",
    FileKind.RESULT: "`hasim report {directory}` makes a page of what is kept there",
}
_KEPT = ("result.json", "meta.json")
_SCENARIO_SUFFIXES = (".yaml", ".yml")

_PAGE = re.compile(r"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)
_RESULT = re.compile(r'\s*\{\s*"format"\s*:\s*"hasim\.')
_RECORDING = re.compile(r'\s*\{\s*"(meta|groups)"\s*:')
_SCENARIO_KEY = re.compile(r"^(instances|floating|subnets|zones|vpc|horizon|faults|vrrp)[ \t]*:", re.MULTILINE)
_BLOCK = re.compile(
    r"^(global_defs|vrrp_instance|vrrp_script|vrrp_sync_group|virtual_server(_group)?|(vrrp_)?track_file"
    r"|vrrp_track_process|garp_group|static_(ipaddress|routes|rules)|bfd_instance)\b(?!\s*:)",
    re.MULTILINE,
)
_FEWEST_KEYS = 2


def dead_link(path: Path) -> str:
    """What is wrong with a symbolic link that leads to no file; empty where ``path`` is not such a link."""
    if not path.is_symlink():
        return ""
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "this is a symbolic link that leads back to itself"
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return f"this is a symbolic link to {os.readlink(path)}, which is not there"
    return ""


def kind_of(text: str) -> FileKind | None:
    """What a file with this text is, where that is beyond doubt: no file that can be used is taken for another."""
    for kind, beginning in ((FileKind.PAGE, _PAGE), (FileKind.RESULT, _RESULT), (FileKind.RECORDING, _RECORDING)):
        if beginning.match(text):
            return kind
    keys = {match[1] for match in _SCENARIO_KEY.finditer(text)}
    has_block = _BLOCK.search(text) is not None
    if len(keys) >= _FEWEST_KEYS:
        return None if has_block else FileKind.SCENARIO
    return FileKind.CONFIGURATION if has_block else None


def another_kind(text: str, name: str, expected: FileKind) -> str:
    """What to say of the file ``name`` with this text if it is of another kind than expected, and which command takes
    it; empty where it is of that kind, or nobody knows. A name such as ``<text>`` is that of no file."""
    kind = kind_of(text)
    if kind is None or kind is expected:
        return ""
    what = f"this looks like {kind}, expected {expected}"
    path = Path(name)
    if kind not in _HOW or name.startswith("<") or (kind is FileKind.RESULT and path.name not in _KEPT):
        return what
    file, directory = shlex.quote(name), shlex.quote(str(path.parent))
    how = _HOW[kind].format(file=file, directory=directory)
    if kind is FileKind.SCENARIO and path.suffix.lower() in _SCENARIO_SUFFIXES:
        how += f", `hasim lint {file}` looks for mistakes in it"
    return f"{what}: {how}"


def kept_there(directory: Path) -> str:
    """Which command takes a directory that hasim has written; empty where it has not."""
    name = shlex.quote(str(directory))
    try:
        with (directory / "result.json").open(encoding="utf-8") as file:
            if _RESULT.match(file.read(200)):
                return f"a result is kept in it: `hasim report {name}` makes a page of it"
    except (OSError, UnicodeDecodeError):
        pass
    if (directory / "scenario.yaml").is_file() and any(directory.glob("*/settings.json")):
        return f"hasim export has written it: `hasim import {name}` gives its scenario back"
    return ""
