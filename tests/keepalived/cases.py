"""The sample files of this directory, and what each of them is for.

``accepted``  files that keepalived takes without a complaint about any line
``refused``   files with one mistake that keepalived refuses, at the line that holds ``<- here``
``changed``   files with one statement that keepalived takes for something else, at the line that holds ``<- here``

Where keepalived itself complains without naming the line (because it finds the mistake only after the last one), the
mark says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).parent
EXAMPLES = Path(__file__).parents[3] / "shared" / "examples" / "keepalived"
ACCEPTED_IDS = {"pair_unicast": "node-a", "parameters": "high"}


@dataclass(frozen=True)
class Case:
    """A sample file with a marked line. ``named`` says whether keepalived names that line."""

    path: Path
    line: int
    named: bool

    @property
    def name(self) -> str:
        return self.path.stem


def marked(kind: str) -> list[Case]:
    """The cases of ``refused`` or ``changed``."""
    return [_case(path) for path in sorted((SAMPLES / kind).glob("*.conf"))]


def _case(path: Path) -> Case:
    marks = [(number, line) for number, line in enumerate(path.read_text().splitlines(), 1) if "<- here" in line]
    assert len(marks) == 1, f"{path} needs exactly one mark"
    number, line = marks[0]
    return Case(path, number, "keepalived names" not in line)


def accepted() -> list[Path]:
    """The files that keepalived takes."""
    return sorted((SAMPLES / "accepted").glob("*.conf"))
