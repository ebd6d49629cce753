"""How many years a second: the full model against others of the same pair."""

from __future__ import annotations

from benchmarks.elided import elided_pair
from benchmarks.measuring import cpu_seconds, print_table, years_per_second, years_put_together_per_second
from benchmarks.naive import naive_pair
from benchmarks.pair import pair
from benchmarks.renewal import renewal_pairs
from hasim.study.job import Job
from hasim.units import DAY, YEAR, seconds

__all__ = ["run"]

_ELIDED_YEARS = 500
_PAIRS = 20_000
_YEARS_EACH = 10


def run() -> None:
    """Measure and print."""
    whole = pair("20y")
    quiet = years_per_second(whole)
    study = 20 / cpu_seconds(lambda: Job(whole, 1, "quiet").run(0))
    together = years_put_together_per_second(pair("1y", reclaims=True))
    explicit = years_per_second(pair("6h"), heartbeats="explicit")
    naive = 2 * DAY / YEAR / cpu_seconds(lambda: naive_pair(seconds(2 * DAY)))
    elided = _ELIDED_YEARS / cpu_seconds(lambda: elided_pair(_ELIDED_YEARS * seconds(YEAR)))
    renewal = _PAIRS * _YEARS_EACH / cpu_seconds(lambda: renewal_pairs(_PAIRS, _YEARS_EACH))
    rates = [
        ("hasim, quiet heartbeats: the trace", quiet),
        ("hasim, quiet heartbeats: measured as in a study", study),
        ("hasim, years put together from episodes", together),
        ("hasim, explicit heartbeats", explicit),
        ("naive SimPy model", naive),
        ("bare SimPy model with elided heartbeats", elided),
        ("alternating renewal in NumPy", renewal),
    ]
    print_table(
        "The pair, a year of which has about 24 failures (simulated years per CPU second)",
        ("model", "years/s", "of naive", "hasim's trace is faster by"),
        [(name, rate, rate / naive, quiet / rate) for name, rate in rates],
    )
    print("years put together are told by their downtime, without a trace, and count with the time of their episodes")
    print("explicit was measured over 6 hours, the naive model over two days, the others over years")
