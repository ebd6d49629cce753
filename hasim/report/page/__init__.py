"""Reports as one self-contained HTML file each: offline, on a phone, on paper.

``content``    what a page holds, as data
``study``      the report of one scenario's study
``episodes``   the report of a study by episodes
``answer``     the report of a comparison, a sweep, a sensitivity, an advice
``scenario``   what all of them say about the scenario
``sentences``  and about numbers with intervals
``figures``    charts as inline SVG with text alternatives
``render``     the template, filled in
"""

from __future__ import annotations

from hasim.report.page.answer import answer_page
from hasim.report.page.episodes import episodes_page
from hasim.report.page.render import page_html, write_page
from hasim.report.page.study import study_page

__all__ = ["answer_page", "episodes_page", "page_html", "study_page", "write_page"]
