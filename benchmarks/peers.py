"""Other availability simulators on an equivalent hot-standby pair, installed into a virtual environment of their own.

Both are on PyPI and are no dependencies of hasim: the environment is made in a temporary directory and removed again.
Their pair has two instances that fail and are repaired, and is up while one of them is: no detection, no election, no
failover, no control plane.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.measuring import in_own_process, print_table, years_per_second, years_put_together_per_second
from benchmarks.pair import pair

__all__ = ["run"]

_SCRIPTS = Path(__file__).with_name("peer_scripts")
_PEERS = (
    ("AvailSim4 2.2.1", "availsim4==2.2.1", "availsim4_pair.py", ()),
    ("RePyability 0.15, Python engine", "repyability[fast]==0.15", "repyability_pair.py", ("python",)),
    ("RePyability 0.15, numba engine", "repyability[fast]==0.15", "repyability_pair.py", ("numba",)),
)


def run() -> None:
    """Install, measure and print; what cannot be installed is left out, and said so."""
    own = years_per_second(pair("20y"))
    together = years_put_together_per_second(pair("1y", reclaims=True))
    rows: list[tuple[str, float, float, float]] = [
        ("hasim, the full model", own, 1.0, together / own),
        ("hasim, years put together from episodes, with these", together, own / together, 1.0),
    ]
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python")
        for name, requirement, script, arguments in _PEERS:
            if not _install(python, requirement):
                print(f"{name} is left out: pip could not install {requirement}")
                continue
            found = in_own_process([str(_SCRIPTS / script), *arguments], python)
            rate = found["years_per_second"]
            rows.append((name, rate, own / rate, together / rate))
    print_table(
        "Other simulators, a pair without protocol (simulated years per CPU second)",
        ("simulator", "years/s", "hasim is faster by", "years put together by"),
        rows,
    )


def _install(python: str, requirement: str) -> bool:
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", requirement], capture_output=True, check=False)
    return done.returncode == 0
