"""When a study that was asked for a precision may stop.

The quantity is the unavailability, the fraction of time without service. It is looked at after fixed numbers of
replications (:func:`looks`), whatever the number of workers and whatever a journal has, so that all of them stop at the
same place. A study stops at the first look at which

* at least :data:`MIN_WITH_DOWNTIME` replications had any downtime: before that an interval is narrow by luck only;
* its 95 % interval reaches no further than the asked fraction of the value to either side; and
* no overlapping failures that would matter beside that are too rare to have been seen (:mod:`hasim.study.overlaps`),

or at the bound, and says which. Looking often and stopping when it pleases makes intervals too optimistic; with looks a
quarter apart and those minima they still hold the truth about as often as they say
(``tests/exact/test_stopping_coverage.py`` counts it). Source: Y. S. Chow and H. Robbins, "On the asymptotic theory of
fixed-width sequential confidence intervals for the mean", Annals of Mathematical Statistics 36 (1965).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Real

from hasim.errors import UserError
from hasim.measure.model import RunOutcome
from hasim.study.estimators import Estimate
from hasim.study.outcomes import amounts_of
from hasim.study.overlaps import ENOUGH, Overlaps, too_rare_to_neglect
from hasim.study.summary import unavailability

__all__ = [
    "MAX_REPLICATIONS",
    "MIN_REPLICATIONS",
    "MIN_WITH_DOWNTIME",
    "QUANTITY",
    "Stopping",
    "check",
    "check_precision",
    "judge",
    "looks",
]

QUANTITY = "unavailability"

MAX_REPLICATIONS = 10_000
MIN_REPLICATIONS = 30
MIN_WITH_DOWNTIME = 20
_GROWTH = 1.25


@dataclass(frozen=True, slots=True)
class Stopping:
    """What was asked of a study, and what it came to.

    Attributes:
        precision: how far the interval may reach to either side, as a fraction of the value.
        max_replications: where to stop in any case.
        reached: how far it does reach; infinite where no downtime was seen.
        met: whether the study stopped because that is good enough.
        overlaps: the overlapping failures that matter beside that precision, and of which too few are to be expected in
            what was simulated; None: there are none.
    """

    precision: float
    max_replications: int
    reached: float
    met: bool
    overlaps: Overlaps | None = None

    def replications_needed(self, done: int) -> int | None:
        """About how many replications the precision takes, judging by what ``done`` came to; None: nobody knows."""
        if math.isinf(self.reached):
            return None
        needed = done * max(1.0, self.reached / self.precision) ** 2
        if self.overlaps is not None:
            needed = max(needed, done * ENOUGH / self.overlaps.expected)
        return math.ceil(needed)


def judge(
    outcomes: Sequence[RunOutcome], precision: float, max_replications: int, overlaps: Overlaps | None = None
) -> Stopping:
    """Whether these outcomes are enough; ``overlaps`` are too rare for them, whether they matter or not."""
    measured = unavailability(outcomes)
    reached = _reach(measured)
    evidence = sum(lost_ns > 0 for lost_ns in amounts_of(outcomes, "downtime_ns")) >= MIN_WITH_DOWNTIME
    matter = too_rare_to_neglect(overlaps, measured, precision * measured.value)
    met = evidence and reached <= precision and matter is None
    return Stopping(precision, max_replications, reached, met, matter)


def looks(max_replications: int) -> Iterator[int]:
    """The numbers of replications after which to look, ending with the largest that is allowed."""
    count = MIN_REPLICATIONS
    while count < max_replications:
        yield count
        count = math.ceil(count * _GROWTH)
    yield max_replications


def check(precision: float, max_replications: int) -> None:
    """Refuse what cannot be asked for.

    Raises:
        UserError: the precision is not between 0 and 1, or the bound is below the first look.
    """
    check_precision(precision)
    if max_replications < MIN_REPLICATIONS:
        raise UserError(
            f"max_replications is {max_replications}, but a precision cannot be judged before {MIN_REPLICATIONS}"
        )


def check_precision(precision: float) -> None:
    """Refuse one that cannot be reached, or says nothing.

    Raises:
        UserError: it is not between 0 and 1.
    """
    if not isinstance(precision, Real) or not 0.0 < precision < 1.0:
        raise UserError(f"a precision is a fraction between 0 and 1, such as 0.05 for 5 %, not {precision!r}")


def _reach(estimate: Estimate) -> float:
    """The longer arm of the interval as a fraction of the value."""
    if estimate.value == 0.0:
        return math.inf
    return max(estimate.high - estimate.value, estimate.value - estimate.low) / estimate.value
