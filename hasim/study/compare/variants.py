"""The variants that are compared, and how they are run under the same luck."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, TypedDict

from hasim.arguments import HeartbeatMode
from hasim.errors import UserError
from hasim.scenario.model import Fault, Scenario
from hasim.study.outcomes import amounts_of
from hasim.study.replication import Progress, replicate_many
from hasim.study.results import StudyResult
from hasim.units import format_duration

if TYPE_CHECKING:
    from hasim.study.journal import Journal
    from hasim.study.workers import Crew

__all__ = [
    "Running",
    "RunningOptions",
    "Variant",
    "changes_text",
    "check_comparable",
    "check_makes_difference",
    "foreign_faults",
    "run_variants",
    "value_text",
]


_NOT_IN_A_RUN = frozenset({"name", "description", "seed", "replications", "slo"})
"""What a scenario file says that decides nothing in a run: how many there are, with which seed, what is wanted."""


@dataclass(frozen=True)
class Variant:
    """A scenario under the name that it has in a comparison.

    ``changes`` are what was changed in the scenario of the baseline, path by path, as a scenario file would say it;
    empty for the baseline itself and for a scenario of its own.
    """

    name: str
    scenario: Scenario
    changes: Mapping[str, Any]


class RunningOptions(TypedDict, total=False):
    """The arguments of :class:`Running`, for whoever passes them on."""

    seed: int | None
    replications: int | None
    jobs: int | None
    heartbeats: HeartbeatMode
    progress: Progress | None
    cluster: str | None
    journal: Journal | str | PathLike[str] | None
    crew: Crew | None


@dataclass(frozen=True, slots=True)
class Running:
    """How replications are run, and by whom (see :func:`hasim.study.replicate_many`)."""

    seed: int | None = None
    replications: int | None = None
    jobs: int | None = None
    heartbeats: HeartbeatMode = "quiet"
    progress: Progress | None = None
    cluster: str | None = None
    journal: Journal | str | PathLike[str] | None = None
    crew: Crew | None = None


def run_variants(scenarios: Sequence[Scenario], running: Running) -> tuple[StudyResult, ...]:
    """A study of each scenario with the seed and the number of replications of the first, unless ``running`` says more.

    Scenarios that do the same thing are run once. After an interruption all have the same replications.

    Raises:
        UserError: an argument cannot be, or they do not all run for the same time.
        KeyboardInterrupt: interrupted before each had a replication.
    """
    first = scenarios[0]
    _check_horizons(["one", *["another"] * (len(scenarios) - 1)], scenarios)
    seed = first.seed if running.seed is None else running.seed
    wanted = first.replications if running.replications is None else running.replications
    different = list({scenario.digest: scenario for scenario in scenarios}.values())
    results = replicate_many(
        different,
        seed=seed,
        replications=wanted,
        jobs=running.jobs,
        heartbeats=running.heartbeats,
        progress=running.progress,
        cluster=running.cluster,
        journal=running.journal,
        crew=running.crew,
    )
    common = set.intersection(*(set(amounts_of(result.outcomes, "replication")) for result in results))
    if not common:
        raise KeyboardInterrupt
    by_digest = {result.scenario.digest: result for result in results}
    return tuple(_of(by_digest[scenario.digest], scenario, common) for scenario in scenarios)


def _of(result: StudyResult, scenario: Scenario, replications: set[int]) -> StudyResult:
    return replace(result, scenario=scenario, outcomes=result.outcomes.only(replications))


def check_comparable(variants: Sequence[Variant]) -> None:
    """Refuse what cannot be compared.

    Raises:
        UserError: one variant only, one without a name, or two of one; a change that decides nothing in a run; they do
            not all run for the same time.
    """
    if len(variants) < 2:
        raise UserError("there is only one variant: give at least one other to compare it with")
    names = [variant.name for variant in variants]
    for index, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            raise UserError(f"the name of a variant is text, not {name!r}")
        if name in names[:index]:
            raise UserError(f"two variants are called {name!r}: give each a name of its own")
    for variant in variants:
        for path in variant.changes:
            check_makes_difference(path)
    _check_horizons(names, [variant.scenario for variant in variants])


def check_makes_difference(path: str) -> None:
    """Refuse to vary what decides nothing in a run.

    Raises:
        UserError: ``path`` leads to such a thing.
    """
    if re.split(r"[.\[]", path, maxsplit=1)[0] in _NOT_IN_A_RUN:
        raise UserError(f"{path}: it decides nothing in a run, so nothing would differ; set it for all of them")


def _check_horizons(names: Sequence[str], scenarios: Sequence[Scenario]) -> None:
    """A longer replication has more luck than a shorter one: they do not make a pair."""
    length_ns = scenarios[0].horizon_ns
    for name, scenario in zip(names, scenarios, strict=True):
        if scenario.horizon_ns != length_ns:
            raise UserError(
                f"{names[0]} runs for {format_duration(length_ns)} and {name} for "
                f"{format_duration(scenario.horizon_ns)}: scenarios are compared over the same time; set the same "
                "horizon in all of them"
            )


def foreign_faults(baseline: Scenario, *others: Scenario) -> tuple[str, ...]:
    """The names of the faults that strike any of the others otherwise than the baseline: that is not the same luck."""
    ours = set(map(_strike, baseline.faults))
    strange = {name for other in others for name, *_ in ours ^ set(map(_strike, other.faults))}
    return tuple(sorted(strange))


def _strike(fault: Fault) -> tuple[str, object, object, object]:
    """What decides when a fault strikes whom, and for how long."""
    return fault.name, (fault.targets, fault.between, fault.and_), (fault.at_ns, fault.time_to_failure), fault.duration


def changes_text(changes: Mapping[str, Any]) -> str:
    """Changes as they would be asked for on the command line: ``vrrp.version=3, vrrp.advert_int=100ms``."""
    return ", ".join(f"{path}={value_text(value)}" for path, value in changes.items())


def value_text(value: Any) -> str:
    """A value as a scenario file would say it in one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {value_text(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    return str(value)
