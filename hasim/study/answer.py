"""What the answers that stand on several studies have in common: tables, charts, a page, a way to be kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hasim.report.charts import Chart
    from hasim.report.tables import Table
    from hasim.study.results import StudyResult

__all__ = ["Answer"]


class Answer(ABC):
    """A comparison, a sweep, a sensitivity, an advice."""

    @property
    @abstractmethod
    def interrupted(self) -> bool:
        """Whether fewer replications were finished than were wanted."""

    @property
    @abstractmethod
    def question(self) -> str:
        """What was asked."""

    @property
    @abstractmethod
    def sentence(self) -> str:
        """What it comes to, in a sentence with its interval."""

    @property
    def lint_note(self) -> str:
        """What ``hasim lint`` has against the scenario as it is, in a sentence; empty where nobody has asked it."""
        return ""

    @property
    @abstractmethod
    def studies(self) -> tuple[StudyResult, ...]:
        """What it stands on, the scenario as it is first."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""

    @abstractmethod
    def tables(self) -> list[Table]:
        """What people look at."""

    @abstractmethod
    def named_charts(self) -> Iterator[tuple[str, Chart]]:
        """Its charts, each with the name that its file has."""

    @abstractmethod
    def save(self, directory: str | PathLike[str], command: str = "") -> list[Path]:
        """Keep it in a directory; returns the files.

        Raises:
            UserError: the directory or a file cannot be written.
        """

    def charts(self, directory: str | PathLike[str], formats: Sequence[str] = ("png", "svg")) -> list[Path]:
        """Draw its charts into a directory, made if need be; returns the files.

        Raises:
            OSError: the directory or a file cannot be written.
        """
        from hasim.report.charts import save_charts

        Path(directory).mkdir(parents=True, exist_ok=True)
        return save_charts(self.named_charts(), Path(directory), formats)

    def write_report(self, path: str | PathLike[str], command: str = "") -> None:
        """Write it as one HTML file; ``command`` is told as the way to make it again.

        Raises:
            OSError: the file cannot be written.
        """
        from hasim.report.page import answer_page, write_page

        write_page(answer_page(self, command), Path(path))

    def _repr_html_(self) -> str:
        from hasim.report.html import tables_html

        return tables_html(self.tables())
