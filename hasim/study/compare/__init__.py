"""Variants of a scenario under the same luck: ``compare(variants) -> Comparison``.

``variants``    what is compared, and run together
``metrics``     by which numbers
``paired``      differences whose intervals use that the luck is the same
``comparison``  the result: differences, and which variant wins
``document``    its JSON form and its table
``storage``     the files that it is kept in
"""

from hasim.study.compare.comparison import Comparison, Winner, compare
from hasim.study.compare.metrics import METRICS, Metric, metrics_named
from hasim.study.compare.paired import Difference
from hasim.study.compare.storage import load_comparison
from hasim.study.compare.variants import Running, Variant, run_variants

__all__ = [
    "METRICS",
    "Comparison",
    "Difference",
    "Metric",
    "Running",
    "Variant",
    "Winner",
    "compare",
    "load_comparison",
    "metrics_named",
    "run_variants",
]
