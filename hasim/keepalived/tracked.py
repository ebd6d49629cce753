"""What instances track: ``vrrp_script``, ``vrrp_track_process`` and ``track_file`` blocks."""

from __future__ import annotations

from hasim.keepalived.arguments import ScriptCommand, WeightValue, read_integer
from hasim.keepalived.config import TrackFile, TrackProcess, VrrpScript
from hasim.keepalived.drafts import Draft
from hasim.keepalived.problems import Problems
from hasim.keepalived.syntax import Statement

__all__ = ["complete_file", "complete_process", "complete_script"]

_SECOND = 1_000_000_000
_NO_WEIGHT = WeightValue(0)
_FILE_VALUE_LIMIT = 254


def _draft(block: Statement, problems: Problems, first_only: frozenset[str] = frozenset()) -> Draft:
    draft = Draft(block, problems)
    for statement in block.statements:
        if statement.keyword.name in first_only:
            draft.put_first(statement)
        else:
            draft.put(statement)
    return draft


def complete_script(block: Statement, problems: Problems) -> VrrpScript | None:
    """A ``vrrp_script``; None without a command, which keepalived then removes."""
    draft = _draft(block, problems)
    command = draft.find("script", ScriptCommand)
    if command is None:
        problems.error(
            block.end, f"vrrp_script {block.name} has no script: expected script and a command", "keepalived removes it"
        )
        return None
    interval_ns = draft.get("interval", int, _SECOND)
    weight = draft.get("weight", WeightValue, _NO_WEIGHT)
    return VrrpScript(
        location=block.location,
        places=dict(draft.places),
        name=block.name,
        command=command.arguments,
        interval_ns=interval_ns,
        timeout_ns=draft.get("timeout", int, interval_ns),
        rise=draft.get("rise", int, 1),
        fall=draft.get("fall", int, 1),
        weight=weight.weight,
        reverse=weight.reverse,
        user=draft.words("user")[:2],
        init_fail=draft.has("init_fail"),
    )


def complete_process(block: Statement, problems: Problems) -> TrackProcess | None:
    """A ``vrrp_track_process``; None without a process, which keepalived then removes."""
    draft = _draft(block, problems, frozenset({"process", "weight"}))
    process = draft.words("process")
    if not process:
        problems.error(block.end, f"vrrp_track_process {block.name} names no process", "keepalived removes it")
        return None
    quorum, quorum_max = _quorums(block, problems)
    terminate_delay_ns, fork_delay_ns = _delays(block)
    match = draft.words("param_match")[:1]
    if match and match[0] not in ("initial", "partial"):
        problems.error(draft.where("param_match"), f"param_match {match[0]!r} is unknown: expected initial or partial")
        match = ()
    weight = draft.get("weight", WeightValue, _NO_WEIGHT)
    return TrackProcess(
        location=block.location,
        places=dict(draft.places),
        name=block.name,
        process=process,
        weight=weight.weight,
        reverse=weight.reverse,
        quorum=quorum,
        quorum_max=quorum_max,
        fork_delay_ns=fork_delay_ns,
        terminate_delay_ns=terminate_delay_ns,
        full_command=draft.has("full_command") or draft.has("param_match") or len(process) > 1,
        param_match=match[0] if match else "exact" if draft.has("param_match") or len(process) > 1 else None,
    )


def _quorums(block: Statement, problems: Problems) -> tuple[int, int | None]:
    """``quorum`` and ``quorum_max``: keepalived ignores the one that does not go with what stands above it."""
    quorum, quorum_max, is_written = 1, None, False
    for statement in block.statements:
        name, number = statement.keyword.name, statement.value
        if not isinstance(number, int):
            continue
        if name == "quorum" and quorum_max is not None and number > quorum_max:
            problems.error(statement.location, f"quorum {number} is greater than quorum_max {quorum_max}")
        elif name == "quorum":
            quorum, is_written = number, True
        elif name == "quorum_max" and number == 0 and not is_written:
            quorum, quorum_max = 0, 0
        elif name == "quorum_max" and number < quorum:
            problems.error(statement.location, f"quorum_max {number} is less than quorum {quorum}")
        elif name == "quorum_max":
            quorum_max = number
    return quorum, quorum_max


def _delays(block: Statement) -> tuple[int, int]:
    """``terminate_delay`` and ``fork_delay``: a later ``delay`` replaces both."""
    delays_ns = {"terminate_delay": 0, "fork_delay": 0}
    for statement in block.statements:
        name, delay_ns = statement.keyword.name, statement.value
        if isinstance(delay_ns, int) and name == "delay":
            delays_ns = dict.fromkeys(delays_ns, delay_ns)
        elif isinstance(delay_ns, int) and name in delays_ns:
            delays_ns[name] = delay_ns
    return delays_ns["terminate_delay"], delays_ns["fork_delay"]


def complete_file(block: Statement, problems: Problems) -> TrackFile | None:
    """A ``track_file``; None without a file, which keepalived then ignores."""
    draft = _draft(block, problems, frozenset({"file", "weight"}))
    path = draft.find("file", str)
    if path is None:
        problems.error(block.end, f"track_file {block.name} names no file: expected file and a path")
        return None
    weight = draft.get("weight", WeightValue, WeightValue(1))
    value, overwrite = _initial_value(draft, problems)
    return TrackFile(
        location=block.location,
        places=dict(draft.places),
        name=block.name,
        path=path,
        weight=weight.weight,
        reverse=weight.reverse,
        init_value=value,
        init_overwrite=overwrite,
    )


def _initial_value(draft: Draft, problems: Problems) -> tuple[int | None, bool]:
    """What ``init_file [VALUE] [overwrite]`` writes into the file (None: nothing), and whether over an existing one."""
    if not draft.has("init_file"):
        return None, False
    value, overwrite = 0, False
    for word in draft.words("init_file"):
        number = read_integer(word)
        if word == "overwrite":
            overwrite = True
        elif number is None or not word.lstrip("-").isdigit():
            problems.error(draft.where("init_file"), f"init_file {word!r} is neither a number nor overwrite")
        else:
            value = number
            if abs(number) > _FILE_VALUE_LIMIT:
                problems.warning(
                    draft.where("init_file"),
                    f"init_file {number} is outside -{_FILE_VALUE_LIMIT} to {_FILE_VALUE_LIMIT}",
                    "keepalived uses it all the same",
                )
    return value, overwrite
