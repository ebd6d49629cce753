"""What a ``vrrp_instance`` tracks: scripts, processes, files and interfaces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator
from typing_extensions import TypeAliasType

from hasim.scenario import defaults
from hasim.scenario.errors import shown
from hasim.scenario.schema.distributions import DistributionText
from hasim.scenario.schema.fields import (
    NAMES_SCHEMAS,
    AlsoWritten,
    Duration,
    Name,
    PositiveDuration,
    Section,
    Whole,
    setting,
)

__all__ = [
    "TrackFileSection",
    "TrackInterfaceSection",
    "TrackInterfaces",
    "TrackProcessSection",
    "TrackScriptSection",
]

_REVERSE = "Turns the sign of the weight round; with weight 0: FAULT while *up*."


class TrackScriptSection(Section):
    """A health check that keepalived runs and counts (`vrrp_script`), by name."""

    check: Literal["service", "api"] = setting(
        "service",
        "What it looks at: `service` (the application on this instance answers) or `api` (the cloud's API can be "
        "reached from here).",
    )
    interval: PositiveDuration = setting("1s", "Time from one run to the next, on a fixed grid.")
    timeout: PositiveDuration | None = setting(
        None,
        "A run that takes longer has failed. By default the interval, as in keepalived. If it is longer than the "
        "interval, runs overlap, as in keepalived 2.2.7.",
    )
    rise: Annotated[int, Whole(1, 1000)] = setting(1, "Successes in a row until it counts as up.")
    fall: Annotated[int, Whole(1, 1000)] = setting(1, "Failures in a row until it counts as down.")
    weight: Annotated[int, Whole(-253, 253)] = setting(
        0,
        "0: FAULT while down. Negative: added to the priority while down. Positive: added to the priority while up.",
    )
    reverse: bool = setting(False, _REVERSE)
    run_time: DistributionText = setting(
        defaults.SCRIPT_RUN_TIME, "How long one run takes.", weak=defaults.WEAK_SCRIPT_RUN_TIME
    )


class TrackProcessSection(Section):
    """A process that keepalived watches (`vrrp_track_process`), by name. A fault `process_kill` ends it; with
    `service.process` it is the application itself."""

    weight: Annotated[int, Whole(-254, 254)] = setting(
        0, "0: FAULT while too few of it run. Otherwise as with a script."
    )
    reverse: bool = setting(False, _REVERSE)
    quorum: Annotated[int, Whole(1, 65_535)] = setting(1, "So many of it must run.")
    count: Annotated[int, Whole(0, 65_535)] | None = setting(
        None, "So many of it run on an instance that is well. By default `quorum`."
    )
    delay: Duration = setting("0", "How long keepalived waits before it believes in an exit, or in a start.")
    fork_delay: Duration | None = setting(None, "The same for a start alone. By default `delay`.")
    terminate_delay: Duration | None = setting(None, "The same for an exit alone. By default `delay`.")


class TrackFileSection(Section):
    """A file with a number that keepalived watches (`track_file`), by name. A fault `file_write` writes it."""

    weight: Annotated[int, Whole(-254, 254)] = setting(
        1,
        "The number times this is added to the priority; -254 or less means FAULT. 0: any number but 0 means FAULT.",
    )
    reverse: bool = setting(False, "Turns the sign round; with weight 0: FAULT while the number *is* 0.")
    value: Annotated[int, Whole(-(2**31), 2**31 - 1)] | None = setting(
        None, "What stands in it when a run begins. By default there is no such file, which counts as 0."
    )
    init_file: Annotated[int, Whole(-254, 254)] | None = setting(
        None, "What keepalived writes into it when it starts, if there is no such file. By default nothing."
    )
    init_overwrite: bool = setting(False, "It does so over an existing file, too (`init_file ... overwrite`).")


class TrackInterfaceSection(Section):
    """An interface whose link keepalived watches (`track_interface`), by name."""

    weight: Annotated[int, Whole(-253, 253)] = setting(0, "0: FAULT while it has no link. Otherwise as with a script.")
    reverse: bool = setting(False, _REVERSE)


def _by_name(value: object) -> object:
    """A name, or a list of names, where entries by name may stand."""
    if isinstance(value, str):
        return {value: {}}
    if isinstance(value, list):
        if not value:
            raise ValueError("expected at least one name, got an empty list")
        for index, name in enumerate(value):
            if not isinstance(name, str):
                raise ValueError(f"expected the name of an interface, got {shown(name)}")
            if name in value[:index]:
                raise ValueError(f"{name} stands twice in this list")
        return {name: {} for name in value}
    if isinstance(value, dict):
        return value
    raise ValueError(f"expected a name, a list of names, or entries by name, got {shown(value)}")


TrackInterfaces = TypeAliasType(
    "TrackInterfaces",
    Annotated[
        dict[Name, TrackInterfaceSection],
        BeforeValidator(_by_name),
        AlsoWritten("A name, a list of names, or entries by name", NAMES_SCHEMAS),
    ],
)
