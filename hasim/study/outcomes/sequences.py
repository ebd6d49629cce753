"""What a study reads its outcomes through: :class:`Outcomes`, and :class:`Outages` of one of them or of all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar, overload

from hasim.measure.model import Outage, RunOutcome
from hasim.study.outcomes.store import OUTAGE_COLUMNS, PHASE_COLUMNS, RUN_COLUMNS, OutcomeStore, errors_told

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["OutageTotals", "Outages", "Outcomes", "amounts_of"]

_SECOND = 1_000_000_000
_CALCULATED = {"replication": "number", "duration_ns": "end_ns - start_ns"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OutageTotals:
    """What the outages of one cause that ended in one way come to.

    Attributes:
        cause: of all of them.
        resolution: of all of them.
        count: how many.
        longest_ns: of the longest.
        total_ns: of all together.
        phases_ns: likewise by phase.
    """

    cause: str
    resolution: str
    count: int
    longest_ns: int
    total_ns: int
    phases_ns: tuple[int, ...]


class _Rows(Sequence[T]):
    """Rows of a table of the store, in order: equal to any sequence of the same entries."""

    _table: str
    _columns: tuple[str, ...]
    _order: str

    def __init__(self, store: OutcomeStore, where: str, values: tuple[Any, ...], length: int | None = None) -> None:
        """Those of a table ``where`` a condition holds, with the ``values`` of its parameters; so many, if known."""
        self._store = store
        self._where = where
        self._values = values
        self._length = length

    def __len__(self) -> int:
        if self._length is None:
            self._length = int(next(self._select("count(*)"))[0])
        return self._length

    def __iter__(self) -> Iterator[T]:
        return map(self._entry, self._select(", ".join(self._columns), f"ORDER BY {self._order}"))

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return self._some(range(len(self))[index])
        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self):,}, and none has the index {index}")
        (found,) = self._from_to(index % len(self), 1)
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def column(self, name: str) -> NDArray[np.int64]:
        """A whole number of each entry, in order."""
        import numpy as np

        found = self._select(_CALCULATED.get(name, name), f"ORDER BY {self._order}")
        return np.fromiter(chain.from_iterable(found), np.int64, len(self))

    def _entry(self, row: tuple[Any, ...]) -> T:
        raise NotImplementedError

    def _some(self, places: range) -> Sequence[T]:
        if not places:
            return ()
        first, last = min(places[0], places[-1]), max(places[0], places[-1])
        found = tuple(islice(self._from_to(first, last - first + 1), 0, None, abs(places.step)))
        return found if places.step > 0 else found[::-1]

    def _from_to(self, first: int, count: int) -> Iterator[T]:
        rows = self._select(", ".join(self._columns), f"ORDER BY {self._order} LIMIT {count} OFFSET {first}")
        return map(self._entry, rows)

    def _select(self, what: str, then: str = "") -> Iterator[tuple[Any, ...]]:
        with errors_told():  # reading finds no room, too: what is put in order may need some
            yield from self._store.connection.execute(
                f"SELECT {what} FROM {self._table} WHERE {self._where} {then}", self._values
            )


class Outages(_Rows[Outage]):
    """Outages in the order of their replications, and of time. Pickled as a tuple."""

    _table = "outage"
    _columns = OUTAGE_COLUMNS
    _order = "number, place"

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (list(self),)

    def only(self, *, cause: str | None = None, resolution: str | None = None) -> Outages:
        """Those with that cause, with that resolution, or with both."""
        where, values = self._where, self._values
        for column, value in (("cause", cause), ("resolution", resolution)):
            if value is not None:
                where, values = f"{where} AND {column} = ?", (*values, value)
        return Outages(self._store, where, values)

    def spans(self) -> Iterator[tuple[int, int, int]]:
        """The replication of each, and when it begins and ends (ns)."""
        yield from self._select("number, start_ns, end_ns", f"ORDER BY {self._order}")

    def totals(self) -> list[OutageTotals]:
        """What they come to by cause and resolution, in the order of their names."""
        what = ("end_ns - start_ns", *PHASE_COLUMNS)
        sums = ", ".join(f"sum(({one}) / {_SECOND}), sum(({one}) % {_SECOND})" for one in what)  # a sum ends at 2**63
        rows = self._select(
            f"cause, resolution, count(*), max(end_ns - start_ns), {sums}",
            "GROUP BY cause, resolution ORDER BY cause, resolution",
        )
        found = []
        for cause, resolution, count, longest_ns, *parts in rows:
            total_ns, *phases_ns = (
                seconds * _SECOND + rest for seconds, rest in zip(parts[::2], parts[1::2], strict=True)
            )
            found.append(OutageTotals(cause, resolution, count, longest_ns, total_ns, tuple(phases_ns)))
        return found

    def places(self, *, longest_first: bool = False, skip: int = 0) -> Iterator[tuple[int, int]]:
        """Replication and number in it (from 1) of each by its length, of equal ones the first first, but for so many
        to begin with."""
        direction = "DESC" if longest_first else "ASC"
        order = f"ORDER BY end_ns - start_ns {direction}, number, place LIMIT -1 OFFSET {skip}"
        yield from self._select("number, place + 1", order)

    def _entry(self, row: tuple[Any, ...]) -> Outage:
        _, _, start_ns, end_ns, missing, cause, fault, began_on, ended_on, resolution, *phases_ns = row
        return Outage(start_ns, end_ns, missing, cause, fault, began_on, ended_on, tuple(phases_ns), resolution)


class Outcomes(_Rows[RunOutcome]):
    """Outcomes in the order of their numbers: some replications of one job of a store."""

    _table = "run"
    _columns = RUN_COLUMNS
    _order = "number"

    def __init__(self, store: OutcomeStore, job: int, first: int = 0, end: int | None = None) -> None:
        """Those from number ``first`` on that are there, below ``end`` if there is one."""
        if end is None:
            super().__init__(store, "job = ? AND number >= ?", (job, first))
        else:
            super().__init__(store, "job = ? AND number >= ? AND number < ?", (job, first, end))
        self._job = job

    @classmethod
    def of(cls, outcomes: Iterable[RunOutcome]) -> Outcomes:
        """These outcomes in a store of their own; what is an :class:`Outcomes` already stays as it is."""
        if isinstance(outcomes, Outcomes):
            return outcomes
        store = OutcomeStore()
        store.add(0, outcomes)
        return cls(store, 0)

    def __reduce__(self) -> tuple[Any, ...]:
        return Outcomes.of, (list(self),)

    @property
    def outages(self) -> Outages:
        """Those of all of them."""
        return Outages(self._store, self._where, self._values)

    def numbered(self, number: int) -> RunOutcome:
        """The one with this number.

        Raises:
            KeyError: it is not there.
        """
        found = Outcomes(self._store, self._job, number, number + 1)
        if not found:
            raise KeyError(number)
        return found[0]

    def positions_of(self, outages: Outages) -> NDArray[np.int64]:
        """Where the outcome stands, from 0, that each of some of their outages belongs to; shape (outages,)."""
        import numpy as np

        return np.searchsorted(self.column("number"), outages.column("number"))

    def counts_of(self, outages: Outages) -> list[int]:
        """How many of some of their outages belong to each outcome."""
        import numpy as np

        found: list[int] = np.bincount(self.positions_of(outages), minlength=len(self)).tolist()
        return found

    def only(self, numbers: Iterable[int]) -> Outcomes:
        """Those with these numbers."""
        wanted = set(numbers)
        if wanted.issuperset(self.column("number").tolist()):
            return self
        return Outcomes.of(outcome for outcome in self if outcome.replication in wanted)

    def _entry(self, row: tuple[Any, ...]) -> RunOutcome:
        number, horizon_ns, downtime_ns, dual_master_ns, wrong_ns, black_hole_ns, transitions, runs, count, calls = row
        outages: Sequence[Outage] = ()
        if count:
            outages = Outages(self._store, "job = ? AND number = ?", (self._job, number), count)
        return RunOutcome(
            replication=number,
            horizon_ns=horizon_ns,
            downtime_ns=downtime_ns,
            outages=outages,
            dual_master_ns=dual_master_ns,
            wrong_instance_ns=wrong_ns,
            black_hole_ns=black_hole_ns,
            transitions=transitions,
            notify_runs=runs,
            api_calls=json.loads(calls),
        )

    def _some(self, places: range) -> Sequence[RunOutcome]:
        if not places or places.step != 1:
            return super()._some(places)
        numbers = self.column("number")
        end = int(numbers[places[-1]]) + 1
        return Outcomes(self._store, self._job, int(numbers[places[0]]), end)


def amounts_of(outcomes: Sequence[RunOutcome], name: str) -> list[int]:
    """What each outcome has under this name (``downtime_ns``, ``transitions``, ...)."""
    if isinstance(outcomes, Outcomes):
        found: list[int] = outcomes.column(name).tolist()
        return found
    return [getattr(outcome, name) for outcome in outcomes]
