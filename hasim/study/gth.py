"""Stationary distributions of Markov chains without a subtraction: GTH elimination.

Gaussian elimination subtracts numbers of nearly the same size, and loses the probabilities of rare states entirely:
with one of 1e-26 it is wrong by a factor of a thousand. Grassmann, Taksar and Heyman eliminate one state after another
by additions, multiplications and divisions of positive numbers alone, so that every entry is exact to rounding, however
small it is.

Source: W. K. Grassmann, M. I. Taksar, D. P. Heyman, "Regenerative analysis and steady state distributions for Markov
chains", Operations Research 33 (1985); C. A. O'Cinneide, "Entrywise perturbation theory and error analysis for Markov
chains", Numerische Mathematik 65 (1993).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["stationary"]


def stationary(flows: Sequence[Sequence[float]]) -> list[float]:
    """The stationary distribution of an irreducible chain.

    ``flows[i][j]`` is the rate, or the probability, of going from i to j; the diagonal is not looked at, since what
    leaves a state is the sum of the rest. Shape (n, n) in, n probabilities out.

    Raises:
        ValueError: the chain is not irreducible.
    """
    n = len(flows)
    work = [[float(rate) for rate in row] for row in flows]
    out = [0.0] * n
    for last in range(n - 1, 0, -1):
        out[last] = math.fsum(work[last][:last])
        if out[last] <= 0:
            raise ValueError("the chain is not irreducible: there are states that it does not come back from")
        for i in range(last):
            through = work[i][last] / out[last]
            if through:
                for j in range(last):
                    work[i][j] += through * work[last][j]
    weights = [1.0] + [0.0] * (n - 1)
    for state in range(1, n):
        weights[state] = math.fsum(weights[i] * work[i][state] for i in range(state)) / out[state]
    total = math.fsum(weights)
    return [weight / total for weight in weights]
