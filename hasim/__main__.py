"""``python -m hasim``, and the ``hasim`` command: an interruption while libraries are loaded is no error either."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Load the command line, and run it."""
    try:
        from hasim.cli.main import main as run

        run()
    except KeyboardInterrupt:
        print("hasim: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
