"""Whatever is kept in a directory, opened again: :func:`load_kept`."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from hasim.errors import UserError
from hasim.study.keeping.files import kept_format
from hasim.study.keeping.study import load_result

if TYPE_CHECKING:
    from hasim.study.advise import Advice
    from hasim.study.compare import Comparison
    from hasim.study.episodes import EpisodesResult
    from hasim.study.results import StudyResult
    from hasim.study.sensitivity import Sensitivity
    from hasim.study.sweep import Sweep

__all__ = ["Kept", "load_kept"]

Kept: TypeAlias = "StudyResult | EpisodesResult | Comparison | Sweep | Sensitivity | Advice"


def load_kept(directory: str | PathLike[str]) -> Kept:
    """What ``--out``, or the method ``save`` of a result, kept in ``directory``, whatever it is: a study of
    replications or by episodes, a comparison, a sweep, a sensitivity analysis, an advice.

    Raises:
        UserError: there is nothing of the kind, or its files are damaged or do not belong together.
    """
    from hasim.study.advise import load_advice
    from hasim.study.compare import load_comparison
    from hasim.study.episodes import load_episodes
    from hasim.study.sensitivity import load_sensitivity
    from hasim.study.sweep import load_sweep

    loaders: dict[str, Callable[[str | PathLike[str]], Kept]] = {
        "hasim.study": load_result,
        "hasim.episodes": load_episodes,
        "hasim.comparison": load_comparison,
        "hasim.sweep": load_sweep,
        "hasim.sensitivity": load_sensitivity,
        "hasim.advice": load_advice,
    }
    found = kept_format(directory)
    if found not in loaders:
        raise UserError(
            f"{Path(directory) / 'result.json'}: this is nothing that hasim keeps: expected a format among "
            f"{', '.join(loaders)}, got {found or 'none'}"
        )
    return loaders[found](directory)
