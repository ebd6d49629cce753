"""The lengths of all failovers of a study, and which replication each belongs to: :class:`Lengths`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from hasim.measure.model import PHASES, RunOutcome
from hasim.study.outcomes import Outcomes
from hasim.study.summary import ascending, failovers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Lengths"]


@dataclass(frozen=True, eq=False, slots=True)
class Lengths:
    """Whole failovers, or one phase of them, in the order of their replications.

    Attributes:
        values_ns: shape (failovers,).
        owners: the position of the replication of each, from 0; shape (failovers,).
        replications: how many there are, with failovers or without.
    """

    values_ns: NDArray[np.int64]
    owners: NDArray[np.int64]
    replications: int

    @classmethod
    def of(cls, outcomes: Sequence[RunOutcome], phase: int | None) -> Self:
        """Those of these outcomes; of one ``phase`` (its index), or None for all of it."""
        found = Outcomes.of(outcomes)
        moves = failovers(found)
        values_ns = moves.column("duration_ns" if phase is None else f"{PHASES[phase]}_ns")
        return cls(values_ns, found.positions_of(moves), len(found))

    @property
    def ordered_ns(self) -> Sequence[int]:
        """The shortest first."""
        return ascending(self.values_ns.copy())

    @property
    def counts(self) -> list[int]:
        """How many failovers each replication has."""
        import numpy as np

        found: list[int] = np.bincount(self.owners, minlength=self.replications).tolist()
        return found

    def summed(self, each: NDArray[np.floating]) -> list[float]:
        """What each replication has of a number that each failover has, of shape (failovers,)."""
        import numpy as np

        found: list[float] = np.bincount(self.owners, each, self.replications).tolist()
        return found

    def differing(self, other: Lengths) -> int:
        """How many of the same replications have other failovers, or failovers of another length."""
        import numpy as np

        alike = np.array(self.counts) == np.array(other.counts)
        mine, theirs = alike[self.owners], alike[other.owners]
        longer_or_shorter = self.owners[mine][self.values_ns[mine] != other.values_ns[theirs]]
        return int(np.count_nonzero(~alike)) + np.unique(longer_or_shorter).size
