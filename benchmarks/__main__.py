"""``python -m benchmarks [NAME...]``: how fast, as ratios within this run. Without a name: all of them."""

from __future__ import annotations

import argparse
from importlib import import_module

_NAMES = ("speed", "cost", "peers", "jobs", "startup", "memory", "nines", "precision")


def main() -> None:
    """Measure and print what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(_NAMES)}")
    names = parser.parse_args().names
    unknown = set(names) - set(_NAMES)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(_NAMES)}")
    for name in names or _NAMES:
        import_module(f"benchmarks.{name}").run()


if __name__ == "__main__":
    main()
