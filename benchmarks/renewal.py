"""The pair as an alternating-renewal process in NumPy: thousands of pairs in lock-step, one failure each per step.

No protocol, no control plane: a failure, whose it was, how long the repair and the address's move took. It is the
bound that a simulation of events cannot reach, and the bar for whatever is drawn in bulk.
"""

from __future__ import annotations

import numpy as np

__all__ = ["renewal_pairs"]

_YEAR_S = 365 * 86_400.0
_MTBF_S = 30 * 86_400.0
_MTTR_S = 300.0
_DOWN_INTERVAL_S = 3 + 156 / 256
_MOVE = (0.18, 0.7)
_ERROR_RATE = 0.02


def renewal_pairs(pairs: int, years: float, seed: int = 1) -> float:
    """The mean unavailability of so many pairs over so many years."""
    rng = np.random.default_rng(seed)
    clock, downtime = np.zeros(pairs), np.zeros(pairs)
    while clock.min() < years * _YEAR_S:
        running = clock < years * _YEAR_S
        repair = rng.exponential(_MTTR_S, pairs)
        of_master = rng.random(pairs) < 0.5
        both = rng.random(pairs) < -np.expm1(-repair / _MTBF_S)
        detect = _DOWN_INTERVAL_S - rng.random(pairs)
        back = _move(rng, pairs)
        lost = np.where(of_master, detect + _move(rng, pairs) + back, 0.0) + both * repair / 2
        downtime += running * lost
        clock += rng.exponential(_MTBF_S / 2, pairs) + repair
    return float(downtime.mean() / (years * _YEAR_S))


def _move(rng: np.random.Generator, pairs: int) -> np.ndarray:
    """How long the address is on its way, errors and growing delays included."""
    errors = rng.geometric(1 - _ERROR_RATE, pairs) - 1
    return rng.lognormal(*_MOVE, pairs) + 2.0**errors - 1
