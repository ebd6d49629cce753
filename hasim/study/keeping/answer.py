"""An answer that stands on several studies (a comparison, a sweep, ...) kept in a directory, and opened again.

====================  ==================================================================================================
file                  holds
====================  ==================================================================================================
``result.json``       the whole answer in its own format, which its first key names
``NAME.csv``          its table
``meta.json``         what made it: version, command
``studies.jsonl.gz``  the studies that it stands on (:mod:`hasim.study.keeping.studies_file`), of which it can be made
                      again; a comparison has directories of its variants in place of it
====================  ==================================================================================================

``result.json`` is written last: whoever sees it sees a whole answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hasim.errors import UserError
from hasim.study.answer import Answer
from hasim.study.keeping.checks import DAMAGED
from hasim.study.keeping.files import META_FORMAT, json_text, made_again, parsed, write_texts
from hasim.study.keeping.studies_file import write_studies
from hasim.study.keeping.tables import write_table
from hasim.study.outcomes import amounts_of

if TYPE_CHECKING:
    from hasim.scenario.model import Scenario
    from hasim.study.compare.metrics import Metric
    from hasim.study.results import StudyResult

__all__ = ["as_told", "check_alike", "check_belongs", "keep_answer", "kept_metrics", "opened_answer"]

A = TypeVar("A", bound=Answer)


def keep_answer(
    directory: Path,
    document: dict[str, Any],
    table: tuple[str, Sequence[str], Iterable[Sequence[Any]]],
    command: str = "",
    *,
    studies: Sequence[StudyResult] = (),
    texts: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write an answer into ``directory``, made if need be; returns the files.

    Args:
        directory: where.
        document: its ``result.json``.
        table: name, columns and rows.
        command: what made it.
        studies: that it stands on, to be kept in one file; none: that file is not written.
        texts: further files by their names.

    Raises:
        UserError: the directory or a file cannot be written.
    """
    name, columns, rows = table
    meta = {"format": META_FORMAT, "hasim_version": document["hasim_version"], "command": command}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        write_table(directory / f"{name}.csv", columns, rows)
        written = [write_studies(directory, studies)] if studies else []
        last = {**(texts or {}), "meta.json": json_text(meta), "result.json": json_text(document)}
        written += write_texts(directory, last)
    except OSError as error:
        raise UserError(f"the answer cannot be kept in {directory}: {error.strerror or error}") from None
    return [directory / f"{name}.csv", *written]


@contextmanager
def opened_answer(directory: str | PathLike[str], what: str, wanted: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The directory and the ``result.json`` of an answer that is called ``what`` and has the format ``wanted``.

    Raises:
        UserError: there is none, or another one, or it is damaged: also where the caller finds that, by one of
            :data:`~hasim.study.keeping.checks.DAMAGED`.
    """
    home = Path(directory)
    try:
        document = parsed((home / "result.json").read_text(encoding="utf-8"))
        if document["format"] != wanted:
            raise UserError(f"{home}: this is no {what}: expected {wanted}, got {document['format']}")
        yield home, document
    except OSError as error:
        raise UserError(f"{home}: the {what} cannot be read: {error.strerror or error}") from None
    except DAMAGED as error:
        raise UserError(f"{home}: the {what} is damaged: {error}; {made_again(home)}") from None


def check_belongs(
    home: Path, studies: Sequence[StudyResult], scenarios: Sequence[tuple[str, str]], document: Mapping[str, Any]
) -> None:
    """Make sure that the studies of an answer are those that its ``result.json`` tells of: of the same ``scenarios``
    (name and digest of each), all with its seed and its horizon, by the same hasim in the same way.

    Raises:
        UserError: they are not.
        ValueError: nobody interrupted them, and they have other replications than the first ones.
    """
    told = (document["hasim_version"], document["seed"], document["horizon_ns"], studies[0].heartbeats)
    found = [(study.scenario.name, study.scenario.digest) for study in studies]
    if found != [*scenarios] or any(
        (study.version, study.seed, study.scenario.horizon_ns, study.heartbeats) != told for study in studies
    ):
        raise UserError(f"{home}: result.json and the studies of it do not belong together; {made_again(home)}")
    if not any(study.interrupted for study in studies):
        for study in studies:
            numbers = amounts_of(study.outcomes, "replication")
            if numbers != [*range(len(numbers))]:
                raise ValueError("a study of it has not the first replications, but others")


def as_told(answer: A, document: Mapping[str, Any]) -> A:
    """The answer, which is whole or not as its ``result.json`` says.

    Raises:
        ValueError: it is not.
    """
    if document["interrupted"] is not answer.interrupted:
        raise ValueError(f"interrupted is {document['interrupted']!r:.80}, which its studies do not say")
    return answer


def check_alike(studies: Sequence[StudyResult], count: Any, what: str) -> None:
    """Make sure that each of the studies, which is called ``what``, has so many replications, and all the same.

    Raises:
        ValueError: it has not.
    """
    first = amounts_of(studies[0].outcomes, "replication")
    if len(first) != count or any(amounts_of(study.outcomes, "replication") != first for study in studies):
        raise ValueError(
            f"its files do not belong together: not every {what} has {count!r:.80} replications, or not all the same"
        )


def kept_metrics(names: Iterable[str], scenario: Scenario) -> tuple[Metric, ...]:
    """The metrics that a ``result.json`` names.

    Raises:
        ValueError: there is no such metric, or none is named.
    """
    from hasim.study.compare.metrics import metrics_named

    names = list(names)
    if not names or len({*names}) < len(names):
        raise ValueError("it has no metrics, or one of them twice")
    try:
        return metrics_named(names, scenario)
    except UserError as error:
        raise ValueError(str(error)) from None
