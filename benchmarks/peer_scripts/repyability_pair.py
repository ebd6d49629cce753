"""Run by the Python that has RePyability: ``repyability_pair.py ENGINE`` prints what a year costs as JSON."""

import json
import sys
import time

from repyability import RepairableRBD
from surpyval import Exponential

YEAR_H = 365 * 24.0
MTBF_H, MTTR_H = 30 * 24.0, 1 / 12
SAMPLES = {"python": 2_000, "numba": 100_000}


def main() -> None:
    engine = sys.argv[1]
    unit = {
        "reliability": Exponential.from_params([1 / MTBF_H]),
        "repairability": Exponential.from_params([1 / MTTR_H]),
    }
    pair = RepairableRBD([("in", "a"), ("in", "b"), ("a", "out"), ("b", "out")], {"a": dict(unit), "b": dict(unit)})

    def simulate(samples: int, seed: int) -> float:
        began = time.process_time()
        pair.availability(YEAR_H, mc_samples=samples, seed=seed, engine=engine)
        return time.process_time() - began

    simulate(100, 1)
    years = SAMPLES[engine]
    print(json.dumps({"years_per_second": years / sorted(simulate(years, seed) for seed in (2, 3, 4))[1]}))


main()
